"""partials against mpmath: names, shapes, structures, shared work and training."""

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from support.keras_models import model_of_two

import nthgrad as ng

METHODS = pytest.mark.parametrize("method", ["tape", "taylor"])


def runs_of(table):
    """Parametrizes by the rows of a table: each by both methods, every other one compiled by one of them, in turn."""
    compiled = {(name, ("tape", "taylor")[i % 2]) for i, name in enumerate(list(table)[::2])}
    runs = [(name, True if (name, m) in compiled else None, m) for name in table for m in ("tape", "taylor")]
    return pytest.mark.parametrize(("name", "jit_compile", "method"), runs)


# u(t, x) in a library that has exp, sin, tanh, log: tf.math, or mpmath.
FIELDS = {
    "heat": lambda m, t, x: m.exp(-t) * m.sin(2 * x),
    "kink": lambda m, t, x: m.tanh(3 * x - t) / (1 + t**2),
    "powers": lambda m, t, x: t**2 * x**3 - 2 * t * x,
    "logarithm": lambda m, t, x: m.log(2 + t**2 + x**4),
}
NAMES = ["", "t", "x", "xx", "tx", "xt", "xxt", "ttxx", "xxxx"]
POINTS = np.array([(0.0, 0.0), (0.25, -0.5), (1.0, 0.75)])


def exact(field, name):
    """One number a point, to 30 digits."""
    with mpmath.workdps(30):
        orders = (name.count("t"), name.count("x"))
        u = lambda t, x: FIELDS[field](mpmath, t, x)  # noqa: E731
        return [float(mpmath.diff(u, (t, x), orders) if any(orders) else u(t, x)) for t, x in POINTS.tolist()]


EXACT = {(field, name): exact(field, name) for field in FIELDS for name in NAMES}


def named(field):
    return lambda t, x: FIELDS[field](tf.math, t, x)


# What each engine takes of the table: tapes, whose graphs grow, as little as shows every kind of name.
TAKEN = {"taylor": (list(FIELDS), NAMES), "tape": (["powers"], ["", "t", "x", "xx", "tx", "xxt"])}


# Each method with both dtypes, hence with both ways to name coordinates, and one of them compiled.
@pytest.mark.parametrize(
    ("dtype", "jit_compile", "method"),
    [("float32", None, "taylor"), ("float64", True, "taylor"), ("float32", True, "tape"), ("float64", None, "tape")],
)
def test_both_ways_to_name_coordinates(dtype, jit_compile, method):
    fields, names = TAKEN[method]

    def u(t, x):
        return {field: FIELDS[field](tf.math, t, x) for field in fields}

    t, x = np.split(POINTS.astype(dtype), 2, axis=1)
    options = {"method": method, "jit_compile": jit_compile}
    if dtype == "float32":
        found = ng.partials(u, names, **options)(t, x)
    else:
        found = ng.partials(lambda z: u(z[:, :1], z[:, 1:]), names, coords="tx", **options)(np.concatenate([t, x], 1))
    assert list(found) == names
    for field in fields:
        scale = max(1.0, max(np.abs(EXACT[field, n]).max() for n in names))
        for name in names:
            got, want = found[name][field], np.reshape(EXACT[field, name], (3, 1))
            assert got.dtype == dtype
            np.testing.assert_allclose(
                got, want, rtol=0, atol=scale * np.finfo(dtype).eps * 60, err_msg=f"{field} {name}"
            )


@pytest.mark.quick
@METHODS
@pytest.mark.parametrize("shape", [(), (3,), (3, 1), (1, 1), (0, 1), (3, 1, 1)], ids=str)
def test_the_shape_of_the_points(shape, method):
    count = int(np.prod(shape))
    t, x = (np.resize(POINTS[:, i], count).reshape(shape) for i in (0, 1))
    g = tf.function(ng.partials(named("heat"), ["tx"], method=method))  # a batch of none is refused outside of a graph
    if count == 0:
        g = g.get_concrete_function(tf.TensorSpec([None, 1], tf.float64), tf.TensorSpec([None, 1], tf.float64))
    got = g(tf.constant(t), tf.constant(x))["tx"]
    assert got.shape == shape
    np.testing.assert_allclose(got, -2 * np.exp(-t) * np.cos(2 * x), rtol=1e-14)


@METHODS
def test_a_field_with_components(method):
    def u(t, x):
        return {"v": t * x**2, "p": (tf.concat([t + x, t * x], -1), tf.sin(x))}

    t, x = np.split(POINTS, 2, axis=1)
    got = ng.partials(u, ["t", "xx"], method=method)(t, x)
    zero = np.zeros_like(t)
    np.testing.assert_allclose(got["t"]["v"], x**2)
    np.testing.assert_allclose(got["t"]["p"][0], np.concatenate([zero + 1, x], 1))
    np.testing.assert_allclose(got["t"]["p"][1], zero)
    np.testing.assert_allclose(got["xx"]["v"], 2 * t)
    np.testing.assert_allclose(got["xx"]["p"][0], np.concatenate([zero, zero], 1))
    np.testing.assert_allclose(got["xx"]["p"][1], -np.sin(x), rtol=1e-14)


@pytest.mark.quick
def test_long_names_other_arguments_and_one_that_is_no_coordinate():
    def u(theta, r, power=2, *, scale=1.0):
        return scale * r**power * tf.cos(theta)

    theta, r = np.split(POINTS, 2, axis=1)
    got = ng.partials(u, [("theta", "theta"), "r", ("r", "theta")])(theta, r, 3, scale=2.0)
    assert list(got) == [("theta", "theta"), "r", ("r", "theta")]
    np.testing.assert_allclose(got["theta", "theta"], -2 * r**3 * np.cos(theta), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(got["r"], 6 * r**2 * np.cos(theta), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(got["r", "theta"], -6 * r**2 * np.sin(theta), rtol=1e-14, atol=1e-15)
    along = ng.partials(u, [("theta",)])(theta, r=r)  # r need not vary, and may be given by name
    np.testing.assert_allclose(along["theta",], -(r**2) * np.sin(theta), rtol=1e-14, atol=1e-15)
    columns = ng.partials(lambda z: u(z[:, 0], z[:, 1]), [("r", "r")], coords=["theta", "r"])(POINTS)
    np.testing.assert_allclose(columns["r", "r"], 2 * np.cos(POINTS[:, 0]), rtol=1e-14)


def test_one_trace_for_all_batch_sizes():
    traces = []

    def u(t, x):
        traces.append(1)
        return t * x

    g = ng.partials(u, ["tx"])
    for count in (3, 5, 1):
        assert g(np.ones((count, 1)), np.ones((count, 1)))["tx"].shape == (count, 1)
    before = len(traces)
    g(np.ones((7, 1)), np.ones((7, 1)))
    assert len(traces) == before


def test_all_names_of_a_call_share_their_work():
    w = [tf.random.stateless_normal(shape, [1, 2]) for shape in ([2, 8], [8, 8], [8, 1])]

    def u(z):
        return tf.tanh(tf.tanh(z @ w[0]) @ w[1]) @ w[2]

    def count(kind, names):
        g = tf.function(ng.partials(u, names, coords="tx"))
        graph = g.get_concrete_function(tf.TensorSpec([None, 2])).graph.as_graph_def()
        return sum(node.op == kind for f in (graph, *graph.library.function) for node in getattr(f, "node_def", []))

    # Three products for u. Of u_t one more in each layer; of u_xx that, and x[2] after the first tanh; the last layer
    # is linear, so that only what is asked for goes through it.
    alone = {("t",): 3 + 3, ("x",): 3 + 3, ("xx",): 3 + 1 + 2 + 1}
    for names, products in {**alone, ("", "t", "x", "xx"): 3 + 3 + 3 + 2, ("t", "xx"): 3 + 3 + 1 + 2 + 1}.items():
        assert count("MatMul", names) == products
        assert count("Tanh", names) == 2


@METHODS
def test_training_through_partials(method):
    """d/dw of the mean of (u_t - u_xx)**2 for u = w[0] exp(w[1] t) sin(w[2] x), against mpmath."""
    weights = [0.7, -0.3, 1.3]
    t, x = np.split(POINTS, 2, axis=1)
    w = tf.Variable(weights, dtype=tf.float64)

    def u(t, x):
        return w[0] * tf.exp(w[1] * t) * tf.sin(w[2] * x)

    g = ng.partials(u, ["t", "xx"], method=method)

    def step():
        with tf.GradientTape() as tape:
            d = g(tf.constant(t), tf.constant(x))
            loss = tf.reduce_mean((d["t"] - d["xx"]) ** 2)
        return tape.gradient(loss, w)

    def loss(a, b, c):
        residuals = [a * mpmath.exp(b * s) * mpmath.sin(c * y) * (b + c * c) for s, y in POINTS.tolist()]
        return sum(r * r for r in residuals) / 3

    want = [float(mpmath.diff(loss, tuple(weights), tuple(int(i == j) for j in range(3)))) for i in range(3)]
    for run in (step, tf.function(step), tf.function(step, jit_compile=True)):
        np.testing.assert_allclose(run(), want, rtol=1e-12)


# f, and its derivative: they do not mix rows, or only by what has no derivative.
APART = {
    "a sum that does not vary": (lambda x: x**2 * tf.reduce_sum(tf.ones_like(x)), lambda x: 6 * x),
    "a constant by stop_gradient": (lambda x: x**2 - tf.stop_gradient(tf.reduce_max(x)), lambda x: 2 * x),
    "a sum along a row": (lambda x: tf.reduce_sum(tf.concat([x, x**2], -1), -1, keepdims=True), lambda x: 1 + 2 * x),
    "a length written into the program": (
        lambda x: tf.reshape(tf.reshape(x, [3, 1]) ** 2, tf.shape(x)),
        lambda x: 2 * x,
    ),
    "map_fn": (lambda x: tf.map_fn(lambda row: row**2, x), lambda x: 2 * x),
    "rows one by one": (lambda x: tf.stack([row**2 for row in tf.unstack(x)]), lambda x: 2 * x),
}


@METHODS
@pytest.mark.parametrize("name", APART)
def test_rows_that_only_look_mixed_are_not(name, method):
    f, slope = APART[name]
    x = POINTS[:, 1:]
    np.testing.assert_allclose(ng.derivative(f, method=method)(x), slope(x), rtol=1e-14)


T, X = np.ones((4, 1)), np.ones((4, 1))
HEAT = named("heat")


# Each structure of both libraries by one method, in turn: it is no matter to an engine.
@pytest.mark.parametrize(
    ("library", "structure", "method", "argnum"),
    [
        ("keras", "list", "taylor", 1),
        ("keras", "tuple", "tape", "x"),
        ("keras", "dict", "taylor", "x"),
        ("tf_keras", "list", "tape", "x"),
        ("tf_keras", "tuple", "taylor", 1),
        ("tf_keras", "dict", "tape", 1),
    ],
)
def test_the_inputs_of_a_model_name_the_coordinates(library, structure, method, argnum):
    model, u = model_of_two({"keras": keras, "tf_keras": tf_keras}[library], structure)
    t, x = tf.constant(POINTS[:, :1]), tf.constant(POINTS[:, 1:])
    want = ng.partials(u, ["t", "xx"])(t, x)
    g = ng.partials(model, ["t", "xx"], method=method)
    for got in (g(t, x), g(x=x, t=t), g(t, x=x, training=False)):
        assert list(got) == ["t", "xx"]
        for name in want:
            np.testing.assert_allclose(got[name], want[name], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ng.derivative(model, 2, argnum=argnum)(t, x), want["xx"], rtol=1e-10, atol=1e-12)


def test_an_input_without_a_name_for_python_has_a_number():
    inputs = [keras.Input((1,), name=name, dtype="float64") for name in ("my-t", "lambda", "x")]
    model = keras.Model(inputs, keras.layers.Multiply(dtype="float64")(inputs))
    got = ng.partials(model, ["x", ("input_0", "input_1")])(T, X, X)
    np.testing.assert_allclose(got["x"], T * X)
    np.testing.assert_allclose(got["input_0", "input_1"], X)


# ---------- scalars among the coordinates

LINE = np.linspace(0.25, 1.0, 5)
SCALARS = {
    "a float": 0.5,
    "an int": 1,
    "a list": [0.5, 0.25, 1.0, 2.0, 3.0],
    "NumPy's": np.float64(0.5),
    "a tensor": tf.constant(0.5, tf.float64),
    "a variable": tf.Variable(0.5, dtype=tf.float64),
}


@runs_of(SCALARS)
def test_a_scalar_coordinate_is_the_same_for_every_point(name, jit_compile, method):
    t = SCALARS[name]
    g = ng.partials(HEAT, ["", "t", "tx"], method=method, jit_compile=jit_compile)
    for x in [LINE] if isinstance(t, list) else [LINE, LINE[:, None]]:
        value = np.asarray(t, "float64")
        want = [np.exp(-value) * np.sin(2 * x), -np.exp(-value) * np.sin(2 * x), -2 * np.exp(-value) * np.cos(2 * x)]
        for got in (g(t, x), g(t=t, x=x), g(t, tf.constant(x)), tf.function(lambda x: g(t, x))(tf.constant(x))):
            for y, w in zip(got.values(), want, strict=True):
                assert (y.dtype, y.shape) == (tf.float64, x.shape)
                np.testing.assert_allclose(y, w, rtol=1e-14)


def test_a_scalar_coordinate_where_f_needs_its_shape():
    def u(t, x):
        return tf.sin(tf.concat([t, x], 1) @ tf.constant([[1.0], [2.0]], x.dtype))

    x = LINE[:, None]
    d = ng.partials(u, ["t", "xx"])(0.5, x)
    np.testing.assert_allclose(d["t"], np.cos(0.5 + 2 * x), rtol=1e-14)
    np.testing.assert_allclose(d["xx"], -4 * np.sin(0.5 + 2 * x), rtol=1e-14)


def test_python_numbers_take_the_dtype_of_the_tensors_beside_them():
    u = lambda t, x, a=1.0: a * t * x  # noqa: E731
    dtypes = {"float16": np.float16(2), "float32": np.float32(2), "float64": np.float64(2)}
    for dtype, two in dtypes.items():
        calls = [((0.5, two), ["t", "x"]), ((two, 1), ["t", "x"]), ((0.5, two), ["t"]), ((0.5, 2.0, two), ["t", "x"])]
        for args, names in calls:
            for y in ng.partials(u, names)(*args).values():
                assert y.dtype == dtype
    assert ng.partials(u, ["t", "x"])(0, 0.5)["t"].dtype == keras.config.floatx()
    assert ng.derivative(lambda x, a: a * x)(1.0, np.float64(2.0)).dtype == tf.float64
    assert ng.hvp(lambda x: x**2)(1.0, tf.constant(2.0, tf.float64)).dtype == tf.float64


@METHODS
def test_an_outer_tape_by_a_scalar_coordinate(method):
    g = ng.partials(HEAT, ["xx"], method=method)

    def slope(t, x):
        with tf.GradientTape() as tape:
            tape.watch(t)
            y = tf.reduce_sum(g(t, x)["xx"])
        return tape.gradient(y, t)

    t, x = tf.constant(0.5, tf.float64), tf.constant(LINE[:, None])
    g = ng.partials(HEAT, ["xx", "t"], method=method)  # t is a coordinate, and broadcast
    for run in (slope, tf.function(slope), tf.function(slope, jit_compile=True)):
        np.testing.assert_allclose(run(t, x), 4 * np.exp(-0.5) * np.sin(2 * LINE).sum(), rtol=1e-14)


# ---------- coordinates that f does not use

UNUSED = {
    "none": lambda t, x: tf.sin(x),
    "its shape": lambda t, x: tf.sin(x) + tf.zeros_like(t),
    "its length": lambda t, x: tf.sin(x) * tf.ones([tf.shape(t)[0], 1], x.dtype),
    "in another output": lambda t, x: (tf.sin(x), {"one": tf.ones_like(x)}),
    "in a function": lambda t, x: inner(t, x),
    "in branches": lambda t, x: tf.cond(x[0, 0] > 9, lambda: inner(t, x), lambda: tf.sin(x)),
}


@tf.function
def inner(t, x):
    return tf.sin(x)


@runs_of(UNUSED)
def test_a_coordinate_that_f_does_not_use(name, jit_compile, method):
    t, x = np.split(POINTS, 2, axis=1)
    names = ["t", "xx", "tx", "ttx", ""]
    got = ng.partials(UNUSED[name], names, method=method, jit_compile=jit_compile)(t, x)
    assert list(got) == names
    for key in ("t", "tx", "ttx"):
        tf.nest.assert_same_structure(got[key], got[""])
        for y in tf.nest.flatten(got[key]):
            np.testing.assert_array_equal(y, np.zeros_like(x))
    np.testing.assert_allclose(tf.nest.flatten(got["xx"])[0], -np.sin(x), rtol=1e-14)


# ---------- names of both kinds


def test_names_of_both_kinds_cross_a_graph():
    names = ["xx", ("x", "t"), "t", ("t",), ("x", "x"), "", "tx"]
    g = ng.partials(HEAT, names)
    t, x = np.split(POINTS, 2, axis=1)
    want = {
        name: np.reshape(EXACT["heat", "".join(name)], (3, 1)) for name in [*NAMES[:6], ("x", "t"), ("t",), ("x", "x")]
    }

    @tf.function
    def traced(t, x):
        return g(t, x), [g(t, x)]

    d, (again,) = traced(tf.constant(t), tf.constant(x))
    stored = tf.nest.map_structure(tf.identity, d)
    streamed = ng.evaluate(g, (t, x), batch_size=2, progress=False)
    for found in (g(t, x), d, again, stored, streamed, dict(d)):
        assert list(found) == names
        assert len(tf.nest.flatten(found)) == len(names)
        for name in names:
            np.testing.assert_allclose(found[name], want[name], rtol=1e-14, atol=1e-15)
    assert repr(list(d)) == repr(names)
    assert "('x', 't')" in repr(d)
    tf.nest.assert_same_structure(d, dict(reversed(d.items())))
    keys = tf.nest.map_structure(lambda name: name, {key: str(key) for key in d})
    assert tf.nest.flatten(keys) == [str(key) for key in ["", "t", "tx", "xx", ("t",), ("x", "t"), ("x", "x")]]


@METHODS
def test_a_column_that_f_does_not_use(method):
    got = ng.partials(lambda z: tf.sin(z[:, :1]), ["t", "x", "tx"], coords="tx", method=method)(POINTS)
    np.testing.assert_allclose(got["t"], np.cos(POINTS[:, :1]))
    assert not np.any(got["x"])
    assert not np.any(got["tx"])
