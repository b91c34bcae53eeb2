"""Power series by themselves, with full random coefficients: the identities of a ring and of functions, and an oracle.

The oracle shares no code with the series: it evaluates the function at complex points all round 0 with NumPy or SciPy
and takes the coefficients from a discrete Fourier transform (Cauchy's integral).
"""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import nthgrad as ng
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Series
from nthgrad.extend import ops

SHAPES = {"one variable": (6,), "two variables": (3, 3)}  # how many coefficients on each axis, the value among them

# Which coefficients are zero by structure, of each of three series: none, none of one, of some, all but those of a line.
PATTERNS = {
    "full": (lambda k: False,) * 3,
    "odd": (lambda k: sum(k) % 2 == 0, lambda k: False, lambda k: k[0] == 1),
    "some": (lambda k: k[-1] == 1, lambda k: sum(k) in (1, 3), lambda k: sum(k) > 2),
    "lines": (lambda k: sum(k) > 1, lambda k: sum(k) > 1, lambda k: True),
}


def numbers(shape, low=-1.0, high=1.0):
    """An array of multiples of 1/16, exact zeros among them; the first is in [low, high], a hundredth off its ends."""
    size = int(np.prod(shape))
    cells = st.lists(st.integers(-16, 16), min_size=size - 1, max_size=size - 1)
    return st.tuples(st.integers(1, 99), cells).map(
        lambda t: np.array([low + (high - low) * t[0] / 100, *(c / 16 for c in t[1])]).reshape(shape)
    )


def indices(shape):
    return list(itertools.product(*map(range, shape)))


@functools.cache
def traced(f, shape, pattern, count):
    """From arrays of coefficients to those of the series that f makes, as a TensorFlow function."""

    def make(array, absent):
        cells = dict(zip(indices(shape), tf.unstack(tf.reshape(array, [-1])), strict=True))
        return Series(cells[(0,) * len(shape)], lambda k: None if absent(k) else cells[k])

    @tf.function(autograph=False)
    def run(*arrays):
        made = f(*map(make, arrays, PATTERNS[pattern]))
        made = made if isinstance(made, tuple) else (made,)
        values = [[tf.zeros([], tf.float64) if y[k] is None else y[k] for k in indices(shape)] for y in made]
        assert all(c.shape == () and c.dtype == tf.float64 for row in values for c in row)
        return tf.stack([tf.stack(row) for row in values])

    return run.get_concrete_function(*[tf.TensorSpec(shape, tf.float64)] * count)


def coefficients(f, pattern, *arrays):
    shape = arrays[0].shape
    return traced(f, shape, pattern, len(arrays))(*map(tf.constant, arrays)).numpy().reshape(-1, *shape)


def masked(pattern, *arrays):
    """The same coefficients for the oracle, zeros where the pattern has none."""
    made = []
    for array, absent in zip(arrays, PATTERNS[pattern], strict=False):
        array = array.copy()
        for k in indices(array.shape):
            array[k] *= not (any(k) and absent(k))
        made.append(array)
    return made


# Identities: the two sides, which have to be one series. a is in (-1, 1), b and c in (1, 2) at 0.

IDENTITIES = {
    "a + b = b + a": lambda a, b, c: (a + b, b + a),
    "a - b = -(b - a)": lambda a, b, c: (a - b, -(b - a)),
    "a b = b a": lambda a, b, c: (a * b, b * a),
    "(a + b) c = a c + b c": lambda a, b, c: ((a + b) * c, a * c + b * c),
    "(a b) c = a (b c)": lambda a, b, c: ((a * b) * c, a * (b * c)),
    "(a + b)**2": lambda a, b, c: (ops.Square(a + b), a * a + 2 * a * b + b * b),
    "a b of -a and -b": lambda a, b, c: (a * b, (-a) * (-b)),
    "(a / b) b = a": lambda a, b, c: ((a / b) * b, a),
    "1 / b b = 1": lambda a, b, c: (1 / b * b, b - b + 1),
    "exp(log b) = b": lambda a, b, c: (ops.Exp(ops.Log(b)), b),
    "log(exp a) = a": lambda a, b, c: (ops.Log(ops.Exp(a)), a),
    "exp(a + b) = exp(a) exp(b)": lambda a, b, c: (ops.Exp(a + b), ops.Exp(a) * ops.Exp(b)),
    "log(b c) = log(b) + log(c)": lambda a, b, c: (ops.Log(b * c), ops.Log(b) + ops.Log(c)),
    "expm1(log1p a) = a": lambda a, b, c: (ops.Expm1(ops.Log1p(a / 4)), a / 4),
    "sin**2 + cos**2 = 1": lambda a, b, c: (ops.Square(ops.Sin(b)) + ops.Square(ops.Cos(b)), b - b + 1),
    "cosh**2 - sinh**2 = 1": lambda a, b, c: (ops.Square(ops.Cosh(a)) - ops.Square(ops.Sinh(a)), a - a + 1),
    "sqrt(b)**2 = b": lambda a, b, c: (ops.Square(ops.Sqrt(b)), b),
    "rsqrt(b) sqrt(b) = 1": lambda a, b, c: (ops.Rsqrt(b) * ops.Sqrt(b), b - b + 1),
    "b**c = exp(c log b)": lambda a, b, c: (ops.Pow(b, c), ops.Exp(c * ops.Log(b))),
    "tanh by exp": lambda a, b, c: (ops.Tanh(a), (ops.Exp(2 * a) - 1) / (ops.Exp(2 * a) + 1)),
    "sigmoid by tanh": lambda a, b, c: (ops.Sigmoid(a), (ops.Tanh(a / 2) + 1) / 2),
    "softplus(a) - softplus(-a) = a": lambda a, b, c: (ops.Softplus(a) - ops.Softplus(-a), a),
    "atan(tan a) = a": lambda a, b, c: (ops.Atan(ops.Tan(a)), a),
    "sin(asin a) = a": lambda a, b, c: (ops.Sin(ops.Asin(a / 2)), a / 2),
    "asin + acos = pi / 2": lambda a, b, c: (ops.Asin(a / 2) + ops.Acos(a / 2), a - a + np.pi / 2),
    "sinh(asinh a) = a": lambda a, b, c: (ops.Sinh(ops.Asinh(a)), a),
    "cosh(acosh b) = b": lambda a, b, c: (ops.Cosh(ops.Acosh(b + 1)), b + 1),
    "tanh(atanh a) = a": lambda a, b, c: (ops.Tanh(ops.Atanh(a / 2)), a / 2),
    "atan2(sin a, cos a) = a": lambda a, b, c: (ops.Atan2(ops.Sin(a), ops.Cos(a)), a),
    "erf + erfc = 1": lambda a, b, c: (ops.Erf(a) + ops.Erfc(a), a - a + 1),
    "lgamma(b + 1) = lgamma(b) + log(b)": lambda a, b, c: (ops.Lgamma(b + 1), ops.Lgamma(b) + ops.Log(b)),
}


def spread(table, *patterns, shapes=SHAPES):
    """Each row in two variables, every third in one too (all other tests of rules have one); the patterns take turns."""
    one, two = SHAPES
    for i, name in enumerate(table):
        for case, shape in enumerate([two, one][: 1 + (i % 3 == 0)]):
            pattern = patterns[(i + case) % 2]
            yield pytest.param(name, shapes[shape], pattern, id=f"{name}-{shape}-{pattern}")


def some(shape):
    return st.tuples(numbers(shape), numbers(shape, 1, 2), numbers(shape, 1, 2))


# Both sides are traced: one coefficient fewer by the second variable takes two thirds of the time.
FEWER = {**SHAPES, "two variables": (3, 2)}


@pytest.mark.parametrize(("name", "shape", "pattern"), list(spread(IDENTITIES, "full", "some", shapes=FEWER)))
def test_identity(name, shape, pattern):
    @settings(max_examples=15)
    @given(some(shape))
    def check(arrays):
        left, right = coefficients(IDENTITIES[name], pattern, *arrays)
        # Terms as large as these have been added up: nothing here is smaller than its size at 0 by more than 1/16.
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10 * max(1, np.abs(right).max()))

    check()


# The oracle.

ROUND = 32


def expected(f, radius, *arrays):
    """The coefficients of f of polynomials, from values on circles round 0."""
    shape = arrays[0].shape
    circle = radius * np.exp(2j * np.pi * np.arange(ROUND) / ROUND)
    powers = [circle[:, None] ** np.arange(n) for n in shape]
    axes = "ab"[: len(shape)]
    rule = f"{axes},{','.join(p + a for p, a in zip('xy', axes, strict=False))}->{'xy'[: len(shape)]}"
    found = np.fft.fftn(f(*(np.einsum(rule, array, *powers) for array in arrays))) / ROUND ** len(shape)
    scale = functools.reduce(np.multiply.outer, [float(radius) ** np.arange(n) for n in shape])
    return found[tuple(map(slice, shape))].real / scale


# What NumPy or SciPy has for complex numbers. a is in (-1, 1), b and c are in (1, 2) at 0; all are polynomials whose
# coefficients are at most 1/4, so they stay near that on circles of radius 1/3 (one variable) or 1/5 (two).
FUNCTIONS = {
    "a + b": (lambda a, b, c: a + b, lambda a, b, c: a + b),
    "a - b": (lambda a, b, c: a - b, lambda a, b, c: a - b),
    "2 - a": (lambda a, b, c: 2 - a, lambda a, b, c: 2 - a),
    "a b": (lambda a, b, c: a * b, lambda a, b, c: a * b),
    "a b c": (lambda a, b, c: a * b * c, lambda a, b, c: a * b * c),
    "a / b": (lambda a, b, c: a / b, lambda a, b, c: a / b),
    "1 / c": (lambda a, b, c: 1 / c, lambda a, b, c: 1 / c),
    "a**2": (lambda a, b, c: ops.Square(a), lambda a, b, c: a**2),
    "b**5": (lambda a, b, c: ops.Pow(b, tf.constant(5.0, tf.float64)), lambda a, b, c: b**5),
    "b**c": (lambda a, b, c: ops.Pow(b, c), lambda a, b, c: b**c),
    "exp": (lambda a, b, c: ops.Exp(a), lambda a, b, c: np.exp(a)),
    "expm1": (lambda a, b, c: ops.Expm1(a), lambda a, b, c: np.expm1(a)),
    "log": (lambda a, b, c: ops.Log(b), lambda a, b, c: np.log(b)),
    "log1p": (lambda a, b, c: ops.Log1p(b), lambda a, b, c: np.log1p(b)),
    "sqrt": (lambda a, b, c: ops.Sqrt(b), lambda a, b, c: np.sqrt(b)),
    "rsqrt": (lambda a, b, c: ops.Rsqrt(b), lambda a, b, c: 1 / np.sqrt(b)),
    "sin": (lambda a, b, c: ops.Sin(a), lambda a, b, c: np.sin(a)),
    "cos": (lambda a, b, c: ops.Cos(a), lambda a, b, c: np.cos(a)),
    "tan": (lambda a, b, c: ops.Tan(a / 2), lambda a, b, c: np.tan(a / 2)),
    "asin": (lambda a, b, c: ops.Asin(a / 2), lambda a, b, c: np.arcsin(a / 2)),
    "acos": (lambda a, b, c: ops.Acos(a / 2), lambda a, b, c: np.arccos(a / 2)),
    "atan": (lambda a, b, c: ops.Atan(a / 2), lambda a, b, c: np.arctan(a / 2)),
    "atan2": (lambda a, b, c: ops.Atan2(a, c), lambda a, b, c: np.arctan(a / c)),
    "sinh": (lambda a, b, c: ops.Sinh(a), lambda a, b, c: np.sinh(a)),
    "cosh": (lambda a, b, c: ops.Cosh(a), lambda a, b, c: np.cosh(a)),
    "tanh": (lambda a, b, c: ops.Tanh(a), lambda a, b, c: np.tanh(a)),
    "asinh": (lambda a, b, c: ops.Asinh(a / 2), lambda a, b, c: np.arcsinh(a / 2)),
    "acosh": (lambda a, b, c: ops.Acosh(b + 1), lambda a, b, c: np.arccosh(b + 1)),
    "atanh": (lambda a, b, c: ops.Atanh(a / 2), lambda a, b, c: np.arctanh(a / 2)),
    "sigmoid": (lambda a, b, c: ops.Sigmoid(a), lambda a, b, c: 1 / (1 + np.exp(-a))),
    "softplus": (lambda a, b, c: ops.Softplus(a), lambda a, b, c: np.log(1 + np.exp(a))),
    "erf": (lambda a, b, c: ops.Erf(a), lambda a, b, c: special.erf(a)),
    "erfc": (lambda a, b, c: ops.Erfc(a), lambda a, b, c: special.erfc(a)),
    "lgamma": (lambda a, b, c: ops.Lgamma(b), lambda a, b, c: special.loggamma(b)),
    "digamma": (lambda a, b, c: ops.Digamma(b), lambda a, b, c: special.psi(b)),
    "dawsn": (lambda a, b, c: ops.Dawsn(a), lambda a, b, c: special.dawsn(a)),
    "spence": (lambda a, b, c: ops.Spence(b), lambda a, b, c: special.spence(b)),
    "expint": (lambda a, b, c: ops.Expint(b), lambda a, b, c: special.expi(b)),
    "fresnel": (lambda a, b, c: ops.FresnelSin(a), lambda a, b, c: special.fresnel(a)[0]),
    "bessel_i1": (lambda a, b, c: ops.BesselI1(a), lambda a, b, c: special.iv(1, a)),
    "bessel_j0": (lambda a, b, c: ops.BesselJ0(a), lambda a, b, c: special.jv(0, a)),
    "bessel_k1": (lambda a, b, c: ops.BesselK1(b), lambda a, b, c: special.kv(1, b)),
    "bessel_y0": (lambda a, b, c: ops.BesselY0(b), lambda a, b, c: special.yv(0, b)),
}


def difference(name, pattern, arrays):
    """The largest error of a coefficient, relative to the largest one or 1, of a full series by the oracle."""
    f, oracle = FUNCTIONS[name]
    arrays = [np.where(np.indices(a.shape).sum(0) > 0, a / 4, a) for a in arrays]
    got = coefficients(f, pattern, *arrays)[0]
    radius = {1: 1 / 3, 2: 1 / 5}[got.ndim]
    want = expected(oracle, radius, *masked(pattern, *arrays))
    return np.abs(got - want).max() / max(1, np.abs(want).max())


# The transform has the rounding error of the function over radius**k: 3**5 or 5**4 times 1e-16, or a few of them.
TOLERANCE = 1e-11


@pytest.mark.parametrize(("name", "shape", "pattern"), list(spread(FUNCTIONS, "odd", "full")))
def test_function_of_a_full_series(name, shape, pattern):
    @settings(max_examples=10)
    @given(some(shape))
    def check(arrays):
        assert difference(name, pattern, arrays) < TOLERANCE

    check()


FULL = tuple(np.append([low], np.random.default_rng(0).uniform(-1, 1, 5)) for low in (0.3, 1.6, 1.7))


@pytest.mark.quick
@pytest.mark.parametrize(("name", "kind"), [("exp", "Exp"), ("tanh", "Tanh"), ("a / b", None), ("atan", "Atan")])
def test_a_rule_wrong_by_a_thousandth_is_noticed(name, kind, monkeypatch):
    assert difference(name, "full", FULL) < TOLERANCE
    traced.cache_clear()
    if kind is None:
        monkeypatch.setattr(Series, "__truediv__", lambda a, b: a * (1 / b) * 1.001)
    else:
        right = RULES[kind]

        def wrong(step):
            (y,) = right(step)
            return [Series(y.value, lambda k: y[k] * 1.001 if k == (4,) else y[k])]

        monkeypatch.setitem(RULES, kind, replace(right, apply=wrong))
    assert difference(name, "full", FULL) > 1e-7
    traced.cache_clear()


def test_a_mistake_that_the_direction_1_0_0_does_not_show_is_noticed(monkeypatch):
    right = RULES["Exp"]

    def wrong(step):  # forgets x[2] x[1] y[0] + ...: right wherever only x[1] is not zero
        (x,), (y,) = step.inputs, right(step)
        return [Series(y.value, lambda k: y[k] if k != (3,) else y[k] - (0 if x[2,] is None else x[2,] * x[1,]))]

    monkeypatch.setitem(RULES, "Exp", replace(right, apply=wrong))
    traced.cache_clear()
    line = tuple(np.where(np.arange(6) > 1, 0, a) for a in FULL)
    assert difference("exp", "full", line) < TOLERANCE
    assert difference("exp", "full", FULL) > 1e-4
    traced.cache_clear()


# Structure, zeros and infinities.


@pytest.mark.parametrize("name", ["a b c", "a / b", "b**c", "exp", "tanh", "atan", "asinh"])
@pytest.mark.parametrize("shape", SHAPES)
def test_none_is_zero(name, shape):
    shape = SHAPES[shape]
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(-1, 1, shape) / 4 + (np.indices(shape).sum(0) == 0) * s for s in (0, 1.5, 1.5)]
    for pattern in ("odd", "some", "lines") if len(shape) == 2 else ("odd", "lines"):
        absent = coefficients(FUNCTIONS[name][0], pattern, *arrays)
        zeros = coefficients(FUNCTIONS[name][0], "full", *masked(pattern, *arrays))
        np.testing.assert_allclose(absent, zeros, rtol=1e-13, atol=1e-15)


def structure(f, *absent):
    """Which coefficients of f are None, for series of 5 of which some are."""
    with tf.Graph().as_default():
        made = [
            Series(tf.constant(1.5), lambda k, no=no: None if k[0] in no else tf.constant(1.0))
            for no in map(set, absent)
        ]
        y = f(*made)
        return {k for k in range(1, 6) if y[k,] is None}


@pytest.mark.quick
def test_structural_zeros_are_kept():
    still = range(1, 9)
    assert structure(lambda a, b: a + b, [1, 2, 3], [2, 3, 4]) == {2, 3}
    assert structure(lambda a, b: a * b, [2, 3, 4, 5], [2, 3, 4, 5]) == {3, 4, 5}
    assert structure(lambda a: a * a * a, [2, 3, 4, 5]) == {4, 5}
    assert structure(ops.Exp, still) == {1, 2, 3, 4, 5}
    assert structure(lambda a, b: a / b, [2, 3, 4, 5], still) == {2, 3, 4, 5}
    assert structure(lambda a: ops.Sqrt(a + a), [1, 3, 5]) == {1, 3, 5}
    assert structure(lambda a: -a - 3, [1, 2, 5]) == {1, 2, 5}


INFINITE = {
    "a b": (lambda a, b: a * b, 1),
    "a + b": (lambda a, b: a + b, 1),
    "b - a": (lambda a, b: b - a, -1),
    "a / b": (lambda a, b: a / b, 1),
    "b / a": (lambda a, b: b / a, -1),
    "exp": (lambda a, b: ops.Exp(a), 1),
    "rsqrt": (lambda a, b: ops.Rsqrt(a), -1),
    "log": (lambda a, b: ops.Log(a), 1),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", INFINITE)
@settings(max_examples=20)
@given(a=numbers((6,), 1, 2), b=numbers((6,), 1, 2), k=st.integers(1, 5), infinity=st.sampled_from([np.inf, -np.inf]))
def test_an_infinite_coefficient_is_met_from_its_order_on_only(name, a, b, k, infinity):
    f, sign = INFINITE[name]
    infinite = a.copy()
    infinite[k] = infinity
    finite, got = (coefficients(f, "full", x, b)[0] for x in (a, infinite))
    np.testing.assert_allclose(got[:k], finite[:k], rtol=1e-13, atol=1e-13)
    assert got[k] == sign * infinity


def test_zero_times_infinity_is_zero_by_structure_only():
    with tf.Graph().as_default():
        x = Series(tf.constant(0.0), lambda k: tf.constant(np.inf, tf.float32))
        still = Series(tf.constant(2.0), lambda k: None)
        assert (x * still)[1,] is not None
        assert (still * still)[3,] is None


def test_coefficients_are_computed_once():
    asked = []
    with tf.Graph().as_default():
        x = Series(tf.constant(1.5), lambda k: asked.append(k) or tf.constant(1.0))
        y = ops.Exp(x)
        for _ in range(2):
            for k in range(5):
                assert y[k,] is not None
    assert sorted(asked) == [(k,) for k in range(1, 5)]


KERNELS = {
    "quotients": lambda x: tf.exp(-x * x) * tf.sin(3 * x) / (1 + x * x),
    "tanh": lambda x: tf.tanh(x * x),
    "logarithms": lambda x: tf.math.log(2 + tf.math.log1p(x * x)),
}


@pytest.mark.parametrize("name", KERNELS)
def test_an_elementwise_function_is_one_kernel(name):
    compiled = tf.function(ng.derivative(KERNELS[name], 4, method="taylor"), autograph=False, jit_compile=True)
    made = compiled.experimental_get_compiler_ir(tf.ones([10_000]))(stage="optimized_hlo")
    kernels = made[made.index("ENTRY") :].count("fusion(") or made.count(" fusion(")  # behind a call, in an older XLA
    assert kernels == 1
