"""return_error: the estimated rounding errors against those that mpmath finds, within a factor of 10 both ways."""

import functools
import math

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors
from nthgrad.engines import rounding

ORDER = 3
FACTOR = 10
ULPS = 8  # errors of so many units in the last place need no warning

# Functions that cancel, and functions that do not, in TensorFlow and in mpmath. TensorFlow's optimizer replaces
# exp(x) - 1 and log(1 + x) by more exact ops, which an estimate does not know.
FUNCTIONS = {
    "sin(x) / x": (lambda x: tf.sin(x) / x, lambda z: mp.sin(z) / z),
    "(1 - cos(x)) / x**2": (lambda x: (1 - tf.cos(x)) / x**2, lambda z: (1 - mp.cos(z)) / z**2),
    "3 exp(x) - 3": (lambda x: (3 * tf.exp(x) - 3) / x, lambda z: (3 * mp.exp(z) - 3) / z),
    "difference of logs": (lambda x: tf.math.log(x + 9) - tf.math.log(x + 8), lambda z: mp.log(z + 9) - mp.log(z + 8)),
    "large sum": (
        lambda x: tf.reduce_sum(tf.sin(x)[:, None] * [1.0, 1e3, -1e3, 3e4, -3e4], 1),
        lambda z: mp.sin(z),
    ),
    "tanh": (tf.tanh, mp.tanh),
    "exp(sin(x))": (lambda x: tf.exp(tf.sin(x)), lambda z: mp.exp(mp.sin(z))),
    "1 / (1 + x**2)": (lambda x: 1 / (1 + x * x), lambda z: 1 / (1 + z * z)),
}
NEAR = [0.03125, 0.296875, 1.203125]


def around(x):
    """Nine numbers near x: an error alone may be small by chance."""
    return [x * (1 + k / 300) for k in range(-4, 5)]


POINTS = np.array([around(x) for x in NEAR])


@functools.cache
def exact(name, x, order=ORDER):
    with mp.workdps(50):
        found = mp.taylor(FUNCTIONS[name][1], mp.mpf(float(x)), order)
        return [c * mp.factorial(k) for k, c in enumerate(found)]


def compare(name, k, values, estimates, wants, dtype):
    """Raises if estimates at neighboring points, at one order, are not within the factor of the true errors."""
    true = np.array([abs(float(mp.mpf(float(v)) - w)) for v, w in zip(values, wants, strict=True)])
    estimates = np.array(estimates)
    unit = np.finfo(dtype).eps * np.array([abs(float(w)) for w in wants])
    where = f"{name}, order {k}: estimates {estimates}, errors {true}, unit {unit.max()}"
    assert np.all((true <= FACTOR * estimates) | (true <= unit)), where
    assert np.all(estimates <= FACTOR * np.maximum(true.max(), ULPS * unit)), where


# All functions in float32; some of both kinds in float64, and with XLA, whose compilation takes seconds.
@pytest.mark.parametrize(
    ("names", "dtype", "jit_compile"),
    [
        (tuple(FUNCTIONS), "float32", None),
        (("sin(x) / x", "3 exp(x) - 3", "difference of logs", "tanh", "1 / (1 + x**2)"), "float64", None),
        (("(1 - cos(x)) / x**2", "large sum", "exp(sin(x))"), "float32", True),
    ],
    ids=["float32", "float64", "float32 by XLA"],
)
def test_within_a_factor_of_ten(names, dtype, jit_compile):
    f = lambda x: {name: FUNCTIONS[name][0](x) for name in names}  # noqa: E731
    x = POINTS.astype(dtype)
    g = ng.derivatives(f, ORDER, return_error=True, jit_compile=jit_compile)
    values, estimates = g(x.ravel())
    for name in names:
        wants = [[exact(name, at) for at in row] for row in x]
        for k in range(ORDER + 1):
            v, e = (np.reshape(t[k][name], x.shape).astype(float) for t in (values, estimates))
            for row in range(len(NEAR)):
                compare(name, k, v[row], e[row], [w[k] for w in wants[row]], dtype)


# Ops whose kernels are off by more than a rounding, at points where they are and near zeros, as functions of x.
KERNELS = {
    "Digamma": (tf.math.digamma, mp.digamma, [0.7, 1.4609375, 9.0]),
    "Lgamma": (tf.math.lgamma, lambda x: mp.log(abs(mp.gamma(x))), [-2.4, 0.7, 9.0]),
    "Erf": (tf.math.erf, mp.erf, [0.2, 1.1, 2.5]),
    "Erfc": (tf.math.erfc, mp.erfc, [-1.0, 0.97, 4.3]),
    "Erfinv": (tf.math.erfinv, mp.erfinv, [0.001, 0.3, 0.9]),
    "Ndtri": (tf.math.ndtri, lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), [0.01, 0.4921875, 0.9]),
    "Dawsn": (tf.math.special.dawsn, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), [0.5, 2.1, 4.0]),
    "Expint": (tf.math.special.expint, mp.ei, [0.1, 0.37109375, 9.0]),
    "FresnelCos": (tf.math.special.fresnel_cos, mp.fresnelc, [0.5, 3.0, 6.5]),
    "FresnelSin": (tf.math.special.fresnel_sin, mp.fresnels, [0.5, 3.0, 6.5]),
    "Spence": (tf.math.special.spence, lambda x: mp.polylog(2, 1 - x).real, [0.5, 1.01, 5.0]),
    "BesselI0": (tf.math.bessel_i0, lambda x: mp.besseli(0, x), [0.5, 7.0, 15.0]),
    "BesselI0e": (tf.math.bessel_i0e, lambda x: mp.besseli(0, x) * mp.exp(-x), [0.5, 7.0, 15.0]),
    "BesselI1": (tf.math.bessel_i1, lambda x: mp.besseli(1, x), [0.5, 7.0, 15.0]),
    "BesselI1e": (tf.math.bessel_i1e, lambda x: mp.besseli(1, x) * mp.exp(-x), [0.5, 7.0, 15.0]),
    "BesselJ0": (tf.math.special.bessel_j0, lambda x: mp.besselj(0, x), [2.4, 8.65625, 18.0703125]),
    "BesselJ1": (tf.math.special.bessel_j1, lambda x: mp.besselj(1, x), [2.4, 7.015625, 16.5]),
    "BesselK0": (tf.math.special.bessel_k0, lambda x: mp.besselk(0, x), [0.5, 1.6, 9.0]),
    "BesselK0e": (tf.math.special.bessel_k0e, lambda x: mp.besselk(0, x) * mp.exp(x), [0.5, 1.3, 9.0]),
    "BesselK1": (tf.math.special.bessel_k1, lambda x: mp.besselk(1, x), [0.5, 1.7, 9.0]),
    "BesselK1e": (tf.math.special.bessel_k1e, lambda x: mp.besselk(1, x) * mp.exp(x), [0.5, 1.6, 9.0]),
    "BesselY0": (tf.math.special.bessel_y0, lambda x: mp.bessely(0, x), [0.5, 7.0859375, 13.3]),
    "BesselY1": (tf.math.special.bessel_y1, lambda x: mp.bessely(1, x), [0.5, 5.4296875, 11.8]),
    "Igamma": (lambda x: tf.math.igamma(x, 9.0 + 0 * x), lambda x: mp.gammainc(x, 0, 9, regularized=True), [2.0, 11.5]),
    "Igammac": (lambda x: tf.math.igammac(x, 9.0 + 0 * x), lambda x: mp.gammainc(x, 9, regularized=True), [2.0, 11.5]),
    "IgammaGradA": (
        lambda x: tf.raw_ops.IgammaGradA(a=x, x=9.0 + 0 * x),
        lambda x: mp.diff(lambda a: mp.gammainc(a, 0, 9, regularized=True), x),
        [8.0],
    ),
    "Betainc": (
        lambda x: tf.math.betainc(3.0 + 0 * x, 7.0 + 0 * x, x),
        lambda x: mp.betainc(3, 7, 0, x, regularized=True),
        [0.1, 0.8],
    ),
    "Polygamma": (lambda x: tf.math.polygamma(tf.fill(tf.shape(x), tf.constant(3, x.dtype)), x), lambda x: mp.psi(3, x), [0.5, 7.1]),
    "Zeta": (lambda x: tf.math.zeta(x, 7.8 + 0 * x), lambda x: mp.zeta(x, mp.mpf(7.8)), [1.5, 5.2]),
}  # fmt: skip


def test_every_inexact_kernel_is_measured():
    assert set(KERNELS) == set(rounding._INEXACT)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inexact_kernels(dtype):
    points = {name: np.array([around(x) for x in xs], dtype) for name, (_, _, xs) in KERNELS.items()}
    f = lambda _, xs: {name: KERNELS[name][0](x) for name, x in xs.items()}  # noqa: E731
    values, estimates = ng.derivative(f, 0, return_error=True)(tf.constant(0, dtype), points)
    for name, (_, phi, _) in KERNELS.items():
        rows = zip(points[name], values[name].numpy().astype(float), estimates[name].numpy().astype(float), strict=True)
        for x, v, e in rows:
            with mp.workdps(30):
                compare(name, 0, v, e, [phi(mp.mpf(float(at))) for at in x], dtype)


def test_digits_lost_by_sin_x_over_x_at_order_8():
    x = np.array(around(0.25))
    values, estimates = ng.derivatives(lambda x: tf.sin(x) / x, 8, return_error=True)(x)
    wants = [exact("sin(x) / x", at, 8)[8] for at in x]
    compare("sin(x) / x", 8, values[8].numpy(), estimates[8].numpy(), wants, "float64")
    assert estimates[8].numpy().min() > 1e4 * np.finfo(float).eps


@pytest.mark.quick
def test_a_wrong_estimate_is_noticed():
    wants = [mp.mpf(1)] * 2
    compare("", 0, [1 + 1e-3, 1.0], [1e-3, 2e-4], wants, "float32")
    for estimates in ([9e-5, 1e-3], [1e-3, 2e-2]):
        with pytest.raises(AssertionError, match="order 0"):
            compare("", 0, [1 + 1e-3, 1.0], estimates, wants, "float32")


@pytest.mark.quick
@pytest.mark.parametrize("method", ["taylor", "tape"])
def test_the_number_of_points_and_the_methods(method):
    g = ng.derivative(lambda x: tf.sin(x) / x, 2, method=method, return_error=True)
    g = tf.function(g, input_signature=[tf.TensorSpec([None], tf.float32)])
    for count in (0, 1, 3):
        x = np.array([0.001, 0.5, 2.0], np.float32)[:count]
        value, error = g(x)
        assert value.shape == error.shape == x.shape
        assert error.dtype == np.float32
        assert np.all(error[1:] < 1e-5)
        assert np.all(error[:1] > 0.1)


def test_structures_and_complex_numbers():
    def f(x):
        return {"wave": tf.exp(tf.complex(x, 2 * x)), "columns": tf.stack([x, tf.sin(x) / x], -1)}

    x = tf.constant([0.01, 2.0], tf.float64)
    values, errors_of = ng.derivatives(f, 1, return_error=True)(x)
    for value, error in zip(values, errors_of, strict=True):
        assert error["wave"].dtype == error["columns"].dtype == tf.float64
        assert error["wave"].shape == value["wave"].shape
        assert error["columns"].shape == value["columns"].shape
    np.testing.assert_array_equal(errors_of[1]["columns"][:, 0], [0, 0])
    true = np.abs(values[1]["wave"] - (1 + 2j) * np.exp((1 + 2j) * x.numpy()))
    assert np.all(true <= FACTOR * errors_of[1]["wave"])


@pytest.mark.parametrize("jit_compile", [None, True], ids=["plain", "compiled"])
def test_loops_and_training(jit_compile):
    """The value trains as without the estimate, in a caller's function too."""
    w = tf.Variable(1.5)

    def f(x):
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(w * y)), (0, x), maximum_iterations=3)[1]

    x = tf.constant([0.25, 0.5])

    @tf.function(jit_compile=jit_compile)
    def slopes(g):
        with tf.GradientTape() as tape:
            y = g(x)
        return tape.gradient(y, w)

    g = ng.derivative(f, 1, return_error=True)
    np.testing.assert_allclose(slopes(lambda x: g(x)[0]), slopes(ng.derivative(f, 1)), rtol=1e-6)
    assert np.all((g(x)[1] > 1e-9) & (g(x)[1] < 1e-5))


@pytest.mark.quick
def test_what_is_not_finite_is_unknown():
    value, error = ng.derivative(tf.sqrt, 1, return_error=True)(np.array([0.0, 4.0]))
    np.testing.assert_array_equal(value, [np.inf, 0.25])
    assert math.isinf(error[0])
    assert error[1] < 1e-15


@pytest.mark.quick
@pytest.mark.parametrize("make", [ng.derivative, ng.derivatives])
def test_refused(make):
    text = "return_error is 1. Give True or False."
    check_refused((lambda: make(tf.sin, 1, return_error=1), errors.ArgumentError, text), __file__)
    text = "return_error is True and block is 2. Errors are estimated for all rows at once: leave out one."
    check_refused((lambda: make(tf.sin, 1, return_error=True, block=2), errors.ArgumentError, text), __file__)
