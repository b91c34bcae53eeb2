"""Variables that f changes, its random draws and its Python code, by power series."""

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

POINTS = np.array([-0.75, 0.5, 1.25])


def test_a_count_of_the_calls_is_kept():
    count = tf.Variable(0)

    @tf.function(autograph=False)
    def f(x):
        count.assign_add(1)
        return x * x * x

    g = ng.derivative(lambda x: f(x) + x, 2, method="taylor")
    for n in (1, 2):
        np.testing.assert_allclose(g(POINTS), 6 * POINTS)
        assert int(count) == n


def test_a_variable_that_is_changed_and_read_is_refused():
    scale = tf.Variable(1.0, dtype=tf.float64)

    @tf.function(autograph=False)
    def f(x):
        y = scale * x * x
        scale.assign_add(1.0)
        return y

    with pytest.raises(
        ng.errors.UnsupportedOpError, match=r"^AssignAddVariableOp \(named 'AssignAddVariableOp', made at"
    ) as error:
        ng.derivative(lambda x: f(x) + x, 2, method="taylor")(POINTS)
    assert "changes a variable that f(x) reads" in str(error.value)


def called(f):
    return tf.function(f, autograph=False)()


# How a function reads and how it changes a variable: itself, or by what it calls.
STATES = {
    "a function": called,
    "a function of a function": lambda f: called(lambda: called(f)),
    "a branch": lambda f: tf.cond(tf.constant(1.0) > 0, f, lambda: tf.constant(0.0, tf.float64)),
    "a loop": lambda f: tf.while_loop(
        lambda i, y: i < 1, lambda i, y: (i + 1, y + f()), (0, tf.constant(0.0, tf.float64))
    )[1],
}


@pytest.mark.parametrize("writes", [lambda f: f(), *STATES.values()], ids=["itself", *STATES])
@pytest.mark.parametrize("reads", [lambda f: f(), *STATES.values()], ids=["itself", *STATES])
def test_a_variable_that_is_changed_and_read_by_what_is_called(reads, writes):
    scale, other = (tf.Variable(3.0, dtype=tf.float64, name=name) for name in ("scale", "other"))

    def of(changed):
        def write():
            changed.assign_add(1.0)
            return tf.constant(0.0, tf.float64)

        @tf.function(autograph=False)
        def f(x):
            y = reads(scale.read_value) * x * x
            writes(write)
            return y

        return ng.derivative(lambda x: f(x) + x, 2, method="taylor")

    with pytest.raises(ng.errors.UnsupportedOpError, match="changes a variable that f\\(x\\) reads"):
        of(scale)(POINTS)
    np.testing.assert_allclose(of(other)(POINTS), 6 + 0 * POINTS)


def test_a_draw_that_changes_state_is_refused():
    generator = tf.random.Generator.from_seed(1)
    f = tf.function(lambda x: x * x * generator.normal([], dtype=x.dtype), autograph=False)
    with pytest.raises(ng.errors.UnsupportedOpError, match="RngReadAndSkip"):
        ng.derivative(lambda x: f(x) + x, 2, method="taylor")(POINTS)


def drawn(x):
    return x * x * x * tf.random.normal([], dtype=x.dtype)


@pytest.mark.parametrize(
    "f",
    [
        tf.function(drawn, autograph=False),
        lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: drawn(x), lambda: x),
        lambda x: tf.while_loop(lambda i, y: i < 1, lambda i, y: (i + 1, drawn(y)), (0, x))[1],
    ],
    ids=["function", "cond", "while_loop"],
)
def test_a_draw_is_the_same_at_all_orders(f):
    g = ng.derivatives(lambda x: 1.0 * f(x), 3, method="taylor")
    y, *slopes = (t.numpy() for t in g(POINTS))
    draw = slopes[2][0] / 6
    for got, want in zip([y, *slopes[:2]], (POINTS**3, 3 * POINTS**2, 6 * POINTS), strict=True):
        np.testing.assert_allclose(got, draw * want, rtol=1e-13)
    assert g(POINTS)[3].numpy()[0] != slopes[2][0]


PYTHON = {
    "EagerPyFunc": lambda x: tf.ensure_shape(tf.py_function(lambda t: t * t, [x], tf.float64), [3]),
    "PyFunc": lambda x: tf.ensure_shape(tf.numpy_function(np.sin, [x], tf.float64), [3]),
    "PyFuncStateless": lambda x: tf.ensure_shape(tf.numpy_function(np.sin, [x], tf.float64, stateful=False), [3]),
}


@pytest.mark.parametrize("name", PYTHON)
def test_python_code_is_refused(name):
    f = PYTHON[name]
    for g in (f, lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: f(x), lambda: x)):
        with pytest.raises(ng.errors.UnsupportedOpError) as error:
            ng.derivative(g, 1, method="taylor")(POINTS)
        assert str(error.value).startswith(f"{name} (named '")
        assert f"made at {__file__}:" in str(error.value)
