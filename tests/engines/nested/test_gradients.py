"""Gradients of gradients against TensorFlow's own: which are computed by series, and all of them equal."""

import itertools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.gradients import BY_SERIES, FIRST, accelerated, chain, compare, outcome, outcomes, points, weights

W, V, C = weights(1, 5), weights(5, 1), weights(4, 1)


def net(x):
    return tf.tanh(x @ tf.cast(W, x.dtype)) @ tf.cast(V, x.dtype)


def plane(X):
    return tf.tanh(X @ tf.cast(weights(X.shape[1], 5), X.dtype)) @ tf.cast(V, X.dtype)


def traced(f):
    return tf.function(f, autograph=False)


def looped(x):
    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * x), [0, x])[1]


def branched(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.sin(x) * x, lambda: x)


def of_order(f, order):
    return lambda G, x: chain(G, f(x), x, order)


def orders(f, order):
    return lambda G, x: [*itertools.accumulate([f(x), *[x] * order], lambda y, x: chain(G, y, x, 1))][1:]


# A program of tf.gradients and some inputs, and the inputs. Each gradient but the first is computed by series.
FAST = {
    "a chain": (of_order(net, 4), points(4, 1)),
    "a function": (of_order(lambda x: traced(net)(x) * x, 3), points(4, 1)),
    "functions in functions": (of_order(traced(lambda x: traced(net)(x) * x), 2), points(4, 1)),
    "a loop": (of_order(looped, 2), points(4, 1)),
    "a branch": (of_order(branched, 3), points(4, 1)),
    "map_fn": (of_order(lambda x: tf.map_fn(lambda r: tf.sin(r) * r, x), 2), points(4, 1)),
    "silu": (of_order(lambda x: tf.nn.silu(net(x), beta=2.0), 2), points(4, 1)),
    "keras.activations.silu": (of_order(lambda x: keras.activations.silu(net(x)), 2), points(4, 1)),
    "stop_gradient": (of_order(lambda x: tf.stop_gradient(net(x)) * x**3 * net(x), 2), points(4, 1)),
    "a softmax along a row": (of_order(lambda x: tf.nn.softmax(x @ W) @ V, 2), points(4, 1)),
    "a complex number between": (of_order(lambda x: tf.math.real(tf.exp(tf.complex(x, x * x))), 2), points(4, 1)),
    "another dtype between": (of_order(lambda x: tf.cast(tf.sin(tf.cast(x, tf.float64)), x.dtype), 2),
                              points(4, 1, dtype="float32")),
    "float32": (of_order(net, 3), points(4, 1, dtype="float32")),
    "float16": (of_order(tf.tanh, 2), points(4, 1, dtype="float16")),
    "rows to another axis and back": (of_order(lambda x: tf.transpose(tf.transpose(net(x)) * 2.0) * x, 2), points(4, 1)),
    "a product of gradients": (lambda G, x: chain(G, net(x) * G(net(x), x)[0], x, 2), points(4, 1)),
    "several ys": (lambda G, x: G([G(net(x), x)[0], tf.sin(x)], x), points(4, 1)),
    "y and x itself": (lambda G, x: G([G(net(x), x)[0], x], x), points(4, 1)),
    "y and x, with gradients": (
        lambda G, x, t: G(G([tf.sin(x) * t, x], x, [tf.ones_like(x), tf.sin(t)])[0], t), points(4, 1), points(4, 1)),
    "constant grad_ys": (lambda G, x: G(G(net(x), x)[0], x, [C]), points(4, 1)),
    "ones": (lambda G, x: G(G(net(x), x, tf.ones_like(x))[0], x, grad_ys=[tf.ones([4, 1], x.dtype)]), points(4, 1)),
    "an array": (lambda G, x: G(G(net(x), x)[0], x, np.full([4, 1], 2.0)), points(4, 1)),
    "grad_ys that vary with another": (lambda G, x, t: G(G(net(x), x, tf.sin(t))[0], t), points(4, 1), points(4, 1)),
    "through a branch": (lambda G, x: (lambda g: chain(G, tf.cond(tf.reduce_sum(x) > 0, lambda: g**2, lambda: g), x, 2))(
        G(net(x), x)[0]), points(4, 1)),
    "through a loop": (lambda G, x: G(tf.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, y * y), [0, G(net(x), x)[0]])[1], x), points(4, 1)),
    "in a loop": (lambda G, x: tf.while_loop(
        lambda i, y: i < 2, lambda i, y: (i + 1, y + chain(G, net(y), y, 2)), [0, x])[1], points(4, 1)),
    "in a loop, of a copy of x": (lambda G, x: tf.while_loop(
        lambda i, y: i < 2, lambda i, y: (i + 1, y * (lambda z: chain(G, net(z), z, 2))(tf.identity(x))),
        [0, x])[1], points(4, 1)),
    # columns
    "a column of a gradient by one": (lambda G, x: G(G(net(x), x)[0][:, 0] ** 2, x), points(4, 1)),
    "a slice of a gradient by one": (lambda G, x: G(G(net(x), x)[0][:, 0:1] ** 2, x), points(4, 1)),
    "unstack of a gradient by one": (lambda G, x: G(tf.unstack(G(net(x), x)[0], axis=1)[0] ** 2, x), points(4, 1)),
    "split of a gradient by one": (lambda G, x: G(tf.split(G(net(x), x)[0], 1, 1)[0] ** 2, x), points(4, 1)),
    "[:, j]": (lambda G, X: G(G(plane(X), X)[0][:, 1] ** 2, X)[0][:, 0], points(4, 2)),
    "[:, j:j+1]": (lambda G, X: G(G(plane(X), X)[0][:, 1:2] * plane(X), X)[0][:, 0:1], points(4, 2)),
    "[..., j]": (lambda G, X: G(G(plane(X), X)[0][..., -1], X)[0][..., 0], points(4, 3)),
    "[:, i:j]": (lambda G, X: G(G(plane(X), X)[0][:, 1:3] ** 2, X), points(4, 3)),
    "unstack": (lambda G, X: G(tf.unstack(G(plane(X), X)[0], axis=1)[1], X), points(4, 2)),
    "split": (lambda G, X: G(tf.split(G(plane(X), X)[0], 2, 1)[1] ** 2, X), points(4, 2)),
    "gather": (lambda G, X: G(tf.gather(G(plane(X), X)[0], [1], axis=1) ** 2, X), points(4, 2)),
    "a divergence": (lambda G, X: sum(
        G(G(plane(X), X)[0][:, i : i + 1], X)[0][:, i] for i in range(2)), points(4, 2)),
    "all columns": (lambda G, X: G(G(plane(X), X)[0] ** 2, X), points(4, 2)),
    "the columns apart": (lambda G, X: (lambda t, x: (lambda u: G(G(u, t)[0] * G(u, x)[0], [t, x]))(
        plane(tf.concat([t, x], 1))))(X[:, :1] * 1.0, X[:, 1:] * 1.0), points(4, 2)),
    # mixed partials
    "mixed partials": (lambda G, x, t: [chain(G, chain(G, net(x * t), first, 2), second, 1)
                                       for first, second in ((x, t), (t, x))], points(4, 1), points(4, 1)),
    "x, t, x": (lambda G, x, t: chain(G, chain(G, chain(G, net(x * t), x, 1), t, 1), x, 1), points(4, 1), points(4, 1)),
    "[n] and [n, 1]": (lambda G, x, t: G(G(net(x[:, None] * t), x)[0] ** 2, t), points(4), points(4, 1)),
    # rows that are added or selected, and one row among many
    "the first rows": (lambda G, x: G(G(net(x), x)[0][:3], x), points(4, 1)),
    "rows that follow": (of_order(lambda x: net(tf.concat([x, weights(2, 1)], 0)), 2), points(4, 1)),
    "rows that follow, padded": (lambda G, x: G(tf.pad(G(net(x), x)[0], [[0, 2], [0, 0]]) ** 2, x), points(4, 1)),
    "one row": (of_order(lambda x: net(x + C), 2), points(1, 1)),
}  # fmt: skip
for shape in ([], [1], [4], [0], [4, 1], [0, 1], [1, 1], [4, 3], [0, 3], [4, 10], [1, 10], [2, 3, 4], [4, 1, 1]):
    FAST[f"an x of shape {shape}"] = (of_order(lambda x: tf.sin(x) * x, 3 if shape == [4, 1] else 2), points(*shape))

# A program, its inputs, and why the last gradient is TensorFlow's own.
OWN = {
    "rows mixed by the other": (
        lambda G, x, t: G(G(tf.sin(t) * tf.nn.softmax(x, 0) ** 2, x)[0] ** 2, t), points(4, 1), points(4, 1),
        r"Softmax \(.*\) mixes rows"),
    "rows on two axes": (lambda G, x, t: G(G(tf.sin(x * t), x)[0] ** 2, t), points(4), points(4, 1),
                         r"Mul \(.*\) moves the rows to another axis"),
    "rows of other lengths": (lambda G, x, z: G(G(tf.sin(x * z), z)[0] ** 2, x), points(4, 10), points(1, 10),
                              r"Identity \(.*\) is a gradient by a tensor with other rows"),
    "a sum over the batch": (lambda G, x: G(tf.reduce_sum(G(net(x), x)[0]) * x, x), points(4, 1), r"Sum \(.*\) mixes rows"),
    "other rows": (lambda G, x: G(G(net(x), x)[0][1:], x), points(4, 1), r"StridedSlice \(.*\) mixes rows"),
    "a column of many": (lambda G, x: G(G(tf.sin(x), x)[0][:, 3] ** 2, x), points(4, 10), r"StridedSlice \(.*\) mixes rows"),
    "a row among none": (lambda G, x: G(G(tf.sin(x), x)[0] ** 2, x), points(1, 4), "x has one row"),
    "varying grad_ys": (lambda G, x: G(G(net(x), x)[0], x, [x]), points(4, 1), "the gradient given for a y depends on x"),
    "another dtype": (lambda G, x: G(tf.cast(G(net(x), x)[0], tf.float32) ** 2, x), points(4, 1),
                      r"Pow \(.*\) is float32, and x is float64"),
    "a source of another": (lambda G, x: (lambda h: G(G(net(h), h)[0], x))(2 * x), points(4, 1),
                            "one of the tensors to differentiate by depends on another"),
    "x from outside of a branch": (
        lambda G, x: (lambda g: tf.cond(tf.reduce_sum(x) > 0, lambda: G(g * x, x)[0], lambda: x))(G(net(x), x)[0]),
        points(4, 1), "a tensor belongs to another graph"),
    "Python code": (lambda G, x: G(tf.ensure_shape(tf.py_function(lambda g: g**3, [G(net(x), x)[0]], x.dtype), [4, 1]), x),
                    points(4, 1), r"EagerPyFunc \(.*\) runs a function whose ops cannot be seen"),
    "no path": (lambda G, x: G(tf.floor(G(net(x), x)[0]), x), points(4, 1), "there is no differentiable path"),
    "stop_gradients": (lambda G, x: G(G(net(x), x)[0] * x, x, stop_gradients=[x]), points(4, 1), "stop_gradients is given"),
    "an integer": (lambda G, x: G(G(net(x), x)[0], tf.cast(x, tf.int32)), points(4, 1), "x is int32"),
    "a BatchNormalization in training mode": (
        lambda G, x: chain(G, net(normalization(x, training=True)), x, 2), points(4, 1),
        r"StopGradient \(.*\) is a part of tf.nn.moments"),
    "tf.nn.moments": (lambda G, x: chain(G, tf.tanh(layer(x @ W)) @ V, x, 2), points(4, 1),
                      r"StopGradient \(.*\) is a part of tf.nn.moments"),
}  # fmt: skip
normalization = keras.layers.BatchNormalization(dtype="float64")
layer = keras.layers.LayerNormalization(dtype="float64")


@tf.custom_gradient
def half(x):
    return tf.sin(x), lambda dy: dy * 0.5 * tf.cos(x)


for name, f in {
    "a custom gradient": half,
    "one in a function": traced(half),
    "gradients that pass": lambda x: tf.grad_pass_through(tf.floor)(x) * x,
}.items():
    why = r"IdentityN \(.*\) has a custom gradient"
    OWN[name] = (of_order(lambda x, f=f: f(net(x)) * x, 2), points(4, 1), why)
    OWN[f"{name}, later"] = (lambda G, x, f=f: G(f(G(net(x), x)[0]) * x, x), points(4, 1), why)

# f, whose derivatives are zero from some order on: TensorFlow's own are zeros, or None, and so are those by series.
ENDING = {
    "relu": lambda x: tf.nn.relu(x - 0.5),
    "a relu network": lambda x: tf.nn.relu(x @ W) @ V,
    "x**2": lambda x: x**2,
    "square": tf.square,
    "x * x * x": lambda x: x * x * x,
    "linear": lambda x: 2 * x + 1,
    "a linear network": lambda x: (x @ W + 1) @ V,
    "einsum": lambda x: tf.einsum("ni,ij->nj", x, W) ** 2,
    "abs": lambda x: tf.abs(x - 0.5) * x,
    "maximum": lambda x: tf.maximum(x, 0.5) * x,
    "where": lambda x: tf.where(x > 0.5, x**2, x),
    "clip": lambda x: tf.clip_by_value(x, 0.3, 0.6) * x,
    "leaky_relu": lambda x: tf.nn.leaky_relu(x @ W) @ V,
    "a square in a function": traced(lambda x: x * x),
    "a square in a branch": lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * x, lambda: x),
    "a square in a loop": lambda x: tf.while_loop(lambda i, y: i < 1, lambda i, y: (i + 1, y * y), [0, x])[1],
    "floor": lambda x: tf.floor(x) * x,
}


@pytest.mark.parametrize("name", FAST)
def test_gradients_by_series_are_tensorflows(name):
    program, *inputs = FAST[name]
    want = outcome(lambda *xs: program(tf.gradients, *xs), inputs)
    found, ways = accelerated(lambda *xs: program(tf.gradients, *xs), inputs)
    compare(found, want)
    assert not isinstance(want, str), want
    assert set(ways) == {BY_SERIES, FIRST}, ways


@pytest.mark.parametrize("name", OWN)
def test_other_gradients_are_tensorflows_own(name):
    program, *inputs, why = OWN[name]
    want = outcome(lambda *xs: program(tf.gradients, *xs), inputs)
    found, ways = accelerated(lambda *xs: program(tf.gradients, *xs), inputs)
    compare(found, want)
    assert not isinstance(want, str), want
    assert BY_SERIES not in ways
    assert any(re.fullmatch(f"TensorFlow's own gradient: {why}", way) for way in ways), ways


@pytest.mark.parametrize("name", ENDING)
def test_none_is_none_and_zeros_are_zeros(name):
    highest = 4 if name == "x * x * x" else 3  # the first that is zero, of all the others at the latest

    def program(x):
        return orders(ENDING[name], highest)(tf.gradients, x)

    compare(accelerated(program, [points(4, 1)])[0], outcome(program, [points(4, 1)]))


def test_a_gradient_given_of_another_shape_is_left_to_tensorflow():
    def program(x):
        (g,) = tf.gradients(net(x), x)
        return tf.gradients(2 * g, x, C[:1])

    compare(accelerated(program, [points(4, 1)])[0], outcome(program, [points(4, 1)]))


# Programs of one x of shape [None, 1], called with other numbers of rows. The last has C, of four rows.
OPEN = {
    "a network": (of_order(net, 2), (0, 1, 4)),
    "products of gradients": (lambda G, x: chain(G, net(x) * G(net(x), x)[0], x, 2), (0, 1, 4)),
    "a slice": (lambda G, x: G(G(net(x), x)[0][:, 0] ** 2, x), (0, 1, 4)),
    "rows that follow": (of_order(lambda x: net(tf.concat([x, C], 0)) * 2.0, 2), (0, 1, 4)),
    "rows that follow a gradient": (lambda G, x: G(tf.pad(G(net(x), x)[0], [[0, 2], [0, 0]]) ** 2, x), (0, 1, 4)),
    "the first rows": (lambda G, x: G(tf.gather(G(net(x), x)[0], [0, 1]) ** 2, x), (2, 4)),
    "the first row": (lambda G, x: G(tf.gather(G(net(x), x)[0], [0]), x), (1, 4)),
    "one row or as many": (of_order(lambda x: net(x * C), 2), (1, 4)),
    "one row or as many, later": (lambda G, x: G(net(x) * C * G(net(x + C), x)[0] ** 2, x), (1, 4)),
}


@pytest.mark.parametrize("name", OPEN)
def test_any_number_of_rows(name):
    program, counts = OPEN[name]
    signature = [tf.TensorSpec([None, 1], tf.float64)]
    calls = [[points(n, 1)] for n in counts]
    wanted = outcomes(lambda x: program(tf.gradients, x), calls, signature)
    found, ways = accelerated(lambda x: program(tf.gradients, x), calls, signature, way=outcomes)
    for got, want in zip(found, wanted, strict=True):
        compare(got, want)
        assert not isinstance(want, str), want
    assert ways[-1] == BY_SERIES


def test_an_x_of_unknown_rank():
    program = of_order(lambda x: tf.sin(x) * x, 2)
    signature = [tf.TensorSpec(None, tf.float64)]
    want = outcome(lambda x: program(tf.gradients, x), [points(4, 1)], signature)
    found, ways = accelerated(lambda x: program(tf.gradients, x), [points(4, 1)], signature)
    compare(found, want)
    assert ways == ["TensorFlow's own gradient: the rank of x is unknown"]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_numbers_of_rows_that_differ_are_an_error(jit_compile):
    """One row of x, and many of t: no number of the mixed derivative is a derivative by a row. XLA has no assertions."""

    def program(x, t):
        (u_x,) = tf.gradients(net(x * t), x)
        return tf.gradients(u_x**2, t)

    signature = [tf.TensorSpec([None, 1], tf.float64)] * 2
    calls = [[points(rows, 1), points(rows, 1)] for rows in (0, 1, 4)]
    wanted = outcomes(program, calls, signature, jit_compile=jit_compile)
    differing = [points(1, 1), points(4, 1)]
    options = {"way": outcomes, "jit_compile": jit_compile}
    (*found, last), _ = accelerated(program, [*calls, differing], signature, **options)
    for got, want in zip(found, wanted, strict=True):
        compare(got, want)
    assert isinstance(last, str)
    if not jit_compile:
        assert (
            "[The tensors to differentiate by, xs_0:0, xs_1:0, have different numbers of rows. Broadcast them before.]"
            in last
        )


def test_a_variable_that_changes():
    """A function that reads it is computed a second time by series: after the change, it would read another value."""
    variable = tf.Variable(points(1, 5))
    network = traced(lambda x: tf.tanh(x @ variable) @ V)
    change = traced(lambda: variable.assign_add(tf.ones_like(variable)))
    branch = lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: network(x), lambda: x)  # noqa: E731
    op = lambda x: tf.tanh(x @ variable) @ V  # noqa: E731

    def program(f, order, change):
        def inner(x):
            variable.assign(points(1, 5))
            g = chain(tf.gradients, f(x), x, order)
            change()
            return g, tf.gradients(g, x)

        return inner

    here = lambda: variable.assign_add(tf.ones_like(variable))  # noqa: E731
    for f, order, by in ((network, 1, change), (network, 2, here), (branch, 1, here), (op, 1, change), (op, 2, here)):
        want = outcome(program(f, order, by), [points(4, 1)])
        found, ways = accelerated(program(f, order, by), [points(4, 1)])
        compare(found, want)
        assert (ways[-1] == BY_SERIES) == (f is op)
        if f is not op:
            assert re.fullmatch(r"TensorFlow's own gradient: .* changes a variable after .* read it", ways[-1]), ways
