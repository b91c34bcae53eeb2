"""Operators and engines over functions that call functions: as without the call, whatever has been computed before.

TensorFlow rewrites the body of a called function when a tape or `tf.gradients` has seen the call: it has more outputs
then than the op that calls it. The oracle is NumPy's closed form of f, or f itself with nothing called.
"""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 2))
W = np.array([[0.5, -0.3], [0.2, 0.7]])


def inner(z):
    return tf.tanh(tf.matmul(z, tf.constant(W, z.dtype)))


def net(z):
    return tf.reduce_sum(inner(z), -1, keepdims=True)


def nested(z):
    return tf.function(lambda t: tf.function(inner)(t) * 1.0)(z)


def saved(folder):
    module = tf.Module()
    module.call = tf.function(net, input_signature=[tf.TensorSpec([None, 2], tf.float64)])
    tf.saved_model.save(module, folder)
    return tf.saved_model.load(folder).call


# f of x in which g is called between ops, on it or around it.
AROUND = {
    "alone": lambda g: lambda x: g(x),
    "op, call": lambda g: lambda x: g(2.0 * x),
    "call, op": lambda g: lambda x: tf.exp(g(x)),
    "op, call, op": lambda g: lambda x: x[:, :1] * g(tf.sin(x)),  # a hard boundary condition
    "called twice": lambda g: lambda x: g(x) * g(x * x),
    "a call in a call": lambda g: tf.function(lambda x: x[:, :1] * g(tf.sin(x))),
    "in a branch": lambda g: lambda x: tf.cond(tf.reduce_all(x < 9.0), lambda: g(x) * x[:, 1:], lambda: g(x)),
}
COMPUTED = {
    "derivative by a shift": lambda f: ng.derivative(lambda s, x: f(x + s), 2)(tf.constant(0.0, tf.float64), X),
    "partials": lambda f: ng.partials(f, ["t", "xx", "tx"], coords="tx")(X),
    "gradient": lambda f: ng.gradient(f)(X),
    "jacobian": lambda f: ng.jacobian(f)(X),
    "jacobian of a gradient": lambda f: ng.jacobian(ng.gradient(f))(X),
    "hessian": lambda f: ng.hessian(f)(X),
    "hvp": lambda f: ng.hvp(f)(X, X),
    "laplacian": lambda f: ng.laplacian(f)(X),
    "laplacian of a laplacian": lambda f: ng.laplacian(ng.laplacian(f))(X),
    "biharmonic": lambda f: ng.biharmonic(f)(X),
    "divergence": lambda f: ng.divergence(ng.gradient(f))(X),
}
BY_TAPES = {
    name: lambda f, maker=maker: maker(f, method="tape")(X)
    for name, maker in {"gradient": ng.gradient, "jacobian": ng.jacobian, "hessian": ng.hessian}.items()
}


def close(got, want):
    """Equal up to the rounding of a fourth derivative."""
    for a, b in zip(tf.nest.flatten(got), tf.nest.flatten(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@functools.cache
def plainly(computed, around="op, call, op"):
    """What the function with nothing called has."""
    return COMPUTED[computed](AROUND[around](net))


# One operator forward and one backward meet every place of the call; the others, of the same engines, meet the place
# between ops and some more, so that each place has an operator that nests another.
PLACES = {
    "gradient": [*AROUND],
    "laplacian": [*AROUND],
    "derivative by a shift": ["op, call, op", "call, op", "in a branch"],
    "partials": ["op, call, op", "alone", "called twice", "a call in a call"],
    "jacobian": ["op, call, op", "op, call", "called twice"],
    "jacobian of a gradient": ["op, call, op", "alone", "a call in a call"],
    "hessian": ["op, call, op", "alone", "in a branch"],
    "hvp": ["op, call, op", "call, op", "called twice", "in a branch"],
    "divergence": ["op, call, op", "called twice", "in a branch"],
    "biharmonic": ["op, call, op", "alone", "in a branch"],
    "laplacian of a laplacian": ["op, call", "call, op"],
}


@pytest.mark.parametrize(("computed", "around"), [(name, place) for name in COMPUTED for place in PLACES[name]])
def test_a_call_between_ops_changes_nothing(computed, around):
    f = AROUND[around](tf.function(net))
    close(COMPUTED[computed](f), plainly(computed, "op, call, op" if around == "a call in a call" else around))


@pytest.mark.parametrize("computed", BY_TAPES)
def test_tapes_alone_see_through_calls(computed):
    close(BY_TAPES[computed](AROUND["op, call, op"](tf.function(net))), plainly(computed))


# Two of the four that are computed afterwards follow each, the other two the next one.
AFTERWARDS = ("gradient", "hessian"), ("laplacian", "hvp")
FIRST = [name for name in COMPUTED if name != "laplacian of a laplacian"]  # it nests what the biharmonic does at once


@pytest.mark.parametrize("first", FIRST)
def test_nothing_that_was_computed_before_matters(first):
    f = AROUND["op, call, op"](tf.function(net))
    COMPUTED[first](f)
    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        y = f(x)
    tape.gradient(y, x)
    for computed in AFTERWARDS[FIRST.index(first) % 2]:
        close(COMPUTED[computed](f), plainly(computed))


@pytest.mark.parametrize("computed", ["gradient", "hessian", "laplacian", "hvp", "partials", "jacobian of a gradient"])
def test_a_saved_function(computed, tmp_path):
    close(COMPUTED[computed](AROUND["op, call, op"](saved(str(tmp_path)))), plainly(computed))


@pytest.mark.parametrize(("count", "called", "traces"), [(1, False, 1), (4, False, 2), (1, True, 1), (2, True, 3)])
def test_products_of_several_functions_by_tapes(count, called, traces):
    """Keep the structure of f(x); f is traced for each leaf only where it calls functions."""
    seen = []

    def f(x):
        seen.append(x)
        g = tf.function(net) if called else net
        return {str(i): g((i + 1.0) * x) for i in range(count)}

    v = X[::-1]
    got = ng.hvp(f, method="tape")(X, v)
    assert got.keys() == f(X).keys()
    assert len(seen) == traces + 1
    for i in range(count):
        close(got[str(i)], (i + 1) ** 2 * ng.hvp(net)((i + 1.0) * X, v))


def test_calls_in_calls():
    f = lambda x: tf.reduce_sum(nested(x), -1)  # noqa: E731
    close(ng.hessian(f)(X), ng.hessian(lambda x: net(x)[:, 0])(X))


@pytest.mark.parametrize(("computed", "compiled"), [
    ("gradient", [False, True]), ("hessian", [False]), ("laplacian", [True]), ("hvp", [False])
])  # fmt: skip
def test_inside_a_function_and_under_a_tape_for_training(computed, compiled):
    weight = tf.Variable(1.3, dtype=tf.float64)

    def slope(called):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(COMPUTED[computed](AROUND["op, call, op"](called)) ** 2)
        return tape.gradient(loss, weight)

    want = tf.function(slope)(lambda z: net(weight * z))
    for jit_compile in compiled:
        close(tf.function(slope, jit_compile=jit_compile)(tf.function(lambda z: net(weight * z))), want)


# Loops and recurrent layers. The oracle of a loop is the same written out; of a layer, nested tapes.


def cubes(x):
    return tf.reduce_sum(tf.map_fn(lambda v: v**3, x))


def powers(x):
    y = tf.ones_like(x)
    for _ in tf.range(3):
        y = y * x
    return tf.reduce_sum(y)


def growing(x):
    items = tf.TensorArray(x.dtype, 0, dynamic_size=True)
    for i in tf.range(3):
        items = items.write(i, x[i] ** 3)
    return tf.reduce_sum(items.stack())


ONE = np.array([0.3, 0.7, -1.1])


@pytest.mark.parametrize("f", [cubes, powers, growing])
@pytest.mark.parametrize("method", ["auto", "tape"])
def test_second_derivatives_through_loops(f, method):
    want = np.diag(6 * ONE)
    options = {"method": method}
    close(ng.gradient(f, **options)(ONE), 3 * ONE**2)
    if (f, method) != (cubes, "tape"):  # its Hessian by tapes, and the products of the two others
        close(ng.hvp(f, **options)(ONE, ONE), want @ ONE)
    if (f, method) in [(powers, "tape"), (growing, "auto")]:  # a loop, and a list, in a loop over chunks
        close(ng.hessian(f, chunk_size=2, **options)(ONE), want)
    elif f is not growing:  # its list is that of `cubes`
        close(ng.hessian(f, **options)(ONE), want)
    if method == "auto" or f is powers:  # by tapes they take seconds each, for what the Hessian sees too
        if f is not cubes:
            close(ng.jacobian(ng.gradient(f, **options), **options)(ONE), want)
        close(ng.divergence(ng.gradient(f, **options), **options)(ONE), np.trace(want))
        close(ng.laplacian(f, **options)(ONE), np.trace(want))


def test_the_gradient_through_a_loop_has_the_shape_of_x():
    g = tf.function(ng.gradient(cubes)).get_concrete_function(tf.TensorSpec([3], tf.float64))
    assert g.structured_outputs.shape == [3]


# All operators on the smallest layer; on the others, whose loops have more ops, one with a single direction, and one
# with a direction for each element of x, as the Hessian has.
@pytest.mark.parametrize(
    ("kind", "operators"),
    [("SimpleRNN", ["hessian", "hvp", "laplacian"]), ("GRU", ["hvp"]), ("LSTM", ["laplacian"])],
)
def test_second_derivatives_of_recurrent_layers(kind, operators):
    keras.utils.set_random_seed(0)
    layer = getattr(keras.layers, kind)(3, dtype="float64")
    layer.build((None, 4, 2))
    f = lambda x: tf.reduce_sum(layer(x), -1)  # noqa: E731
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 2)))
    v = tf.ones_like(x)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        slope = inner.gradient(y, x)
    rows = [outer.gradient(slope, x, tf.constant(e)) for e in np.eye(8).reshape(8, 1, 4, 2) + np.zeros((1, 2, 1, 1))]
    want = tf.stack(rows, 1)  # [batch, 8, 4, 2]
    found = {
        "hessian": lambda: (tf.reshape(ng.hessian(f)(x), [2, 8, 4, 2]), want),
        "hvp": lambda: (ng.hvp(f)(x, v), tf.reduce_sum(want, 1)),
        "laplacian": lambda: (ng.laplacian(f)(x), tf.linalg.trace(tf.reshape(want, [2, 8, 8]))),
    }
    for name in operators:
        close(*found[name]())
