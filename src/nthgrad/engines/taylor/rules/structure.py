"""Ops that are linear or constant: shapes, sums, gathers, scatters, Fourier transforms, lists."""

from __future__ import annotations

from nthgrad.engines.taylor.families import Rule, constant, linear

CONSTANT = """
    Ceil Floor FloorDiv NextAfter OnesLike Rint Round StopGradient TruncateDiv ZerosLike
"""

LINEAR = """
    AccumulateNV2 AddN AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad BatchToSpace BatchToSpaceND BiasAdd BiasAddGrad
    BiasAddV1 BroadcastTo Cast CheckNumerics CheckNumericsV2 Complex Concat ConcatV2 Conj ConjugateTranspose Cumsum
    DepthToSpace Diag DiagPart DynamicPartition DynamicStitch EnsureShape ExpandDims ExtractImagePatches
    ExtractVolumePatches FFT FFT2D FFT3D Fill Gather GatherNd GatherV2 IFFT IFFT2D IFFT3D IRFFT IRFFT2D Identity
    IdentityN Imag MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
    MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Mean MirrorPad MirrorPadGrad Neg Pack Pad PadV2 ParallelDynamicStitch
    PlaceholderWithDefault PreventGradient RFFT RFFT2D Real Reshape ResizeBicubic ResizeBilinear ResizeBilinearGrad
    ResizeBicubicGrad ResizeNearestNeighbor ResizeNearestNeighborGrad Reverse ReverseSequence ReverseV2 Roll ScatterNd
    ScatterNdNonAliasingAdd SegmentMean SegmentSum Select SelectV2 Slice SpaceToBatch SpaceToBatchND SpaceToDepth
    SparseReorder SparseSegmentMean SparseSegmentSum SparseSegmentSqrtN SparseToDense Split SplitV Squeeze StridedSlice
    StridedSliceGrad Sum TensorListConcatV2 TensorListFromTensor TensorListGather TensorListGetItem TensorListPopBack
    TensorListPushBack TensorListResize TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem
    TensorListSplit TensorListStack TensorScatterAdd TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile
    Transpose Unpack UnsortedSegmentSum
    """

RULES: dict[str, Rule] = {
    **dict.fromkeys(CONSTANT.split(), constant),
    **dict.fromkeys(LINEAR.split(), linear),
}
