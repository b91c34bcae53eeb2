"""Sets of op types: constant, elementwise, stateful, running functions.

TensorFlow marks an op as stateful (`op_def.is_stateful`) if it changes a resource, reads one, draws at random or checks
its input. It has no public mark for the difference, so the ops that change nothing are named here. Any other stateful
op counts as a change. A test checks every op that TensorFlow registers.
"""

# Ops that run functions.
CALLS = frozenset({"PartitionedCall", "RemoteCall", "StatefulPartitionedCall"})
BRANCHES = frozenset({"Case", "If", "StatelessCase", "StatelessIf"})
LOOPS = frozenset({"StatelessWhile", "While"})
FUNCTIONAL = CALLS | BRANCHES | LOOPS

# Ops whose derivative is zero wherever it exists, whatever their input.
CONSTANT = frozenset({
    "Ceil", "Floor", "FloorDiv", "OnesLike", "Rint", "Round", "Sign", "StopGradient", "TruncateDiv", "ZerosLike",
})  # fmt: skip

# Ops that read only the shape of their input.
SHAPE_ONLY = frozenset({"OnesLike", "Rank", "Shape", "ShapeN", "Size", "ZerosLike"})

# Ops that encode a float as bits or text; if decoded later, no engine sees the dependence.
ENCODINGS = frozenset({"AsString", "Bitcast", "EncodeBase64", "SerializeTensor"})

# Ops that compute each element of their output from the elements of their inputs in the same place.
ELEMENTWISE = frozenset({
    "Abs", "Acos", "Acosh", "Add", "AddN", "AddV2", "Angle", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "BesselI0",
    "BesselI0e", "BesselI1", "BesselI1e", "BesselJ0", "BesselJ1", "BesselK0", "BesselK0e", "BesselK1", "BesselK1e",
    "BesselY0", "BesselY1", "Betainc", "Cast", "CheckNumerics", "ClipByValue", "Complex", "ComplexAbs", "Conj", "Cos",
    "Cosh", "Dawsn", "Digamma", "Div", "DivNoNan", "Elu", "EnsureShape", "Erf", "Erfc", "Erfinv", "Exp", "Expint",
    "Expm1", "FloorMod", "FresnelCos", "FresnelSin", "Identity", "Igamma", "Igammac", "Imag", "Inv", "LeakyRelu",
    "Lgamma", "Log", "Log1p", "Maximum", "Minimum", "Mul", "MulNoNan", "Ndtri", "Neg", "NextAfter", "Polygamma", "Pow",
    "Real", "RealDiv", "Reciprocal", "Relu", "Relu6", "Rsqrt", "Select", "SelectV2", "Selu", "Sigmoid", "Sin", "Sinh",
    "Softplus", "Softsign", "Spence", "Sqrt", "Square", "SquaredDifference", "Sub", "Tan", "Tanh", "Xdivy", "Xlog1py",
    "Xlogy", "Zeta",
})  # fmt: skip

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

# Stateful ops that draw random numbers. A rebuilt op draws once, for a value and its derivatives.
DRAWS = frozenset({
    "AllCandidateSampler", "FixedUnigramCandidateSampler", "LearnedUnigramCandidateSampler",
    "LogUniformCandidateSampler", "Multinomial", "NonDeterministicInts", "ParameterizedTruncatedNormal", "RandomCrop",
    "RandomGamma", "RandomPoisson", "RandomPoissonV2", "RandomShuffle", "RandomStandardNormal", "RandomUniform",
    "RandomUniformInt", "SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2",
    "ThreadUnsafeUnigramCandidateSampler", "TruncatedNormal", "UniformCandidateSampler",
})  # fmt: skip

# Stateful ops that return their input, or raise.
CHECKS = frozenset({"Assert", "CheckNumerics", "CheckNumericsV2", "DeepCopy", "GuaranteeConst"})

UNCHANGING = READS | DRAWS | CHECKS
