"""A case for each structure, selection, neural-network, image and sparse op: curves through all its float inputs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from support import interpolation
from support.interpolation import POINT, through

ORDER = 3
R = tf.raw_ops


class Case:
    """An op on curves, and how far and how finely its values are interpolated.

    In float64 the interval is small, so that no element meets another on it; an op with float32 alone needs a wider one.
    """

    def __init__(
        self, f: Callable[[Any], Any], dtype: Any = tf.float64, radius: float = 0.05, degree: int = 9, tolerance=()
    ):
        self.f, self.dtype, self.radius, self.degree = f, dtype, radius, degree
        self.tolerance = tolerance or ((1e-12, 1e-9, 1e-8, 1e-6) if dtype == tf.float64 else (2e-6, 2e-5, 2e-4, 4e-3))


def curve(*shape: int, low: float = -1.0, high: float = 1.0, seed: int = 0, flat: float = 1.0) -> Callable[[Any], Any]:
    """A curve; those of different shapes have different elements."""
    return interpolation.curve(*shape, low=low, high=high, seed=seed + 7 * sum(shape), flat=flat)


def apart(*shape: int, seed: int = 0) -> Callable[[Any], Any]:
    """Elements at least 1/4 apart, which keep their order for a good while."""
    random = np.random.RandomState(seed)
    return through(
        random.permutation(int(np.prod(shape))).reshape(shape) / 4 - 1, *random.uniform(-0.15, 0.15, (2, *shape))
    )


def on(kind: str, *inputs: Any, **attributes: Any) -> Callable[[Any], Any]:
    """The op on inputs, of which the functions are curves; lists hold several."""
    names = [n for n in inspect.signature(getattr(R, kind)).parameters if n != "name"]

    def f(x: tf.Tensor) -> Any:
        made = [
            [v(x) if callable(v) else v for v in i] if isinstance(i, list) else i(x) if callable(i) else i
            for i in inputs
        ]
        return getattr(R, kind)(**dict(zip(names, made, strict=False)), **attributes)

    return f


def of_complex(f: Callable[[Any], Any], g: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: tf.complex(f(x), g(x))


def every(kinds: str, case: Callable[[str], Case]) -> dict[str, Case]:
    """One case for each of several ops."""
    return {kind: case(kind) for kind in kinds.split()}


def linear(f: Callable[[Any], Any]) -> Case:
    """Of an op with float32 alone, linear: its values on the curves are quadratic."""
    return Case(f, tf.float32, 1.0, 3, (2e-6, 1e-5, 1e-4, 1e-3))


def product(f: Callable[[Any], Any]) -> Case:
    return Case(f, tf.float32, 1.0, 5, (2e-6, 1e-5, 1e-4, 1e-3))


def smooth(f: Callable[[Any], Any], radius: float = 0.5) -> Case:
    return Case(f, tf.float32, radius, 8)


def kinked(f: Callable[[Any], Any]) -> Case:
    """Of an op with float32 alone, linear in pieces, on an interval within one."""
    return Case(f, tf.float32, 0.4, 3, (2e-6, 1e-5, 2e-4, 4e-3))


def coarse(f: Callable[[Any], Any]) -> Case:
    """Of a kernel that computes a float64 to 8 digits."""
    return Case(f, tf.float64, 0.5, 10, (1e-7, 1e-6, 1e-5, 1e-4))


u, v, w = curve(4, seed=1), curve(4, seed=2), curve(4, low=0.5, high=1.5, seed=3)
s, r = curve(seed=4), curve(seed=5)
A, B, C = curve(3, 3, seed=6), curve(3, 2, seed=7), curve(2, 3, 3, seed=8)
D = curve(2, 3, seed=9)
image, kernel, volume = curve(1, 4, 4, 2, seed=10), curve(2, 2, 2, 3, seed=11), curve(1, 3, 3, 4, 1, seed=12)
pixels, rgb = apart(1, 4, 4, 2, seed=13), apart(2, 2, 3, seed=14)
Z = of_complex(A, curve(3, 3, seed=15))
Z3 = of_complex(C, curve(2, 3, 3, seed=16))
cross = lambda x: A(x) * s(x)  # noqa: E731
GRID = np.array([[0, 0], [1, 2], [2, 1]])


def combined(x: Any) -> Any:
    """All the floats among an op's outputs, real and imaginary, in one row."""
    flat = []
    for t in tf.nest.flatten(x):
        if t.dtype.is_complex:
            flat += [tf.math.real(t), tf.math.imag(t)]
        elif t.dtype.is_floating:
            flat.append(t)
    return tf.concat([tf.reshape(t, [-1]) for t in flat], 0)


def csr(values: Any, indices: Any = GRID) -> Callable[[Any], Any]:
    return on("SparseTensorToCSRSparseMatrix", np.array(indices), values, np.array([3, 3]))


def to_dense(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: R.CSRSparseMatrixToDense(sparse_input=f(x), type=x.dtype)


def batch(x: Any, kind: str, training: bool, image: Any = image, **attributes: Any) -> Any:
    """A batch normalisation, without what it reserves for its gradient on this device only."""
    moments = [curve(2, seed=19)(x), curve(2, low=0.5, high=1.5, seed=20)(x)]
    if training and "exponential_avg_factor" not in attributes:
        moments = [tf.zeros([0]), tf.zeros([0])]
    make = getattr(R, kind)
    scale, offset = curve(2, low=0.5, high=1.5, seed=17)(x), curve(2, seed=18)(x)
    outputs = make(
        x=image(x), scale=scale, offset=offset, mean=moments[0], variance=moments[1], is_training=training, **attributes
    )
    return outputs[: 5 if training else 3]


def batch_grad(x: Any, kind: str, training: bool) -> Any:
    reserved = [curve(2, seed=19)(x), curve(2, low=0.5, high=1.5, seed=20)(x)]
    if training:
        reserved = [tf.reduce_mean(image(x), [0, 1, 2]), tf.math.reduce_variance(image(x), [0, 1, 2])]
    rest = {"reserve_space_3": tf.zeros([1])} if kind.endswith("V3") else {}
    return getattr(R, kind)(
        y_backprop=curve(1, 4, 4, 2, seed=21)(x),
        x=image(x),
        scale=curve(2, low=0.5, high=1.5, seed=17)(x),
        reserve_space_1=reserved[0],
        reserve_space_2=reserved[1],
        is_training=training,
        **rest,
    )[:3]


def ctc(with_gradient: bool = False, steps: int = 5, **options: bool) -> Callable[[Any], Any]:
    labels = np.array([[0, 0], [0, 1], [0, 2], [1, 0]]), np.array([1, 1, 0, 2], "int32")

    def f(x: Any) -> Any:
        loss, gradient = R.CTCLoss(
            inputs=curve(steps, 2, 4, seed=22)(x),
            labels_indices=labels[0],
            labels_values=labels[1],
            sequence_length=np.array([steps, 4], "int32"),
            **options,
        )
        return (loss, gradient) if with_gradient else loss

    return f


def lstm(kind: str, clip: float, steps: int = 2, **attributes: Any) -> Callable[[Any], Any]:
    peeps = [curve(2, seed=i) for i in (25, 26, 27)]
    return on(
        kind,
        np.array(steps),
        curve(2, 1, 2, seed=23),
        curve(1, 2, seed=24),
        curve(1, 2, seed=28),
        curve(4, 8, seed=29),
        *peeps,
        curve(8, seed=30),
        cell_clip=clip,
        **attributes,
    )


def ragged(kind: str) -> Callable[[Any], Any]:
    return on(kind, [np.array([0, 2, 4])], u)


SEGMENTS = np.array([0, 0, 2, 2])
CASES: dict[str, Case] = {
    # shapes
    "BatchToSpace": Case(on("BatchToSpace", curve(4, 1, 1, 2), [[0, 0], [0, 1]], block_size=2)),
    "BatchToSpaceND": Case(on("BatchToSpaceND", curve(4, 1, 1, 2), [2, 2], [[0, 0], [0, 1]])),
    "BroadcastTo": Case(on("BroadcastTo", u, [2, 4])),
    "Concat": Case(lambda x: R.Concat(concat_dim=1, values=[A(x), B(x)])),
    "ConcatV2": Case(lambda x: R.ConcatV2(values=[A(x), np.ones([3, 1]), B(x)], axis=1)),
    "DepthToSpace": Case(on("DepthToSpace", curve(1, 1, 2, 4), block_size=2)),
    "EnsureShape": Case(on("EnsureShape", u, shape=[4])),
    "ExpandDims": Case(on("ExpandDims", u, 0)),
    "MirrorPad": Case(on("MirrorPad", A, [[1, 1], [0, 1]], mode="REFLECT")),
    "MirrorPadGrad": Case(on("MirrorPadGrad", A, [[1, 0], [0, 1]], mode="SYMMETRIC")),
    "Pack": Case(on("Pack", [u, v, np.ones(4)], axis=1)),
    "Pad": Case(on("Pad", A, [[1, 1], [0, 1]])),
    "PadV2": Case(on("PadV2", A, [[1, 1], [0, 1]], s)),
    "PadV2 by its value": Case(lambda x: R.PadV2(input=np.ones(2), paddings=[[1, 1]], constant_values=s(x))),
    "ParallelConcat": Case(lambda x: R.ParallelConcat(values=[u(x)[None], v(x)[None]], shape=[2, 4])),
    "Reshape": Case(on("Reshape", A, [9])),
    "Reverse": Case(on("Reverse", A, [True, False])),
    "ReverseSequence": Case(on("ReverseSequence", A, [2, 3, 1], seq_dim=1)),
    "ReverseV2": Case(on("ReverseV2", A, [0])),
    "Roll": Case(on("Roll", u, 1, 0)),
    "Slice": Case(on("Slice", A, [1, 0], [2, 2])),
    "SpaceToBatch": Case(on("SpaceToBatch", image, [[0, 0], [0, 0]], block_size=2)),
    "SpaceToBatchND": Case(on("SpaceToBatchND", image, [2, 2], [[0, 0], [0, 0]])),
    "SpaceToDepth": Case(on("SpaceToDepth", image, block_size=2)),
    "Split": Case(lambda x: R.Split(axis=0, value=u(x) * v(x), num_split=2)),
    "SplitV": Case(on("SplitV", u, [1, 3], 0, num_split=2)),
    "Squeeze": Case(lambda x: R.Squeeze(input=u(x)[None], axis=[0])),
    "StridedSlice": Case(lambda x: cross(x)[::2, ::-1]),
    "StridedSliceGrad": Case(on("StridedSliceGrad", [5], [1], [5], [2], curve(2))),
    "Tile": Case(on("Tile", u, [2])),
    "Transpose": Case(on("Transpose", C, [2, 0, 1])),
    "ConjugateTranspose": Case(on("ConjugateTranspose", Z, [1, 0])),
    "Unpack": Case(on("Unpack", A, num=3, axis=1)),
    "Fill": Case(on("Fill", [2, 2], s)),
    # diagonals and bands
    "Diag": Case(on("Diag", u)),
    "DiagPart": Case(on("DiagPart", A)),
    "MatrixBandPart": Case(on("MatrixBandPart", A, 1, 0)),
    "MatrixDiag": Case(on("MatrixDiag", u)),
    "MatrixDiagPart": Case(on("MatrixDiagPart", C)),
    "MatrixDiagPartV2": Case(on("MatrixDiagPartV2", C, [-1, 0], s)),
    "MatrixDiagPartV3": Case(on("MatrixDiagPartV3", C, [0, 1], s)),
    "MatrixDiagV2": Case(on("MatrixDiagV2", u, 1, -1, -1, s)),
    "MatrixDiagV3": Case(on("MatrixDiagV3", u, 1, -1, -1, s)),
    "MatrixSetDiag": Case(on("MatrixSetDiag", A, curve(3))),
    "MatrixSetDiagV2": Case(on("MatrixSetDiagV2", A, curve(2), 1)),
    "MatrixSetDiagV3": Case(on("MatrixSetDiagV3", A, curve(2), -1)),
    # identities, casts, parts of complex numbers
    **every("Copy CopyHost DebugGradientIdentity DeepCopy GuaranteeConst Identity "
        "PreventGradient Snapshot", lambda kind: Case(on(kind, u))),
    "PlaceholderWithDefault": Case(on("PlaceholderWithDefault", u, shape=[4])),
    "DebugIdentityV2": Case(on("DebugIdentityV2", u)),
    "IdentityN": Case(on("IdentityN", [u, A])),
    "CheckNumerics": Case(on("CheckNumerics", u, message="")),
    "CheckNumericsV2": Case(on("CheckNumericsV2", u, message="")),
    "Print": Case(on("Print", u, [np.array(1)], first_n=1)),
    "Cast": Case(lambda x: tf.cast(tf.cast(u(x), tf.complex128), x.dtype)),
    "Complex": Case(on("Complex", u, v, Tout=tf.complex128)),
    "Conj": Case(on("Conj", Z)),
    "Imag": Case(lambda x: R.Imag(input=Z(x), Tout=x.dtype)),
    "Real": Case(lambda x: R.Real(input=Z(x), Tout=x.dtype)),
    # sums, ranges, constants
    "AccumulateNV2": Case(on("AccumulateNV2", [u, v], shape=[4])),
    "AddN": Case(on("AddN", [u, v, np.ones(4)])),
    "Neg": Case(on("Neg", u)),
    "Sum": Case(on("Sum", A, [1])),
    "Mean": Case(on("Mean", A, [0])),
    "Cumsum": Case(on("Cumsum", A, 1, exclusive=True, reverse=True)),
    "LinSpace": Case(on("LinSpace", s, r, 5)),
    "OneHot": Case(on("OneHot", [1, 0, 7], 3, s, r)),
    "Range": Case(on("Range", curve(low=-0.3, high=-0.2), 3.1, curve(low=0.4, high=0.5))),
    "RaggedRange": Case(on("RaggedRange", curve(2, low=0, high=0.1), np.array([2.2, -1.2]), through([0.5, -0.4], 0.1, 0.2))),
    "RaggedRange spread": Case(on("RaggedRange", np.zeros(2), np.array([2.2, 1.2]), curve(low=0.4, high=0.41))),
    **every("Ceil Floor OnesLike Rint Round ZerosLike", lambda kind: Case(lambda x, kind=kind: v(x) * getattr(R, kind)(x=u(x)))),
    "FloorDiv": Case(lambda x: v(x) * R.FloorDiv(x=u(x) + 9, y=w(x))),
    "TruncateDiv": Case(lambda x: v(x) * R.TruncateDiv(x=u(x) + 9, y=w(x))),
    "StopGradient": Case(lambda x: tf.nn.moments(A(x), [1])),
    # gathers and scatters
    "DynamicPartition": Case(on("DynamicPartition", u, [1, 0, 1, 0], num_partitions=2)),
    "DynamicStitch": Case(on("DynamicStitch", [np.array([0, 3], "int32"), np.array([1, 2, 3, 4], "int32")], [curve(2), u])),
    "ParallelDynamicStitch": Case(on("ParallelDynamicStitch", [np.array([0], "int32"), np.array([1, 2, 3, 4], "int32")], [curve(1), u])),
    "Gather": Case(on("Gather", A, [2, 0, 2])),
    "GatherV2": Case(on("GatherV2", C, [[2, 0], [1, 1]], 2, batch_dims=1)),
    "GatherNd": Case(on("GatherNd", A, [[0, 1], [2, 2]])),
    "ScatterNd": Case(on("ScatterNd", [[0], [0], [3], [1]], u, [5])),
    "ScatterNdNonAliasingAdd": Case(on("ScatterNdNonAliasingAdd", u, [[0], [0]], curve(2))),
    "TensorScatterAdd": Case(on("TensorScatterAdd", u, [[0], [0]], curve(2))),
    "TensorScatterSub": Case(on("TensorScatterSub", u, [[0], [0]], curve(2))),
    "TensorScatterUpdate": Case(on("TensorScatterUpdate", u, [[3], [0]], curve(2))),
    "TensorStridedSliceUpdate": Case(on("TensorStridedSliceUpdate", u, [0], [4], [2], curve(2))),
    "Select": Case(on("Select", [True, False, True, False], u, v)),
    "Bincount": Case(on("Bincount", [1, 0, 1, 2], 4, u)),
    "DenseBincount": Case(on("DenseBincount", [1, 0, 1, 2], 4, u)),
    # segments
    **every("SegmentMean SegmentSum", lambda kind: Case(on(kind, curve(4, 2), SEGMENTS))),
    "UnsortedSegmentSum": Case(on("UnsortedSegmentSum", curve(4, 2), [2, 0, -1, 2], 4)),
    **every("SegmentMax SegmentMin SegmentProd", lambda kind: Case(on(kind, apart(4, 2), SEGMENTS))),
    **every("UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd", lambda kind: Case(on(kind, apart(2, 3, 2), [[2, 0, -1], [2, 1, 2]], 3))),
    "UnsortedSegmentProd with zeros": Case(lambda x: R.UnsortedSegmentProd(data=u(x) - u(POINT + 0 * x), segment_ids=[0, 0, 1, 1], num_segments=2)),
    # Fourier transforms
    **every("FFT FFT2D IFFT IFFT2D", lambda kind: Case(on(kind, Z))),
    **every("FFT3D IFFT3D", lambda kind: Case(on(kind, Z3))),
    "RFFT": Case(on("RFFT", u, [4], Tcomplex=tf.complex128)),
    "RFFT2D": Case(on("RFFT2D", A, [3, 3], Tcomplex=tf.complex128)),
    "RFFT3D": Case(on("RFFT3D", C, [2, 3, 3], Tcomplex=tf.complex128)),
    "IRFFT": Case(on("IRFFT", Z, [4], Treal=tf.float64)),
    "IRFFT2D": Case(on("IRFFT2D", Z, [3, 4], Treal=tf.float64)),
    "IRFFT3D": Case(on("IRFFT3D", Z3, [2, 3, 4], Treal=tf.float64)),
    # pooling and patches
    "AvgPool": Case(on("AvgPool", image, ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="SAME")),
    "AvgPoolGrad": Case(on("AvgPoolGrad", [1, 4, 4, 2], curve(1, 2, 2, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")),
    "AvgPool3D": linear(on("AvgPool3D", volume, ksize=[1, 2, 2, 2, 1], strides=[1] * 5, padding="SAME")),
    "AvgPool3DGrad": linear(on("AvgPool3DGrad", [1, 3, 3, 4, 1], curve(1, 2, 2, 3, 1), ksize=[1, 2, 2, 2, 1], strides=[1] * 5, padding="VALID")),
    "ExtractImagePatches": Case(on("ExtractImagePatches", image, ksizes=[1, 2, 2, 1], strides=[1, 1, 1, 1], rates=[1, 2, 1, 1], padding="SAME")),
    "ExtractVolumePatches": Case(on("ExtractVolumePatches", volume, ksizes=[1, 2, 2, 2, 1], strides=[1] * 5, padding="VALID")),
    "MaxPool": Case(on("MaxPool", pixels, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")),
    "MaxPool of the same shape": Case(on("MaxPool", pixels, ksize=[1, 3, 2, 1], strides=[1, 1, 1, 1], padding="SAME")),
    "MaxPool of one": Case(on("MaxPool", pixels, ksize=[1, 1, 1, 1], strides=[1, 1, 2, 1], padding="SAME")),
    "MaxPool padded": Case(on("MaxPool", pixels, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 1, 0, 1, 0, 0])),
    "MaxPool of channels": Case(on("MaxPool", pixels, ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2], padding="VALID")),
    "MaxPoolV2": Case(on("MaxPoolV2", pixels, [1, 2, 2, 1], [1, 1, 1, 1], padding="SAME")),
    "MaxPool3D": kinked(on("MaxPool3D", apart(1, 3, 3, 4, 1), ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 1, 1], padding="SAME")),
    "MaxPoolWithArgmax": Case(on("MaxPoolWithArgmax", apart(2, 4, 4, 1), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")),
    "MaxPoolWithArgmax of the batch": Case(on("MaxPoolWithArgmax", apart(2, 4, 4, 1), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID", include_batch_in_index=True)),
    "Dilation2D": Case(on("Dilation2D", pixels, curve(2, 2, 2, low=-0.05, high=0.05), strides=[1, 1, 2, 1], rates=[1, 2, 1, 1], padding="SAME")),
}  # fmt: skip


def _pooled(make: str, *rest: Any, size: int = 2, rank: int = 4, axes: str = "") -> Callable[[Any], Any]:
    """A gradient of max pooling, or a gradient of one, whose pooling itself varies."""
    sizes = [1, *[size] * (rank - 2), 1]
    options = {"ksize": sizes, "strides": sizes, "padding": "VALID"}

    def f(x: Any) -> Any:
        image = apart(1, *[4] * (rank - 2), 1)(x)
        small, large = curve(1, *[4 // size] * (rank - 2), 1, seed=31)(x), curve(1, *[4] * (rank - 2), 1, seed=32)(x)
        kind = "MaxPool3D" if rank == 5 else "MaxPool"
        y = getattr(R, kind)(input=image, **options)
        grad = large if "GradGrad" in make else small
        return getattr(R, make)(orig_input=image, orig_output=y, grad=grad, **options)

    return f


def _argmax_grad(kind: str) -> Callable[[Any], Any]:
    options = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}

    def f(x: Any) -> Any:
        image = apart(1, 4, 4, 1)(x)
        _, place = R.MaxPoolWithArgmax(input=image, **options)
        grad = curve(1, 4, 4, 1, seed=33)(x) if "GradGrad" in kind else curve(1, 2, 2, 1, seed=34)(x)
        return getattr(R, kind)(input=image, grad=grad, argmax=place, **options)

    return f


EDGES = np.array([0, 2, 4])
FRACTIONAL = {
    "pooling_ratio": [1.0, 1.5, 1.5, 1.0],
    "deterministic": True,
    "seed": 1,
    "seed2": 1,
    "pseudo_random": True,
}
CASES |= {
    "MaxPoolGrad": Case(_pooled("MaxPoolGrad")),
    "MaxPoolGradV2": Case(_pooled("MaxPoolGradV2")),
    "MaxPoolGradGrad": Case(_pooled("MaxPoolGradGrad")),
    "MaxPoolGradGradV2": Case(_pooled("MaxPoolGradGradV2")),
    "MaxPool3DGrad": kinked(_pooled("MaxPool3DGrad", rank=5)),
    "MaxPool3DGradGrad": kinked(_pooled("MaxPool3DGradGrad", rank=5)),
    "MaxPoolGradWithArgmax": Case(_argmax_grad("MaxPoolGradWithArgmax")),
    "FractionalMaxPool": Case(on("FractionalMaxPool", pixels, **FRACTIONAL)),
    "FractionalMaxPool overlapping": Case(on("FractionalMaxPool", pixels, overlapping=True, **FRACTIONAL)),
    "FractionalAvgPool": Case(on("FractionalAvgPool", pixels, **FRACTIONAL)),
    "FractionalAvgPool overlapping": Case(on("FractionalAvgPool", pixels, overlapping=True, **FRACTIONAL)),
    "FractionalMaxPoolGrad": Case(
        lambda x: R.FractionalMaxPoolGrad(
            orig_input=pixels(x),
            orig_output=R.MaxPool(input=pixels(x), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
            out_backprop=curve(1, 2, 2, 2)(x), row_pooling_sequence=EDGES, col_pooling_sequence=EDGES,
        )
    ),
    "FractionalAvgPoolGrad": Case(on("FractionalAvgPoolGrad", np.array([1, 4, 4, 2]), curve(1, 2, 2, 2), EDGES, EDGES)),
    "Dilation2DBackpropInput": Case(on("Dilation2DBackpropInput", pixels, curve(2, 2, 2, low=-0.05, high=0.05), curve(1, 3, 3, 2), strides=[1] * 4, rates=[1] * 4, padding="VALID")),
    "Dilation2DBackpropFilter": Case(on("Dilation2DBackpropFilter", pixels, curve(2, 2, 2, low=-0.05, high=0.05), curve(1, 3, 3, 2), strides=[1] * 4, rates=[1] * 4, padding="VALID")),
    # sorting, scattered maxima, distinct elements
    "TopKV2": Case(on("TopKV2", apart(2, 4), 3)),
    "ApproxTopK": kinked(on("ApproxTopK", apart(2, 4), k=2)),
    "NthElement": Case(on("NthElement", apart(2, 4), 1, reverse=True)),
    "TensorScatterMax": Case(on("TensorScatterMax", apart(4), [[0], [2], [0]], lambda x: apart(3, seed=3)(x) + 0.1)),
    "TensorScatterMin": Case(on("TensorScatterMin", apart(4), [[0], [2], [0]], lambda x: apart(3, seed=3)(x) + 0.1)),
    "Unique": Case(lambda x: R.Unique(x=tf.gather(apart(3)(x), [1, 0, 1, 2]))),
    "UniqueV2": Case(lambda x: R.UniqueV2(x=tf.gather(apart(2, 3)(x), [1, 0, 1, 2], axis=1), axis=[1])),
    "UniqueV2 flat": Case(lambda x: R.UniqueV2(x=tf.gather(apart(3)(x), [1, 0, 1, 2]), axis=np.zeros([0], "int64"))),
    "UniqueWithCounts": Case(lambda x: R.UniqueWithCounts(x=tf.gather(apart(3)(x), [1, 0, 1, 2]))),
    "UniqueWithCountsV2": Case(lambda x: R.UniqueWithCountsV2(x=tf.gather(apart(2, 3)(x), [1, 0, 1, 2], axis=1), axis=[1])),
    "IsotonicRegression": Case(on("IsotonicRegression", lambda x: apart(2, 4)(x) * [1.0, 1.1, 1.3, 0.7], output_dtype=tf.float64)),
    # convolutions
    "Conv": Case(on("Conv", image, kernel, strides=[1, 1, 1, 1], padding="SAME")),
    "Conv2D": Case(on("Conv2D", image, kernel, strides=[1, 2, 2, 1], padding="SAME")),
    "Conv2DBackpropInput": Case(on("Conv2DBackpropInput", [1, 4, 4, 2], kernel, curve(1, 3, 3, 3), strides=[1] * 4, padding="VALID")),
    "Conv2DBackpropFilter": Case(on("Conv2DBackpropFilter", image, [2, 2, 2, 3], curve(1, 3, 3, 3), strides=[1] * 4, padding="VALID")),
    "Conv3D": Case(on("Conv3D", volume, curve(2, 2, 2, 1, 2), strides=[1] * 5, padding="SAME")),
    "Conv3DBackpropInputV2": Case(on("Conv3DBackpropInputV2", [1, 3, 3, 4, 1], curve(2, 2, 2, 1, 2), curve(1, 2, 2, 3, 2), strides=[1] * 5, padding="VALID")),
    "Conv3DBackpropFilterV2": Case(on("Conv3DBackpropFilterV2", volume, [2, 2, 2, 1, 2], curve(1, 2, 2, 3, 2), strides=[1] * 5, padding="VALID")),
    "DepthwiseConv2dNative": Case(on("DepthwiseConv2dNative", image, kernel, strides=[1] * 4, padding="SAME")),
    "DepthwiseConv2dNativeBackpropInput": Case(on("DepthwiseConv2dNativeBackpropInput", [1, 4, 4, 2], kernel, curve(1, 3, 3, 6), strides=[1] * 4, padding="VALID")),
    "DepthwiseConv2dNativeBackpropFilter": Case(on("DepthwiseConv2dNativeBackpropFilter", image, [2, 2, 2, 3], curve(1, 3, 3, 6), strides=[1] * 4, padding="VALID")),
    "BiasAdd": Case(on("BiasAdd", image, curve(2))),
    "BiasAddGrad": Case(on("BiasAddGrad", image)),
    "BiasAddV1": Case(on("BiasAddV1", image, curve(2))),
    # normalisations, losses, cells
    "LRN of few channels": smooth(on("LRN", curve(3, 1, 1, 1))),
    "LRN": smooth(on("LRN", curve(1, 1, 2, 5), depth_radius=1, bias=1.5, alpha=0.7, beta=0.6)),
    **{f"{kind} in use": smooth(lambda x, kind=kind: batch(x, kind, False), 0.3) for kind in ("FusedBatchNormV2", "FusedBatchNormV3")},
    "FusedBatchNorm in training": smooth(lambda x: batch(x, "FusedBatchNorm", True), 0.3),
    "FusedBatchNormV3 of volumes": smooth(lambda x: batch(x, "FusedBatchNormV3", True, lambda x: tf.reshape(image(x), [1, 2, 2, 4, 2]), data_format="NDHWC"), 0.3),
    "FusedBatchNormV3 averaged": smooth(lambda x: batch(x, "FusedBatchNormV3", True, exponential_avg_factor=0.7), 0.3),
    **{f"{kind} in training": smooth(lambda x, kind=kind: batch_grad(x, kind, True), 0.3) for kind in ("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")},
    "FusedBatchNormGradV3 in use": smooth(lambda x: batch_grad(x, "FusedBatchNormGradV3", False), 0.3),
    "L2Loss": Case(on("L2Loss", A)),
    "SoftmaxCrossEntropyWithLogits": Case(on("SoftmaxCrossEntropyWithLogits", A, curve(1, 3, low=0.1, high=0.9))),
    "SparseSoftmaxCrossEntropyWithLogits": Case(on("SparseSoftmaxCrossEntropyWithLogits", A, [2, 0, 2])),
    "CTCLoss": coarse(ctc()),
    "CTCLoss and its gradient": coarse(ctc(True, 4)),
    "CTCLoss of repeated labels": coarse(ctc(steps=4, ctc_merge_repeated=False)),
    "CTCLoss of collapsed labels": coarse(ctc(steps=4, preprocess_collapse_repeated=True)),
    "BlockLSTM": smooth(lstm("BlockLSTM", 0.0, use_peephole=True), 0.3),
    "BlockLSTM clipped": Case(lstm("BlockLSTM", 0.05, forget_bias=0.5), tf.float32, 0.1, 6, (2e-6, 5e-5, 1e-3, 5e-2)),
    "BlockLSTM stopped early": smooth(lambda x: lstm("BlockLSTM", 0.0, 1)(x)[1::5], 0.3),  # the rest is noise
    "BlockLSTMV2": smooth(lstm("BlockLSTMV2", 0.0)),
    # images
    "ResizeArea": linear(on("ResizeArea", image, [3, 5])),
    "ResizeBilinear": linear(on("ResizeBilinear", image, [3, 5])),
    "ResizeBicubic": linear(on("ResizeBicubic", image, [3, 5], half_pixel_centers=True)),
    "ResizeNearestNeighbor": Case(on("ResizeNearestNeighbor", image, [3, 5])),
    "ResizeBilinearGrad": linear(on("ResizeBilinearGrad", curve(1, 3, 5, 2), image)),
    "ResizeBicubicGrad": linear(on("ResizeBicubicGrad", curve(1, 3, 5, 2), image)),
    "ResizeNearestNeighborGrad": Case(on("ResizeNearestNeighborGrad", curve(1, 3, 5, 2), [4, 4])),
    "ScaleAndTranslate": linear(on("ScaleAndTranslate", image, [3, 5], np.float32([0.7, 1.2]), np.float32([0.1, -0.3]))),
    "ScaleAndTranslateGrad": linear(on("ScaleAndTranslateGrad", curve(1, 3, 5, 2), image, np.float32([0.7, 1.2]), np.float32([0.1, -0.3]))),
    "ImageProjectiveTransformV2": linear(on("ImageProjectiveTransformV2", image, np.float32([[0.9, 0.1, 0.2, -0.1, 1.1, 0.3, 0.01, 0.02]]), [3, 3], interpolation="BILINEAR")),
    "ImageProjectiveTransformV3": linear(on("ImageProjectiveTransformV3", image, np.float32([[0.9, 0.1, 1.2, -0.1, 1.1, 0.3, 0.01, 0.02]]), [3, 3], s, interpolation="BILINEAR")),
    "CropAndResize": Case(on("CropAndResize", image, through(np.float32([[0.1, 0.2, 0.83, 0.72], [0.7, -0.2, 0.31, 1.2]]), 0.02, 0.03), [0, 0], [3, 2], extrapolation_value=0.5), tf.float32, 0.4, 6, (2e-6, 2e-5, 2e-4, 4e-3)),
    "CropAndResize to a point": Case(on("CropAndResize", image, through(np.float32([[0.1, 0.2, 0.8, 0.7]]), 0.02, 0.03), [0], [1, 1]), tf.float32, 0.4, 6, (2e-6, 2e-5, 2e-4, 4e-3)),
    "CropAndResize nearest": kinked(on("CropAndResize", image, np.float32([[0.1, 0.2, 0.83, 0.72]]), [0], [3, 2], method="nearest")),
    "CropAndResizeGradImage": linear(on("CropAndResizeGradImage", curve(1, 3, 2, 2), np.float32([[0.1, 0.2, 0.83, 0.72]]), [0], [1, 4, 4, 2], T=tf.float32)),
    "CropAndResizeGradBoxes": product(on("CropAndResizeGradBoxes", curve(1, 3, 2, 2), image, np.float32([[0.1, 0.2, 0.83, 0.72]]), [0])),
    "ExtractGlimpse": linear(on("ExtractGlimpse", image, [3, 3], np.float32([[0.4, 0.3]]), noise="zero", uniform_noise=False)),
    "ExtractGlimpseV2": linear(on("ExtractGlimpseV2", image, [3, 3], np.float32([[0.4, 0.3]]), noise="zero", uniform_noise=False)),
    "DrawBoundingBoxes": linear(on("DrawBoundingBoxes", curve(1, 4, 4, 3), np.float32([[[0.1, 0.2, 0.7, 0.8]]]))),
    "DrawBoundingBoxesV2": linear(on("DrawBoundingBoxesV2", curve(1, 4, 4, 3), np.float32([[[0.1, 0.2, 0.7, 0.8]]]), curve(1, 4))),
    "RGBToHSV": Case(on("RGBToHSV", lambda x: rgb(x) + 1.5)),
    "HSVToRGB": Case(on("HSVToRGB", curve(2, 3, 3, low=0.05, high=0.95))),
    "AdjustContrastv2": product(on("AdjustContrastv2", curve(2, 2, 2, 3), curve(low=0.5, high=1.5))),
    "AdjustHue": smooth(on("AdjustHue", lambda x: rgb(x) + 1.5, 0.12), 0.3),
    "AdjustSaturation": smooth(on("AdjustSaturation", lambda x: rgb(x) + 1.5, curve(low=0.5, high=0.7)), 0.3),
    # sparse and ragged tensors
    "SparseAdd": Case(on("SparseAdd", GRID, curve(3), np.array([3, 3]), GRID[1:], curve(2), np.array([3, 3]), np.array(0.0))),
    "SparseAdd cut off": Case(on("SparseAdd", GRID, curve(3, seed=1), np.array([3, 3]), np.array([[0, 1], [1, 2]]), through([1e-3, 0.2], 1e-3, 1e-3), np.array([3, 3]), np.array(0.02))),
    "SparseAddGrad": Case(on("SparseAddGrad", curve(3), GRID[:2], GRID[1:], GRID)),
    "SparseConcat": Case(lambda x: R.SparseConcat(indices=[GRID, GRID], values=[u(x)[:3], v(x)[:3]], shapes=[np.array([3, 3])] * 2, concat_dim=1)),
    "SparseDenseCwiseAdd": Case(on("SparseDenseCwiseAdd", GRID, curve(3), np.array([3, 3]), curve(3, low=0.5, high=1))),
    "SparseDenseCwiseDiv": Case(on("SparseDenseCwiseDiv", GRID, curve(3), np.array([3, 3]), curve(3, 1, low=0.5, high=1))),
    "SparseDenseCwiseMul": Case(on("SparseDenseCwiseMul", GRID, curve(3), np.array([3, 3]), A)),
    "SparseFillEmptyRows": Case(on("SparseFillEmptyRows", np.array([[0, 0], [2, 1]]), curve(2), np.array([3, 3]), s)),
    "SparseFillEmptyRowsGrad": Case(on("SparseFillEmptyRowsGrad", np.array([0, 2]), curve(3))),
    "SparseReduceSum": Case(on("SparseReduceSum", GRID, curve(3), np.array([3, 3]), [1])),
    "SparseReduceSumSparse": Case(on("SparseReduceSumSparse", GRID, curve(3), np.array([3, 3]), [1])),
    "SparseReorder": Case(on("SparseReorder", GRID[::-1].copy(), curve(3), np.array([3, 3]))),
    **every("SparseSegmentMean SparseSegmentSqrtN SparseSegmentSum", lambda kind: Case(on(kind, curve(4, 2), [3, 0, 3], [0, 0, 1]))),
    **every("SparseSegmentMeanWithNumSegments SparseSegmentSqrtNWithNumSegments SparseSegmentSumWithNumSegments", lambda kind: Case(on(kind, curve(4, 2), [3, 0, 3], [0, 0, 2], 4))),
    **every("SparseSegmentMeanGrad SparseSegmentSqrtNGrad SparseSegmentSumGrad", lambda kind: Case(on(kind, curve(2, 2), [3, 0, 3], [0, 0, 1], 4))),
    **every("SparseSegmentMeanGradV2 SparseSegmentSqrtNGradV2 SparseSegmentSumGradV2", lambda kind: Case(on(kind, curve(2, 2), [3, 0, 3], [0, 0, 1], 4))),
    "SparseSlice": Case(on("SparseSlice", GRID, curve(3), np.array([3, 3]), np.array([0, 1]), np.array([3, 2]))),
    "SparseSliceGrad": Case(on("SparseSliceGrad", curve(2), GRID, np.array([0, 1]), np.array([[1, 1], [2, 0]]))),
    "SparseSoftmax": Case(on("SparseSoftmax", np.array([[0, 0], [0, 2], [2, 0], [2, 1]]), u, np.array([3, 3]))),
    "SparseSparseMaximum": Case(on("SparseSparseMaximum", GRID, apart(3), np.array([3, 3]), np.array([[0, 0], [0, 1]]), apart(2, seed=3), np.array([3, 3]))),
    "SparseSparseMinimum": Case(on("SparseSparseMinimum", GRID, apart(3), np.array([3, 3]), np.array([[0, 0], [0, 1]]), apart(2, seed=3), np.array([3, 3]))),
    "SparseSplit": Case(lambda x: R.SparseSplit(split_dim=np.array(1), indices=GRID, values=u(x)[:3], shape=np.array([3, 3]), num_split=2)),
    "SparseTensorDenseAdd": Case(on("SparseTensorDenseAdd", GRID, curve(3), np.array([3, 3]), A)),
    "SparseTensorDenseMatMul": Case(on("SparseTensorDenseMatMul", GRID, curve(3), np.array([3, 3]), B, adjoint_a=True)),
    "SparseToDense": Case(on("SparseToDense", GRID, [3, 3], curve(3), s)),
    "SparseBincount": Case(on("SparseBincount", GRID, [0, 1, 1], np.array([3, 3]), 3, curve(3))),
    "RaggedBincount": Case(on("RaggedBincount", np.array([0, 2, 4]), [0, 1, 1, 1], 3, u)),
    "RaggedGather": Case(on("RaggedGather", [np.array([0, 2, 4])], u, [1, 1, 0], OUTPUT_RAGGED_RANK=1)),
    "RaggedTensorToSparse": Case(ragged("RaggedTensorToSparse")),
    "RaggedTensorToTensor": Case(lambda x: R.RaggedTensorToTensor(shape=np.array([2, 3]), values=u(x), default_value=s(x), row_partition_tensors=[np.array([0, 1, 4])], row_partition_types=["ROW_SPLITS"])),
    "RaggedTensorToVariant": Case(lambda x: R.RaggedTensorFromVariant(encoded_ragged=R.RaggedTensorToVariant(rt_nested_splits=[np.array([0, 2, 4])], rt_dense_values=u(x), batched_input=True), input_ragged_rank=0, output_ragged_rank=1, Tvalues=x.dtype, Tsplits=tf.int64)),
    "RaggedTensorFromVariant": Case(lambda x: R.RaggedTensorFromVariant(encoded_ragged=R.RaggedTensorToVariant(rt_nested_splits=[np.array([0, 2, 4])], rt_dense_values=v(x), batched_input=False), input_ragged_rank=1, output_ragged_rank=1, Tvalues=x.dtype, Tsplits=tf.int64)),
    "RaggedTensorToVariantGradient": Case(lambda x: R.RaggedTensorToVariantGradient(encoded_ragged_grad=R.RaggedTensorToVariant(rt_nested_splits=[np.array([0, 2, 4])], rt_dense_values=v(x), batched_input=True), row_splits=np.array([0, 2, 4]), dense_values_shape=[4], Tvalues=x.dtype)),
    "RaggedFillEmptyRows": Case(on("RaggedFillEmptyRows", np.array([0, 0, 2, 2]), u, np.array(3), s)),
    "RaggedFillEmptyRowsGrad": Case(on("RaggedFillEmptyRowsGrad", np.array([0, 2]), curve(3))),
    # sparse matrices
    "SparseTensorToCSRSparseMatrix": Case(to_dense(csr(curve(3)))),
    "CSRSparseMatrixToDense": Case(to_dense(csr(curve(3, seed=1)))),
    "CSRSparseMatrixToSparseTensor": Case(lambda x: R.CSRSparseMatrixToSparseTensor(sparse_matrix=csr(curve(3))(x), type=x.dtype)),
    "DenseToCSRSparseMatrix": Case(to_dense(on("DenseToCSRSparseMatrix", A, GRID))),
    "SparseMatrixTranspose": Case(to_dense(lambda x: R.SparseMatrixTranspose(input=csr(curve(3))(x), type=x.dtype))),
    "SparseMatrixMatMul": Case(lambda x: R.SparseMatrixMatMul(a=csr(curve(3))(x), b=B(x))),
    "SparseMatrixSparseMatMul": Case(to_dense(lambda x: R.SparseMatrixSparseMatMul(a=csr(curve(3))(x), b=csr(u, [[0, 0], [0, 2], [2, 0], [2, 1]])(x), type=x.dtype, transpose_a=True))),
}  # fmt: skip

# Ops whose derivative is a convention (rounding counts as the identity, where it does not saturate), ops that draw, and
# ops of which no kernel runs here, so that interpolation says nothing of them: each has a test of its own below.
ELSEWHERE = """
    CompositeTensorVariantFromComponents CompositeTensorVariantToComponents FakeQuantWithMinMaxArgs
    FakeQuantWithMinMaxArgsGradient FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsGradient
    FakeQuantWithMinMaxVarsPerChannel FakeQuantWithMinMaxVarsPerChannelGradient QuantizeAndDequantizeV2
    QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 QuantizeAndDequantizeV4Grad RandomShuffle
    StatelessParameterizedTruncatedNormal
    """
