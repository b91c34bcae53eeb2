"""The rules of mathematics, on full series: each op of curves, against interpolation of its plain values; and hard points."""

import functools
import math

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from support.interpolation import POINT, curve, interpolated
from support.math_cases import CASES, UNARY, weighed

import nthgrad as ng
from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.interpreter import interpret
from nthgrad.engines.taylor.rules import elementwise, factorizations, linalg, reductions, special
from nthgrad.engines.taylor.series import Series
from nthgrad.errors import UnsupportedOpError

ORDER = 3  # to order 5 in `test_series.py` and to 8 in `test_accuracy.py`
GRID = {"radius": 0.15, "nodes": 19, "degree": 12}
# The error allowed at each order, relative to the largest derivative. The interpolation itself has a tenth of it.
TOLERANCE = (1e-13, 1e-11, 1e-9, 1e-7)

TABLES = (elementwise.RULES, reductions.RULES, special.RULES, linalg.RULES, factorizations.RULES)


inert = tf.autograph.experimental.do_not_convert  # AutoGraph takes longer than the derivatives


def check(got, want, name=""):
    scale = np.maximum.accumulate(np.maximum(np.abs(want), 1e-3 * np.abs(want).max()))
    tolerance = np.reshape(TOLERANCE[: len(want)], [-1] + [1] * (np.ndim(want) - 1))
    assert (np.abs(np.reshape(got, np.shape(want)) - want) <= tolerance * scale).all(), (
        f"{name}: {got} instead of {want}"
    )


# The ops of one curve are differentiated together: what surrounds an op takes longer than the op.
ALIKE = {kinds.split()[0] + f" and its like, {i}": i for i, kinds in enumerate(UNARY.values())}


def op_of(kind, values):
    op = getattr(tf.raw_ops, kind)
    return op(**{next(iter(op.__signature__.parameters)): values})


@pytest.mark.parametrize("name", ALIKE)
def test_rules_of_one_argument(name):
    argument, kinds = [*UNARY.items()][ALIKE[name]]

    @inert
    def f(x):
        values = argument(x)
        y = tf.stack([op_of(kind, values) for kind in kinds.split()])
        y = tf.concat([tf.math.real(y), tf.math.imag(y)], 1) if y.dtype.is_complex else y
        return tf.reduce_sum(y * tf.cos(tf.range(y.shape[1], dtype=y.dtype)), 1)  # no two elements of an op alike

    got = np.array(ng.derivatives(f, ORDER, method="taylor")(tf.constant(POINT, tf.float64)))
    want = interpolated(tf.function(f), ORDER, **GRID)  # traced once, and not run op by op at 19 points
    for i, kind in enumerate(kinds.split()):
        check(got[:, i], want[:, i], kind)


# Each order of these doubles the time. By one argument they go further in `test_hard_point` and `test_accuracy.py`.
SECOND = ("Zeta by both", "Igamma by both", "Betainc by all", "Betainc by all, from the other end")


@pytest.mark.parametrize("name", [*CASES][sum(len(kinds.split()) for kinds in UNARY.values()) :])
def test_rule(name):
    f, order = weighed(CASES[name]), 2 if name in SECOND else ORDER
    got = ng.derivatives(f, order, method="taylor")(tf.constant(POINT, tf.float64))
    check([float(y) for y in got], interpolated(tf.function(f), order, **GRID)[:, 0])


# Random draws, of which the distribution function at the sample stays what it is (implicit reparametrisation)
SHAPE = curve(3, low=0.8, high=4.0, seed=31)
DRAWS = {
    "RandomGamma": lambda x: tf.raw_ops.RandomGamma(shape=[2], alpha=SHAPE(x), seed=1, seed2=2),
    "StatelessRandomGammaV2": lambda x: tf.raw_ops.StatelessRandomGammaV2(shape=[2, 3], seed=[3, 4], alpha=SHAPE(x)),
    "StatelessRandomGammaV3": lambda x: tf.raw_ops.StatelessRandomGammaV3(
        shape=[2, 3], key=[5], counter=[6, 7], alg=1, alpha=SHAPE(x)
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draw(name):
    got = [np.array(y) for y in ng.derivatives(DRAWS[name], ORDER, method="taylor")(tf.constant(POINT, tf.float64))]
    kept = [
        [mp.gammainc(a, 0, z, regularized=True) for a, z in zip(np.array(SHAPE(POINT)), row, strict=True)]
        for row in got[0]
    ]

    def quantile(x):
        return [
            float(mp.findroot(lambda t, a=a, p=p: mp.gammainc(a, 0, t, regularized=True) - p, z))
            for p, a, z in zip(np.ravel(kept), np.tile(SHAPE(float(x)), 2), np.ravel(got[0]), strict=True)
        ]

    check([np.ravel(y) for y in got], interpolated(quantile, ORDER, **GRID))


SPARSE = lambda x: tf.raw_ops.SparseMatMul(a=tf.reshape([x, 0, 1, x], [2, 2]), b=tf.reshape([x, 2, 0, x], [2, 2]))  # noqa: E731


def test_sparse_mat_mul():
    want = [[[4, 4], [2, 6]], [[4, 2], [1, 4]], [[2, 0], [0, 2]], [[0, 0], [0, 0]]]
    for got, exact in zip(ng.derivatives(SPARSE, 3, method="taylor")(tf.constant(2.0)), want, strict=True):
        np.testing.assert_array_equal(got, exact)


def ops_of(f, dtype=tf.float64):
    x = tf.TensorSpec([], dtype)
    graph = tf.function(inert(lambda x: f(x))).get_concrete_function(x).graph
    return {op.type for op in trace.between(graph.inputs[:1], graph.outputs, stop=frozenset())}


def test_every_rule_has_a_case_and_every_case_a_rule():
    rules = {kind for table in TABLES for kind in table}
    covered = ops_of(lambda x: [f(x) for f in (*CASES.values(), *DRAWS.values())]) | ops_of(SPARSE, tf.float32)
    assert rules <= covered
    assert {name.split(",")[0].split(" ")[0] for name in [*CASES, *DRAWS, "SparseMatMul"]} == rules
    assert sum(map(len, TABLES)) == len(rules)  # no op has two


# Two variables: an index of two numbers. More elementwise ops of two in `test_series.py`.
MIXED = {
    "slope": lambda x: tf.tanh(x) * tf.nn.softplus(x),
    "bilinear": lambda x: tf.matmul(x, tf.matmul(x, x), transpose_a=True),
    "piecewise": lambda x: tf.reduce_max(x**3, 0) * tf.maximum(x, x**2),
    "expanded": lambda x: tf.math.cumprod(x, 0),
    "integral": lambda x: tf.math.igamma(2 + x, 3 - x),
    "solution": lambda x: tf.linalg.solve(x + 3 * np.eye(2), x),
    "determinant": lambda x: tf.linalg.logdet(tf.matmul(x, x, transpose_b=True) + np.eye(2)) + tf.linalg.det(x),
    "eigenvalues": lambda x: tf.linalg.eigvalsh(x + np.diag([0.0, 4.0])),
    "singular values": lambda x: tf.linalg.svd(x + np.diag([3.0, 8.0]))[1],
    "Cholesky": lambda x: tf.linalg.cholesky(tf.matmul(x, x, transpose_b=True) + np.eye(2)),
    "QR": lambda x: tf.linalg.qr(x)[0],
}


@pytest.mark.parametrize("name", MIXED)
def test_mixed_coefficients_add_up_to_those_along_a_line(name):
    x, a, b = tf.constant(np.random.RandomState(41).uniform(0.1, 0.9, (3, 2, 2)))
    order = 3

    @tf.function(autograph=False)
    def both(x, a, b):
        y = MIXED[name](x)
        (series,) = interpret(
            {x.name: Series(x, {(1, 0): a, (0, 1): b}.get)}, [y], [(i, order - i) for i in range(order + 1)]
        )
        found = [series[i, order - i] for i in range(order + 1)]
        return [tf.zeros_like(y) if c is None else c for c in found]

    mixed = [np.array(c) for c in both(x, a, b)]
    line = ng.taylor(inert(MIXED[name]), order)
    for p, q in ((1.0, 0.0), (1.0, 1.0), (0.5, -1.5), (2.0, 1.0)):
        want = line(x, p * a + q * b)[order]
        got = sum(c * p**i * q ** (order - i) for i, c in enumerate(mixed))
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11 * np.abs(want).max())


# What is made of rates and values is right for whoever differentiates it again
AGAIN = (
    "Asinh, 0", "Atan, 0", "Tanh, 0", "BesselI1, 0", "Dawsn, 4", "Spence, 1", "Atan2", "ComplexAbs", "Pow of two",
    "Igamma by both, further", "EuclideanNorm", "Softmax", "Cholesky",
)  # fmt: skip
SLOPES = ("Atan2", "Igamma by both, further", "EuclideanNorm", "Cholesky")  # their second derivatives have many ops


# By a tape each, and every other one by a series too, which takes as long again.
@pytest.mark.parametrize(("name", "twice"), [(name, i % 2 == 0) for i, name in enumerate(AGAIN)])
def test_differentiated_again(name, twice):
    f, x, order = weighed(CASES[name]), tf.Variable(POINT, dtype=tf.float64), 1 if name in SLOPES else 2
    *lower, want = [float(y) for y in ng.derivatives(f, order + 1, method="taylor")(x)]
    scale = max(map(abs, [*lower, want]))
    g = ng.derivative(f, order, method="taylor")
    with tf.GradientTape() as tape:
        y = g(x)
    assert float(tape.gradient(y, x)) == pytest.approx(want, abs=1e-10 * scale)
    if twice:
        assert float(ng.derivative(g, 1, method="taylor")(x)) == pytest.approx(want, abs=1e-10 * scale)


# (function, the same in mpmath, point, relative error allowed), where a plain formula has 0 / 0, overflows or cancels
HARD = {
    "i0 at 0": (tf.math.bessel_i0, lambda t: mp.besseli(0, t), 0.0),
    "i1 at 0": (tf.math.bessel_i1, lambda t: mp.besseli(1, t), 0.0),
    "i1 near 0": (tf.math.bessel_i1, lambda t: mp.besseli(1, t), 1e-3),
    "j0 at 0": (tf.math.special.bessel_j0, lambda t: mp.besselj(0, t), 0.0),
    "j1 at 0": (tf.math.special.bessel_j1, lambda t: mp.besselj(1, t), 0.0),
    "i1e near 0": (tf.math.bessel_i1e, lambda t: mp.exp(-t) * mp.besseli(1, t), 1e-3),
    "spence at 1": (tf.math.special.spence, lambda t: mp.polylog(2, 1 - t), 1.0),
    "spence near 1": (tf.math.special.spence, lambda t: mp.polylog(2, 1 - t), 1.001),
    "dawsn far out": (tf.math.special.dawsn, lambda t: mp.sqrt(mp.pi) / 2 * mp.exp(-t * t) * mp.erfi(t), 25.0),
    "dawsn at -5": (tf.math.special.dawsn, lambda t: mp.sqrt(mp.pi) / 2 * mp.exp(-t * t) * mp.erfi(t), -5.0),
    "erfc far out": (tf.math.erfc, mp.erfc, 8.0),
    "tanh, saturated": (tf.tanh, mp.tanh, 20.0),
    "tanh, saturated below": (tf.tanh, mp.tanh, -20.0),
    "asinh far out": (tf.asinh, mp.asinh, -1e8),
    "acosh near 1": (tf.acosh, mp.acosh, 1.0009765625),
    "atan2 where squares overflow": (
        lambda x: tf.atan2(1e200 * x, 1e200 * (1 + x * x)), lambda t: mp.atan(t / (1 + t * t)), 0.5,
    ),
    "igamma by a, small": (lambda x: tf.math.igamma(x, 1e-3 + 0 * x), lambda t: mp.gammainc(t, 0, mp.mpf(1e-3), regularized=True), 0.125),
    "igamma by a, large": (lambda x: tf.math.igamma(x, 60.0 + 0 * x), lambda t: mp.gammainc(t, 0, 60, regularized=True), 50.0),
    "igammac by a, far out": (lambda x: tf.math.igammac(x, 30.0 + 0 * x), lambda t: mp.gammainc(t, 30, regularized=True), 2.0),
    "betainc by a": (
        lambda x: tf.math.betainc(x, 2.0 + 0 * x, 0.25 + 0 * x), lambda t: mp.betainc(t, 2, 0, mp.mpf(1) / 4, regularized=True), 8.0,
    ),
    "betainc by b": (
        lambda x: tf.math.betainc(3.0 + 0 * x, x, 0.75 + 0 * x), lambda t: mp.betainc(3, t, 0, mp.mpf(3) / 4, regularized=True), 0.5,
    ),
    "zeta by its first": (lambda x: tf.math.zeta(x, 1.0 + 0 * x), mp.zeta, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_hard_point(name):
    f, exact, x = HARD[name]
    got = [float(y) for y in ng.derivatives(inert(f), 4, method="taylor")(tf.constant(x, tf.float64))]
    with mp.workdps(50):
        want = [float(c * math.factorial(k)) for k, c in enumerate(mp.taylor(exact, mp.mpf(x), 4))]
    np.testing.assert_allclose(got[1:], want[1:], rtol=3e-11, atol=1e-13 if x in (0, 1) else 0)


inf = math.inf


# (function, its derivatives at these points)
def in_float32(f):
    return lambda x: tf.cast(f(tf.cast(x, tf.float32)), tf.float64)


EXACT = {
    "x**2.5": (lambda x: x**2.5, [0.0, 1.0], [[0, 1], [0, 2.5], [0, 3.75], [inf, 1.875]]),
    "x**n, n not known": (lambda x: x ** tf.gather(tf.constant([3.0], x.dtype), tf.argmin(x[:1])), [0.0, -2.0], [[0, -8], [0, 12], [0, -12], [6, 6], [0, 0]]),
    "x**(x + 2)": (lambda x: x ** (x + 2), [0.0, 1.0], [[0, 1], [0, 3]]),
    "0**x": (lambda x: (0 * x) ** (x + 1), [1.0], [[0], [0], [0]]),
    "sqrt at 0": (tf.sqrt, [0.0], [[0], [inf], [-inf], [inf]]),
    "sqrt(relu)": (lambda x: tf.sqrt(tf.nn.relu(x)), [-1.0, 1.0], [[0, 1], [0, 0.5], [0, -0.25]]),
    "log(relu + 1) / sqrt(relu)": (
        lambda x: tf.nn.relu(x) / tf.sqrt(tf.nn.relu(x) + tf.cast(x < 0, x.dtype)), [-1.0, 1.0], [[0, 1], [0, 0.5], [0, -0.25]],
    ),
    "sqrt(clip)": (lambda x: tf.sqrt(tf.clip_by_value(x, 0.0, 9.0)), [-1.0, 1.0, 10.0], [[0, 1, 3], [0, 0.5, 0], [0, -0.25, 0]]),
    "sqrt(maximum)": (lambda x: tf.sqrt(tf.maximum(-x, 0.0)), [2.0, -1.0], [[0, 1], [0, -0.5], [0, -0.25]]),
    "sqrt(where)": (lambda x: tf.sqrt(tf.where(x > 0, x, 0.0)) ** 0.5, [-1.0, 1.0], [[0, 1], [0, 0.25]]),
    "abs, relu and their like at 0": (
        lambda x: tf.stack([tf.abs(x), tf.nn.relu(x), tf.nn.relu6(x), tf.nn.leaky_relu(x, 0.25), tf.nn.elu(x), tf.nn.softsign(x)], -1),
        [0.0],
        [[[0] * 6], [[0, 0, 0, 0.25, 1, 1]], [[0] * 6]],
    ),
    "the first of two equal ones": (
        lambda x: tf.stack([tf.maximum(x, -x), tf.minimum(x, -x), tf.clip_by_value(x, 0.0, 1.0)], -1), [0.0], [[[0, 0, 0]], [[1, 1, 1]]],
    ),
    "the mean of equal ones": (
        lambda x: tf.reduce_max(tf.stack([x, x**2, x**3, -x], -1), -1), [1.0, -1.0], [[1, 1], [2, -1.5], [8 / 3, 1]],
    ),
    "1 / x beside the greatest": (lambda x: tf.reduce_max(tf.stack([-1 / x, x**2], -1), -1), [0.0], [[0], [0], [2], [0]]),
    "products with zeros": (
        lambda x: tf.reduce_prod(tf.stack([x, x, x + 1], -1), -1), [0.0, 1.0], [[0, 2], [0, 5], [2, 8], [6, 6], [0, 0]],
    ),
    "divide_no_nan at 0": (lambda x: tf.math.divide_no_nan(x + 1, x), [0.0, 1.0], [[0, 2], [0, -1], [0, 2]]),
    "multiply_no_nan": (lambda x: tf.math.multiply_no_nan(1 / x, tf.constant(0.0, tf.float64)), [0.0], [[0], [0], [0]]),
    "xlogy at 0": (lambda x: tf.math.xlogy(x, x + 1) + tf.math.xlog1py(x, 0 * x), [0.0], [[0], [0], [2], [-3]]),
    "a singular matrix": (
        lambda x: tf.linalg.det(x[:, None, None] * np.eye(2) + np.ones([2, 2])), [0.0, 1.0], [[0, 3], [2, 4], [2, 2], [0, 0]],
    ),
    "igamma at 0": (lambda x: tf.math.igamma(tf.constant(3.0, tf.float64), x), [0.0], [[0], [0], [0], [1]]),
    "asinh where squares overflow": (tf.asinh, [-1e200], [[-math.asinh(1e200)], [1e-200], [0], [0]]),
    "atan where squares overflow": (lambda x: 1e300 * tf.atan(1e100 * x), [1e60], [[math.pi / 2 * 1e300], [1e80], [-2e20]]),
    "a quotient of the greatest": (lambda x: 8e307 * x * x / (1.6e308 * x), [1.0], [[0.5], [0.5], [0]]),
    "a quotient of the least": (lambda x: 3e-308 * x * x / (3e-308 * x), [1.0], [[1], [1], [0]]),
    "float32 quotient of the greatest": (in_float32(lambda x: 1.5e38 * x * x / (3e38 * x)), [1.0], [[0.5], [0.5], [0]]),
    "float32 quotient of the least": (in_float32(lambda x: 2e-38 * x * x / (2e-38 * x)), [1.0], [[1], [1], [0]]),
    "float32 far out": (
        in_float32(tf.asinh), [1e30, -1e30], [[tf.asinh(1e30), tf.asinh(-1e30)], [1e-30, 1e-30]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_exact_point(name):
    f, x, want = EXACT[name]
    for k, (got, exact) in enumerate(
        zip(ng.derivatives(inert(f), len(want) - 1, method="taylor")(np.array(x)), want, strict=True)
    ):
        np.testing.assert_allclose(
            got,
            exact,
            rtol=1e-6 if "float32" in name else 1e-12,
            atol=1e-14 * (k < 9 and "32" not in name),
            err_msg=f"order {k}",
        )


UNKNOWN = {
    "prod": tf.reduce_prod,
    "prod kept": lambda x: tf.reduce_prod(x, 0, keepdims=True)[0],
    "cumprod": lambda x: tf.math.cumprod(x, reverse=True)[0],
    "cumprod, exclusive": lambda x: (tf.math.cumprod(x, exclusive=True) * x)[-1],
    "cumulative logsumexp": lambda x: (
        tf.exp(tf.math.cumulative_logsumexp(tf.math.log(x))[-1]) * tf.reduce_prod(x) / tf.reduce_sum(x)
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_length_that_is_unknown_while_tracing(name):
    n = 5
    f = tf.function(UNKNOWN[name], autograph=False, input_signature=[tf.TensorSpec([None], tf.float64)])
    x, v = np.random.RandomState(51).uniform(0.5, 1.5, (2, n))
    want = functools.reduce(np.polynomial.polynomial.polymul, np.stack([x, v], -1))
    got = np.array([float(c) for c in ng.taylor(f, 3)(x, v)])
    np.testing.assert_allclose(got, want[:4], rtol=1e-12)


REFUSED = {
    "polygamma by its order": (lambda x: tf.math.polygamma(x, tf.ones_like(x)), "Polygamma"),
    "svd of all vectors": (lambda x: tf.linalg.svd(x * np.ones([3, 2]), full_matrices=True)[1], "Svd"),
    "qr of all vectors": (lambda x: tf.linalg.qr(x * np.ones([3, 2]), full_matrices=True)[0], "Qr"),
    "axes not known": (lambda x: tf.reshape(tf.reduce_prod(x * np.ones([3, 2]), tf.argmin([x, 2.0])), [-1])[0], "Prod"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name_and_line(name):
    f, op = REFUSED[name]
    with pytest.raises(UnsupportedOpError, match=rf"{op} \(named '.*', made at {__file__}:"):
        ng.derivative(f, 1, method="taylor")(tf.constant(1.0, tf.float64))
