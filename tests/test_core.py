"""derivative and derivatives by both engines: values, shapes, traces, and where they are called from."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from support import functions

import nthgrad as ng

EPS = {"float32": 1.2e-7, "float64": 2.3e-16}  # a unit in the last place
METHODS = pytest.mark.parametrize("method", ["tape", "taylor"])


CASES = [c for c in functions.CASES if c.name != "constant"]
# Each order triples the time of tapes: all functions to order 2; to order 3 those with an op whose gradient is repaired,
# and every fourth; every eighth to order 4. Every sixth in float32.
REPAIRED = ("x**3", "x**7 - x**4", "x**2.5", "x**-3", "2**x", "xlogy", "xlog1py", "x**x", "softsign", "relu")
TABLE = [
    (case, "float64", 4 if i % 8 == 3 else 3 if i % 4 == 1 or case.name in REPAIRED else 2)
    for i, case in enumerate(CASES)
]
TABLE += [(case, "float32", 2) for case in CASES[1::6]]


@pytest.mark.parametrize(("case", "dtype", "order"), TABLE, ids=str)
def test_the_table_of_functions(case, dtype, order):
    eps = EPS[dtype]
    points = np.array(case.points, dtype)
    want = np.array([functions.derivatives(case, float(x), order) for x in case.points]).T
    got = ng.derivatives(case.f, order, method="tape")(points)  # engines/taylor/test_accuracy.py has the other engine
    assert len(got) == order + 1
    for x in range(len(points)):
        largest = np.maximum.accumulate(np.abs(want[:, x]))
        for k in range(order + 1):
            assert got[k].dtype == dtype
            # A derivative of order k sums terms of the size of the lower ones, about k! of them.
            allowed = 400 * (1 + k) ** 2 * eps * max(1.0, largest[k])
            assert abs(float(got[k][x]) - want[k, x]) <= allowed, (k, points[x], float(got[k][x]), want[k, x])


def tanh(x):
    y = np.tanh(x)
    return [y, s := 1 - y**2, -2 * y * s, (6 * y**2 - 2) * s, (16 - 24 * y**2) * y * s]


def log(x):
    return [np.log(x), 1 / x, -1 / x**2, 2 / x**3, -6 / x**4]


@METHODS
@pytest.mark.parametrize(("f", "exact", "ends"), [(tf.tanh, tanh, (-1.5, 1.5)), (tf.math.log, log, (0.25, 4))])
@pytest.mark.parametrize(("dtype", "eps"), [("float16", 2**-10), ("bfloat16", 2**-7)])
def test_half_precision_loses_about_a_rounding_an_order(dtype, eps, f, exact, ends, method):
    x = tf.constant(np.linspace(*ends, 97), dtype)
    got = ng.derivatives(f, 4, method=method)(x)
    for n, (y, want) in enumerate(zip(got, exact(np.float64(x)), strict=True)):
        assert y.dtype == dtype
        # n eps, and the half that rounds the result
        assert np.max(np.abs(np.float64(y) - want)) <= (n + 0.5) * eps * np.max(np.abs(want)), n


def test_float16_ends_at_65504():
    y = ng.derivative(tf.math.log, 4)(np.array([0.0977, 0.0979], "float16"))  # -6 / x**4
    assert np.isneginf(y[0])
    np.testing.assert_allclose(y[1], -6 / 0.0979**4, rtol=5e-3)


SHAPES = {"scalar": (), "one": (1,), "batch": (5,), "column": (5, 1), "single row": (1, 1), "matrix": (2, 3)}


# Each of them by both methods; XLA, which knows shapes only, gets it by one of them, in turn.
@pytest.mark.quick
@pytest.mark.parametrize(
    ("shape", "method", "jit_compile"),
    [
        *((name, method, None) for name, method in zip(SHAPES, ("taylor", "tape") * 3, strict=True)),
        *((name, method, True) for name, method in zip(SHAPES, ("tape", "taylor") * 3, strict=True)),
    ],
)
def test_the_output_has_the_shape_of_f(shape, jit_compile, method):
    shape = SHAPES[shape]
    x = np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape)
    exact = [np.log(x + 2), 1 / (x + 2), -1 / (x + 2) ** 2, 2 / (x + 2) ** 3]
    got = ng.derivatives(lambda x: tf.math.log(x + 2), 3, method=method, jit_compile=jit_compile)(x)
    for g, e in zip(got, exact, strict=True):
        assert g.shape == shape
        np.testing.assert_allclose(g, e, rtol=1e-14)


def test_a_batch_of_none_inside_a_graph():
    g = ng.derivative(lambda x: x**3, 2)
    outer = tf.function(g, input_signature=[tf.TensorSpec([None, 1], tf.float64)])
    for n in (0, 1, 7):
        x = np.linspace(-1, 1, n).reshape(n, 1)
        np.testing.assert_allclose(outer(x), 6 * x, rtol=1e-15)


# f, x, and for every order the leaves of the derivative.
STRUCTURES = {
    "scalar to vector": (
        lambda x: tf.stack([x, x**2, x**3]),
        2.0,
        [[[2, 4, 8]], [[1, 4, 12]], [[0, 2, 12]], [[0, 0, 6]]],
    ),
    "scalar to matrix": (lambda x: x * tf.ones([2, 2], x.dtype), 3.0, [[[[v, v], [v, v]]] for v in (3, 1, 0, 0)]),
    "scalar to pair": (lambda x: (x**2, [tf.exp(0 * x)]), 3.0, [[9, 1], [6, 0], [2, 0], [0, 0]]),
    "dict": (
        lambda x: {"a": x**2, "b": x**3},
        [1.0, 2.0],
        [[[1, 4], [1, 8]], [[2, 4], [3, 12]], [[2, 2], [6, 12]], [[0, 0], [6, 6]]],
    ),
    "row to row": (
        lambda x: tf.concat([x, x**2, x**3], 1),
        [[1.0], [2.0]],
        [[[[1, 1, 1], [2, 4, 8]]], [[[1, 2, 3], [1, 4, 12]]], [[[0, 2, 6], [0, 2, 12]]], [[[0, 0, 6], [0, 0, 6]]]],
    ),
    "column to vector": (lambda x: x[:, 0] ** 3, [[1.0], [2.0]], [[[1, 8]], [[3, 12]], [[6, 12]], [[6, 6]]]),
    "a constant leaf": (lambda x: (x**2, tf.ones_like(x)), [3.0], [[[9], [1]], [[6], [0]], [[2], [0]], [[0], [0]]]),
}


# Each structure by both methods, by one of them with XLA, in turn; tapes, whose time triples with an order, go to order 2.
@pytest.mark.parametrize(
    ("name", "method", "jit_compile"),
    [
        *((name, ("taylor", "tape")[i % 2], None) for i, name in enumerate(STRUCTURES)),
        *((name, ("tape", "taylor")[i % 2], True) for i, name in enumerate(STRUCTURES)),
    ],
)
def test_outputs_of_any_structure(name, jit_compile, method):
    f, x, want = STRUCTURES[name]
    x, order = np.array(x) if np.ndim(x) else np.float64(x), 3 if method == "taylor" else 2
    got = ng.derivatives(f, order, method=method, jit_compile=jit_compile)(x)
    for g, leaves in zip(got, want[: order + 1], strict=True):
        tf.nest.assert_same_structure(g, f(tf.constant(x)))
        for leaf, w in zip(tf.nest.flatten(g), leaves, strict=True):
            assert leaf.dtype == tf.float64
            assert leaf.shape == np.shape(w)
            np.testing.assert_allclose(leaf, w, rtol=1e-14, atol=1e-14)


def test_a_leaf_of_another_dtype_keeps_it():
    got = ng.derivative(lambda x: (x**2, tf.cast(x, tf.float64) ** 3))(tf.constant([2.0]))
    assert [g.dtype for g in got] == [tf.float32, tf.float64]
    np.testing.assert_allclose(got[1], [12.0], rtol=1e-7)


@pytest.mark.quick
@pytest.mark.parametrize("argnum", [1, "y"])
def test_the_argument_by_position_or_by_name(argnum):
    g = ng.derivative(lambda x, y, n=2: x * y**n, 2, argnum=argnum)
    x, y = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    np.testing.assert_allclose(g(x, y, n=3), 6 * x * y)
    np.testing.assert_allclose(g(x, y=y, n=3), 6 * x * y)
    np.testing.assert_allclose(g(x=x, y=y), 2 * x)


def test_mixed_partials_by_name():
    u_tx = ng.derivative(ng.derivative(lambda t, x: t**2 * x**3, argnum="t"), argnum="x")
    t, x = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    for got in (u_tx(t, x), u_tx(t=t, x=x), u_tx(t, x=x)):
        np.testing.assert_allclose(got, 6 * t * x**2)


def test_python_floats_take_keras_floatx():
    g = ng.derivative(lambda x: x**2)
    assert g(3.0).dtype == tf.float32
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        assert g(3.0).dtype == tf.float64
        assert g([3.0, 4.0]).dtype == tf.float64
    finally:
        keras.config.set_floatx(before)


def test_floats_beside_x_take_its_dtype():
    g = ng.derivative(lambda x, a: a * x**2)
    assert float(g(np.float64(3.0), 0.1)) == pytest.approx(0.6, rel=1e-15)


def test_numpy_scalars_and_variables_keep_their_dtype():
    g = ng.derivative(lambda x: x**2)
    for x in (np.float64(3.0), np.float32(3.0), tf.Variable(3.0, dtype=tf.float64), np.float16(3.0)):
        assert g(x).dtype == x.dtype
        assert float(g(x)) == 6.0


CALLS = {
    "Python floats": [1.0, 2.0, 3.0],
    "batch sizes": [np.ones((4, 1)), np.ones((9, 1)), np.ones((1, 1)), np.ones((4, 1)) + 1],
    "vectors": [np.ones(3), np.ones(4), np.ones(1)],
    "batch of one first": [np.ones(1), np.ones(4)],
    "scalars": [np.float64(1), np.float64(2)],
}


@pytest.mark.quick
@pytest.mark.parametrize("jit_compile", [None, True])
@pytest.mark.parametrize("points", CALLS.values(), ids=CALLS)
def test_one_trace_a_signature(points, jit_compile):
    traces = []

    def f(x):
        traces.append(x.shape)
        return tf.sin(x)

    g = ng.derivative(f, 2, jit_compile=jit_compile)
    for x in points:
        np.testing.assert_allclose(g(x), -np.sin(x), rtol=1e-6)
    assert len(traces) == 1


def test_a_float_beside_x_does_not_trace_again():
    traces = []

    def f(x, a):
        traces.append(1)
        return a * x**2

    g = ng.derivative(f)
    assert [float(g(1.0, a)) for a in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert len(traces) == 1


def test_a_function_that_needs_its_batch_size_is_traced_for_each():
    def f(x):
        return tf.stack([x[i] ** (i + 1) for i in range(x.shape[0])])

    g = ng.derivative(f)
    np.testing.assert_allclose(g(np.ones(2)), [1, 2])
    np.testing.assert_allclose(g(np.ones(3)), [1, 2, 3])


def test_inside_a_tf_function_that_it_captures_from():
    @tf.function
    def outer(x, a):
        b = 2 * a
        return ng.derivative(lambda t: b * t**3, 2)(x)

    np.testing.assert_allclose(outer(tf.constant([1.0, 2.0]), tf.constant(3.0)), [36, 72])


@METHODS
@pytest.mark.parametrize("jit_compile", [None, True])
def test_in_a_branch_and_in_a_loop_of_a_tf_function(jit_compile, method):
    g = ng.derivative(lambda x, a: a * x**3, 2, method=method, jit_compile=jit_compile)
    eager = tf.constant([5.0])

    @tf.function
    def outer(x, a):
        if tf.reduce_sum(x) > 0:
            y = g(x, a)
        else:
            y = x
        for _ in tf.range(2):
            y += g(x, a)
        return y + g(eager, a)

    np.testing.assert_allclose(outer(tf.constant([2.0]), tf.constant(3.0)), [3 * 36 + 90])
    np.testing.assert_allclose(outer(tf.constant([-2.0]), tf.constant(3.0)), [-2 - 2 * 36 + 90])


def test_autograph_reaches_f():
    def f(x):
        y = tf.zeros_like(x)
        for i in tf.range(3):
            if tf.reduce_sum(x) > 0:
                y += tf.cast(i, x.dtype) * x**2
        return y

    np.testing.assert_allclose(ng.derivative(f, 2)(np.array([1.0, 2.0])), [6, 6])
    np.testing.assert_allclose(tf.function(ng.derivative(f, 1))(np.array([1.0, 2.0])), [6, 12])


@pytest.mark.parametrize(("method", "jit_compile"), [("taylor", None), ("taylor", True), ("tape", True)])
def test_an_outer_tape_by_weights(jit_compile, method):
    w = tf.Variable(2.0, dtype=tf.float64)
    x = np.array([0.0, 1.0, -2.0])
    u_xx = ng.derivative(lambda x: (w * x) ** 3 + tf.sin(w * x), 2, method=method, jit_compile=jit_compile)

    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(u_xx(x))
        return tape.gradient(loss, w)

    exact = np.sum(18 * 2**2 * x - 2 * 2 * np.sin(2 * x) - 2**2 * x * np.cos(2 * x))
    for call in (gradient, tf.function(gradient, jit_compile=jit_compile)):
        np.testing.assert_allclose(call(), exact, rtol=1e-13)


@METHODS
@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_a_model_is_a_function(library, method):
    rng = np.random.default_rng(0)
    model = library.Sequential([library.layers.Dense(4, activation="tanh"), library.layers.Dense(2)])
    model.build((None, 1))
    weights = [rng.normal(size=w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    (a, b, c, _), x = weights, np.linspace(-1, 1, 6).reshape(6, 1)
    t = np.tanh(x @ a + b)
    want = (-2 * t * (1 - t**2) * a**2) @ c
    np.testing.assert_allclose(ng.derivative(model, 2, method=method)(x.astype("float32")), want, rtol=2e-5, atol=2e-6)


def test_a_model_is_trained_through_its_derivative():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1, use_bias=False)])
    x = np.linspace(-1, 1, 16, dtype="float32").reshape(16, 1)
    model.build((None, 1))
    u_xx = ng.derivative(model, 2)
    optimizer = keras.optimizers.Adam(0.05)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((u_xx(x) - 1) ** 2)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=False)
        )
        return loss

    first = float(step())
    for _ in range(60):
        last = float(step())
    assert last < 0.05 * first


FUNCTIONS = {
    "tf.function": lambda: tf.function(lambda x: x**3 * tf.sin(x)),
    "calls a tf.function": lambda: (lambda inner: lambda x: inner(x) + 0 * x)(tf.function(lambda x: x**3 * tf.sin(x))),
    "tf.function of XLA": lambda: tf.function(lambda x: x**3 * tf.sin(x), jit_compile=True),
    "concrete function": lambda: tf.function(lambda x: x**3 * tf.sin(x)).get_concrete_function(
        tf.TensorSpec([None], tf.float64)
    ),
    "partial": lambda: functools.partial(lambda a, x: x**3 * tf.sin(a * x), 1.0),
    "object": lambda: type("F", (), {"__call__": lambda self, x: x**3 * tf.sin(x)})(),
}


# By tapes only what holds another graph: nothing else of f reaches an engine.
@pytest.mark.parametrize(
    ("name", "method"),
    [
        *((name, "taylor") for name in FUNCTIONS),
        *((name, "tape") for name in ("calls a tf.function", "tf.function of XLA", "concrete function")),
    ],
)
def test_anything_that_can_be_called(name, method):
    x = np.array([0.0, 0.5, -1.5])
    want = 6 * x * np.sin(x) + 6 * x**2 * np.cos(x) - x**3 * np.sin(x)
    np.testing.assert_allclose(ng.derivative(FUNCTIONS[name](), 2, method=method)(x), want, rtol=1e-13, atol=1e-15)


def test_a_derivative_of_a_derivative():
    x = np.array([0.0, 0.5, -1.5])
    twice = ng.derivative(ng.derivative(lambda x: x**4 + tf.exp(x), 2), 2)
    np.testing.assert_allclose(twice(x), 24 + np.exp(x), rtol=1e-13)


def test_a_loaded_saved_model(tmp_path):
    module = tf.Module()
    module.f = tf.function(lambda x: x**3, input_signature=[tf.TensorSpec([None], tf.float64)])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(ng.derivative(loaded.f, 4)(np.array([0.0, 1.0])), [0, 0])
    np.testing.assert_allclose(ng.derivative(loaded.f, 2)(np.array([0.0, 1.0])), [0, 6])


def test_a_function_typed_at_a_prompt_is_not_warned_about(caplog):
    names = {"tf": tf, "__name__": "__main__"}
    exec(compile("f = lambda x: tf.math.log(x + 2.0)", "<stdin>", "exec"), names)
    np.testing.assert_allclose(ng.derivative(names["f"], 2)(np.array([1.0])), [-1 / 9])
    assert not caplog.records


IDENTITIES = {"x": lambda x: x, "pair": lambda x: (x, [x]), "variable": lambda x: tf.identity(x)}


@pytest.mark.parametrize("f", IDENTITIES.values(), ids=IDENTITIES)
def test_the_identity(f):
    x = np.array([3.0, 4.0])
    for got, want in zip(ng.derivatives(f, 3)(x), (x, 1, 0, 0), strict=True):
        for leaf in tf.nest.flatten(got):
            np.testing.assert_array_equal(leaf, want + 0 * x)


@pytest.mark.quick
def test_order_0_is_f():
    np.testing.assert_array_equal(ng.derivative(lambda x: x + 1, 0)(np.array([1.0])), [2.0])
    assert len(ng.derivatives(lambda x: x + 1, 0)(1.0)) == 1


def test_the_name_says_what_it_is():
    assert ng.derivative(tf.sin, 2).__name__ == "derivative_2_of_sin"
