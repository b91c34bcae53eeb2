"""Finite differences against 50-digit mpmath, known stencils and exact arithmetic."""

import math
from fractions import Fraction
from itertools import groupby

import keras
import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from support import functions

from nthgrad.differences import FACTOR, finite_difference
from nthgrad.engines.differences.stencils import stencil

DTYPES = ["float32", "float64"]
ORDERS = [1, 2, 3, 4]

# The error that a value may have, relative to the largest of the derivatives up to its order: (median, worst).
ACCURACY = {
    ("float64", 1): (1e-14, 1e-12),
    ("float64", 2): (1e-12, 1e-10),
    ("float64", 3): (1e-10, 1e-8),
    ("float64", 4): (1e-8, 1e-6),
    ("float32", 1): (1e-6, 1e-4),
    ("float32", 2): (2e-5, 2e-3),
    ("float32", 3): (2e-4, 2e-2),
    ("float32", 4): (5e-3, 0.5),
}
BY_POINTS = [
    (points, tuple(cases))
    for points, cases in groupby(sorted(functions.CASES, key=lambda case: case.points), key=lambda case: case.points)
]


# --- the oracle -------------------------------------------------------------------------------------------------------

CLOSED_FORMS = {
    "exp": lambda x, n: mp.exp(x),
    "sin": lambda x, n: mp.sin(x + n * mp.pi / 2),
    "1 / x": lambda x, n: (-1) ** n * mp.factorial(n) / x ** (n + 1),
    "x**2.5": lambda x, n: mp.ff(2.5, n) * x ** (2.5 - n),
    "log": lambda x, n: mp.log(x) if n == 0 else (-1) ** (n - 1) * mp.factorial(n - 1) / x**n,
    "x**3": lambda x, n: mp.ff(3, n) * x ** (3 - n),
    "exp(-x**2)": lambda x, n: (-1) ** n * mp.hermite(n, x) * mp.exp(-x * x),
    "lgamma": lambda x, n: mp.log(abs(mp.gamma(x))) if n == 0 else mp.psi(n - 1, x),
}
BY_NAME = {case.name: case for case in functions.CASES}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_oracle_has_the_derivatives_of_closed_forms(name):
    for x in BY_NAME[name].points:
        got = functions.derivatives(BY_NAME[name], x, 8)
        with mp.workdps(50):
            want = [float(CLOSED_FORMS[name](mp.mpf(x), n)) for n in range(9)]
        np.testing.assert_allclose(got, want, rtol=1e-15)


@pytest.mark.parametrize("case", functions.CASES, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 3e-6), ("float64", 1e-14)])
def test_oracle_is_the_same_function(case, dtype, tolerance):
    want = [functions.derivatives(case, x, 0)[0] for x in case.points]
    y = case.f(tf.constant(case.points, dtype))
    assert y.dtype == dtype
    np.testing.assert_allclose(y, want, rtol=tolerance, atol=tolerance)


def test_table_is_broad_and_its_points_are_exact():
    assert len(functions.CASES) >= 40
    assert len(BY_NAME) == len(functions.CASES)
    assert all(len(case.points) >= 3 and np.float16(x) == x for case in functions.CASES for x in case.points)


# --- stencils ---------------------------------------------------------------------------------------------------------

KNOWN_STENCILS = [  # Fornberg 1988, table 1
    (0, 2, (0,), "1"),
    (1, 2, (-1, 1), "-1/2 1/2"),
    (1, 4, (-2, -1, 1, 2), "1/12 -2/3 2/3 -1/12"),
    (1, 6, (-3, -2, -1, 1, 2, 3), "-1/60 3/20 -3/4 3/4 -3/20 1/60"),
    (2, 2, (-1, 0, 1), "1 -2 1"),
    (2, 4, (-2, -1, 0, 1, 2), "-1/12 4/3 -5/2 4/3 -1/12"),
    (2, 8, tuple(range(-4, 5)), "-1/560 8/315 -1/5 8/5 -205/72 8/5 -1/5 8/315 -1/560"),
    (3, 2, (-2, -1, 1, 2), "-1/2 1 -1 1/2"),
    (3, 4, (-3, -2, -1, 1, 2, 3), "1/8 -1 13/8 -13/8 1 -1/8"),
    (4, 2, (-2, -1, 0, 1, 2), "1 -4 6 -4 1"),
    (4, 4, tuple(range(-3, 4)), "-1/6 2 -13/2 28/3 -13/2 2 -1/6"),
]


@pytest.mark.quick
@pytest.mark.parametrize(("order", "accuracy", "offsets", "weights"), KNOWN_STENCILS)
def test_stencil_is_the_known_one(order, accuracy, offsets, weights):
    assert stencil(order, accuracy) == (offsets, tuple(Fraction(w) for w in weights.split()))


@pytest.mark.quick
@pytest.mark.parametrize("order", range(13))
@pytest.mark.parametrize("accuracy", [2, 4, 6, 8])
def test_stencil_is_exact_for_monomials_and_no_more(order, accuracy):
    offsets, weights = stencil(order, accuracy)
    moments = [sum(w * o**k for o, w in zip(offsets, weights, strict=True)) for k in range(order + accuracy + 1)]
    assert moments[:-1] == [math.factorial(order) if k == order else 0 for k in range(order + accuracy)]
    if order:
        assert moments[-1] != 0


# --- values and errors ------------------------------------------------------------------------------------------------


def differences(order, dtype, every=1, start=0, **options):
    """(case, values, errors) of every so many of the cases, from `start` on.

    One f for all, as most of the time goes into the steps: its column j has, at the points of each group, case j of it,
    or x where there is none.
    """
    groups = [(points, cases[start % len(cases) :: every]) for points, cases in BY_POINTS]
    sizes = [len(points) for points, _ in groups]

    def f(x):
        parts = [(at, cases) for at, (_, cases) in zip(tf.split(x, sizes), groups, strict=True)]
        columns = [
            tf.concat([cases[j].f(at) if j < len(cases) else at for at, cases in parts], 0)
            for j in range(max(len(cases) for _, cases in groups))
        ]
        return tf.stack(columns, -1)

    x = tf.constant([x for points, _ in groups for x in points], dtype)
    value, error = finite_difference(f, order, return_error=True, **options)(x)
    assert value.dtype == error.dtype == dtype
    start = 0
    for (_, cases), size in zip(groups, sizes, strict=True):
        here = slice(start, start := start + size)
        columns = value[here].numpy().T.astype(float), error[here].numpy().T.astype(float)
        yield from zip(cases, *columns, strict=False)  # the other columns are filling


def misses(order, case, value, error, points=None):
    """(|value - exact| / error, |value - exact| / largest derivative, error / that) at each point."""
    for x, v, e in zip(points or case.points, value, error, strict=True):
        exact = functions.derivatives(case, x, max(ORDERS))[: order + 1]  # computed once for all orders
        miss, largest = abs(v - exact[order]), max(map(abs, exact)) or 1.0
        assert math.isfinite(miss), (case.name, x)
        assert e >= 0
        yield (case.name, x), (miss / e if miss else 0.0), miss / largest, e / largest


def check_honest_and_accurate(results, dtype, order):
    median, worst = ACCURACY[dtype, order]
    assert [r for r in results if not r[1] <= FACTOR] == []
    assert sum(r[1] > 1 for r in results) <= 0.01 * len(results)
    assert [r for r in results if not r[2] <= worst] == []
    assert np.median([r[2] for r in results]) <= median


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_value_is_accurate_and_error_honest(dtype, order):
    # float32: each case at two of the orders
    some = {"every": 2, "start": order % 2} if dtype == "float32" else {}
    results = [result for found in differences(order, dtype, **some) for result in misses(order, *found)]
    assert len({name for (name, _), *_ in results}) >= len(functions.CASES) // (2 if some else 1)
    check_honest_and_accurate(results, dtype, order)
    # an estimate that is too large is of no use
    assert np.median([result[3] for result in results]) <= 50 * ACCURACY[dtype, order][0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_error_of_a_first_derivative_is_no_more_than_three_digits(dtype):
    x = np.array([0.3, 1.0, 20.0, 300.0], dtype)
    value, error = (y.numpy() for y in finite_difference(tf.sin, return_error=True)(x))
    assert (np.abs(value - np.cos(x.astype("float64"))) <= error).all()
    assert (error < 1000 * np.finfo(dtype).eps).all()


@pytest.mark.parametrize(("dtype", "columns"), [("float32", (1,)), ("float64", (0, 1, 2))])
def test_compiled_is_accurate_and_honest(dtype, columns):
    # Tracing takes a while, so there is one f: each row of x has points of its own, and some of the cases that are at
    # home there, from the start again where they are few.
    rows = [points[:3] for points, _ in BY_POINTS]
    cases = [[of[8 * i % len(of)] for i in columns] for _, of in BY_POINTS]

    @tf.autograph.experimental.do_not_convert
    def f(x):
        return tf.stack(
            [tf.stack([case.f(at) for case in of], -1) for at, of in zip(tf.unstack(x), cases, strict=True)]
        )

    value, error = tf.function(finite_difference(f, 2, return_error=True))(tf.constant(rows, dtype))
    assert value.dtype == error.dtype == dtype
    found = {
        case: misses(2, case, value[i, :, j].numpy().astype(float), error[i, :, j].numpy().astype(float), rows[i])
        for i, of in enumerate(cases)
        for j, case in enumerate(of)
    }
    assert len(found) >= {1: len(rows), 3: 13}[len(columns)]
    check_honest_and_accurate([result for results in found.values() for result in results], dtype, 2)


@pytest.mark.parametrize("accuracy", [4, 6])
def test_higher_accuracy_is_accurate_and_honest(accuracy):
    found = differences(2, "float64", every=4, accuracy=accuracy)
    check_honest_and_accurate([result for one in found for result in misses(2, *one)], "float64", 2)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("step", [0.1, 1e-2, 1e-4, 1e-7])
def test_error_of_a_given_step_is_honest(order, step):
    for case, value, error in differences(order, "float64", every=2, step=step):
        exact = [functions.derivatives(case, x, max(ORDERS))[order] for x in case.points]
        outside = ~np.isfinite(value)  # the step leaves f's domain
        assert np.isinf(error[outside]).all()
        assert step == 0.1 or not outside.any()
        assert (np.abs(value - exact) <= FACTOR * error)[~outside].all(), (case, value, exact, error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", [1, 2])
def test_rounding_inside_f_is_measured(dtype, order):
    x = np.linspace(0.1, 3, 500).astype(dtype)
    g = finite_difference(lambda x: (tf.sin(x) + 32) - 32, order, return_error=True)  # loses five bits
    value, error = (t.numpy().astype(float) for t in g(x))
    exact = np.sin(x.astype(float) + order * math.pi / 2)
    assert (np.abs(value - exact) <= FACTOR * error).all()
    assert (error <= (1e-2 if dtype == "float32" else 1e-8)).all()


def test_rounding_of_the_points_is_in_the_error():
    roots = np.linspace(0.1, 3, 500)
    g = finite_difference(lambda x: x - roots, step=1e-10, return_error=True)  # exact, and far smaller than x
    value, error = (t.numpy() for t in g(roots))
    assert (np.abs(value - 1) <= FACTOR * error).all()
    assert (error <= 1e-4).all()


@pytest.mark.parametrize("compiled", [False, True])
def test_classic_second_difference_with_a_step_too_small(compiled):
    seen = []

    def f(x):
        seen.append(x)
        return tf.math.log(x + 2)

    g = finite_difference(f, 2, step=1e-7)
    value = (tf.function(g) if compiled else g)(tf.constant([1.0], tf.float64))
    h = 1e-7
    below, at, above = (float(tf.math.log(tf.constant(x + 2, tf.float64))) for x in (1 - h, 1.0, 1 + h))
    np.testing.assert_allclose(value, [(below - 2 * at + above) / h**2], rtol=1e-15)
    np.testing.assert_allclose(value, [-0.1110223], atol=5e-8)
    if not compiled:
        assert len(seen) == 3
        assert sorted(float(x[0]) for x in seen) == [1 - h, 1.0, 1 + h]
    _, error = finite_difference(f, 2, step=1e-7, return_error=True)(tf.constant([1.0], tf.float64))
    assert 1e-3 < error[0] < 1  # two digits at most: 4 eps f / h**2 = 0.1


def test_step_below_the_spacing_of_floats_has_no_value():
    _, error = finite_difference(tf.math.log, step=1e-20, return_error=True)(tf.constant([1.0, 3.0], tf.float64))
    assert error.numpy().tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("x", [0.0, 1e-3, -0.3, 7.0, 40.0])
def test_function_periodic_with_the_coarse_steps(x):
    value, error = finite_difference(lambda x: tf.sin(16 * math.pi * x), return_error=True)(tf.constant(x, tf.float64))
    exact = float(16 * mp.pi * mp.cos(16 * mp.pi * mp.mpf(x)))
    assert abs(value - exact) <= FACTOR * error
    assert error < 1e-6


EDGES = [  # points at which the first steps of the ladder are no good, or x is small or large
    (tf.math.log, mp.log, [1e-3, 1e-2, 0.1, 1e3, 1e6]),
    (tf.sqrt, mp.sqrt, [1e-2, 0.1, 1e4]),
    (lambda x: 1 / x, lambda x: 1 / x, [-1e-2, 3e-2, 1e3]),
    (tf.sin, mp.sin, [0.0, 1e-8, 1e-3, 50.0]),
    (tf.exp, mp.exp, [0.0, 1e-8, -30.0, 30.0]),
    (tf.abs, abs, [1e-3, -1e-2, 5.0]),
]


@pytest.mark.quick
@pytest.mark.parametrize(("f", "exact", "points"), EDGES)
@pytest.mark.parametrize("order", [1, 2])
def test_edges(f, exact, points, order):
    value, error = finite_difference(f, order, return_error=True)(tf.constant(points, tf.float64))
    for x, v, e in zip(points, value.numpy(), error.numpy(), strict=True):
        with mp.workdps(50):
            want = float(mp.diff(exact, mp.mpf(x), order))
        assert abs(v - want) <= FACTOR * e
        assert e <= 1e-5 * max(abs(want), abs(float(exact(mp.mpf(x)))), 1e-3)


def test_no_derivative_is_nan_with_an_infinite_error():
    value, error = finite_difference(tf.sqrt, return_error=True)(tf.constant([-1.0, 4.0, math.nan]))
    np.testing.assert_allclose(value, [math.nan, 0.25, math.nan], rtol=1e-5)
    assert [math.isfinite(e) for e in error.numpy()] == [False, True, False]


FAR = [  # f and its derivatives, at points far from 0 or near it
    (tf.sin, lambda x, n: mp.sin(x + n * mp.pi / 2)),
    (lambda x: tf.sin(100 * x), lambda x, n: mp.mpf(100) ** n * mp.sin(100 * x + n * mp.pi / 2)),
    (tf.abs, lambda x, n: mp.sign(x) if n == 1 else mp.mpf(0)),
    (lambda x: x**3, lambda x, n: mp.ff(3, n) * x ** (3 - n) if n <= 3 else mp.mpf(0)),
    (lambda x: 1 / x, lambda x, n: (-1) ** n * mp.factorial(n) / x ** (n + 1)),
]


@pytest.mark.parametrize("order", ORDERS)
def test_error_is_honest_far_from_zero_and_near_it(order):
    x = np.array([sign * 1.3 * 10.0**k for k in (-9, -6, -3, 0, 2, 4, 6, 8, 9) for sign in (1, -1)])
    g = finite_difference(lambda x: tf.stack([f(x) for f, _ in FAR], -1), order, return_error=True)
    value, error = (y.numpy() for y in g(tf.constant(x)))
    with mp.workdps(50):
        exact = np.array([[float(of(mp.mpf(float(at)), order)) for _, of in FAR] for at in x])
    known = np.isfinite(error)
    assert (np.abs(value - exact) <= FACTOR * error)[known].all()


def test_sine_is_known_at_1e8_and_unknown_at_1e16():
    value, error = finite_difference(tf.sin, 2, return_error=True)(tf.constant([1e6, 1e8, 1e16], tf.float64))
    np.testing.assert_allclose(value[:2], -np.sin([1e6, 1e8]), atol=1e-4)
    assert np.isfinite(error).tolist() == [True, True, False]
    assert np.isnan(value[2])


# --- shapes, structures, dtypes ---------------------------------------------------------------------------------------

SHAPES = [  # the shape of x, and a function of shapes only, given x**3 / 3 in f and x**2 as its derivative
    ([], lambda y: y, []),
    ([], lambda y: y * tf.ones([2, 3], y.dtype), [2, 3]),
    ([1], lambda y: y, [1]),
    ([1], lambda y: tf.reduce_sum(y), []),
    ([1, 1], lambda y: y, [1, 1]),
    ([1, 1], lambda y: y * tf.ones([1, 3], y.dtype), [1, 3]),
    ([4], lambda y: y, [4]),
    ([4], lambda y: y[:, None] * tf.ones([3], y.dtype), [4, 3]),
    ([4], lambda y: y[:, None, None] * tf.ones([4, 4], y.dtype), [4, 4, 4]),
    ([4, 1], lambda y: y, [4, 1]),
    ([4, 1], lambda y: y * tf.ones([5], y.dtype), [4, 5]),
    ([4, 1], lambda y: y[:, 0], [4]),
    ([4, 1], lambda y: y[..., None] * tf.ones([4, 2], y.dtype), [4, 4, 2]),
    ([2, 4], lambda y: y, [2, 4]),
    ([2, 4], lambda y: y[..., None] * tf.ones([3], y.dtype), [2, 4, 3]),
]


# A ladder of steps takes seconds to trace: compiled, a column has one (and a scalar, in the test of directions), and
# all shapes one step, whose difference is exact for x**3 but for the rounding of f, 1000**3 / 3. Eager, all functions of a shape have one ladder.
BY_SHAPE = [(shape, [*of]) for shape, of in groupby(SHAPES, key=lambda of: of[0])]
EAGER = [(*of, dtype, False, {}, rtol) for of in BY_SHAPE for dtype, rtol in (("float32", 1e-5), ("float64", 1e-13))]
LADDERS = [(shape, of[-1:], "float64", True, {}, 1e-13) for shape, of in BY_SHAPE if shape == [4, 1]]
STEPS = [(*of, "float64", True, {"step": 0.25, "accuracy": 4}, 2.0**-49 * 1000 / 0.25) for of in BY_SHAPE]


@pytest.mark.parametrize(("shape", "functions", "dtype", "compiled", "options", "rtol"), EAGER + LADDERS + STEPS)
def test_each_element_or_row_has_its_own_step(shape, functions, dtype, compiled, options, rtol):
    x = np.reshape([0.25, 1000.0, -2.0, 17.0, 0.5, 1.0, 40.0, -0.25][: math.prod(shape)], shape).astype(dtype)
    g = finite_difference(lambda x: [arrange(x**3 / 3) for _, arrange, _ in functions], **options)
    if compiled:  # for any batch size
        static = [None if size > 1 else size for size in shape]
        g = tf.function(g, autograph=False, input_signature=[tf.TensorSpec(static, dtype)])
    for value, (_, arrange, output) in zip(g(x), functions, strict=True):
        assert value.dtype == dtype
        assert value.shape == output
        np.testing.assert_allclose(value, arrange(tf.constant(x**2)), rtol=rtol)


@pytest.mark.parametrize("compiled", [False, True])
def test_structures_are_kept(compiled):
    def f(x):
        return {"a": tf.sin(x), "b": (x**2, [tf.exp(x)[:, None] * tf.ones([2], x.dtype)])}

    x = tf.constant([0.5, 2.0, 3.0], tf.float64)
    g = finite_difference(f, 2, accuracy=6, step=2.0**-6, return_error=True)  # a ladder takes seconds to trace
    value, error = (tf.function(g) if compiled else g)(x)
    tf.nest.assert_same_structure(value, f(x))
    tf.nest.assert_same_structure(error, f(x))
    np.testing.assert_allclose(value["a"], -np.sin(x), rtol=1e-9)
    np.testing.assert_allclose(value["b"][0], [2, 2, 2], rtol=1e-9)
    np.testing.assert_allclose(value["b"][1][0], np.exp(x)[:, None] * np.ones(2), rtol=1e-9)
    assert error["b"][1][0].shape == [3, 2]


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16, tf.float32, tf.float64])
def test_f_sees_the_dtype_of_x_only(dtype):
    seen = set()

    def f(x):
        seen.add(x.dtype)
        return tf.sin(x)

    value, error = finite_difference(f, return_error=True)(tf.constant([0.5, 1.0], dtype))
    assert seen == {dtype}
    assert value.dtype == error.dtype == dtype
    miss = np.abs(value.numpy().astype(float) - np.cos([0.5, 1.0]))
    assert (miss <= FACTOR * error.numpy().astype(float)).all()
    assert (miss <= 0.1).all()


def test_dtype_of_f_is_kept():
    x = tf.constant([0.5, 1.0], tf.float64)
    value, error = finite_difference(lambda x: tf.sin(tf.cast(x, tf.float32)), return_error=True)(x)
    assert value.dtype == error.dtype == tf.float32
    assert (np.abs(value.numpy() - np.cos(x)) <= FACTOR * error.numpy()).all()
    assert (error.numpy() < 1e-4).all()


@pytest.mark.parametrize("floatx", DTYPES)
def test_python_floats_take_floatx_and_arrays_keep_their_dtype(floatx):
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        for x in (1.5, [1.5, 2.0], [1, 2.0], (1.5, 2.5)):
            assert finite_difference(tf.sin, step=2.0**-6)(x).dtype == floatx  # a ladder has fifty steps
        for dtype in DTYPES:
            for x in (np.ones(3, dtype), np.dtype(dtype).type(1.5), tf.ones([], dtype), tf.Variable(tf.ones(2, dtype))):
                assert finite_difference(tf.sin, step=2.0**-6)(x).dtype == dtype
    finally:
        keras.config.set_floatx(before)


def test_order_zero_is_f_itself():
    x = tf.constant([0.3, 2.7])
    value, error = finite_difference(tf.exp, 0, return_error=True)(x)
    assert value.numpy().tolist() == tf.exp(x).numpy().tolist()
    assert (np.abs(value.numpy() - np.exp(x.numpy().astype(float))) <= error.numpy()).all()


def test_constants_have_derivative_zero():
    value, error = finite_difference(lambda x: tf.ones_like(x) / 3, 3, accuracy=4, return_error=True)(tf.ones([2]))
    assert value.numpy().tolist() == [0, 0]
    assert (error < 1e-2).numpy().all()


def test_other_arguments_are_passed_on():
    def f(a, x, *, b):
        return a * x**2 + b

    g = finite_difference(f, argnum=1)
    np.testing.assert_allclose(g(3.0, tf.constant([2.0, 5.0], tf.float64), b=7.0), [12.0, 30.0], rtol=1e-12)


def test_x_may_be_named():
    def f(a, x, *, b):
        return a * x**2 + b * x

    x = tf.constant([2.0, 5.0], tf.float64)
    by_x, by_b = finite_difference(f, argnum="x"), finite_difference(f, argnum="b")
    np.testing.assert_allclose(by_x(3.0, x, b=7.0), [19.0, 37.0], rtol=1e-12)
    np.testing.assert_allclose(by_x(3.0, x=x, b=7.0), [19.0, 37.0], rtol=1e-12)
    np.testing.assert_allclose(by_b(3.0, 2.0, b=x), [2.0, 2.0], rtol=1e-12)


@pytest.mark.parametrize(("dtype", "compiled"), [("float32", False), ("float64", False), ("float64", True)])
def test_direction_may_mix_the_elements(dtype, compiled):
    def f(x):
        return tf.reduce_sum(x**3) + tf.reduce_prod(x)

    def along(x, d):
        return finite_difference(f, 2, direction=d, return_error=True)(x)

    hessian = np.array([[6, 3, 2], [3, 12, 1], [2, 1, 18]])
    g = tf.function(along, autograph=False) if compiled else along
    for direction in ([1.0, 0.0, 0.0], [1.0, -2.0, 0.5], [0.0, 0.0, 0.0]):
        value, error = g(tf.constant([1.0, 2.0, 3.0], dtype), tf.constant(direction, dtype))
        want = np.dot(direction, hessian @ direction)
        assert abs(value - want) <= FACTOR * error
        np.testing.assert_allclose(value, want, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-12)


def test_control_flow_of_f_is_converted_in_a_graph():
    def f(x):
        if x > 1:
            return x**2
        return x**3

    g = tf.function(finite_difference(f, accuracy=4, step=2.0**-6))
    np.testing.assert_allclose([g(tf.constant(x, tf.float64)) for x in (0.5, 3.0)], [0.75, 6.0], rtol=1e-10)
