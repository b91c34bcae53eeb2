"""Products with Jacobians and Gauss-Newton matrices, and gradients row by row, against closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

RNG = np.random.default_rng(0)
K = RNG.normal(size=(3, 4))
X, V, U = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=4)
J = np.cos(X @ K)[:, None] * K.T
T = RNG.normal(size=4)
Y = np.sin(X @ K)
H = np.diag(2 * np.cosh(Y - T))  # of the sum of 2 cosh(y - t)


def waves(x):
    return tf.sin(tf.linalg.matvec(tf.constant(K, x.dtype), x, transpose_a=True))


def cosh(y):
    return 2 * tf.reduce_sum(tf.cosh(y - tf.constant(T, y.dtype)))


EXACT = {
    "jvp": (lambda x, v, u, o: ng.jvp(waves, **o)(x, v), J @ V),
    "jvp, by tapes": (lambda x, v, u, o: ng.jvp(waves, method="tape", **o)(x, v), J @ V),
    "vjp": (lambda x, v, u, o: ng.vjp(waves, **o)(x, u), U @ J),
    "vjp, by tapes": (lambda x, v, u, o: ng.vjp(waves, method="tape", **o)(x, u), U @ J),
    "gauss_newton_vp": (lambda x, v, u, o: ng.gauss_newton_vp(waves, cosh, **o)(x, v), J.T @ H @ J @ V),
    "jvp of vjp": (
        lambda x, v, u, o: ng.jvp(lambda t: ng.vjp(waves)(t, u), **o)(x, v),
        -np.einsum("k,k,ik,jk,j->i", U, Y, K, K, V),
    ),
}


# Each product in a tf.function, and in one of the other ways, in turn.
@pytest.mark.parametrize(
    ("name", "how", "dtype"),
    [
        *((name, "in a tf.function", "float64") for name in EXACT),
        *((name, ("eager", "XLA")[(i + i // 2) % 2], "float32") for i, name in enumerate(EXACT)),
    ],
)
def test_closed_forms(name, how, dtype):
    call, want = EXACT[name]

    def run(x, v, u):
        return call(x, v, u, {"jit_compile": True if how == "XLA" else None})

    got = (tf.function(run) if how == "in a tf.function" else run)(*(tf.constant(a, dtype) for a in (X, V, U)))
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=100 * np.finfo(dtype).eps * np.abs(want).max())


@pytest.mark.quick
def test_structures_of_outputs_and_other_arguments():
    def f(a, x, scale=1.0):
        return {"y": scale * a * x**2, "z": (tf.reduce_sum(x), x)}

    got = ng.jvp(lambda a, x: {**f(a, x), "c": tf.complex(x, x**3)}, argnum="x")(2.0, X, v=V)
    np.testing.assert_allclose(got["y"], 4 * X * V)
    np.testing.assert_allclose(got["z"][0], V.sum())
    np.testing.assert_allclose(got["c"], V + 3j * X**2 * V)
    got = ng.vjp(f, argnum=1)(2.0, X, scale=3.0, v={"y": V, "z": (1.0, [1.0, 2.0, 3.0])})
    np.testing.assert_allclose(got, 12 * X * V + 1 + [1, 2, 3])
    with_targets = ng.gauss_newton_vp(lambda x, t: (waves(x), t), lambda y: cosh(y[0] - y[1] + T))
    np.testing.assert_allclose(with_targets(X, T, V), J.T @ H @ J @ V, rtol=1e-12)


def test_a_network_of_any_number_of_rows():
    model = keras.Sequential([keras.Input([3]), keras.layers.Dense(4, "tanh"), keras.layers.Dense(2)])
    x = RNG.normal(size=(5, 3)).astype("float32")
    net = lambda w, x: model.stateless_call(w, model.non_trainable_variables, x)[0]  # noqa: E731
    w = model.trainable_variables
    v = [tf.ones_like(t) for t in w]
    products = [ng.jvp(net), ng.gauss_newton_vp(net, lambda y: tf.reduce_sum(y**2) / 2)]
    spec = tf.TensorSpec([None, 3])
    push, curve = (tf.function(lambda x, g=g: g(w, x, v), input_signature=[spec]) for g in products)
    for rows in (x, x[:2]):
        want = ng.vjp(net)(w, rows, push(rows))  # J^T J v, by products one after the other
        for a, b in zip(curve(rows), want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.quick
def test_custom_gradients():
    """`tape` uses them; the default differentiates the ops."""

    @tf.custom_gradient
    def tripled(x):
        return x**2, lambda dy: 3 * dy

    assert float(ng.jvp(tripled)(2.0, 1.0)) == float(ng.vjp(tripled)(2.0, 1.0)) == 4
    assert float(ng.jvp(tripled, method="tape")(2.0, 1.0)) == float(ng.vjp(tripled, method="tape")(2.0, 1.0)) == 3


def test_training_through_products():
    """d/da of sums of products of sin(a x); the Gauss-Newton product's derivative goes through f(x) as well."""
    a = tf.Variable(1.5, dtype=tf.float64)
    f = lambda x: tf.sin(a * x)  # noqa: E731
    s, c = np.sin(1.5 * X), np.cos(1.5 * X)
    cases = [
        (ng.jvp(f), (c - 1.5 * X * s) * V),
        (ng.vjp(f), (c - 1.5 * X * s) * V),
        # The loss sum(y**4) / 12 has the Hessian y**2; the product is s**2 (a c)**2 v.
        (ng.gauss_newton_vp(f, lambda y: tf.reduce_sum(y**4) / 12),
         (2 * s * c * X * (1.5 * c) ** 2 + s**2 * 2 * 1.5 * c * (c - 1.5 * X * s)) * V),
    ]  # fmt: skip
    for g, want in cases:

        def step(g=g):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(g(X, V))
            return tape.gradient(total, a)

        for run in (step, tf.function(step), tf.function(step, jit_compile=True)):
            np.testing.assert_allclose(run(), want.sum(), rtol=1e-12)


@pytest.mark.quick
def test_the_fisher_matrix_of_a_softmax():
    """For the cross-entropy of logits it is J^T (diag(p) - p p^T) J, which is no matter of the label."""
    logits = lambda w: tf.linalg.matvec(K.T, w)  # noqa: E731
    p = np.exp(X @ K) / np.exp(X @ K).sum()
    for label in (0, 2):
        loss = lambda z, label=label: tf.nn.sparse_softmax_cross_entropy_with_logits(label, z)  # noqa: E731
        got = ng.gauss_newton_vp(logits, loss)(X, V)
        np.testing.assert_allclose(got, K @ (np.diag(p) - np.outer(p, p)) @ K.T @ V, rtol=1e-12)


ROWS, TARGETS = RNG.normal(size=(7, 3)), RNG.normal(size=7)


def squares(w, x, y):
    return tf.reduce_mean((tf.tanh(tf.linalg.matvec(x, w["k"])) * w["b"] - y) ** 2)


def by_rows(k, b, x, y):
    t = np.tanh(x @ k)
    r = 2 * (t * b - y)
    return {"k": (r * b * (1 - t**2))[:, None] * x, "b": r * t}


@pytest.mark.parametrize(("chunk", "jit_compile"), [(None, None), (1, None), (3, True), (9, None)])
def test_gradients_row_by_row(chunk, jit_compile):
    w = {"k": tf.constant(X), "b": tf.constant(1.25, tf.float64)}
    g = ng.per_example(squares, chunk_size=chunk, jit_compile=jit_compile)
    for call, count in ((g, 7), (g, 5), (tf.function(g), 7), (g, 1)):
        got, want = call(w, ROWS[:count], TARGETS[:count]), by_rows(X, 1.25, ROWS[:count], TARGETS[:count])
        for name in want:
            np.testing.assert_allclose(got[name], want[name], rtol=1e-12, err_msg=name)


def test_gradients_row_by_row_are_traced_once_for_all_lengths():
    traces = []

    def loss(w, x, scale):
        traces.append(1)
        return scale * tf.reduce_sum(x * w) ** 2

    g = ng.per_example(loss)
    g(X, ROWS, 2.0)
    before = len(traces)
    for count in (3, 5, 6):
        got = g(X, ROWS[:count], 2.0)
        np.testing.assert_allclose(got, 4 * (ROWS[:count] @ X)[:, None] * ROWS[:count], rtol=1e-12)
    assert len(traces) == before


def test_gradients_row_by_row_of_networks():
    """Of layers that TensorFlow vectorizes in ways of their own, against one gradient after another."""
    rng = np.random.default_rng(2)
    cases = {
        "convolutions": (
            [8, 8, 2],
            [keras.layers.Conv2D(3, 3, activation="tanh"), keras.layers.GlobalAveragePooling2D()],
        ),
        "attention": ([5, 4], [keras.layers.LayerNormalization(), keras.layers.Flatten()]),
        "a GRU": ([5, 4], [keras.layers.GRU(3)]),
    }
    for name, (shape, layers) in cases.items():
        model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(1)])
        x = rng.normal(size=(4, *shape)).astype("float32")
        w = model.trainable_variables

        def loss(w, x, model=model):
            return tf.reduce_mean(model.stateless_call(w, model.non_trainable_variables, x)[0] ** 2)

        got, one = ng.per_example(loss)(w, x), ng.gradient(loss)
        for i in range(4):
            for a, b in zip(got, one(w, x[i : i + 1]), strict=True):
                np.testing.assert_allclose(a[i], b, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.quick
@pytest.mark.parametrize("chunk", [None, 2])
def test_gradients_row_by_row_of_several_and_complex_numbers(chunk):
    def f(w, x):
        s = tf.reduce_sum(x * w["k"]) ** 2
        return {"real": s, "complex": tf.complex(s, w["b"] * s)}

    got = ng.per_example(f, chunk_size=chunk)({"k": X, "b": 3.0}, ROWS)
    want, sums = 2 * (ROWS @ X)[:, None] * ROWS, (ROWS @ X) ** 2
    np.testing.assert_allclose(got["real"]["k"], want, rtol=1e-12)
    np.testing.assert_array_equal(got["real"]["b"], np.zeros(7))
    np.testing.assert_allclose(got["complex"]["k"], (1 + 3j) * want, rtol=1e-12)
    np.testing.assert_allclose(got["complex"]["b"], 1j * sums, rtol=1e-12)


@pytest.mark.quick
def test_gradients_row_by_row_of_custom_gradients():
    @tf.custom_gradient
    def tripled(x):
        return x**2, lambda dy: 3 * dy

    f = lambda w, x: tf.reduce_sum(tripled(w * x))  # noqa: E731
    np.testing.assert_allclose(ng.per_example(f)(2.0, X[:, None]), 2 * 2 * X**2)
    for jit_compile in (None, True):
        got = ng.per_example(f, method="tape", jit_compile=jit_compile)(2.0, X[:, None])
        np.testing.assert_allclose(got, 3 * X)


def test_training_through_gradients_row_by_row():
    """d/da of the sum of squared norms, for the loss a (x . w)**2."""
    a = tf.Variable(1.5, dtype=tf.float64)
    g = ng.per_example(lambda w, x: a * tf.reduce_sum(x * w) ** 2)

    def step():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(g(X, ROWS) ** 2)
        return tape.gradient(total, a)

    want = 2 * 1.5 * ((2 * (ROWS @ X)[:, None] * ROWS) ** 2).sum()
    for run in (step, tf.function(step), tf.function(step, jit_compile=True)):
        np.testing.assert_allclose(run(), want, rtol=1e-12)


CASES = {
    "v not like f(x)": (
        lambda: ng.vjp(waves)(X, V),
        errors.InputError,
        "v is float64 of shape (3,), but f(x) is float64 of shape (4,). Give a direction of the dtypes and the shapes of f(x).",
    ),
    "v of another structure": (
        lambda: ng.vjp(lambda x: {"y": x})(X, V),
        errors.InputError,
        "v is one tensor, but f(x) is a dict with ['y']. Give a direction of the structure of f(x).",
    ),
    "no v": (
        lambda: ng.vjp(waves)(X),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "complex": (
        lambda: ng.vjp(lambda x: tf.complex(x, x))(X, X),
        errors.OutputError,
        "f(x) is complex. Return its real and its imaginary part.",
    ),
    "complex, by tapes": (
        lambda: ng.jvp(lambda x: tf.complex(x, x), method="tape")(X, X),
        errors.OutputError,
        "f(x) is complex. Return its real and its imaginary part.",
    ),
    "no dependence": (
        lambda: ng.jvp(lambda x: tf.ones([2]))(X, V),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
    "method": (
        lambda: ng.jvp(waves, method="jet"),
        errors.ArgumentError,
        "method is 'jet'. The methods are 'auto', 'tape', 'taylor'.",
    ),
    "a loss that is no function": (
        lambda: ng.gauss_newton_vp(waves, "mse"),
        errors.ArgumentError,
        "loss is 'mse', a str. Give a function of f(x) that returns a number.",
    ),
    "a loss of many numbers": (
        lambda: ng.gauss_newton_vp(waves, tf.square)(X, V),
        errors.OutputError,
        "loss(f(x)) is a tensor of shape (4,). Return one number, for example by tf.reduce_mean.",
    ),
    "a loss with two outputs": (
        lambda: ng.gauss_newton_vp(waves, lambda y: (y[0], y[1]))(X, V),
        errors.OutputError,
        "loss(f(x)) is a structure. Return one number, for example by tf.reduce_mean.",
    ),
    "a loss that is constant": (
        lambda: ng.gauss_newton_vp(waves, lambda y: tf.constant(1.0))(X, V),
        errors.DependenceError,
        "loss(f(x)) does not depend on f(x) through any differentiable path. Check that the loss uses its argument, in "
        "TensorFlow ops and without casts to integers.",
    ),
    "no rows": (
        lambda: ng.per_example(lambda w, a: a * tf.reduce_sum(w**2))(X, 2.0),
        errors.InputError,
        "The call has no argument with rows beside x. Give the data as tensors or arrays whose first axis counts the rows.",
    ),
    "rows that differ": (
        lambda: ng.per_example(squares)({"k": X, "b": 1.0}, ROWS, y=TARGETS[:4]),
        errors.InputError,
        "[1] has 7 rows, but ['y'] has 4. Give the other arguments one row for each example.",
    ),
    "not one number for a row": (
        lambda: ng.per_example(lambda w, x: x * w)(X, ROWS),
        errors.OutputError,
        "f maps one row to a tensor of shape (1, 3), not to one number. Return one number for a batch of one row, for "
        "example by tf.reduce_mean.",
    ),
    "rows behind Python": (
        lambda: ng.per_example(lambda w, x: tf.numpy_function(np.sum, [w * x], tf.float64))(X, ROWS),
        errors.UnsupportedOpError,
        "PyFunc (named 'PyFunc', made at HERE) runs Python code (a tf.numpy_function or tf.compat.v1.py_func), which no "
        "engine can look into. Write that part of f with TensorFlow's ops, or use nthgrad.finite_difference.",
    ),
    "rows without dependence": (
        lambda: ng.per_example(lambda w, x: tf.reduce_sum(x))({"k": X, "b": 1.0}, ROWS),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
    "no function of rows": (
        lambda: ng.per_example(3),
        errors.ArgumentError,
        "f is 3, a int, which cannot be called. Give a function.",
    ),
    "chunk_size": (
        lambda: ng.per_example(squares, chunk_size=0),
        errors.ArgumentError,
        "chunk_size is 0. Give a number of derivatives, at least 1, or None for all.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)
