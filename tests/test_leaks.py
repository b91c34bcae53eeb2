"""Nothing that a derivative builds outlives it: graphs, and the gradients that TensorFlow registers by name."""

import gc
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import settings

import nthgrad as ng
from nthgrad.engines import _private
from nthgrad.errors import RetracingWarning

X = tf.constant([0.3, -0.2], tf.float64)
POINTS = tf.constant([[0.3, -0.2]], tf.float64)


def total(x):
    return tf.reduce_sum(tf.tanh(x), -1)


def loop(x):
    return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, tf.tanh(y)), [0, x], maximum_iterations=2)[1]


def branch(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.silu(x), lambda: tf.tanh(x))


def broken(x):
    """Has a custom gradient, and no derivative."""
    return tf.cast(tf.strings.length(tf.strings.as_string(tf.nn.silu(x))), x.dtype) + tf.nn.silu(x)


def under_a_tape(x, f=tf.tanh):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ng.derivative(lambda x: f(x), 2)(x)
    return tape.gradient(y, x)


def refused():
    with pytest.raises(ng.NthgradError):
        ng.derivative(lambda x: broken(x))(X)


def model():
    x = keras.Input([1], dtype="float64")
    return ng.keras.grad(keras.layers.Dense(1, activation="silu", dtype="float64")(x), x, order=2)


# Each case makes a function that was not there before, differentiates it, and drops it.
CASES = {
    "derivative": lambda: ng.derivative(lambda x: tf.tanh(x), 2)(X),
    "derivative, tapes": lambda: ng.derivative(lambda x: tf.tanh(x), 2, method="tape")(X),
    "taylor": lambda: ng.taylor(lambda x: tf.tanh(x), 2)(X, tf.ones_like(X)),
    "partials": lambda: ng.partials(lambda t, x: tf.tanh(t * x), ["xx", "t"])(X, X),
    "gradient": lambda: ng.gradient(lambda x: total(x))(POINTS),
    "hessian": lambda: ng.hessian(lambda x: total(x))(POINTS),
    "hvp": lambda: ng.hvp(lambda x: total(x))(POINTS, POINTS),
    "TensorFlow's own custom gradient": lambda: ng.derivative(lambda x: tf.nn.silu(x), 2)(X),
    "a custom gradient under tapes": lambda: ng.derivative(lambda x: tf.nn.silu(x), 2, method="tape")(X),
    "a loop": lambda: ng.derivative(lambda x: loop(x), 2)(X),
    "a branch": lambda: ng.derivative(lambda x: branch(x), 2)(X),
    "a refusal": refused,
    "an outer tape": lambda: under_a_tape(X),
    "a tape in a function": lambda: tf.function(lambda x: under_a_tape(x))(X),
    "a Keras model": model,
}


@pytest.fixture(autouse=True)
def alone():
    """Hides from the collector what other tests left: it would look through all of that each time."""
    gc.freeze()
    yield
    gc.unfreeze()


def kept():
    """How many registered gradients, graphs and ops there are."""
    gc.collect()
    objects = gc.get_objects()
    graphs = sum(isinstance(o, tf.Graph) for o in objects)
    return len(_private.ops.gradient_registry.list()), graphs, sum(isinstance(o, tf.Operation) for o in objects)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings(f"ignore::{RetracingWarning.__module__}.{RetracingWarning.__name__}")
def test_what_a_derivative_builds_is_collected(name):
    CASES[name]()  # what is kept once and for all
    before = kept()
    CASES[name]()
    CASES[name]()
    assert kept() == before


@pytest.mark.skipif(settings.default.derandomize, reason="a minute: by --hypothesis-profile=long")
@pytest.mark.parametrize("name", ["derivative", "hessian", "an outer tape"])
def test_memory_does_not_grow(name):
    """A registered graph is 0.2 MiB: 200 of them are 40. The allocator's own growth is a few."""

    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 2**20

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RetracingWarning)
        for _ in range(50):
            CASES[name]()
        before = resident()
        for _ in range(200):
            CASES[name]()
    assert resident() - before < 20


def test_outer_tapes_still_go_through_it_also_after_loading(tmp_path):
    f = tf.nn.silu
    second = ng.derivative(lambda x: f(x), 2)
    module = tf.Module()
    module.g = tf.function(lambda x: second(x), input_signature=[tf.TensorSpec([2], tf.float64)])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    for g in (second, tf.saved_model.load(str(tmp_path / "saved")).g):
        gc.collect()
        with tf.GradientTape() as outer, tf.GradientTape() as inner:
            outer.watch(X)
            inner.watch(X)
            third = inner.gradient(g(X), X)
        for found, order in ((third, 3), (outer.gradient(third, X), 4)):
            np.testing.assert_allclose(found, ng.derivative(lambda x: f(x), order)(X), rtol=1e-12)
