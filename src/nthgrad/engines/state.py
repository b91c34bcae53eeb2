"""Which ops change state: all others may be rebuilt without an effect.

TensorFlow marks an op as stateful (`op_def.is_stateful`) where it changes a resource, reads one, draws at random or
checks its input. It has no public mark for the difference, so the ops that change nothing are named here. A test goes
through every op that TensorFlow registers; a stateful op that is not named counts as a change.
"""

from __future__ import annotations

import tensorflow as tf

from nthgrad.engines import trace

# Stateful ops that read a variable, a table, a queue, the algorithm of a generator, or a data set.
READS = frozenset({
    "BoostedTreesGetEnsembleStates", "BoostedTreesPredict", "BoostedTreesQuantileStreamResourceGetBucketBoundaries",
    "BoostedTreesSerializeEnsemble", "DatasetToSingleElement", "DeviceIndex", "GetSessionTensor",
    "IsBoostedTreesEnsembleInitialized", "IsBoostedTreesQuantileStreamResourceInitialized", "IteratorGetDevice",
    "IteratorToStringHandle", "LookupTableExportV2", "LookupTableFindV2", "LookupTableSizeV2",
    "MapIncompleteSize", "MapPeek", "MapSize", "OrderedMapIncompleteSize", "OrderedMapPeek", "OrderedMapSize",
    "QueueIsClosedV2", "QueueSizeV2", "ReadVariableOp", "ReadVariableXlaSplitND", "ReaderNumRecordsProducedV2",
    "ReaderNumWorkUnitsCompletedV2", "ReaderSerializeStateV2", "ResourceAccumulatorNumAccumulated", "ResourceGather",
    "ResourceGatherNd", "SerializeIterator", "StagePeek", "StageSize",
    "StatelessRandomGetAlg", "TensorArraySizeV3", "VarHandleOp", "VarIsInitializedOp", "VariableShape",
})  # fmt: skip

# Stateful ops that draw at random by a seed of their own. A rebuilt op draws once, for a value and its derivatives.
DRAWS = frozenset({
    "AllCandidateSampler", "FixedUnigramCandidateSampler", "LearnedUnigramCandidateSampler",
    "LogUniformCandidateSampler", "Multinomial", "NonDeterministicInts", "ParameterizedTruncatedNormal", "RandomCrop",
    "RandomGamma", "RandomPoisson", "RandomPoissonV2", "RandomShuffle", "RandomStandardNormal", "RandomUniform",
    "RandomUniformInt", "SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2",
    "ThreadUnsafeUnigramCandidateSampler", "TruncatedNormal", "UniformCandidateSampler",
})  # fmt: skip

# Stateful ops that pass on their input, or raise.
CHECKS = frozenset({"Assert", "CheckNumerics", "CheckNumericsV2", "DeepCopy", "GuaranteeConst"})

UNCHANGING = READS | DRAWS | CHECKS


def changes(op: tf.Operation) -> bool:
    """Whether an op itself changes state; of an op that calls functions, the ops in these say so."""
    return op.op_def.is_stateful and op.type not in UNCHANGING and not trace.bodies(op)
