"""TensorFlow's ops, one by one, through nested tapes to order 3 against interpolation of their plain values.

`test_core` and its kin test functions of the whole line; here stands the breadth of TensorFlow: linear algebra,
convolutions, segments, TensorLists, control flow, ... Each f maps a scalar x, through tensors that are quadratic in x, to
a tensor of any shape.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf
from support.interpolation import ORDER, POINT, TOLERANCE, curve, interpolated

import nthgrad as ng

u, v, w = curve(4, seed=11), curve(4, seed=2), curve(4, low=0.5, high=1.5, seed=3)
inside = curve(4, low=0.3, high=0.6, seed=4)
A, B, C = curve(3, 3, seed=5), curve(3, 2, seed=6), curve(2, 3, 3, seed=7)
image, kernel, volume = curve(1, 4, 4, 2, seed=8), curve(2, 2, 2, 3, seed=9), curve(1, 3, 3, 3, 1, seed=10)
sequence = curve(1, 5, 2, seed=12)


def apart(x: tf.Tensor) -> tf.Tensor:
    """Elements that keep their order near `POINT`."""
    return v(x) / 10 + [0.5, -0.5, 1.0, 0.1]


def spread(x: tf.Tensor) -> tf.Tensor:
    return image(x) / 10 + np.reshape(np.random.RandomState(13).permutation(32) / 32, [1, 4, 4, 2])


def definite(x: tf.Tensor) -> tf.Tensor:
    return tf.matmul(A(x), A(x), transpose_b=True) + 3 * np.eye(3)


def regular(x: tf.Tensor) -> tf.Tensor:
    return A(x) / 2 + np.diag([3.0, 4.5, 6.0])


def symmetric(x: tf.Tensor) -> tf.Tensor:
    return A(x) + tf.transpose(A(x)) + np.diag([0.0, 6.0, 12.0])


def sparse(x: tf.Tensor) -> tf.SparseTensor:
    return tf.SparseTensor([[0, 0], [1, 2], [2, 1]], v(x)[:3] ** 2, [3, 3])


def ragged(x: tf.Tensor) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_lengths(u(x) ** 2, [2, 0, 1, 1])


def written(x: tf.Tensor) -> tf.Tensor:
    array = tf.TensorArray(x.dtype, 0, dynamic_size=True, element_shape=[])
    return array.write(0, x**2).write(1, tf.sin(x)).stack()


@tf.function
def autographed(x: tf.Tensor) -> tf.Tensor:
    y = x
    for i in tf.range(2):
        y = y * x + tf.cast(i, x.dtype)
    return y


called = tf.function(lambda x: tf.sin(x) * x**3, autograph=False)


@tf.custom_gradient
def customised(x):
    return x**3, lambda dy: dy * 3 * x**2


VARIABLE = tf.Variable([1.5, -0.5, 2.0, 0.25], dtype=tf.float64)


@dataclass(frozen=True)
class Case:
    """An op, or a few that belong together, on curves."""

    name: str
    f: Callable[[tf.Tensor], tf.Tensor]

    def __str__(self) -> str:
        return self.name


CASES = (
    # reductions and scans
    Case("reduce_prod", lambda x: tf.reduce_prod(A(x), 1)),
    Case("cumprod", lambda x: tf.math.cumprod(v(x), exclusive=True, reverse=True)),
    Case("cumsum", lambda x: tf.cumsum(v(x) ** 3, reverse=True)),
    Case("reduce_logsumexp", lambda x: tf.reduce_logsumexp(A(x), 0)),
    Case("reduce_max", lambda x: tf.reduce_max(apart(x) ** 3)),
    Case("reduce_std", lambda x: tf.math.reduce_std(A(x), 1)),
    Case("l2_normalize", lambda x: tf.math.l2_normalize(A(x), 1)),
    # elementwise, of two arguments
    Case("pow", lambda x: tf.pow(w(x), v(x))),
    Case("atan2", lambda x: tf.atan2(u(x), w(x))),
    Case("divide_no_nan", lambda x: tf.math.divide_no_nan(u(x), w(x))),
    Case("multiply_no_nan", lambda x: tf.math.multiply_no_nan(u(x), w(x))),
    Case("minimum", lambda x: tf.minimum(u(x) ** 2, v(x) ** 3)),
    Case("where", lambda x: tf.where(u(x) > v(x), u(x) ** 2, tf.exp(v(x)))),
    Case("clip_by_value", lambda x: tf.clip_by_value(v(x) ** 3, -0.2, 0.2)),
    Case("floormod", lambda x: tf.math.floormod(2 * w(x), 10 + w(x)) * v(x)),
    # special functions
    Case("expint", lambda x: tf.math.special.expint(w(x))),
    Case("spence", lambda x: tf.math.special.spence(w(x))),
    Case("fresnel_sin", lambda x: tf.math.special.fresnel_sin(v(x))),
    Case("betainc", lambda x: tf.math.betainc(np.full(4, 2.5), np.full(4, 1.5), inside(x))),
    # complex numbers on the way
    Case("complex exp", lambda x: tf.math.real(tf.exp(tf.complex(u(x), v(x))))),
    Case("fft", lambda x: tf.math.imag(tf.signal.fft(tf.complex(u(x), v(x) ** 2)))),
    Case("rfft, irfft", lambda x: tf.signal.irfft(tf.signal.rfft(v(x)) ** 2)),
    # linear algebra
    Case("matmul", lambda x: tf.matmul(A(x), B(x), transpose_a=True)),
    Case("matmul of stacks", lambda x: tf.matmul(C(x), A(x), adjoint_b=True)),
    Case("einsum", lambda x: tf.einsum("bij,jk,ki->bk", C(x), A(x), A(x))),
    Case("inv", lambda x: tf.linalg.inv(regular(x))),
    Case("det", lambda x: tf.linalg.det(regular(x))),
    Case("solve", lambda x: tf.linalg.solve(regular(x), B(x))),
    Case("triangular_solve", lambda x: tf.linalg.triangular_solve(regular(x), B(x))),
    Case("cholesky", lambda x: tf.linalg.cholesky(definite(x))),
    Case("qr", lambda x: tf.linalg.qr(regular(x))[1]),
    Case("svd", lambda x: tf.linalg.svd(regular(x), compute_uv=False)),
    Case("eigh", lambda x: tf.linalg.eigvalsh(symmetric(x))),
    Case("sqrtm", lambda x: tf.linalg.sqrtm(definite(x))),
    Case("diag, set_diag, band_part", lambda x: tf.linalg.band_part(tf.linalg.set_diag(A(x) ** 2, A(x)[0] ** 3), 1, 0)),
    # neural networks
    Case("softmax", lambda x: tf.nn.softmax(A(x), axis=0)),
    Case("softmax_cross_entropy", lambda x: tf.nn.softmax_cross_entropy_with_logits(np.eye(3) * 0.4 + 0.2, A(x))),
    Case("sparse_softmax_cross_entropy", lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits([1, 0, 2], A(x))),
    Case("conv1d", lambda x: tf.nn.conv1d(sequence(x), kernel(x)[0], 1, "SAME")),
    Case("conv2d", lambda x: tf.nn.conv2d(image(x), kernel(x), 2, "SAME")),
    Case("conv2d_transpose", lambda x: tf.nn.conv2d_transpose(image(x), kernel(x)[..., :2], [1, 8, 8, 2], 2)),
    Case("conv3d", lambda x: tf.nn.conv3d(volume(x), tf.reshape(kernel(x)[..., :1], [2, 2, 1, 1, 2]), [1] * 5, "SAME")),
    Case("avg_pool2d", lambda x: tf.nn.avg_pool2d(image(x) ** 2, 2, 1, "SAME")),
    Case("max_pool2d, strided", lambda x: tf.nn.max_pool2d(tf.sin(spread(x)), 2, 2, "VALID")),
    # images
    Case("space_to_depth", lambda x: tf.nn.space_to_depth(image(x) ** 3, 2)),
    # gather, scatter, segments, sorting
    Case("gather", lambda x: tf.gather(v(x) ** 3, [0, 2, 2])),
    Case("gather_nd", lambda x: tf.gather_nd(A(x) ** 3, [[0, 1], [2, 2], [0, 1]])),
    Case("tensor_scatter_nd_update", lambda x: tf.tensor_scatter_nd_update(v(x) ** 2, [[1]], u(x)[:1] ** 3)),
    Case("scatter_nd", lambda x: tf.scatter_nd([[0], [0], [2], [1]], v(x) ** 3, [3])),
    Case("dynamic_partition, _stitch", lambda x: tf.dynamic_stitch([[1, 0], [2, 3]], [u(x)[:2] ** 3, v(x)[2:] ** 2])),
    Case("segment_mean", lambda x: tf.math.segment_mean(A(x) ** 3, [0, 0, 1])),
    Case("segment_max", lambda x: tf.math.segment_max(apart(x) ** 3, [0, 0, 1, 1])),
    Case("unsorted_segment_sum", lambda x: tf.math.unsorted_segment_sum(v(x) ** 3, [2, 0, 1, 0], 3)),
    Case("sort", lambda x: tf.sort(apart(x) ** 3, direction="DESCENDING")),
    Case("top_k", lambda x: tf.math.top_k(apart(x) ** 3, 2)[0]),
    # shapes
    Case("strided_slice", lambda x: (A(x) ** 3)[::2, ::-1]),
    Case("concat, split, stack", lambda x: tf.concat([tf.split(v(x) ** 3, 2)[1], tf.stack([x**2, x**3])], 0)),
    Case("pad", lambda x: tf.pad(A(x) ** 2, [[1, 1], [0, 1]], "REFLECT")),
    Case("tile, roll, reverse", lambda x: tf.reverse(tf.roll(tf.tile(v(x) ** 3, [2]), 1, 0), [0])),
    # sparse and ragged tensors
    Case("sparse_dense_matmul", lambda x: tf.sparse.sparse_dense_matmul(sparse(x), B(x))),
    Case("sparse.to_dense", lambda x: tf.sparse.to_dense(sparse(x))),
    Case("ragged sum", lambda x: tf.reduce_sum(ragged(x) * ragged(x), 1)),
    Case("ragged to_tensor", lambda x: ragged(x).to_tensor()),
    # control flow, TensorLists, functions, custom gradients, variables
    Case("TensorArray", written),
    Case("AutoGraph for", autographed),
    Case("cond", lambda x: tf.cond(x > 0, lambda: tf.sin(x) * x**3, lambda: x)),
    Case("while_loop", lambda x: tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * y + x), (0, x))[1]),
    Case("map_fn", lambda x: tf.map_fn(lambda t: t * t * x, v(x)[:2])),
    Case("scan", lambda x: tf.scan(lambda a, t: a * t, v(x)[:2])),
    Case("tf.function", lambda x: called(x) * x),
    Case("custom_gradient", lambda x: customised(v(x)) * tf.reduce_prod(v(x))),
    Case("variable", lambda x: tf.gather(VARIABLE, [0, 2, 3]) * tf.sin(x) * x**3),
)


# Linear ops, or linear near a point: the gradient of their gradient is the op itself, which order 3 meets again.
LINEAR = {
    "cumsum", "fft", "diag, set_diag, band_part", "avg_pool2d", "space_to_depth", "gather", "gather_nd",
    "tensor_scatter_nd_update", "scatter_nd", "dynamic_partition, _stitch", "segment_mean", "unsorted_segment_sum",
    "strided_slice", "concat, split, stack", "pad", "tile, roll, reverse", "sparse.to_dense", "ragged to_tensor",
    "rfft, irfft", "sort", "top_k",
}  # fmt: skip
# Linear in each of two arguments: the gradients are products of the same kinds. conv2d goes to order 3.
BILINEAR = {"matmul", "matmul of stacks", "einsum", "conv1d", "conv2d_transpose", "conv3d", "sparse_dense_matmul"}
# A gradient of a gradient of a loop has all their loops: order 3 is for one loop, and for what is none.
LOOPS = {"AutoGraph for", "cond", "map_fn", "ragged sum", "scan"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_op(case):
    @tf.autograph.experimental.do_not_convert  # it takes as long as the derivatives
    def f(x):
        y = tf.reshape(case.f(x), [-1])
        weights = tf.cos(tf.cast(tf.range(tf.size(y)), y.dtype))  # no two elements of an output count alike
        return tf.reduce_sum(y * weights)

    order = 2 if case.name in LINEAR | BILINEAR | LOOPS else ORDER
    want = np.ravel(interpolated(tf.function(f), order))  # traced once, and not run op by op at 15 points
    got = np.array([float(y) for y in ng.derivatives(f, order, method="tape")(tf.constant(POINT, tf.float64))])
    scale = np.maximum.accumulate(np.abs(want))
    assert (np.abs(got - want) <= np.array(TOLERANCE[: order + 1]) * scale).all(), f"{got} instead of {want}"


@pytest.mark.quick
@pytest.mark.parametrize("name", ["reduce_prod", "segment_mean"])
def test_op_with_an_output_of_any_shape(name):
    f = next(case.f for case in CASES if case.name == name)
    want = interpolated(tf.function(f, autograph=False), 2)
    for y, values, tolerance in zip(
        ng.derivatives(f, 2, method="tape")(tf.constant(POINT, tf.float64)), want, TOLERANCE[:3], strict=True
    ):
        np.testing.assert_allclose(np.ravel(y), values, rtol=0, atol=tolerance * max(map(np.max, map(np.abs, want))))


@pytest.mark.quick
def test_names_are_unique_and_the_table_is_broad():
    names = {case.name for case in CASES}
    assert len(names) == len(CASES) >= 70
    assert names >= LINEAR | BILINEAR | LOOPS
