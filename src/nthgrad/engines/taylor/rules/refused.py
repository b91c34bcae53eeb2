"""Ops that are refused by name, with the reason: their output varies, but has no computable derivative."""

from __future__ import annotations

from collections.abc import Sequence

from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.gradients import WAYS_OUT
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step
from nthgrad.errors import UnsupportedOpError

_BY_REASON = {
    "TensorFlow registers no gradient for it although its output varies with its input": """
        CTCBeamSearchDecoder CTCGreedyDecoder EditDistance GenerateBoundingBoxProposals LoadAndRemapMatrix
        LookupTableFind LookupTableFindV2 ReduceDataset SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
        XlaVariadicReduce
        """,
    "it draws new random numbers at every run, and its sample cannot be reproduced": "ParameterizedTruncatedNormal",
    "it draws integers, which change in jumps": """
        StatelessRandomBinomial StatelessRandomPoisson
        """,
    "it belongs to the control flow of TensorFlow 1, which a tf.function does not use": """
        Enter Exit LoopCond Merge NextIteration RefEnter RefExit RefMerge RefNextIteration RefSwitch Switch
        """,
    "it belongs to the TensorArray of TensorFlow 1, for which a tf.function uses a TensorList": """
        TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3 TensorArrayGather TensorArrayGatherV2
        TensorArrayGatherV3 TensorArrayGrad TensorArrayGradV2 TensorArrayGradV3 TensorArrayGradWithShape TensorArrayRead
        TensorArrayReadV2 TensorArrayReadV3 TensorArrayScatter TensorArrayScatterV2 TensorArrayScatterV3
        TensorArraySplit TensorArraySplitV2 TensorArraySplitV3 TensorArrayUnpack TensorArrayWrite TensorArrayWriteV2
        TensorArrayWriteV3
        """,
    "it reads or writes a state": """
        Assign AssignAdd AssignSub DebugGradientRefIdentity GetSessionHandleV2 MutableDenseHashTableV2 RefIdentity
        ScatterAdd ScatterDiv ScatterMul ScatterNdAdd ScatterNdSub ScatterNdUpdate ScatterSub SdcaOptimizer
        SdcaOptimizerV2 StackPush
        """,
    "it passes tensors between devices": """
        AllToAll CollectiveGather CollectiveGatherV2 CollectivePermute CollectiveReduce CollectiveReduceV2
        CollectiveReduceV3 CopyToMesh CopyToMeshGrad CrossReplicaSum NcclAllReduce NcclBroadcast NcclReduce Relayout
        RelayoutLike TPUEmbeddingActivations TPUReplicatedInput TPUReplicatedOutput
        """,
    "it has kernels for NVIDIA GPUs only": """
        CTCLossV2 CudnnRNN CudnnRNNV2 CudnnRNNV3 SparseMatrixAdd SparseMatrixMul SparseMatrixSoftmax
        """,
    "TensorFlow has no public way to rebuild it": """
        XlaClusterOutput XlaEinsum XlaSharding XlaSpmdFullToShardShape XlaSpmdShardToFullShape _EagerConst
        """,
    "TensorFlow has no kernel for it any more": """
        BatchNormWithGlobalNormalization QuantizeAndDequantize RandomCrop TopK
        """,
}

REASONS: dict[str, str] = {kind: reason for reason, kinds in _BY_REASON.items() for kind in kinds.split()}
"""Why an op type is refused."""


def _refuse(step: Step) -> Sequence[Input]:
    raise UnsupportedOpError(f"{trace.describe(step.op)} cannot be differentiated: {REASONS[step.op.type]}. {WAYS_OUT}")


RULES: dict[str, Rule | Apply] = dict.fromkeys(REASONS, _refuse)
