"""Columns of a gradient: which op selects them, and that nothing is computed for those that nobody reads."""

import numpy as np
import pytest
import tensorflow as tf
from support.gradients import accelerated, compare, outcome, points, weights

import nthgrad as ng
from nthgrad.engines.nested import columns

D = 3
# An op on g of shape [4, 3], and the columns that its outputs are, or None.
SELECTIONS = {
    "[:, 0]": (lambda g: g[:, 0], [0]),
    "[:, -1]": (lambda g: g[:, -1], [2]),
    "[:, 1:2]": (lambda g: g[:, 1:2], [1]),
    "[:, -2:-1]": (lambda g: g[:, -2:-1], [1]),
    "[..., 1]": (lambda g: g[..., 1], [1]),
    "[..., 2:]": (lambda g: g[..., 2:], [2]),
    "[:, ::3]": (lambda g: g[:, ::3], [0]),
    "[:, 2:0:-2]": (lambda g: g[:, 2:0:-2], [2]),
    "unstack": (lambda g: tf.unstack(g, axis=1)[0], [0, 1, 2]),
    "unstack, from the end": (lambda g: tf.unstack(g, axis=-1)[0], [0, 1, 2]),
    "split": (lambda g: tf.split(g, 3, 1)[0], [0, 1, 2]),
    "split, from the end": (lambda g: tf.split(g, 3, -1)[0], [0, 1, 2]),
    "two columns": (lambda g: g[:, 1:], None),
    "some rows": (lambda g: g[1:, 0], None),
    "every other row": (lambda g: g[::2, 0], None),
    "reversed rows": (lambda g: g[::-1, 0], None),
    "a row": (lambda g: g[0], None),
    "an element": (lambda g: g[0, 0], None),
    "a new axis": (lambda g: g[:, None, 0], None),
    "unstack of rows": (lambda g: tf.unstack(g)[0], None),
    "split of rows": (lambda g: tf.split(g, 4)[0], None),
    "split in one": (lambda g: tf.split(g, 1, 1)[0], None),
    "an index that varies": (lambda g: g[:, tf.cast(g[0, 0], tf.int32)], None),
}  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("name", SELECTIONS)
def test_selected_columns(name):
    f, want = SELECTIONS[name]
    found = {}

    @tf.function(autograph=False)
    def outputs(g):
        f(g)
        ops = [op for op in g.graph.get_operations() if op.type in ("Split", "StridedSlice", "Unpack")]
        found.update(whole=columns.whole(ops[-1]) is g, columns=columns.selected(ops[-1]) or None)
        return ops[-1].outputs

    x = points(4, D)
    parts = outputs(tf.constant(x))
    assert found == {"whole": want is not None, "columns": want}
    for y, j in zip(parts, want or [], strict=want is not None):
        np.testing.assert_array_equal(np.reshape(y, [4]), x[:, j])


def field(X):
    return tf.tanh(X @ weights(D, 5)) @ weights(5, 1)


# A loss of the Hessian's column of shape [4, 3], some parts of which are zero or unused.
LOSSES = {
    "a column": lambda g: g[:, 0],
    "two columns": lambda g: g[:, 0] * g[:, 2],
    "unstack": lambda g: tf.unstack(g, axis=1)[1],
    "split": lambda g: tf.split(g, 3, 1)[2],
    "all": lambda g: g,
    "halves of rows": lambda g: tf.split(g, 2, 0)[1],
    "thirds of rows": lambda g: tf.split(g, 3, 0)[2],
    "thirds of rows, the first": lambda g: tf.split(g, 3, 0)[0],
    "rows": lambda g: tf.unstack(g[:3])[1],
    "rows in a new order": lambda g: tf.concat([tf.zeros_like(g[:1]), g[1:2], tf.zeros_like(g[:1])], 0),
    "a column and rows": lambda g: tf.concat([g[:, 0], tf.split(g, 2, 0)[1][:, 1]], 0),
    "a gather": lambda g: tf.gather(g, [1], axis=1),
    "a product with zeros": lambda g: g * tf.constant([0.0, 1.0, 0.0], g.dtype),
    "a transpose": lambda g: tf.transpose(g)[1],
    "a sum": lambda g: tf.reduce_sum(g, 1),
    "a padded part": lambda g: tf.pad(g[:, 1:2], [[0, 0], [1, 1]]) + g[:, ::-1],
}


@pytest.mark.parametrize("name", LOSSES)
def test_weights_are_trained_through_the_columns(name):
    """A gradient that flows back into a stack of columns stops where it is zero, and only there."""
    w = tf.Variable(points(D, 5))

    def program(X):
        u = tf.tanh(X @ w) @ weights(5, 1)
        (u_x,) = tf.gradients(u, X)
        (g,) = tf.gradients(u_x[:, 1], X)
        loss = tf.reduce_sum(LOSSES[name](g) ** 2)
        return loss, tf.gradients(loss, [w])

    want = outcome(program, [points(6, D)])
    assert not isinstance(want, str), want
    compare(accelerated(program, [points(6, D)])[0], want)


def test_no_time_goes_to_columns_that_nobody_reads():
    """Grappler removes them: fewer matrix products run for one column than for all."""

    def program(count):
        def f(X):
            (u_x,) = ng.gradients(field(X), X)
            (g,) = ng.gradients(u_x[:, 0], X)
            return g[:, :count]

        return tf.function(f, autograph=False)

    X = tf.constant(points(4, D))
    assert products_run(program(1), X) < products_run(program(D), X)


def products_run(f, X):
    """The number of matrix products in the graph as TensorFlow runs it."""
    from tensorflow.python.eager import context

    f(X)
    context.enable_run_metadata()
    try:
        f(X)
        metadata = context.export_run_metadata()
    finally:
        context.disable_run_metadata()
    graphs = [g.post_optimization_graph for g in metadata.function_graphs]
    return sum(node.op in ("MatMul", "_FusedMatMul") for g in graphs for node in g.node)
