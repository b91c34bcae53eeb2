"""Broadcasting that is meant: one time or parameter beside a batch of points, and outputs [functions, points]."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

METHODS = pytest.mark.parametrize("method", ["taylor", "tape"])
# Both methods, and each way to run, without the full product.
HOW = pytest.mark.parametrize(("how", "method"), [("eager", "taylor"), ("graph", "tape"), ("compiled", "taylor")])
RNG = np.random.default_rng(6)
X = RNG.normal(size=(5, 1))


def turned(run, how):
    return run if how == "eager" else tf.function(run, jit_compile=how == "compiled")


def wave(t, x):
    return tf.exp(-t) * tf.sin(2 * x)


# One time, and the points that it goes with.
ONE = {
    "a Python number": (0.5, X),
    "a scalar": (np.float64(0.5), X),
    "a variable": (tf.Variable(0.5, dtype=tf.float64), X),
    "a vector of one": (np.array([0.5]), X),
    "a variable of one element": (tf.Variable([0.5], dtype=tf.float64), X),
    "a column of one": (np.array([[0.5]]), X),
    "beside a vector": (np.array([0.5]), X[:, 0]),
    "with a grid": (np.float64(0.5), RNG.normal(size=(2, 3))),
    "beside one point": (np.float64(0.5), X[:1]),
}


# Every form by both methods; in a graph by one of them, in turn; with XLA, which knows shapes only, those that differ.
FORMS = [
    *((name, "eager", method) for name in ONE for method in ("taylor", "tape")),
    *((name, "graph", ("taylor", "tape")[i % 2]) for i, name in enumerate(ONE)),
    ("a scalar", "compiled", "tape"),
    ("a variable of one element", "compiled", "taylor"),
    ("a column of one", "compiled", "tape"),
    ("with a grid", "compiled", "taylor"),
]


@pytest.mark.parametrize(("name", "how", "method"), FORMS)
def test_one_time_for_all_points(name, how, method):
    t, x = ONE[name]
    g = ng.partials(wave, ["", "t", "tx", "xx"], method=method)
    d = turned(lambda x: g(t, x), how)(tf.constant(x))
    u, u_x = np.exp(-0.5) * np.sin(2 * x), 2 * np.exp(-0.5) * np.cos(2 * x)
    for key, want in {"": u, "t": -u, "tx": -u_x, "xx": -4 * u}.items():
        assert d[key].shape == x.shape
        np.testing.assert_allclose(d[key], want, rtol=1e-13, atol=1e-15)


@pytest.mark.quick
@pytest.mark.parametrize("count", [0, 1, 5])
def test_one_time_and_an_open_number_of_points(count):
    spec = [tf.TensorSpec([1], tf.float64), tf.TensorSpec([None, 1], tf.float64)]
    d = tf.function(ng.partials(wave, ["t", "x"]), input_signature=spec)(np.array([0.5]), X[:count])
    np.testing.assert_allclose(d["t"], -np.exp(-0.5) * np.sin(2 * X[:count]), rtol=1e-14)


@pytest.mark.quick
def test_a_parameter_beside_a_batch():
    """A coordinate that is not differentiated by is broadcast by f itself; one that is the same for all may be alone."""
    d = ng.partials(lambda x, c: tf.sin(c * x), ["xx"])(X, 3.0)
    np.testing.assert_allclose(d["xx"], -9 * np.sin(3 * X), rtol=1e-14)
    d = ng.partials(lambda x, c: tf.sin(c * x), ["cc"])(X, np.float64(3.0))
    np.testing.assert_allclose(d["cc"], -(X**2) * np.sin(3 * X), rtol=1e-14)
    got = ng.gradient(wave, argnum=("t", "x"))(0.5, X)
    np.testing.assert_allclose(got, np.exp(-0.5) * np.concatenate([-np.sin(2 * X), 2 * np.cos(2 * X)], 1), rtol=1e-13)


# A DeepONet of four functions: y[i, j] = sum of branch[i, k] sin(w[k] x[j]), with branch = v @ M.
W = np.array([0.5, -1.0, 2.0])
V = RNG.normal(size=(4, 6))
M = RNG.normal(size=(6, 3))
BRANCH = V @ M


def matmul(v, x):
    trunk = tf.sin(tf.reshape(x, [-1, 1]) * tf.constant(W, x.dtype))
    return tf.linalg.matmul(v @ tf.constant(M, x.dtype), trunk, transpose_b=True)


def einsum(v, x):
    trunk = tf.sin(tf.reshape(x, [-1, 1]) * tf.constant(W, x.dtype))
    return tf.einsum("ik,jk->ij", v @ tf.constant(M, x.dtype), trunk)


def channels(v, x):
    """Two outputs for each function and point."""
    return tf.stack([matmul(v, x), 2 * matmul(v, x)], -1)


def exact(order):
    phase = X * W + order * np.pi / 2
    return BRANCH @ (W**order * np.sin(phase)).T


# Each function by both methods, and each way to run with both methods and dtypes.
@pytest.mark.parametrize(
    ("f", "dtype", "how", "method"),
    [
        (matmul, "float32", "eager", "taylor"),
        (matmul, "float64", "graph", "tape"),
        (einsum, "float64", "graph", "taylor"),
        (einsum, "float32", "compiled", "tape"),
        (channels, "float64", "compiled", "taylor"),
        (channels, "float64", "eager", "tape"),
    ],
)
def test_functions_by_points(f, dtype, how, method):
    v = tf.constant(V, dtype)
    tolerance = 200 * np.finfo(dtype).eps * np.abs(BRANCH).sum(1).max() * 8
    g = ng.derivatives(f, 2, argnum=1, axis=1, method=method)
    vector = tf.constant(X[:, 0], dtype)
    for x in (vector,) if how == "compiled" else (tf.constant(X, dtype), vector):
        tower = turned(g, how)(v, x)
        for k, got in enumerate(tower):
            want = exact(k)
            want = np.stack([want, 2 * want], -1) if f is channels else want
            assert (got.dtype, got.shape) == (dtype, want.shape)
            np.testing.assert_allclose(got, want, rtol=0, atol=tolerance)
    if how == "eager":
        got = ng.derivative(f, 2, argnum="x", axis=1, method=method)(v, x)
        np.testing.assert_array_equal(got, tower[2])


@METHODS
def test_partials_of_functions_by_points(method):
    """u_i(t, x) = branch_i . exp(-t) sin(w x), with coordinates as arguments and as columns."""

    def u(t, x, v):
        return {"u": matmul(v, x) * tf.reshape(tf.exp(-t), [-1]), "twice": [2 * matmul(v, x) * tf.exp(-t)[:, 0]]}

    t, x = tf.constant(RNG.normal(size=(5, 1))), tf.constant(X)
    fade = np.exp(-t.numpy()[:, 0])
    by_names = ng.partials(u, ["t", "xx"], axis=1, method=method)(t, x, tf.constant(V))
    columns = lambda p, v: u(p[:, :1], p[:, 1:], v)  # noqa: E731
    by_columns = ng.partials(columns, ["tx"], coords="tx", axis=1, method=method)(tf.concat([t, x], 1), tf.constant(V))
    wants = {"t": -exact(0) * fade, "xx": exact(2) * fade, "tx": -exact(1) * fade}
    assert [*by_names, *by_columns] == list(wants)
    for key, got in {**by_names, **by_columns}.items():
        assert got["u"].shape == (4, 5)
        np.testing.assert_allclose(got["u"], wants[key], rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(got["twice"][0], 2 * wants[key], rtol=1e-11, atol=1e-11)


@pytest.mark.quick
@pytest.mark.parametrize("count", [0, 1, 5])
def test_functions_by_an_open_number_of_points(count):
    spec = [tf.TensorSpec([None, 6], tf.float64), tf.TensorSpec([None, 1], tf.float64)]
    g = tf.function(ng.derivative(matmul, argnum=1, axis=1), input_signature=spec)
    for functions in (1, 4):
        got = g(V[:functions], X[:count])
        np.testing.assert_allclose(got, exact(1)[:functions, :count], rtol=1e-12, atol=1e-12)


def test_points_of_two_axes_and_a_later_axis():
    x = RNG.normal(size=(2, 3))
    f = lambda x: tf.stack([tf.stack([x**3, tf.sin(x)])] * 2) * tf.ones([2, 2, 1, 1], x.dtype)  # noqa: E731
    got = ng.derivative(f, axis=2)(x)
    np.testing.assert_allclose(got[1], np.stack([3 * x**2, np.cos(x)]), rtol=1e-13)
    complex_ = ng.derivative(lambda x: tf.complex(x, x**2)[None], axis=1)(x)
    np.testing.assert_allclose(complex_, (1 + 2j * x)[None], rtol=1e-14)
    np.testing.assert_allclose(ng.derivative(lambda x: tf.stack([x, x**2]), axis=1)(3.0), [1.0, 6.0])


@HOW
def test_training_a_deeponet(how, method):
    """A Keras branch and trunk: the gradient of the sum of u_xx**2 by the branch is that of its closed form."""
    branch = keras.layers.Dense(3, use_bias=False, dtype="float64")
    branch.build((None, 6))
    branch.set_weights([M])

    def u(v, x):
        return tf.linalg.matmul(branch(v), tf.sin(x * tf.constant(W)), transpose_b=True)

    g = ng.derivative(u, 2, argnum=1, axis=1, method=method)

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(g(tf.constant(V), tf.constant(X)) ** 2) / 2
        return tape.gradient(loss, branch.trainable_variables[0].value)

    trunk = -(W**2) * np.sin(X * W)
    np.testing.assert_allclose(turned(step, how)(), V.T @ (exact(2) @ trunk), rtol=1e-11, atol=1e-11)


CASES = {
    "functions by points, without axis": (
        lambda: ng.derivative(matmul, argnum=1)(V, X),
        errors.OutputError,
        "f maps shape (5, 1) to shape (4, 5) (output 0), so it mixes elements of x: a derivative here means that each "
        "element of the output depends on its own element (or row) of x only. Differentiate a function of one element at a "
        "time, or use nthgrad.gradient, nthgrad.jacobian or nthgrad.partials. If axis 1 of the output "
        "counts the points, give axis=1.",
    ),
    "another axis": (
        lambda: ng.derivative(matmul, argnum=1, axis=2)(V, X),
        errors.OutputError,
        "f maps shape (5, 1) to shape (4, 5) (output 0), but axis is 2: from that axis on, the output has to have the "
        "lengths (5,) of the points. Give axis the place where it has them.",
    ),
    "another length": (
        lambda: ng.partials(lambda x: (x, matmul(V, x)[:, 1:]), ["x"], axis=1)(X[:, 0]),
        errors.OutputError,
        "f maps shape (5,) to shape (5,) (output 0), but axis is 1: from that axis on, the output has to have the lengths "
        "(5,) of the points. Give axis the place where it has them.",
    ),
    "mixed points": (
        lambda: ng.derivative(lambda x: tf.stack([x - tf.reduce_mean(x), x]), axis=1)(X[:, 0]),
        errors.MixingError,
        "f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "an axis that is no axis": (
        lambda: ng.derivatives(matmul, 2, axis=-1),
        errors.ArgumentError,
        "axis is -1. Give the axis of f's output where those of the points begin, an integer of 0 or more.",
    ),
    "an axis that is no number": (
        lambda: ng.partials(wave, ["t"], axis="x"),
        errors.ArgumentError,
        "axis is 'x'. Give the axis of f's output where those of the points begin, an integer of 0 or more.",
    ),
    "one time with more axes than the points": (
        lambda: ng.partials(wave, ["t", "x"])(np.array([[0.5]]), X[:, 0]),
        errors.InputError,
        "t has the shape (1, 1) and x the shape (5,). Nothing is broadcast for you: give both the same shape, one element "
        "for each point, for example by tf.broadcast_to.",
    ),
    "two times": (
        lambda: ng.partials(wave, ["t", "x"])(np.array([[0.5], [0.25]]), X),
        errors.InputError,
        "t has the shape (2, 1) and x the shape (5, 1). Nothing is broadcast for you: give both the same shape, one "
        "element for each point, for example by tf.broadcast_to.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)
