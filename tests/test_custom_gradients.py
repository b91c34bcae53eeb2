"""One meaning of a tf.custom_gradient for every public function, chosen by `method`."""

import inspect

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import nthgrad as ng
from nthgrad import errors
from nthgrad._call.arguments import checked_engine

X = np.array([0.5, 1.5, -0.7])


@tf.custom_gradient
def cube(x):
    """Computes x**3, but says that its slope is exp(-x)."""
    return x * x * x, lambda dy: dy * tf.exp(-x)


def slopes(method, x, order=1):
    """The derivative of the cube that a method is to take."""
    if method == "tape":
        return (-1.0) ** (order - 1) * np.exp(-x)
    return {1: 3 * x**2, 2: 6 * x, 3: 6 + 0 * x, 4: 0 * x}[order]


def test_auto_is_taylor():
    assert checked_engine("auto") is checked_engine("taylor")
    for maker in (
        ng.derivative,
        ng.partials,
        ng.gradient,
        ng.jacobian,
        ng.hessian,
        ng.hvp,
        ng.divergence,
        ng.laplacian,
    ):
        assert inspect.signature(maker).parameters["method"].default == "auto"


CALLS = {"in place": lambda g: g, "called": tf.function, "twice": lambda g: tf.function(lambda x: tf.function(g)(x))}


# Both methods in place; of the two kinds of calls, one for each method, since both are walked alike. There the functions
# that differ in what they do with f's graph: a series, gradients backward, and both.
@pytest.mark.parametrize(
    ("called", "method"), [("in place", "taylor"), ("in place", "tape"), ("called", "tape"), ("twice", "taylor")]
)
def test_every_function_takes_the_same_slope(method, called):
    g = CALLS[called](cube)
    options = {"method": method}
    total = lambda x: tf.reduce_sum(g(x), -1)  # noqa: E731
    first, second = slopes(method, X), slopes(method, X, 2)
    close = lambda got, want: np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)  # noqa: E731
    close(ng.derivative(g, 2, **options)(X), second)
    close(ng.gradient(total, **options)(X), first)
    close(ng.hessian(total, **options)(X), np.diag(second))
    if called != "in place":
        return
    close(ng.derivative(g, 1, **options)(X), first)
    close(ng.partials(lambda t, x: t * g(x), ["xx"], **options)(X, X)["xx"], X * second)
    close(ng.jacobian(g, **options)(X), np.diag(first))  # as many inputs as outputs
    close(ng.jacobian(total, **options)(X), first)  # fewer outputs
    close(ng.jacobian(lambda s: g(s * tf.constant(X)), **options)(tf.constant([1.0], tf.float64))[:, 0], X * first)
    close(ng.hvp(total, **options)(X, X), second * X)
    close(ng.divergence(g, **options)(X), first.sum())
    close(ng.laplacian(total, **options)(X), second.sum())
    close(ng.biharmonic(total, **options)(X), slopes(method, X, 4).sum())
    if method != "tape":
        close(ng.taylor(g, 2)(X, np.ones(3))[1], first)


# Identities between the functions, for random fields with a custom gradient in them.

FIELDS = [
    lambda x: tf.reduce_sum(cube(x), -1),
    lambda x: tf.sin(tf.reduce_sum(x * cube(x), -1)) + tf.reduce_prod(1.0 + cube(x), -1),
    lambda x: tf.reduce_sum(tf.nn.relu(cube(x)) ** 2, -1),
    lambda x: tf.reduce_sum(tf.where(x > 0.0, tf.sqrt(x), cube(x)), -1),
]
# As many points each time, so that each function is traced once.
POINTS = st.lists(st.lists(st.floats(0.1, 1.2), min_size=2, max_size=2), min_size=2, max_size=2)


# Every field by one method, in turn, and by both where the custom gradient lies inside of other ops that have kinks.
@pytest.mark.parametrize(
    ("method", "field"),
    [("tape", 0), ("taylor", 1), ("tape", 2), ("taylor", 2), ("tape", 3)],
)
@settings(max_examples=settings().max_examples * 3 // 10)
@given(points=POINTS)
def test_identities(method, field, points):
    x = np.array(points)
    hessian, gradient, laplacian, hvp, divergence, jacobian = COMPILED[field, method]
    h = np.asarray(hessian(x))
    size = 1e-11 * (1 + np.abs(h).max())
    np.testing.assert_allclose(laplacian(x), np.trace(h, axis1=1, axis2=2), atol=size)
    if (field, method) != (2, "tape"):  # see the next test
        np.testing.assert_allclose(divergence(x), np.trace(h, axis1=1, axis2=2), atol=size)
    np.testing.assert_allclose(hvp(x, x), np.einsum("bij,bj->bi", h, x), atol=size)
    np.testing.assert_allclose(jacobian(x), gradient(x), rtol=1e-12, atol=size)


COMPILED = {
    (i, method): (
        ng.hessian(f, method=method),
        ng.gradient(f, method=method),
        ng.laplacian(f, method=method),
        ng.hvp(f, method=method),
        ng.divergence(ng.gradient(f, method=method), method=method),
        ng.jacobian(f, method=method),
    )
    for i, f in enumerate(FIELDS)
    for method in ("taylor", "tape")
}


def test_tapes_refuse_what_would_lose_a_custom_gradient():
    text = r"f calls a function with a tf.custom_gradient in it, IdentityN .* and other ops have to be repaired"
    with pytest.raises(ng.NthgradError, match=text):
        COMPILED[2, "tape"][4](np.ones((1, 2)))


@pytest.mark.parametrize("method", ["taylor", "tape"])
def test_beside_an_op_whose_gradient_nthgrad_repairs(method):
    """The ops are built again with other gradients: the custom one stays in force by tapes, and only there."""
    f = lambda x: cube(x) + tf.where(x > 0, tf.nn.relu(x) ** 2, tf.zeros_like(x))  # noqa: E731
    for order, of_relu in ((1, 2 * X), (2, 2 + 0 * X)):
        wanted = slopes(method, X, order) + np.where(X > 0, of_relu, 0)
        np.testing.assert_allclose(ng.derivative(f, order, method=method)(X), wanted, rtol=1e-12, atol=1e-12)


def test_a_gradient_that_was_put_in_the_place_of_another_is_walked_through():
    @tf.RegisterGradient("TwiceTheSlopeOfTanh")
    def _twice(op, dy):
        return 2 * dy * (1 - op.outputs[0] ** 2)

    @tf.function
    def g(x):
        with tf.compat.v1.get_default_graph().gradient_override_map({"Tanh": "TwiceTheSlopeOfTanh"}):
            return tf.tanh(x)

    want = 1 - np.tanh(X) ** 2
    np.testing.assert_allclose(ng.gradient(lambda x: tf.reduce_sum(g(x)))(X), want, rtol=1e-12)
    np.testing.assert_allclose(ng.derivative(g)(X), want, rtol=1e-12)
    np.testing.assert_allclose(ng.gradient(lambda x: tf.reduce_sum(g(x)), method="tape")(X), 2 * want, rtol=1e-12)


def test_gradients_of_nthgrads_own_stay_in_force():
    """The series engine gives outer tapes a short way back, which `gradient` may take: it is exact."""
    g = ng.gradient(lambda x: tf.reduce_sum(ng.derivative(tf.tanh, 3)(x)))
    t = np.tanh(X)
    fourth = (1 - t**2) * t * (16 - 24 * t**2)
    np.testing.assert_allclose(g(X), fourth, rtol=1e-11)
    graph = tf.function(g).get_concrete_function(tf.TensorSpec([3], tf.float64)).graph
    assert "nthgrad_exact_gradient" in str(graph.as_graph_def())


@pytest.mark.parametrize("maker", [ng.gradient, ng.jacobian, ng.hessian, ng.hvp, ng.divergence, ng.laplacian])
def test_a_method_that_there_is_not(maker):
    with pytest.raises(ng.NthgradError) as caught:
        maker(tf.sin, method="adjoint")
    assert str(caught.value) == "method is 'adjoint'. The methods are 'auto', 'tape', 'taylor'."


# A custom gradient around a function whose ops cannot be seen: its loop comes from one of TensorFlow's older libraries.

LOGITS = np.random.default_rng(1).normal(size=(1, 3, 3))
LENGTHS = {"label_length": tf.constant([2]), "logit_length": tf.constant([3])}
LABELS = tf.constant([[1, 2]])


def dense(x):
    return tf.nn.ctc_loss(LABELS, x, **LENGTHS, logits_time_major=False, blank_index=0)


def old_dense(x):
    return tf.compat.v1.nn.ctc_loss_v2(LABELS, x, **LENGTHS, logits_time_major=False, blank_index=0)


def sparse(x):
    labels = tf.sparse.from_dense(tf.constant([[1, 1]]))
    return tf.nn.ctc_loss(labels, x, None, LENGTHS["logit_length"], logits_time_major=False, blank_index=-1)


def old_sparse(x):
    labels = tf.sparse.from_dense(tf.constant([[1, 1]]))
    return tf.compat.v1.nn.ctc_loss(labels, x, LENGTHS["logit_length"], time_major=False)


@tf.custom_gradient
def doubled(x):
    """Returns the loss, but says that its slope is twice what it is."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dense(x)
    slope = tape.gradient(y, x)
    return y, lambda dy: 2.0 * dy[:, None, None] * slope


LOSSES = {
    "dense": dense,
    "dense, v2": old_dense,
    "sparse": sparse,
    "sparse, v1": old_sparse,
    "the user's": doubled,
    "between others": lambda x: tf.sin(dense(tf.tanh(x))) + tf.reduce_sum(x * x, [1, 2]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_cannot_be_seen_has_the_first_derivative_that_a_tape_finds(name):
    f, x, v = LOSSES[name], tf.constant(LOGITS, tf.float32), tf.constant(LOGITS[:, ::-1], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = f(x)
    want = tape.gradient(loss, x)
    line = lambda s: f(x + s[:, None, None] * v)  # noqa: E731
    np.testing.assert_allclose(ng.gradient(f)(x), want, rtol=1e-4, atol=1e-5)
    y, slope = ng.derivatives(line, 1)(tf.zeros([1]))
    np.testing.assert_allclose(y, loss, rtol=1e-5)
    np.testing.assert_allclose(slope, [tf.reduce_sum(want * v)], rtol=1e-4, atol=1e-5)


def test_a_loss_that_cannot_be_seen_has_no_second_derivative():
    x = tf.constant(LOGITS, tf.float32)
    with pytest.raises(
        errors.UnsupportedOpError,
        match=r"IdentityN \(named .*\) ends a tf\.custom_gradient around a function whose ops cannot be seen, so its "
        r"derivative is known to order 1 only\. Write that part of f with other ops, or use nthgrad\.finite_difference",
    ):
        ng.derivative(lambda s: dense(x + s[:, None, None]), 2)(tf.zeros([1]))
    for second in (ng.hessian(dense), lambda x: ng.hvp(dense)(x, x)):
        with pytest.raises(errors.UnsupportedOpError, match="runs a function whose ops cannot be seen"):
            second(x)


def test_the_second_derivative_of_a_loss_in_a_function():
    """Its gradient is an output of that function, where no op reads it."""
    x, v = tf.constant(LOGITS, tf.float32), tf.constant(LOGITS[:, ::-1], tf.float32)
    second = ng.derivative(lambda s: sparse(x + s[:, None, None] * v), 2)(tf.zeros([1]))
    np.testing.assert_allclose(tf.reduce_sum(ng.hvp(sparse)(x, v) * v), second[0], rtol=1e-4)
