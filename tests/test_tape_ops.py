"""TensorFlow's ops, one by one, through nested tapes to order 3 against interpolation of their plain values.

`test_derivative` and its kin test functions of the whole line; here stands the breadth of TensorFlow: linear algebra,
convolutions, segments, TensorLists, control flow, ... Each f maps a scalar x, through tensors that are quadratic in x, to
a tensor of any shape.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf
from numpy.polynomial import chebyshev

import nthgrad as ng

ORDER = 3
POINT = 0.3
RADIUS = 0.05  # of the interval on which f is interpolated; no f has a kink or a singularity near it
NODES, DEGREE = 19, 11
# The error allowed at orders 0 to 3, relative to the largest derivative. The interpolation itself has 1e-14 to 1e-9.
TOLERANCE = (1e-12, 1e-9, 1e-8, 1e-6)


def curve(*shape: int, low: float = -1.0, high: float = 1.0, seed: int = 0) -> Callable[[tf.Tensor], tf.Tensor]:
    """A tensor that is quadratic in x, each element with its own coefficients; at `POINT` it lies in [low, high]."""
    a, b, c = np.random.RandomState(seed).uniform(-1, 1, (3, *shape)) * (high - low) / 2

    def at(x):
        d = x - POINT
        return (low + high) / 2 + a + b * d / 2 + c * d * d / 2

    return at


u, v, w = curve(4, seed=11), curve(4, seed=2), curve(4, low=0.5, high=1.5, seed=3)
inside = curve(4, low=0.3, high=0.6, seed=4)
A, B, C = curve(3, 3, seed=5), curve(3, 2, seed=6), curve(2, 3, 3, seed=7)
image, kernel, volume = curve(1, 4, 4, 2, seed=8), curve(2, 2, 2, 3, seed=9), curve(1, 3, 3, 3, 1, seed=10)
sequence = curve(1, 5, 2, seed=12)


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


def autographed(x):
    y = x
    for i in tf.range(4):
        if i % 2 == 0:
            y = tf.sin(y) + x
        else:
            y = y**3
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
    Case("reduce_max", lambda x: tf.reduce_max(v(x) ** 3)),
    Case("reduce_std", lambda x: tf.math.reduce_std(A(x), 1)),
    Case("reduce_euclidean_norm", lambda x: tf.math.reduce_euclidean_norm(A(x), 1)),
    Case("norm, order 3", lambda x: tf.norm(w(x), 3.0)),
    Case("clip_by_norm", lambda x: tf.clip_by_norm(v(x), 0.5)),
    Case("l2_normalize", lambda x: tf.math.l2_normalize(A(x), 1)),
    # elementwise, of two arguments
    Case("pow", lambda x: tf.pow(w(x), v(x))),
    Case("atan2", lambda x: tf.atan2(u(x), w(x))),
    Case("divide_no_nan", lambda x: tf.math.divide_no_nan(u(x), w(x))),
    Case("multiply_no_nan", lambda x: tf.math.multiply_no_nan(u(x), w(x))),
    Case("squared_difference", lambda x: tf.math.squared_difference(u(x) ** 2, v(x))),
    Case("minimum", lambda x: tf.minimum(u(x) ** 2, v(x) ** 3)),
    Case("where", lambda x: tf.where(u(x) > v(x), u(x) ** 2, tf.exp(v(x)))),
    Case("clip_by_value", lambda x: tf.clip_by_value(v(x) ** 3, -0.2, 0.2)),
    Case("floormod", lambda x: tf.math.floormod(2 * w(x), 10 + w(x)) * v(x)),
    # special functions
    Case("expint", lambda x: tf.math.special.expint(w(x))),
    Case("spence", lambda x: tf.math.special.spence(w(x))),
    Case("fresnel_sin", lambda x: tf.math.special.fresnel_sin(v(x))),
    Case("bessel_k0, bessel_y1", lambda x: tf.math.special.bessel_k0(w(x)) * tf.math.special.bessel_y1(w(x))),
    Case("betainc", lambda x: tf.math.betainc(tf.fill([4], x - x + 2.5), tf.fill([4], x - x + 1.5), inside(x))),
    Case("zeta", lambda x: tf.math.zeta(tf.constant(2.5, x.dtype), w(x))),
    Case("lbeta", lambda x: tf.math.lbeta(w(x))),
    # complex numbers on the way
    Case("complex exp", lambda x: tf.math.real(tf.exp(tf.complex(u(x), v(x))))),
    Case("complex abs, angle", lambda x: tf.abs(tf.complex(u(x), w(x))) * tf.math.angle(tf.complex(v(x), w(x)))),
    Case("fft", lambda x: tf.math.imag(tf.signal.fft(tf.complex(u(x), v(x) ** 2)))),
    Case("rfft, irfft", lambda x: tf.signal.irfft(tf.signal.rfft(v(x)) ** 2)),
    Case("dct", lambda x: tf.signal.dct(v(x) ** 2)),
    # linear algebra
    Case("matmul", lambda x: tf.matmul(A(x), B(x), transpose_a=True)),
    Case("matmul of stacks", lambda x: tf.matmul(C(x), A(x), adjoint_b=True)),
    Case("einsum", lambda x: tf.einsum("bij,jk,ki->bk", C(x), A(x), A(x))),
    Case("tensordot", lambda x: tf.tensordot(C(x), A(x), [[1, 2], [0, 1]])),
    Case("inv", lambda x: tf.linalg.inv(regular(x))),
    Case("det", lambda x: tf.linalg.det(regular(x))),
    Case("logdet", lambda x: tf.linalg.logdet(definite(x))),
    Case("solve", lambda x: tf.linalg.solve(regular(x), B(x))),
    Case("triangular_solve", lambda x: tf.linalg.triangular_solve(regular(x), B(x))),
    Case("cholesky", lambda x: tf.linalg.cholesky(definite(x))),
    Case("qr", lambda x: tf.linalg.qr(regular(x))[1]),
    Case("svd", lambda x: tf.linalg.svd(regular(x), compute_uv=False)),
    Case("eigh", lambda x: tf.linalg.eigvalsh(symmetric(x))),
    Case("sqrtm", lambda x: tf.linalg.sqrtm(definite(x))),
    Case("tridiagonal_matmul", lambda x: tf.linalg.tridiagonal_matmul(A(x), B(x))),
    Case("diag, set_diag, band_part", lambda x: tf.linalg.band_part(tf.linalg.set_diag(A(x) ** 2, A(x)[0] ** 3), 1, 0)),
    Case("cross", lambda x: tf.linalg.cross(A(x), A(x) ** 2)),
    # neural networks
    Case("softmax", lambda x: tf.nn.softmax(A(x), axis=0)),
    Case("log_softmax", lambda x: tf.nn.log_softmax(A(x))),
    Case("softmax_cross_entropy_with_logits", lambda x: tf.nn.softmax_cross_entropy_with_logits([0.2, 0.3, 0.5], A(x))),
    Case("sparse_softmax_cross_entropy", lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits([1, 0, 2], A(x))),
    Case("sigmoid_cross_entropy", lambda x: tf.nn.sigmoid_cross_entropy_with_logits(tf.zeros_like(v(x)), v(x))),
    Case("conv1d", lambda x: tf.nn.conv1d(sequence(x), kernel(x)[0], 1, "SAME")),
    Case("conv2d", lambda x: tf.nn.conv2d(image(x), kernel(x), 2, "SAME")),
    Case("conv2d_transpose", lambda x: tf.nn.conv2d_transpose(image(x), kernel(x)[..., :2], [1, 8, 8, 2], 2)),
    Case("depthwise_conv2d", lambda x: tf.nn.depthwise_conv2d(image(x), kernel(x), [1, 1, 1, 1], "VALID")),
    Case("conv3d", lambda x: tf.nn.conv3d(volume(x), tf.reshape(kernel(x)[..., :1], [2, 2, 1, 1, 2]), [1] * 5, "SAME")),
    Case("avg_pool2d", lambda x: tf.nn.avg_pool2d(image(x) ** 2, 2, 1, "SAME")),
    Case("max_pool2d, strided", lambda x: tf.nn.max_pool2d(image(x) ** 2, 2, 2, "VALID")),
    Case("bias_add", lambda x: tf.nn.bias_add(image(x) ** 2, v(x)[:2] ** 3)),
    # images
    Case("space_to_depth", lambda x: tf.nn.space_to_depth(image(x) ** 3, 2)),
    Case("extract_patches", lambda x: tf.image.extract_patches(image(x) ** 2, [1, 2, 2, 1], [1] * 4, [1] * 4, "SAME")),
    # gather, scatter, segments, sorting
    Case("gather", lambda x: tf.gather(v(x) ** 3, [0, 2, 2])),
    Case("gather_nd", lambda x: tf.gather_nd(A(x) ** 3, [[0, 1], [2, 2], [0, 1]])),
    Case("tensor_scatter_nd_update", lambda x: tf.tensor_scatter_nd_update(v(x) ** 2, [[1]], u(x)[:1] ** 3)),
    Case("scatter_nd", lambda x: tf.scatter_nd([[0], [0], [2], [1]], v(x) ** 3, [3])),
    Case("dynamic_partition, _stitch", lambda x: tf.dynamic_stitch([[1, 0], [2, 3]], [u(x)[:2] ** 3, v(x)[2:] ** 2])),
    Case("segment_mean", lambda x: tf.math.segment_mean(A(x) ** 3, [0, 0, 1])),
    Case("segment_max", lambda x: tf.math.segment_max(v(x) ** 3, [0, 0, 1, 1])),
    Case("unsorted_segment_sum", lambda x: tf.math.unsorted_segment_sum(v(x) ** 3, [2, 0, 1, 0], 3)),
    Case("sort", lambda x: tf.sort(v(x) ** 3, direction="DESCENDING")),
    Case("top_k", lambda x: tf.math.top_k(v(x) ** 3, 2)[0]),
    # shapes
    Case("strided_slice", lambda x: (A(x) ** 3)[::2, ::-1]),
    Case("concat, split, stack", lambda x: tf.concat([tf.split(v(x) ** 3, 2)[1], tf.stack([x**2, x**3])], 0)),
    Case("pad", lambda x: tf.pad(A(x) ** 2, [[1, 1], [0, 1]], "REFLECT")),
    Case("tile, roll, reverse", lambda x: tf.reverse(tf.roll(tf.tile(v(x) ** 3, [2]), 1, 0), [0])),
    Case("repeat", lambda x: tf.repeat(v(x) ** 3, [1, 2, 0, 1])),
    # sparse and ragged tensors
    Case("sparse_dense_matmul", lambda x: tf.sparse.sparse_dense_matmul(sparse(x), B(x))),
    Case("sparse.to_dense", lambda x: tf.sparse.to_dense(sparse(x))),
    Case("ragged sum", lambda x: tf.reduce_sum(ragged(x) * ragged(x), 1)),
    Case("ragged to_tensor", lambda x: ragged(x).to_tensor()),
    # control flow, TensorLists, functions, custom gradients, variables
    Case("TensorArray", written),
    Case("AutoGraph for and if", autographed),
    Case("cond", lambda x: tf.cond(x > 0, lambda: tf.sin(x) * x**3, lambda: x)),
    Case("while_loop", lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * x), (0, x**2))[1]),
    Case("map_fn", lambda x: tf.map_fn(lambda t: t**3 * x, v(x))),
    Case("scan", lambda x: tf.scan(lambda a, t: a * t + x, v(x))),
    Case("vectorized_map", lambda x: tf.vectorized_map(lambda t: tf.sin(t) * t * x, v(x))),
    Case("tf.function", lambda x: called(x) * x),
    Case("custom_gradient", lambda x: customised(v(x)) * tf.reduce_prod(v(x))),
    Case("variable", lambda x: tf.gather(VARIABLE, [0, 2, 3]) * tf.sin(x) * x**3),
)


def interpolated(f: Callable[[tf.Tensor], tf.Tensor]) -> list[np.ndarray]:
    """Derivatives at `POINT` of the least-squares polynomial through f at Chebyshev nodes."""
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    values = [f(tf.constant(POINT + RADIUS * t, tf.float64)).numpy().ravel() for t in nodes]
    series = chebyshev.chebfit(nodes, np.array(values), DEGREE)
    return [chebyshev.chebval(0.0, chebyshev.chebder(series, k)) / RADIUS**k for k in range(ORDER + 1)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_op(case):
    weights = np.cos(np.arange(128.0))  # no two elements of an output count alike

    def f(x):
        y = tf.reshape(case.f(x), [-1])
        return tf.reduce_sum(y * weights[: y.shape[0]])

    want = np.ravel(interpolated(tf.function(f)))
    got = np.array([float(y) for y in ng.derivatives(f, ORDER)(tf.constant(POINT, tf.float64))])
    scale = np.maximum.accumulate(np.abs(want))
    assert (np.abs(got - want) <= np.array(TOLERANCE) * scale).all(), f"{got} instead of {want}"


@pytest.mark.parametrize("name", ["reduce_prod", "softmax", "segment_mean", "map_fn", "matmul"])
def test_op_with_an_output_of_any_shape(name):
    f = next(case.f for case in CASES if case.name == name)
    want = interpolated(f)
    for y, values, tolerance in zip(
        ng.derivatives(f, ORDER)(tf.constant(POINT, tf.float64)), want, TOLERANCE, strict=True
    ):
        np.testing.assert_allclose(np.ravel(y), values, rtol=0, atol=tolerance * max(map(np.max, map(np.abs, want))))


def test_names_are_unique_and_the_table_is_broad():
    assert len({case.name for case in CASES}) == len(CASES) >= 80
