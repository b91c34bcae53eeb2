"""Ops that are linear or constant: shapes, sums, gathers, scatters, ranges, Fourier transforms, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.families import composite, constant, each, expanded, linear
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step

CONSTANT = """
    Ceil Floor FloorDiv OnesLike Rint Round TruncateDiv ZerosLike
    """

# Linear in all their floating-point inputs together; includes ops that appear in gradients only.
LINEAR = """
    AccumulateNV2 AddN AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad BatchToSpace BatchToSpaceND BiasAdd BiasAddGrad
    BiasAddV1 Bincount BroadcastTo Cast CheckNumerics CheckNumericsV2 Complex CompositeTensorVariantFromComponents
    CompositeTensorVariantToComponents Concat ConcatV2 Conj ConjugateTranspose Copy CopyHost Cumsum
    DebugGradientIdentity DeepCopy DenseBincount DepthToSpace Diag DiagPart DynamicPartition DynamicStitch EnsureShape
    ExpandDims ExtractImagePatches ExtractVolumePatches FFT FFT2D FFT3D Fill Gather GatherNd GatherV2 GuaranteeConst
    IFFT IFFT2D IFFT3D IRFFT IRFFT2D IRFFT3D Identity IdentityN Imag MatrixBandPart MatrixDiag MatrixDiagPart
    MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Mean
    MirrorPad MirrorPadGrad Neg Pack Pad PadV2 ParallelConcat ParallelDynamicStitch PlaceholderWithDefault
    PreventGradient RFFT RFFT2D RFFT3D Real Reshape Reverse ReverseSequence ReverseV2 Roll ScatterNd
    ScatterNdNonAliasingAdd SegmentMean SegmentSum Select Slice Snapshot SpaceToBatch SpaceToBatchND SpaceToDepth Split
    SplitV Squeeze StridedSlice StridedSliceGrad Sum TensorScatterAdd TensorScatterSub TensorScatterUpdate
    TensorStridedSliceUpdate Tile Transpose Unpack UnsortedSegmentSum

    OptionalFromValue OptionalGetValue TensorListConcat TensorListConcatLists TensorListConcatV2 TensorListFromTensor
    TensorListGather TensorListGetItem TensorListPopBack TensorListPushBack TensorListPushBackBatch TensorListResize
    TensorListScatter TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem TensorListSplit
    TensorListStack
    """


def _stop_gradient(step: Step) -> Sequence[Input]:
    """Constant, except in tf.nn.moments, where the stopped gradient is zero at first order only."""
    return step.inputs if trace.recenters(step.op) else step.values


def _lin_space(op: Any, start: Any, stop: Any, n: Any) -> tf.Tensor:
    share = tf.cast(tf.range(n), start.dtype) / tf.cast(tf.maximum(n - 1, 1), start.dtype)
    return start * (1 - share) + stop * share


def _one_hot(op: Any, indices: Any, depth: Any, on: Any, off: Any) -> tf.Tensor:
    return tf.where(tf.one_hot(indices, depth, True, False, op.get_attr("axis"), tf.bool), on, off)


def _range(op: Any, start: Any, limit: Any, delta: Any) -> tf.Tensor:
    """Element i is start + i delta; the length is constant near the values."""
    n = tf.size(
        tf.raw_ops.Range(start=tf.stop_gradient(start), limit=tf.stop_gradient(limit), delta=tf.stop_gradient(delta))
    )
    return start + tf.cast(tf.range(n), start.dtype) * delta


def _ragged_range(op: Any, starts: tf.Tensor, limits: tf.Tensor, deltas: tf.Tensor) -> list[tf.Tensor | None]:
    ends = {"starts": starts, "limits": limits, "deltas": deltas}
    splits, _ = tf.raw_ops.RaggedRange(**{name: tf.stop_gradient(t) for name, t in ends.items()}, Tsplits=tf.int64)
    row = tf.repeat(tf.range(tf.size(splits) - 1), splits[1:] - splits[:-1])
    i = tf.range(splits[-1]) - tf.gather(splits, row)

    def spread(t: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.broadcast_to(t, [tf.size(splits) - 1]), row)

    return [None, spread(starts) + tf.cast(i, starts.dtype) * spread(deltas)]


RULES: dict[str, Rule | Apply] = {
    **each(CONSTANT, constant),
    **each(LINEAR, linear),
    "StopGradient": _stop_gradient,
    "DebugIdentityV2": composite(lambda op, x: x),  # writes the value once, not its coefficients
    "Print": composite(lambda op, x, *data: x),
    # by their formulas, so that an outer tape can differentiate them: TensorFlow has no gradient for these
    "LinSpace": expanded(_lin_space, afresh=True),
    "OneHot": expanded(_one_hot, afresh=True),
    "Range": expanded(_range, afresh=True),
    "RaggedRange": expanded(_ragged_range, afresh=True),
}
