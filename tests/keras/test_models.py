"""Keras models as they are: several inputs, by names, in lists and dicts; nested models; models with their own `call`."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(2, 4)), RNG.normal(size=4), RNG.normal(size=(4, 1))
T, X = RNG.normal(size=(5, 1)), RNG.normal(size=(5, 1))


def weights(layers):
    """Sets the weights of the two layers of u = tanh((t, x) A + B) C."""
    for layer, values in zip(layers, ((A, B), (C,)), strict=True):
        layer.build((None, len(values[0])))
        layer.set_weights(values)
    return layers


def dense(library):
    kinds = library.layers.Dense
    return weights([kinds(4, "tanh", dtype="float64"), kinds(1, use_bias=False, dtype="float64")])


_Y = np.tanh(np.concatenate([T, X], 1) @ A + B)
WANT = {"t": (1 - _Y**2) * A[0] @ C, "xx": -2 * _Y * (1 - _Y**2) * A[1] ** 2 @ C}


def functional(library, wrap):
    """A model of the inputs t and x; with `wrap`, one that calls another."""
    hidden, last = dense(library)
    t, x = (library.Input((1,), name=name, dtype="float64") for name in "tx")
    joined = library.layers.Concatenate(dtype="float64")
    model = library.Model([t, x], last(hidden(joined([t, x]))), name="u")
    if not wrap:
        return model
    t, x = (library.Input((1,), name=name, dtype="float64") for name in "tx")
    return library.Model({"t": t, "x": x}, model([t, x]), name="u")


def own(library, kind, call):
    """A model or a layer with a `call` of its own, which takes a function of the two layers."""

    class Field(kind):
        def __init__(self, **options):
            super().__init__(**options)
            self.hidden, self.last = dense(library)

    Field.call = call
    return Field(name="u", dtype="float64")


def of_two(self, t, x, training=None):
    return self.last(self.hidden(tf.concat([t, x], 1)))


def of_two_and_a_scale(self, t, x, scale=1.0):
    return scale * self.last(self.hidden(tf.concat([t, x], 1)))


BY_NAME = {
    "functional": lambda library: functional(library, False),
    "nested": lambda library: functional(library, True),
    "a model with its own call": lambda library: own(library, library.Model, of_two),
    "a layer": lambda library: own(library, library.layers.Layer, of_two_and_a_scale),
}


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("name", BY_NAME)
def test_inputs_by_their_names(name, library):
    g = ng.partials(BY_NAME[name](library), ["t", "xx"])
    calls = [(T, X), ([T, X],), ((tf.constant(T), tf.constant(X)),), ({"x": X, "t": T},)]
    made = [*(g(*call) for call in calls), g(t=T, x=X), g(T, x=X), tf.function(lambda p: g(p))({"x": X, "t": T})]
    for got in made:
        assert list(got) == ["t", "xx"]
        for key, want in WANT.items():
            np.testing.assert_allclose(got[key], want, rtol=1e-12)


def test_other_arguments_of_a_call():
    g = ng.partials(own(keras, keras.layers.Layer, of_two_and_a_scale), ["t", "xx"])
    for got in (g(T, X, scale=2.0), g(T, X, 2.0), g([T, X], scale=2.0)):
        np.testing.assert_allclose(got["xx"], 2 * WANT["xx"], rtol=1e-12)
    np.testing.assert_allclose(
        ng.partials(own(keras, keras.Model, of_two), ["t"])(T, X, training=False)["t"], WANT["t"], rtol=1e-12
    )
    u = own(keras, keras.Model, of_two)
    np.testing.assert_allclose(ng.derivative(u, 2, argnum="x")([T, X]), WANT["xx"], rtol=1e-12)
    np.testing.assert_allclose(ng.derivative(u, argnum=0)(t=T, x=X), WANT["t"], rtol=1e-12)


def of_a_list(self, inputs):
    t, x = inputs
    return self.last(self.hidden(tf.concat([t, x], 1)))


def of_a_dict(self, inputs):
    return self.last(self.hidden(tf.concat([inputs["t"], inputs["x"]], 1)))


@pytest.mark.parametrize("method", ["taylor", "tape"])
@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_one_argument_of_several_tensors(library, method):
    """A list, in the order of coords; a dict, by its keys, whose sorted order is another one."""
    listed = own(library, library.Model, of_a_list)
    keyed = own(library, library.Model, of_a_dict)
    for model, inputs, names in [
        (listed, [T, X], "tx"),
        (listed, (tf.constant(T), X), "tx"),
        (keyed, {"t": T, "x": X}, "tx"),
        (keyed, {"x": tf.constant(X), "t": T}, "xt"),
    ]:
        got = ng.partials(model, ["t", "xx"], coords=names, method=method)(inputs)
        for key, want in WANT.items():
            np.testing.assert_allclose(got[key], want, rtol=1e-12)
    u = lambda p: tf.exp(p["b"]) * p["a"] ** 2  # noqa: E731  of points without a second axis
    got = ng.partials(u, ["aa", "ab"], coords="ba", method=method)({"a": T[:, 0], "b": X[:, 0]})
    np.testing.assert_allclose(got["aa"], 2 * np.exp(X[:, 0]), rtol=1e-12)
    np.testing.assert_allclose(got["ab"], 2 * np.exp(X[:, 0]) * T[:, 0], rtol=1e-12)


@pytest.mark.quick
@pytest.mark.parametrize("jit_compile", [None, True])
def test_models_of_float32(jit_compile):
    t, x = (keras.Input((1,), name=name) for name in "tx")
    layers = weights([keras.layers.Dense(4, "tanh"), keras.layers.Dense(1, use_bias=False)])
    model = keras.Model([t, x], layers[1](layers[0](keras.layers.Concatenate()([t, x]))))
    got = ng.partials(model, ["t", "xx"], jit_compile=jit_compile)(T.astype("float32"), X.astype("float32"))
    for key, want in WANT.items():
        assert got[key].dtype == "float32"
        np.testing.assert_allclose(got[key], want, rtol=0, atol=100 * np.finfo("float32").eps * np.abs(want).max())


@pytest.mark.quick
def test_training_a_model_by_its_inputs():
    model = own(keras, keras.Model, of_two)
    model([T, X][0], X)
    g = ng.partials(model, ["t", "xx"])

    def step(inputs):
        with tf.GradientTape() as tape:
            d = g(inputs)
            loss = tf.reduce_sum(d["t"] - d["xx"])
        return tape.gradient(loss, model.trainable_variables[-1])

    want = ((1 - _Y**2) * A[0] + 2 * _Y * (1 - _Y**2) * A[1] ** 2).sum(0)[:, None]
    for run in (step, tf.function(step), tf.function(step, jit_compile=True)):
        np.testing.assert_allclose(run([T, X]), want, rtol=1e-12)


CASES = {
    "a dict with other keys": (
        lambda: ng.partials(functional(keras, False), ["t"])({"t": T, "y": X}),
        errors.ArgumentError,
        "The model 'u' takes one tensor for each of its inputs, t, x, but the dict has 't', 'y'. Give one for each.",
    ),
    "a list that is too long": (
        lambda: ng.partials(functional(keras, False), ["t"])([T, X, X]),
        errors.ArgumentError,
        "The model 'u' takes one tensor for each of its inputs, t, x, but the list has 3. Give one for each.",
    ),
    "an input missing": (
        lambda: ng.partials(own(keras, keras.Model, of_two), ["t"])(T),
        errors.ArgumentError,
        "The model 'u' takes one tensor for each of its inputs, t, x, but the call has 1. Give one for each.",
    ),
    "no input of that name": (
        lambda: ng.partials(own(keras, keras.Model, of_two), ["y"]),
        errors.ArgumentError,
        "'y' in names asks for the coordinate 'y', but the parameters of f are t, x. Name one of those.",
    ),
    "coords of a model of several inputs": (
        lambda: ng.partials(own(keras, keras.Model, of_two), ["t"], coords="tx"),
        errors.ArgumentError,
        "coords is 'tx', but f is a model of several inputs, which name the coordinates: t, x. Leave out coords.",
    ),
    "keys that are no coords": (
        lambda: ng.partials(own(keras, keras.Model, of_a_dict), ["t"], coords="tx")({"a": T, "x": X}),
        errors.InputError,
        "x is a dict with ['a'], ['x'], but coords names t, x. Give one tensor for each, by its name.",
    ),
    "a list of another length than coords": (
        lambda: ng.partials(own(keras, keras.Model, of_a_list), ["t"], coords="tx")([T, X, X]),
        errors.InputError,
        "x has the shape (5, 3), but coords names 2 columns: t, x. Give a tensor of shape [batch, 2], or name all the "
        "columns.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)
