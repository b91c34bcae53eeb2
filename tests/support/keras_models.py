"""Layers and models for the tests of nthgrad.keras."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from nthgrad.keras import grad


@keras.saving.register_keras_serializable(package="nthgrad tests")
class Custom(layers.Layer):
    """A layer whose call is given: by the name of a function of this module, so that it can be saved."""

    def __init__(self, name_of_call, **kwargs):
        super().__init__(**kwargs)
        self.name_of_call = name_of_call

    def call(self, x, training=None):
        return CALLS[self.name_of_call](x)

    def get_config(self):
        return {**super().get_config(), "name_of_call": self.name_of_call}


CALLS = {
    "floor": tf.floor,
    "reverse rows": lambda x: tf.reverse(x, [0]),
    "running sum": lambda x: tf.cumsum(x, 1),
    "running sum from the end": lambda x: tf.cumsum(x, 1, reverse=True),
    "running sum of five or more": lambda x: tf.cumsum(five_or_more(x), 1),
    "largest": lambda x: x + tf.reduce_max(x, 0, keepdims=True),
    "noise": lambda x: x * tf.random.normal(tf.shape(x)),
    "split": lambda x: (tf.sin(x), tf.cos(x)),
    "five or more": lambda x: five_or_more(x),
}


def five_or_more(x):
    with tf.control_dependencies([tf.debugging.assert_greater(tf.shape(x)[1], 4)]):
        return x * x


def column(*values, dtype="float32"):
    return np.array(values, dtype)[:, None]


def ways(model, values):
    """What a model gives eagerly, by `predict`, and compiled by XLA."""
    tensors = tf.nest.map_structure(tf.constant, values)
    data = tf.data.Dataset.from_tensors((tuple(tensors) if isinstance(tensors, list) else tensors,))
    yield model(values)
    yield model.predict(data, verbose=0)  # arrays it would cast to float32
    yield tf.function(model, jit_compile=True)(tensors)


def burgers(width=8):
    keras.utils.set_random_seed(0)
    t, x = keras.Input((1,), name="t"), keras.Input((1,), name="x")
    u = layers.Dense(1)(layers.Dense(width, "tanh")(layers.Concatenate()([t, x])))
    u_x = grad(u, x)
    return keras.Model([t, x], [grad(u, t) + u * u_x - 0.1 * grad(u_x, x), u])


def model_of_two(library, structure):
    """A functional model of inputs t and x, and the same as a function."""
    t, x = library.Input((1,), name="t", dtype="float64"), library.Input((1,), name="x", dtype="float64")
    inputs = {"list": [t, x], "tuple": (t, x), "dict": {"t": t, "x": x}}[structure]
    normal = library.initializers.RandomNormal(stddev=1.0, seed=0)
    layers = [library.layers.Dense(n, "tanh", kernel_initializer=normal, dtype="float64") for n in (8, 1)]
    model = library.Model(inputs, layers[1](layers[0](library.layers.Concatenate(dtype="float64")([t, x]))), name="u")
    return model, lambda t, x: layers[1](layers[0](tf.concat([t, x], 1)))
