"""TensorFlow's graph optimizer changes results; it does not change those of the functions that nthgrad traces."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from support import programs

import nthgrad as ng
from nthgrad.engines.grappler import guarded


def second(x):
    """Output 1 of an op: x beside something else of other values."""
    return tf.unstack(tf.stack([x - 7.0, x], -1), axis=-1)[1]


def split(x):
    return tf.split(tf.concat([x - 7.0, x], 0), 2)[1]


def looped(x):
    return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * tf.stack([second(x)] * 2)[0]), (0, x))[1]


def branched(x):
    return tf.cond(
        tf.reduce_sum(x) > 0.0, lambda: tf.reduce_prod(tf.stack([second(x)] * 2), 0), lambda: tf.zeros_like(x)
    )


def extreme(op, function, part=second):
    """The larger or smaller of function(x) and function(x), along an axis of length 1."""
    return lambda x: op(function(part(x[:, None])), 1)


SQUARE = [lambda x: x**2, lambda x: 2 * x, lambda x: 2 + 0 * x]
EXP = [np.exp] * 3
# A program, and its derivatives of order 0 to 2.
RIGHT = {
    "a stack": (lambda x: tf.reduce_prod(tf.stack([second(x)] * 2), 0), SQUARE),
    "a stack of splits": (lambda x: tf.reduce_prod(tf.stack([split(x)] * 2), 0), SQUARE),
    "a stack of stacks": (lambda x: tf.reduce_prod(tf.stack([tf.stack([second(x)])] * 2), [0, 1]), SQUARE),
    "a stack of copies": (
        lambda x: tf.reduce_prod(tf.stack([tf.identity(second(x)), tf.reshape(second(x), x.shape)]), 0),
        SQUARE,
    ),
    "a stack in a branch": (branched, SQUARE),
    "a stack in a loop": (looped, [lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x]),
    "a maximum": (extreme(tf.reduce_max, tf.exp), EXP),
    "a minimum": (extreme(tf.reduce_min, tf.exp), EXP),
    "a maximum of a split": (extreme(tf.reduce_max, tf.exp, split), EXP),
}
METHODS = pytest.mark.parametrize("method", ["taylor", "tape"])


# Both engines, where an op, a loop and a maximum go wrong; the others are variants of them.
TAPED = ["a stack", "a stack in a loop", "a maximum"]


@pytest.mark.parametrize(("name", "method"), [*((n, "taylor") for n in RIGHT), *((n, "tape") for n in TAPED)])
def test_a_derivative_is_that_of_the_function_as_it_is_eagerly(name, method):
    f, expected = RIGHT[name]
    x = tf.constant([1.0, 2.0, 0.5], tf.float64)
    expected = [g(x.numpy()) for g in expected]
    np.testing.assert_allclose(f(x), expected[0], 1e-14)
    g = ng.derivatives(f, 2, method=method)
    fixed = tf.function(g, input_signature=[tf.TensorSpec([3], tf.float64)], autograph=False)
    alone = tf.function(ng.derivative(f, 0, method=method), autograph=False)  # derivatives would keep what f computes
    for result in (g(x), fixed(x), [alone(x)]):
        for y, right in zip(result, expected, strict=False):
            np.testing.assert_allclose(y, right, 1e-13, 1e-13)


MULTIPLES = {
    "a product": lambda x: tf.maximum(x, 2.0 * x),
    "a product with a tensor": lambda x: tf.maximum(x * tf.constant([2.0]), x),
    "a sum": lambda x: tf.maximum(x, x + x),
    "a quotient": lambda x: tf.maximum(tf.identity(x), x / 0.5),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", MULTIPLES)
def test_a_maximum_of_multiples_is_no_leaky_relu(name):
    x = tf.constant([0.125, 3.0, -1.0])
    for order, right in enumerate([[0.25, 6.0, -1.0], [2.0, 2.0, 1.0]]):
        g = ng.derivative(MULTIPLES[name], order)
        for y in (g(x), tf.function(g, autograph=False)(x)):
            np.testing.assert_array_equal(y, right)


def product(p):
    """x**2 of a point (t, x)."""
    _, x = tf.unstack(p, axis=-1)
    return tf.reduce_prod(tf.stack([x, x]), 0)


P = np.array([[1.0, 3.0], [2.0, 5.0], [6.0, 4.0]])
X = P[:, 1]
# The operators of `product`, and what they give at P.
OPERATORS = {
    "gradient": (lambda: ng.gradient(product), np.stack([0 * X, 2 * X], -1)),
    "hessian": (lambda: ng.hessian(product), np.array([[[0, 0], [0, 2.0]]] * 3)),
    "hvp": (lambda: lambda p: ng.hvp(product)(p, tf.ones_like(p)), np.array([[0, 2.0]] * 3)),
    "laplacian": (lambda: ng.laplacian(product), 2 + 0 * X),
    "jacobian": (lambda: ng.jacobian(lambda p: product(p)[..., None]), np.stack([0 * X, 2 * X], -1)[:, None]),
    "divergence": (lambda: ng.divergence(lambda p: tf.stack([product(p)] * 2, -1)), 2 * X),
    "partials": (lambda: lambda p: ng.partials(product, ["x"], coords="tx")(p)["x"], 2 * X),
    "taylor": (lambda: lambda p: ng.taylor(product, 1)(p, tf.ones_like(p))[1], 2 * X),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name):
    make, expected = OPERATORS[name]
    p = tf.constant(P)
    g = make()
    for result in (g(p), tf.function(lambda p: g(p), autograph=False)(p)):
        np.testing.assert_allclose(result, expected, 1e-13)


def test_a_saved_derivative(tmp_path):
    f, expected = RIGHT["a stack"]
    ng.export.saved_model(ng.derivatives(f, 1), str(tmp_path / "g"), tf.TensorSpec([3], tf.float64))
    x = tf.constant([1.0, 2.0, 0.5], tf.float64)
    for y, g in zip(tf.saved_model.load(str(tmp_path / "g"))(x), expected, strict=False):
        np.testing.assert_allclose(y, g(x.numpy()), 1e-14)


@METHODS
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("shapes", [([7],), ([7, 1], [7])])
def test_a_reshape_to_another_size_fails(order, method, shapes):
    def f(x):
        for shape in shapes:
            x = tf.reshape(x, shape)
        return x

    g = ng.derivative(f, order, method=method)
    with pytest.raises(ValueError, match="Cannot reshape a tensor with 3 elements"):
        g(np.ones(3))
    np.testing.assert_array_equal(g(np.ones(7)), np.ones(7))


STEPS = st.tuples(
    st.sampled_from(list(programs.STEPS)) | st.sampled_from(["split", "split_v", "stack_equal", "unstack", "max_pool"]),
    st.sampled_from([0, 0, 1, 2, 3]),
    st.sampled_from([0, 0, 1, 2, 3]),
    st.integers(0, 3),
)


@settings(max_examples=settings().max_examples * 2 // 10)
@given(
    st.lists(STEPS, min_size=2, max_size=8),
    st.sampled_from([(2, 2), (3,), (2, 3), (2, 1, 3), (3, 2)]),
    st.sampled_from([programs.run, programs.gradients]),
)
def test_random_programs(steps, shape, compute):
    values = itertools.islice(itertools.cycle([3, -1, 4, -2, 5, 0, 2]), int(np.prod(shape)))
    x = tf.constant(np.reshape(list(values), shape), tf.float64)
    program = programs.exact(steps, x)
    expected = compute(program, x)
    if any(float(tf.reduce_max(tf.abs(y))) > 2.0**45 for y in expected):
        return  # a gradient that may have been rounded
    results = tf.function(guarded(lambda x: compute(program, x)), autograph=False)(x)
    for result, right in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, right, str(program))
