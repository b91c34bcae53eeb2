"""Losses of rows and their gradients in blocks, against TensorFlow's tape on all rows at once."""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

RNG = np.random.default_rng(0)


def variables(dtype="float64", widths=(2, 8, 1)):
    return [tf.Variable(RNG.normal(size=s), dtype=dtype) for s in itertools.pairwise(widths)]


W = variables()


def u(t, x):
    return tf.tanh(tf.concat([t, x], 1) @ W[0]) @ W[1]


def points(n, m=None, dtype="float64"):
    """A set of n points with weights, and one of m."""
    inside = {name: tf.constant(RNG.uniform(0.5, 1, (n, 1)), dtype) for name in ("t", "x", "weight")}
    return (inside, tf.constant(RNG.uniform(-1, 1, (m or n, 2)), dtype))


def nested_tapes(tape):
    def f(inside, edge):
        t, x = inside["t"], inside["x"]
        with tape() as outer:
            outer.watch([t, x])
            with tape() as inner:
                inner.watch([t, x])
                y = u(t, x)
            y_t, y_x = inner.gradient(y, [t, x])
        return (y_t - outer.gradient(y_x, x)) ** 2, tf.reduce_sum(edge, 1) * W[1][0]

    return f


by_name = ng.partials(u, ["t", "xx"])


def by_partials(inside, edge):
    d = by_name(inside["t"], inside["x"])
    return {
        "equation": inside["weight"] * (d["t"] - d["xx"]) ** 2,
        "edge": [(u(edge[:, :1], edge[:, 1:]) - 1) ** 2],
        "penalty": tf.reduce_sum(W[0] ** 2),
    }


def with_columns(inside, edge):
    return tf.sqrt(inside["x"]) * inside["weight"] * tf.ones([1, 3], tf.float64) * W[1][0], edge @ W[0]


def without_gradient(inside, edge):
    """Values that pass no derivative: a mask, an index, a weight that stops the gradient."""
    y = u(inside["t"], inside["x"])
    row = tf.gather(W[0], tf.cast(edge[:, 0] > 0, tf.int32))
    return (
        tf.where(inside["t"] > 0.7, y, tf.stop_gradient(y) * y) ** 2,
        row,
        tf.one_hot(tf.argmax(edge, 1), 2, dtype=edge.dtype) * W[1][:2, 0],
    )


LOSSES = {
    "partials": by_partials,
    "tapes": nested_tapes(lambda: tf.GradientTape(persistent=True)),
    "ng tapes": nested_tapes(lambda: ng.GradientTape(persistent=True)),
    "columns": with_columns,
    "no gradient": without_gradient,
}


@functools.cache
def wanted(name, n, m):
    """Points, and the loss and gradients on all rows: once for all blocks."""
    sets = points(n, m)
    return sets, whole(LOSSES[name], W, *sets)


def whole(f, ws, *sets):
    """The oracle: a tape on all rows."""
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_mean(leaf) for leaf in tf.nest.flatten(tf.function(f, autograph=False)(*sets))])
    return loss, tape.gradient(loss, ws, unconnected_gradients="zero")


def check(got, want, eps=2.3e-16):
    """Compares to a rounding for each of some hundred terms, of the largest number."""
    for a, b in zip(tf.nest.flatten(got), tf.nest.flatten(want), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=300 * eps * max(1, np.abs(b).max()))


# The numbers of rows: two sets of one length, which are traced once for any, or of two lengths.
ROWS = ([(1, 1), (48, 48)], [(50, 7)])


# Each loss with each block, of the two kinds of rows in turn; the partial derivatives with both in blocks of several rows.
@pytest.mark.parametrize(
    ("name", "block", "n", "m"),
    [
        (name, block, n, m)
        for i, name in enumerate(LOSSES)
        for j, block in enumerate([1, 16, None, "auto"])
        for k, rows in enumerate(ROWS)
        for n, m in rows
        if (name, block) == ("partials", 16) or k == (i + j) % 2
    ],
)
def test_every_loss_and_block(name, block, n, m):
    sets, want = wanted(name, n, m)
    check(ng.loss_and_gradients(LOSSES[name], W, block=block)(*sets), want)


@pytest.mark.parametrize(
    ("name", "n", "m", "block"), [("partials", 50, 7, 16), ("ng tapes", 9, 50, 16), ("columns", 48, 4, 24)]
)
def test_compiled(name, n, m, block):
    sets = points(n, m)
    check(ng.loss_and_gradients(LOSSES[name], W, block=block, jit_compile=True)(*sets), whole(LOSSES[name], W, *sets))


@pytest.mark.quick
def test_an_open_length_is_traced_once():
    traces = []

    def f(x):
        traces.append(x.shape)
        return (x * W[0][0, 0]) ** 2

    g = ng.loss_and_gradients(f, W, block=8)
    for n in (1, 8, 21, 100):
        x = tf.random.normal([n, 1], dtype=tf.float64)
        check(g(x), whole(lambda x: (x * W[0][0, 0]) ** 2, W, x))
    assert len(traces) == 2  # the analysis, and the loop
    assert ng.loss_and_gradients(f, W, block=8) is g


@pytest.mark.parametrize(("known", "compiled"), [(True, None), (False, True)])
def test_in_a_callers_function(known, compiled):
    g = ng.loss_and_gradients(by_partials, W, block=16)
    sets = points(50, 7)
    spec = tf.nest.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), sets)
    run = tf.function(g, input_signature=None if known else spec, jit_compile=compiled, autograph=False)
    check(run(*sets), whole(by_partials, W, *sets))


def test_arguments_of_one_length_share_their_rows():
    f = lambda t, x: u(t, x) ** 2  # noqa: E731
    (inside, _), columns = points(50), "tx"
    sets = [inside[c] for c in columns]
    check(ng.loss_and_gradients(f, W, block=16)(*sets), whole(f, W, *sets))


def test_arrays_and_structures_of_variables():
    named = {"in": W[0], "out": (W[1],)}
    x = RNG.uniform(-1, 1, (20, 1))
    loss, gradients = ng.loss_and_gradients(lambda x: u(x, x) ** 2, named, block=8)(x)
    want, (by_in, by_out) = whole(lambda x: u(x, x) ** 2, W, tf.constant(x))
    assert list(gradients) == ["in", "out"]
    check([loss, gradients["in"], gradients["out"][0]], [want, by_in, by_out])


def test_a_table_of_vectors_has_a_dense_gradient():
    table = tf.Variable(RNG.normal(size=(5, 2)))
    f = lambda i: tf.gather(table, i) ** 2  # noqa: E731
    i = tf.constant(RNG.integers(0, 5, 20))
    loss, (gradient,) = ng.loss_and_gradients(f, [table], block=8)(i)
    want, (slices,) = whole(f, [table], i)
    check([loss, gradient], [want, tf.convert_to_tensor(slices)])


def test_variables_without_effect_and_not_trainable():
    fixed, other = tf.Variable(2.0, trainable=False), tf.Variable([1.0, 2.0])
    loss, gradients = ng.loss_and_gradients(lambda x: (fixed * x) ** 2, [fixed, other], block=4)(tf.ones([10]))
    assert [float(loss), float(gradients[0])] == [4.0, 4.0]
    assert gradients[1].numpy().tolist() == [0, 0]


def test_a_row_that_has_no_finite_loss_is_no_fill():
    w = tf.Variable(1.0)
    loss, (gradient,) = ng.loss_and_gradients(lambda x: tf.math.log(w * x), [w], block=4)(
        tf.constant([1.0, 1.0, 1.0, 1.0, 1.0])
    )
    assert [float(loss), float(gradient)] == [0.0, 1.0]
    loss, _ = ng.loss_and_gradients(lambda x: tf.math.log(w * x), [w], block=4)(tf.constant([1.0, 1.0, 1.0, 1.0, 0.0]))
    assert float(loss) == -np.inf


SINGLE = tf.Variable(1.0)
PAIR = tf.ones([4, 1])


def refused(f, *sets, variables=(SINGLE,), **options):
    return lambda: ng.loss_and_gradients(f, list(variables), **options)(*sets)


BLOCK = '. Give the rows of a block, an integer of 1 or more; "auto"; or None for all rows at once.'
WHOLE = ", so that no row has a loss of its own. Take it out of f, or compute all rows at once: block=None."

CASES = {
    "no function": (refused(3), errors.ArgumentError, "f is 3, a int, which cannot be called. Give a function."),
    "block zero": (refused(tf.sin, block=0), errors.ArgumentError, f"block is 0{BLOCK}"),
    "block a bool": (refused(tf.sin, block=True), errors.ArgumentError, f"block is True{BLOCK}"),
    "block a string": (refused(tf.sin, block="all"), errors.ArgumentError, f"block is 'all'{BLOCK}"),
    "no variables": (
        refused(tf.sin, variables=()),
        errors.ArgumentError,
        "variables is empty. Give the variables to differentiate by.",
    ),
    "a number": (
        refused(tf.sin, variables=[1.0]),
        errors.ArgumentError,
        "variables has 1.0, a float, which is no variable. Give variables of TensorFlow or Keras, such as "
        "model.trainable_variables.",
    ),
    "no sets": (
        refused(lambda: SINGLE),
        errors.InputError,
        "No set of points is given. Give g a tensor of rows, or a structure of them, for each set.",
    ),
    "no rows": (
        refused(lambda x: SINGLE * x, tf.ones([0, 1])),
        errors.InputError,
        "Argument 0 has no rows: its shape is (0, 1). Give at least one point.",
    ),
    "a scalar": (
        refused(lambda x, y: SINGLE * x, PAIR, 1.0),
        errors.InputError,
        "Argument 1 is of shape (), and has no rows. Give tensors of shape [rows, ...].",
    ),
    "empty": (
        refused(lambda x, y: SINGLE * x, PAIR, {}),
        errors.InputError,
        "Argument 1 is empty, and has no rows. Give tensors of shape [rows, ...].",
    ),
    "two lengths": (
        refused(lambda x: SINGLE * x[0], [PAIR, PAIR[:3]]),
        errors.InputError,
        "The tensors of argument 0 have 3 and 4 rows. Give tensors of one length, or two arguments.",
    ),
    "nothing": (
        refused(lambda x: None, PAIR),
        errors.OutputError,
        "f returned nothing (None). Return the losses of the rows.",
    ),
    "integers": (
        refused(lambda x: tf.cast(SINGLE * x, tf.int32), PAIR),
        errors.OutputError,
        "Output 0 of f is int32. Return real floating-point losses.",
    ),
    "no dependence": (
        refused(lambda x: x, PAIR),
        errors.DependenceError,
        "The loss depends on none of the variables. Check that f uses them, in TensorFlow ops and without casts to "
        "integers.",
    ),
    "a mean": (
        refused(lambda x: tf.reduce_mean(SINGLE * x), PAIR),
        errors.MixingError,
        f"f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them{WHOLE}",
    ),
    "behind a stop": (
        refused(lambda x: SINGLE * x / tf.stop_gradient(tf.reduce_max(x)), PAIR),
        errors.MixingError,
        f"f mixes the rows of a batch: Max (named 'Max', made at HERE) combines them{WHOLE}",
    ),
    "a count": (
        refused(lambda x: SINGLE * x * tf.cast(tf.reduce_any(x > 2), tf.float32), PAIR),
        errors.MixingError,
        f"f mixes the rows of a batch: Any (named 'Any', made at HERE) combines them{WHOLE}",
    ),
    "another set's row": (
        refused(lambda x, y: SINGLE * x * y[0], PAIR, tf.ones([3, 1])),
        errors.MixingError,
        f"f mixes the rows of a batch: StridedSlice (named 'strided_slice', made at HERE) combines them{WHOLE}",
    ),
    "positions": (
        refused(lambda x: SINGLE * x * tf.cumsum(tf.ones_like(x)), PAIR),
        errors.MixingError,
        f"f mixes the rows of a batch: Cumsum (named 'Cumsum', made at HERE) combines them{WHOLE}",
    ),
    "indices": (
        refused(lambda x: SINGLE * x * tf.cast(tf.range(tf.shape(x)[0])[:, None], tf.float32), PAIR),
        errors.MixingError,
        "Nothing shows that Range (named 'range', made at HERE) keeps the rows of a batch independent. Write that part "
        "of f with other ops, or compute all rows at once: block=None.",
    ),
    "the number of rows": (
        refused(lambda x: SINGLE * x / tf.cast(tf.shape(x)[0], tf.float32), PAIR),
        errors.MixingError,
        "Nothing shows that Cast (named 'Cast', made at HERE) keeps the rows of a batch independent. Write that part "
        "of f with other ops, or compute all rows at once: block=None.",
    ),
    "no proof": (
        refused(lambda x: SINGLE * tf.unique(x[:, 0])[0], PAIR),
        errors.MixingError,
        "Nothing shows that Unique (named 'Unique', made at HERE) keeps the rows of a batch independent. Write that part "
        "of f with other ops, or compute all rows at once: block=None.",
    ),
    "columns first": (
        refused(lambda x: tf.transpose(SINGLE * x), PAIR),
        errors.OutputError,
        "Output 0 of f has the shape [1, rows of set 0]. Return a loss for each row of one set, of shape [rows, ...].",
    ),
    "a vector of no set": (
        refused(lambda x: SINGLE * tf.ones([2]), PAIR),
        errors.OutputError,
        "Output 0 of f has the shape [2]. Return a loss for each row of one set, of shape [rows, ...].",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_refused(case):
    check_refused(case, __file__)


def test_rows_may_be_mixed_if_they_are_computed_at_once():
    f = lambda x: (SINGLE * x - tf.reduce_mean(x)) ** 2  # noqa: E731
    x = tf.constant([1.0, 2.0, 6.0])
    loss, (gradient,) = ng.loss_and_gradients(f, [SINGLE], block=None)(x)
    want, (by_one,) = whole(f, [SINGLE], x)
    check([loss, gradient], [want, by_one], 1.2e-7)
