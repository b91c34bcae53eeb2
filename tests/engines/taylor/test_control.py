"""Functions, branches, loops and lists by power series: against the closed form, to order 3, in 50 digits."""

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad.engines.taylor.families import expanded
from nthgrad.engines.taylor.gradients import from_gradient
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.step import Rule

ORDER = 3
POINTS = np.array([-0.75, 0.5, 1.25])


@dataclass(frozen=True)
class Case:
    """An elementwise f, the same in mpmath, and whether XLA can compile f itself."""

    name: str
    f: Callable[[tf.Tensor], tf.Tensor]
    exact: Callable[[mp.mpf], mp.mpf]
    compiled: bool = False

    def __str__(self) -> str:
        return self.name


def exact(case: Case, points: np.ndarray, order: int = ORDER) -> np.ndarray:
    with mp.workdps(50):
        series = [mp.taylor(case.exact, mp.mpf(float(x)), order) for x in points]
        return np.array(
            [[float(mp.factorial(k) * c) for c in column] for k, column in enumerate(zip(*series, strict=True))]
        )


def check(case: Case, got: tuple, points: np.ndarray = POINTS, rtol: float = 1e-12) -> None:
    want = exact(case, points, len(got) - 1)
    for k, (g, w) in enumerate(zip(got, want, strict=True)):
        assert g.dtype == points.dtype
        assert g.shape == points.shape
        np.testing.assert_allclose(g, w, rtol=rtol, atol=rtol * np.abs(want).max(), err_msg=f"order {k}")


# --- functions -------------------------------------------------------------------------------------------------------

cube = tf.function(lambda x: x * x * x, autograph=False)
wave = tf.function(lambda x: tf.sin(x) * cube(x), autograph=False)
several = tf.function(lambda x: (x, tf.size(x), tf.exp(x), 2.0), autograph=False)
xla = tf.function(lambda x: tf.exp(x) * x, jit_compile=True, autograph=False)
concrete = wave.get_concrete_function(tf.TensorSpec([None], tf.float64))


def capturing(x):
    return tf.function(lambda y: x * tf.exp(y), autograph=False)(2.0 * x)


# --- branches --------------------------------------------------------------------------------------------------------


def positive(x):
    return tf.reduce_sum(x) > 0


def structured(x):
    a, (b, n) = tf.cond(positive(x), lambda: (x * x, (tf.exp(x), 2)), lambda: (x, (x, 3)))
    return a * b * tf.cast(n, x.dtype)


def switched(x, n):
    branches = [functools.partial(tf.identity, x), lambda: x * tf.sin(x), functools.partial(tf.fill, tf.shape(x), TWO)]
    return tf.switch_case(tf.size(x) * 0 + n, branches)


def branches_in_a_loop(x):
    y = x
    for i in tf.range(4):
        if i % 2 == 0:
            y = y * x
        else:
            y = y + tf.sin(x)
    return y


def first_true(x):
    return tf.case([(positive(-x), lambda: x), (positive(x), lambda: x * tf.exp(x))], default=lambda: x)


# --- loops -----------------------------------------------------------------------------------------------------------


def loop(condition, body, *start, **options):
    return tf.while_loop(condition, body, start, **options)


def power(x, n):
    return loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), 0, tf.ones_like(x))[1]


def until_small(x):
    # the number of rounds depends on what varies: the largest of y falls from 10 below 1 in 4 rounds
    return loop(lambda y, z: tf.reduce_max(y) > 1, lambda y, z: (y / 2, z * x), 10 + x * 0 + x / 64 * 0, x)[1]


def nested_loops(x):
    def row(i, y):
        return i + 1, loop(lambda j, z: j < 2, lambda j, z: (j + 1, z * x + y), 0, y)[1]

    return loop(lambda i, y: i < 2, row, 0, x)[1]


def growing(x):
    y = loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, tf.concat([y, y[-1:] * x[None]], 0)),
        0,
        x[None],
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None])),
    )[1]
    return tf.reduce_sum(y, 0)


def fibonacci(x):
    return loop(lambda i, a, b, unused: i < 4, lambda i, a, b, u: (i + 1, b, a * b, u + a), 0, x, x + 1.0, x)[2]


def stopped(x):
    return loop(lambda y: positive(tf.ones_like(y)), lambda y: [y * x], x, maximum_iterations=3)[0]


def stop_early(x):
    y = x
    for i in tf.range(10):
        y = y * x
        if i == 2:
            break
    return y


def bisected(x):
    y = x
    while tf.reduce_sum(tf.abs(y)) < 20:
        y = 2.0 * y + x * x * 0.0
    return y * x


# --- lists -----------------------------------------------------------------------------------------------------------


def written(x):
    array = tf.TensorArray(x.dtype, 0, dynamic_size=True, clear_after_read=False)
    for i in tf.range(3):
        array = array.write(i, x * tf.cast(i + 1, x.dtype))
    return array.read(0) * array.read(1) * tf.reduce_sum(array.stack(), 0)


def partly_written(x):
    array = tf.TensorArray(x.dtype, 4, element_shape=x.shape).write(2, tf.exp(x)).write(0, x)
    return tf.reduce_sum(array.stack(), 0) + array.read(3)


def concatenated(x):
    array = tf.TensorArray(x.dtype, 2, element_shape=[None], infer_shape=False).write(0, x * x).write(1, x)
    return tf.reduce_prod(tf.reshape(array.concat(), [2, -1]), 0)


def split_and_gathered(x):
    array = tf.TensorArray(x.dtype, 3).split(tf.stack([x * x, x, tf.exp(x)]), [1, 1, 1])
    return tf.reduce_sum(tf.squeeze(array.gather([2, 0]), 1), 0)


def scattered(x):
    array = tf.TensorArray(x.dtype, 3).scatter([2, 0, 1], tf.stack([x * x, x, tf.exp(x)]))
    return array.read(0) * array.read(2)


def pushed_and_popped(x):
    items = tf.raw_ops.EmptyTensorList(element_shape=-1, max_num_elements=-1, element_dtype=x.dtype)
    for y in (x, x * x, tf.exp(x)):
        items = tf.raw_ops.TensorListPushBack(input_handle=items, tensor=y)
    items, last = tf.raw_ops.TensorListPopBack(input_handle=items, element_shape=-1, element_dtype=x.dtype)
    items = tf.raw_ops.TensorListResize(input_handle=items, size=1)
    first = tf.raw_ops.TensorListGetItem(input_handle=items, index=0, element_shape=-1, element_dtype=x.dtype)
    return tf.ensure_shape(first * last, x.shape)


def differences(x):
    return tf.scan(lambda a, t: a * t + x, tf.stack([x, 2.0 * x]), x)[-1]


def pairs(x):
    return tf.map_fn(lambda t: t[0] * tf.exp(t[1]), (x, x * x), fn_output_signature=x.dtype)


# --- gradients inside f ----------------------------------------------------------------------------------------------


def taped(g):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = g(x)
        return tape.gradient(y, x)

    return f


@tf.custom_gradient
def customised(x):
    return x * tf.exp(x), lambda dy: 7.0 * dy


def moments(x):
    mean, variance = tf.nn.moments(tf.stack([x, x * x], -1), [-1])
    return variance * mean


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


TWO = tf.Variable(2.0, dtype=tf.float64)
CASES = (
    # functions
    Case("a function in a function", lambda x: wave(x) + x, lambda z: mp.sin(z) * z**3 + z),
    Case("the same function twice", lambda x: cube(tf.sin(cube(x))), lambda z: mp.sin(z**3) ** 3),
    Case("some outputs of a function", lambda x: several(x)[2] * several(x)[0], lambda z: z * mp.exp(z)),
    Case("a compiled function", lambda x: xla(x) * x, lambda z: z * z * mp.exp(z)),
    Case("a concrete function", lambda x: concrete(x) * x, lambda z: mp.sin(z) * z**4),
    Case("a function that captures", capturing, lambda z: z * mp.exp(2 * z)),
    # branches
    Case("cond", lambda x: tf.cond(positive(x), lambda: x * tf.exp(x), lambda: x), lambda z: z * mp.exp(z), True),
    Case("cond, the other", lambda x: tf.cond(positive(-x), lambda: x * tf.exp(x), lambda: x), lambda z: z),
    Case("cond, a constant", lambda x: x * tf.cond(positive(-x), lambda: x, lambda: tf.ones_like(x)), lambda z: z),
    Case("cond of structures", structured, lambda z: 2 * z * z * mp.exp(z)),
    Case("switch_case", lambda x: switched(x, 1), lambda z: z * mp.sin(z)),
    Case("switch_case, the last of all else", lambda x: switched(x, 9) * x, lambda z: 2 * z),
    Case("case", first_true, lambda z: z * mp.exp(z)),
    Case("cond in a loop", branches_in_a_loop, lambda z: (z * z + mp.sin(z)) * z + mp.sin(z), True),
    # loops
    Case("while_loop", lambda x: power(x, 3) * x, lambda z: z**4, True),
    Case("while_loop, rounds known when running", lambda x: power(x, tf.size(x) * 0 + 3), lambda z: z**3),
    Case("while_loop, no round", lambda x: tf.exp(power(x, 0) * x), mp.exp),
    Case("while_loop, rounds from x", until_small, lambda z: z**5),
    Case("nested loops", nested_loops, lambda z: _nested(z), True),
    Case("shape invariants", growing, lambda z: z + z**2 + z**3 + z**4),
    Case("variables that change places", fibonacci, lambda z: _fibonacci(z)),
    Case("maximum_iterations", stopped, lambda z: z**4, True),
    Case("break", stop_early, lambda z: z**4),
    Case("while on what varies", bisected, lambda z: 8 * z * z),
    # lists
    Case("TensorArray", written, lambda z: 12 * z**3),
    Case("TensorArray, partly written", partly_written, lambda z: mp.exp(z) + z),
    Case("TensorArray.concat", concatenated, lambda z: z**3),
    Case("TensorArray.split, gather", split_and_gathered, lambda z: mp.exp(z) + z * z),
    Case("TensorArray.scatter", scattered, lambda z: z**3),
    Case("push, pop, resize", pushed_and_popped, lambda z: z * mp.exp(z)),
    Case("map_fn", lambda x: tf.map_fn(lambda t: t * tf.exp(t), x) * x, lambda z: z * z * mp.exp(z), True),
    Case("map_fn of pairs", pairs, lambda z: z * mp.exp(z * z)),
    Case("scan", differences, lambda z: (z * z + z) * 2 * z + z),
    Case(
        "foldr", lambda x: tf.foldr(lambda a, t: a * tf.exp(t), tf.stack([x, x + 1.0])), lambda z: mp.exp(z) * (z + 1)
    ),
    Case("vectorized_map", lambda x: tf.vectorized_map(lambda t: t * tf.exp(t), x), lambda z: z * mp.exp(z)),
    # gradients, and where they stop
    Case("a tape", taped(lambda x: x * x * tf.exp(x)), lambda z: (2 * z + z * z) * mp.exp(z)),
    Case("a tape over a function", taped(lambda x: wave(x)), lambda z: mp.cos(z) * z**3 + 3 * mp.sin(z) * z * z),
    Case(
        "a tape over a branch",
        taped(lambda x: tf.cond(positive(x), lambda: x * tf.exp(x), lambda: x)),
        lambda z: (1 + z) * mp.exp(z),
    ),
    Case("a tape over a loop", taped(lambda x: power(x, 3)), lambda z: 3 * z * z),
    Case("tf.gradients", lambda x: tf.gradients(tf.gradients(tf.exp(2.0 * x), x), x)[0], lambda z: 4 * mp.exp(2 * z)),
    Case("custom_gradient: what is computed counts", customised, lambda z: z * mp.exp(z)),
    Case("recompute_grad", lambda x: tf.recompute_grad(lambda t: t * tf.exp(t))(x), lambda z: z * mp.exp(z)),
    Case("moments", moments, lambda z: (z - z * z) ** 2 / 4 * (z + z * z) / 2),
)


def _nested(z):
    y = z
    for _ in range(2):
        a = y
        for _ in range(2):
            a = a * z + y
        y = a
    return y


def _fibonacci(z):
    a, b = z, z + 1
    for _ in range(4):
        a, b = b, a * b
    return b


@pytest.mark.parametrize("case", CASES, ids=str)
def test_to_order_3(case):
    check(case, ng.derivatives(case.f, ORDER, method="taylor")(POINTS))


@pytest.mark.parametrize("case", [c for c in CASES if c.compiled], ids=str)
def test_compiled(case):
    check(case, ng.derivatives(case.f, ORDER, method="taylor", jit_compile=True)(POINTS))


def chosen(x, y):
    return tf.cond(positive(x), lambda: 1.0 - tf.math.erfc(y / 2.0), lambda: x)


def repeated(x, y):
    return loop(lambda i, _: i < 1, lambda i, _: (i + 1, 1.0 - tf.math.erfc(y / 2.0)), 0, x)[1]


# Rules that are graphs themselves, in branches and loops, and with branches and loops in them.
GRAPHS = {
    "from its gradient": from_gradient,
    "in other ops": expanded(lambda op, x: 1.0 - tf.math.erfc(x)),
    "with a cond": expanded(lambda op, x: chosen(x, 2.0 * x)),
    "with a loop": expanded(lambda op, x: repeated(x, 2.0 * x)),
}
AROUND = {
    "nothing": lambda x: tf.math.erf(x * x),
    "cond": lambda x: (lambda y: tf.cond(positive(x), lambda: tf.math.erf(y), lambda: x))(x * x),
    "while_loop": lambda x: (lambda y: loop(lambda i, _: i < 1, lambda i, _: (i + 1, tf.math.erf(y)), 0, x)[1])(x * x),
}


# Each in two places, those with a branch or a loop in the branch and in the loop.
PLACES = {
    "from its gradient": ["nothing", "cond"],
    "in other ops": ["nothing", "while_loop"],
    "with a cond": ["cond", "while_loop"],
    "with a loop": ["cond", "while_loop"],
}


@pytest.mark.parametrize(("rule", "around"), [(rule, around) for rule in GRAPHS for around in PLACES[rule]])
def test_rules_that_are_graphs(rule, around, monkeypatch):
    monkeypatch.setitem(RULES, "Erf", Rule(GRAPHS[rule]))
    f = AROUND[around]
    check(Case("erf", f, lambda z: mp.erf(z * z)), ng.derivatives(f, ORDER, method="taylor")(POINTS))


SMALL = [c for c in CASES if c.name in ("a function in a function", "cond", "while_loop", "map_fn", "TensorArray")]


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_float32_a_batch_of_one_and_of_many(case):
    f = case.f if case.name != "cond" else lambda x: tf.cond(tf.size(x) > 0, lambda: case.f(tf.abs(x)), lambda: x)
    g = ng.derivatives(f, 3, method="taylor")
    outer = tf.function(g, input_signature=[tf.TensorSpec([None], tf.float32)])
    for points in (np.array([0.5], "float32"), np.array([0.25, 0.5, 0.75, 1.0, 1.25], "float32")):
        check(case, g(points), points, rtol=2e-6)
        check(case, outer(points), points, rtol=2e-6)


# u(x) = v sin(w x), each written with the variables where they are hard to see
W, V = tf.Variable(1.5, dtype=tf.float64), tf.Variable(0.5, dtype=tf.float64)
weighted = tf.function(lambda x: V * tf.sin(W * x), autograph=False)
TRAINED = {
    "a function": lambda x: weighted(x) + 0.0 * x,
    "cond": lambda x: tf.cond(positive(x), lambda: V * tf.sin(W * x), lambda: x),
    "while_loop": lambda x: loop(
        lambda i, y: i < 1, lambda i, y: (i + 1, V * tf.sin(W * y)), 0, x, maximum_iterations=2
    )[1],
    "a function in a loop": lambda x: loop(lambda i, y: i < 1, lambda i, y: (i + 1, weighted(y)), 0, x)[1],
    "scan": lambda x: tf.scan(lambda a, t: V * tf.sin(W * t), x, tf.zeros([], x.dtype)),
}


@pytest.mark.parametrize("name", TRAINED)
def test_the_weights_are_trained(name):
    u_xx = ng.derivative(TRAINED[name], 2, method="taylor")

    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(u_xx(POINTS) ** 2)
        return tape.gradient(loss, [W, V])

    w, v, x = float(W), float(V), POINTS
    u = -w * w * v * np.sin(w * x)
    want = [np.sum(2 * u * (-2 * w * v * np.sin(w * x) - w * w * v * x * np.cos(w * x))), np.sum(2 * u * u / v)]
    # In a function too where that is cheap: the others trace the same a second time.
    for run in (gradient, tf.function(gradient)) if name == "a function" else (gradient,):
        np.testing.assert_allclose(run(), want, rtol=1e-12)


@pytest.mark.parametrize(("inner", "outer"), [*itertools.product(("tape", "taylor"), repeat=2)])
def test_a_derivative_of_a_derivative(inner, outer):
    k = 1 if outer == "tape" else 2  # a tape's ops double with each order
    g = ng.derivative(ng.derivative(lambda x: cube(x) * tf.exp(x), 2, method=inner), k, method=outer)
    x = POINTS
    want = {1: x**3 + 9 * x**2 + 18 * x + 6, 2: x**3 + 12 * x**2 + 36 * x + 24}[k] * np.exp(x)
    np.testing.assert_allclose(g(x), want, rtol=1e-12)


def test_a_saved_model_and_its_weights(tmp_path):
    module = tf.Module()
    module.w = tf.Variable(2.0, dtype=tf.float64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64)])
    def f(x):
        y = x
        for i in tf.range(3):
            if i == 1:
                y = y * x * module.w
            else:
                y = y * x
        return y

    module.f = f
    tf.saved_model.save(module, str(tmp_path / "f"))
    loaded = tf.saved_model.load(str(tmp_path / "f"))
    g = ng.derivative(loaded.f, 2, method="taylor")
    np.testing.assert_allclose(g(POINTS), 24 * POINTS**2, rtol=1e-13)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(g(POINTS))
    np.testing.assert_allclose(tape.gradient(loss, loaded.w), np.sum(12 * POINTS**2), rtol=1e-13)

    module.g = tf.function(ng.derivative(f, 2, method="taylor"), input_signature=[tf.TensorSpec([None], tf.float64)])
    tf.saved_model.save(module, str(tmp_path / "g"))
    again = tf.saved_model.load(str(tmp_path / "g"))
    np.testing.assert_allclose(again.g(POINTS), 24 * POINTS**2, rtol=1e-13)


def test_what_does_not_vary_in_a_function_is_made_there():
    @tf.function(autograph=False)
    def f(x):
        a = power(TWO, 3)
        b = tf.cond(a > 1, lambda: 2 * a, lambda: a)
        c = tf.map_fn(lambda t: t * 2, tf.ones([3], x.dtype))
        return x * x * b * c

    np.testing.assert_allclose(ng.derivative(lambda x: 1.0 * f(x), 2, method="taylor")(POINTS), 0 * POINTS + 64)


# --- how deep, how far -----------------------------------------------------------------------------------------------


def test_a_long_chain_is_no_recursion():
    def f(x):
        y = x
        for _ in range(500):
            y = y + x
        return y * y

    np.testing.assert_allclose(ng.derivative(f, 2, method="taylor")(POINTS), 0 * POINTS + 2 * 501.0**2)


@pytest.mark.parametrize("last", [lambda y: y, lambda y: tf.reshape(y, [-1])], ids=["at the end", "before a linear op"])
def test_a_high_order_is_no_recursion(last):
    # (-1)**n n! / z**(n + 1), which y = 1 / z reaches in n steps, each of which asks for the one before
    n, z = 190, POINTS + 20
    want = [float(math.factorial(n) / Fraction(float(t)) ** (n + 1)) for t in z]
    np.testing.assert_allclose(ng.derivative(lambda x: last(1 / x), n, method="taylor")(z), want, rtol=1e-11)


def kept(y):
    """y, of a length that only set_shape says."""
    z = tf.gather(y, tf.where(y > -9.0)[:, 0])
    z.set_shape([3])
    return z


@pytest.mark.parametrize(
    "f",
    [
        lambda x: loop(lambda i, y: i < 2, lambda i, y: (i + 1, kept(y * y)), 0, x)[1],
        lambda x: tf.cond(positive(x), lambda: kept(x**4), lambda: x),
    ],
    ids=["loop", "branch"],
)
def test_a_shape_that_is_set_in_control_flow_is_kept(f):
    shapes = []

    @tf.function(autograph=False)
    def g(x):
        found = ng.derivatives(f, 2, method="taylor")(x)
        shapes.extend(y.shape for y in found)
        return found

    for got, want in zip(g(tf.constant(POINTS)), (POINTS**4, 4 * POINTS**3, 12 * POINTS**2), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)
    assert shapes == [[3]] * 3


def test_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES)
