"""A matrix product with a coefficient that is the same in every row is made of one row."""

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad.engines.taylor import rows

WEIGHTS = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def _made():
    """Tensors of a graph, each with whether its rows are the same and can be seen to be."""
    t = tf.compat.v1.placeholder(tf.float64, [None, 1])
    one, zero = tf.ones_like(t), tf.zeros_like(t)
    return {
        "ones": (one, 0, True),
        "twice": (one * 2.0, 0, True),
        "negative": (-tf.cast(one, tf.float32), 0, True),
        "side by side": (tf.concat([zero, one], 1), 0, True),
        "one above the other": (tf.concat([zero, one], 0), 0, False),
        "along the axis": (tf.concat([zero, one], -1), 1, False),
        "times a row": (one * tf.constant([[2.0, 3.0]], tf.float64), 0, True),
        "times a column": (tf.ones([2, 1], tf.float64) * tf.constant([[2.0], [3.0]], tf.float64), 0, False),
        "times what is fed": (one * t, 0, False),
        "constant": (tf.constant([[1.0, 2.0], [1.0, 2.0]]), 0, True),
        "constant that is not": (tf.constant([[1.0, 2.0], [1.0, 3.0]]), 0, False),
        "spread": (tf.broadcast_to(tf.constant([[1.0, 2.0]]), [3, 2]), 0, True),
        "spread from below": (tf.broadcast_to(tf.constant([1.0, 2.0]), [3, 2]), 0, True),
        "spread along another": (tf.broadcast_to(tf.constant([[1.0], [2.0]]), [2, 3]), 0, False),
        "directions": (tf.broadcast_to(tf.eye(2)[:, None], [2, 4, 2]), 1, True),
        "directions, by themselves": (tf.broadcast_to(tf.eye(2)[:, None], [2, 4, 2]), 0, False),
        "fed": (t, 0, False),
    }


def test_what_is_seen_is_so():
    with tf.Graph().as_default() as graph:
        made = _made()
        seen = {name: rows.alike(c, axis) for name, (c, axis, _) in made.items()}
        with tf.compat.v1.Session(graph=graph) as session:
            feed = {graph.get_tensor_by_name("Placeholder:0"): [[1.0], [2.0], [3.0]]}
            values = session.run({name: c for name, (c, *_) in made.items()}, feed)
    assert seen == {name: expected for name, (*_, expected) in made.items()}
    for name, (_, axis, _) in made.items():
        same = bool((values[name] == values[name].take([0], axis)).all())
        assert same == seen[name], name


def _first_layer(t, x):
    return tf.sin(tf.concat([t, 2.0 * x], 1) @ tf.constant(WEIGHTS)) @ tf.ones([3, 1], tf.float64)


@pytest.mark.parametrize("jit_compile", [None, True])
@pytest.mark.parametrize("batch", [0, 1, 4])
def test_partials_by_one_row(batch, jit_compile):
    g = ng.partials(_first_layer, ["t", "xx", "tx"], jit_compile=jit_compile)
    t, x = np.linspace(0, 1, 2 * batch).reshape(2, batch, 1)

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float64)] * 2)
    def inside(t, x):  # where no rows are allowed too
        return g(t, x)

    made = inside(t, x)
    z = t * WEIGHTS[0] + 2 * x * WEIGHTS[1]
    expected = {
        "t": np.cos(z) @ WEIGHTS[0],
        "xx": -np.sin(z) @ (2 * WEIGHTS[1]) ** 2,
        "tx": -np.sin(z) @ (2 * WEIGHTS[0] * WEIGHTS[1]),
    }
    for name, value in expected.items():
        assert made[name].shape == (batch, 1)
        np.testing.assert_allclose(made[name][:, 0], value, rtol=1e-13, atol=1e-14)


def _products(graph):
    """The numbers of rows of the left sides of the matrix products."""
    return sorted(op.inputs[0].shape[0] for op in graph.get_operations() if op.type == "MatMul")


def test_the_first_layer_is_multiplied_by_one_row():
    g = tf.function(ng.partials(_first_layer, ["t", "x"]), autograph=False)
    graph = g.get_concrete_function(*[tf.TensorSpec([4, 1], tf.float64)] * 2).graph
    assert _products(graph) == [1, 1, 4, 4, 4, 4]  # the first layer's by t and by x; both of f; the second layer's


@pytest.mark.parametrize("transposed", [False, True])
def test_a_transposed_factor_keeps_its_rows(transposed):
    x, v = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 5.0], [1.0, 5.0]])

    def f(x):
        return tf.matmul(x, WEIGHTS, transpose_a=transposed)

    slope = ng.taylor(lambda x: f(x * tf.broadcast_to(v[:1], [2, 2])), 1)(x, np.ones_like(x))[1]
    np.testing.assert_allclose(slope, (v.T if transposed else v) @ WEIGHTS, rtol=1e-14)


def test_the_weights_behind_one_row_are_trained():
    w = tf.Variable(WEIGHTS)
    x = tf.constant([[0.5], [1.0], [2.0]], tf.float64)

    def u(t, x):
        return tf.reduce_sum(tf.sin(tf.concat([t, x], 1) @ w), 1, keepdims=True)

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(ng.partials(u, ["x"])(x, x)["x"])
    z = x.numpy() * WEIGHTS.sum(0)  # u_x = sum_j cos(z_j) w_1j
    by_hand = np.stack([-(x.numpy() * np.sin(z)).sum(0) * WEIGHTS[1]] * 2) + np.stack(
        [0 * WEIGHTS[0], np.cos(z).sum(0)]
    )
    np.testing.assert_allclose(tape.gradient(loss, w), by_hand, rtol=1e-13)
