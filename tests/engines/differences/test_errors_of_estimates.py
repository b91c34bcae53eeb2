"""The error estimates of finite differences from 1e-12 to 1e12: honest everywhere, and finite where f can be resolved."""

from functools import cache

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

from nthgrad.differences import FACTOR, finite_difference

ORDERS = [1, 2, 3, 4]
FUNCTIONS = {  # name: in TensorFlow, in mpmath
    "sin": (tf.sin, mp.sin),
    "cos": (tf.cos, mp.cos),
    "sin(100x)": (lambda x: tf.sin(100 * x), lambda z: mp.sin(100 * z)),
    "sin(x**2)": (lambda x: tf.sin(x * x), lambda z: mp.sin(z * z)),
    "sin(1/x)": (lambda x: tf.sin(1 / x), lambda z: mp.sin(1 / z)),
    "sin + 32": (lambda x: tf.sin(x) + 32, lambda z: mp.sin(z) + 32),
    "x sin": (lambda x: x * tf.sin(x), lambda z: z * mp.sin(z)),
    "cos(x)/x": (lambda x: tf.cos(x) / x, lambda z: mp.cos(z) / z),
    "tanh(50x)": (lambda x: tf.tanh(50 * x), lambda z: mp.tanh(50 * z)),
    "exp": (tf.exp, mp.exp),
    "exp(-x**2)": (lambda x: tf.exp(-x * x), lambda z: mp.exp(-z * z)),
    "sigmoid": (tf.sigmoid, lambda z: 1 / (1 + mp.exp(-z))),
    "atan": (tf.atan, mp.atan),
    "log": (tf.math.log, mp.log),
    "log1p": (tf.math.log1p, mp.log1p),
    "sqrt": (tf.sqrt, mp.sqrt),
    "rsqrt": (tf.math.rsqrt, lambda z: 1 / mp.sqrt(z)),
    "x**2.5": (lambda x: x**2.5, lambda z: z ** mp.mpf(2.5)),
    "x**3": (lambda x: x**3, lambda z: z**3),
    "1/x": (lambda x: 1 / x, lambda z: 1 / z),
    "1/(1 + x**2)": (lambda x: 1 / (1 + x * x), lambda z: 1 / (1 + z * z)),
    "abs": (tf.abs, abs),
    "3x + 1": (lambda x: 3 * x + 1, lambda z: 3 * z + 1),
}
NAMES = list(FUNCTIONS)

# Half of the points are decades, rounded to bfloat16 so that they are the same in all dtypes, and the oracle's values with
# them. The others are drawn, and have all digits.
_DRAWN = 10 ** np.random.default_rng(271828).uniform(-12, 12, 28)
_DECADES = 1.3 * 10.0 ** np.array([-12, -9, -6, -4, -2, -1, 0, 1, 2, 3, 4, 6, 9, 12])
_SIZES = np.concatenate([tf.cast(tf.cast(_DECADES, tf.bfloat16), tf.float64), _DRAWN[:14]])
POINTS = np.concatenate([_SIZES, -_SIZES[:14], -_DRAWN[14:]])

_WEIGHTS = {  # central differences of fourth order, times 24
    1: (0, 2, -16, 0, 16, -2, 0),
    2: (0, -2, 32, -60, 32, -2, 0),
    3: (3, -24, 39, 0, -39, 24, -3),
    4: (-4, 48, -156, 224, -156, 48, -4),
}


@cache
def tower(name, x):
    """F and four derivatives at x, NaN outside of its domain: by differences in 450 digits, of which 100 are right."""
    with mp.workdps(450):
        z = mp.mpf(x)
        h = mp.mpf(10) ** -40 * min(1, abs(z), z * z, 1 / abs(z))
        values = [FUNCTIONS[name][1](z + k * h) for k in range(-3, 4)]
        if any(mp.im(value) for value in values):
            return [np.nan] * 5
        rest = [mp.fdot(w, values) / 24 / h**n for n, w in _WEIGHTS.items()]
        return [np.float64(mp.nstr(y, 20)) for y in (values[3], *rest)]


@cache
def found(dtype, order):
    """(x, value, error, derivatives to this order): [points], [points, functions], with orders as the last axis."""
    x = tf.constant(POINTS, dtype)
    normal = (tf.abs(x) >= 2.0**-14 if dtype == "float16" else tf.abs(x) > 0) & tf.math.is_finite(x)
    x = tf.boolean_mask(x, normal)
    f = lambda x: tf.stack([f(x) for f, _ in FUNCTIONS.values()], -1)  # noqa: E731
    value, error = finite_difference(f, order, return_error=True)(x)
    exact = [[tower(name, float(at))[: order + 1] for name in NAMES] for at in x.numpy().astype(float)]
    return x.numpy().astype(float), value.numpy().astype(float), error.numpy().astype(float), np.array(exact)


def test_oracle_has_closed_forms():
    for x in (1.3e-12, 0.7, 2e12):
        np.testing.assert_allclose(tower("log", x)[1:], [1 / x, -1 / x**2, 2 / x**3, -6 / x**4], rtol=1e-14)
        sin, cos = float(mp.sin(x)), float(mp.cos(x))
        np.testing.assert_allclose(tower("sin", x), [sin, cos, -sin, -cos, sin], rtol=1e-14)
    assert np.isnan(tower("sqrt", -1.0)).all()


# The short dtypes at two orders each
@pytest.mark.parametrize(
    ("dtype", "order"),
    [("bfloat16", 1), ("bfloat16", 3), ("float16", 2), ("float16", 4)]
    + [(dtype, order) for dtype in ("float32", "float64") for order in ORDERS],
)
@np.errstate(over="ignore", invalid="ignore")
def test_error_is_honest_or_infinite(dtype, order):
    x, value, error, exact = found(dtype, order)
    known = np.isfinite(error)
    assert (np.isnan(value) == ~known).all()
    if dtype == "bfloat16":
        known[:, NAMES.index("sin + 32")] = False  # holds four or five values there: the rounding of 32 hides the sine
    wrong = known & ~(np.abs(value - exact[..., -1]) <= FACTOR * error)
    assert [(NAMES[j], x[i], value[i, j], error[i, j], exact[i, j, -1]) for i, j in np.argwhere(wrong)] == []


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("dtype", "share"), [("float32", 0.8), ("float64", 0.95)])
def test_few_are_unknown(dtype, share, order):
    _, _, error, exact = found(dtype, order)
    has_one = np.isfinite(exact[..., -1]) & (np.abs(exact[..., -1]) < float(tf.as_dtype(dtype).max))
    assert np.isfinite(error)[has_one].mean() >= share


DECADES = [1e-9, 1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e6]
SLOW = {  # f varies with the size of x, or more slowly
    "log": [*DECADES, 1e9],
    "sqrt": [*DECADES, 1e9],
    "1/x": [*DECADES, 1e9],
    "x**3": DECADES,
    "abs": [-1e9, -1e-9, *DECADES],
    "atan": [0.1, 1.0, 1e3, 1e6],
    "exp": [-30.0, 0.1, 1.0, 30.0],
    "sin": [0.1, 1.0, 10.0],
    "sin(100x)": [0.1, 1.0],
    "cos(x)/x": [1e-9, 1e-3, 1.0],
    "tanh(50x)": [1e-3, 0.02],
}
FAST = {
    "float32": {"sin": [1e3], "sin(100x)": [10.0], "cos(x)/x": [1e3]},
    "float64": {"sin": [1e6, 1e8], "sin(100x)": [1e3, 1e6], "cos(x)/x": [1e6]},
}
# The error that may be claimed at orders 1 to 4, in units of the largest |x^k f^(k)(x) / x^n| for k <= n.
CLAIMED = {
    ("float32", "slow"): [5e-4, 3e-3, 5e-2, 0.7],
    ("float32", "fast"): [2e-3, 2e-2, 0.2, 1.0],
    ("float64", "slow"): [1e-11, 1e-9, 1e-7, 1e-5],
    ("float64", "fast"): [1e-6, 1e-4, 1e-3, 1e-2],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ordinary_points_are_known(dtype, order):
    info = np.finfo(dtype)
    kinds = {"slow": SLOW, "fast": FAST[dtype]}
    x = tf.constant(sorted({at for named in kinds.values() for points in named.values() for at in points}), dtype)
    column = {name: j for j, name in enumerate(SLOW)}
    f = lambda x: tf.stack([FUNCTIONS[name][0](x) for name in SLOW], -1)  # noqa: E731
    _, error = finite_difference(f, order, return_error=True)(x)
    row = {at: i for i, at in enumerate(x.numpy())}
    for kind, named in kinds.items():
        for name, points in named.items():
            for at in np.array(points, dtype):
                exact = tower(name, float(at))
                size = max(abs(exact[k]) * abs(float(at)) ** (k - order) for k in range(order + 1))
                if info.tiny / info.eps < size < info.max:
                    claimed = float(error[row[at], column[name]]) / size
                    assert claimed <= CLAIMED[dtype, kind][order - 1], (name, at)


@pytest.mark.parametrize(("dtype", "xs"), [("float32", [1e6, 3e9, 1e12]), ("float64", [1e16])])
@pytest.mark.parametrize("order", ORDERS)
def test_sine_far_out_is_unknown(dtype, xs, order):
    value, error = finite_difference(tf.sin, order, return_error=True)(tf.constant([[-x, x] for x in xs], dtype))
    assert np.isnan(value).all()
    assert np.isinf(error).all()
