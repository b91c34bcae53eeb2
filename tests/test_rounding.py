"""return_error: the estimated rounding errors against those that mpmath finds, within a factor of 10 both ways."""

import math

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

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


@pytest.mark.parametrize(("dtype", "jit_compile"), [("float32", None), ("float64", None), ("float32", True)])
def test_within_a_factor_of_ten(dtype, jit_compile):
    f = lambda x: {name: f(x) for name, (f, _) in FUNCTIONS.items()}  # noqa: E731
    x = POINTS.astype(dtype)
    g = ng.derivatives(f, ORDER, return_error=True, jit_compile=jit_compile)
    values, estimates = g(x.ravel())
    for name in FUNCTIONS:
        wants = [[exact(name, at) for at in row] for row in x]
        for k in range(ORDER + 1):
            v, e = (np.reshape(t[k][name], x.shape).astype(float) for t in (values, estimates))
            for row in range(len(NEAR)):
                compare(name, k, v[row], e[row], [w[k] for w in wants[row]], dtype)


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
@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_number_of_points_and_the_methods(count, method):
    g = ng.derivative(lambda x: tf.sin(x) / x, 2, method=method, return_error=True)
    g = tf.function(g, input_signature=[tf.TensorSpec([None], tf.float32)])
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
