"""Derivatives inside Keras 3 models: training, and layers that act otherwise in training."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support.keras_models import burgers, column, ways

from nthgrad.errors import (
    MixingError,
    UnsupportedOpError,
)
from nthgrad.keras import grad

# Keras's own, when it saves weights
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def test_weights_get_gradients():
    x = keras.Input((1,), dtype="float64")
    dense = layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(0.5), dtype="float64")
    model = keras.Model(x, grad(ops.sin(dense(x)), x, 2))
    points = column(0.2, -0.7, dtype="float64")
    exact = np.sum(-2 * 0.5 * np.sin(0.5 * points) - 0.25 * points * np.cos(0.5 * points))

    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(points))
        return tape.gradient(loss, model.trainable_variables)

    for call in (gradient, tf.function(gradient), tf.function(gradient, jit_compile=True)):
        (got,) = call()
        np.testing.assert_allclose(got, [[exact]], rtol=1e-13)


@pytest.mark.parametrize("jit_compile", [True, "auto"])
def test_fit(jit_compile):
    model = burgers()
    model.compile(keras.optimizers.Adam(0.02), ["mse", None], jit_compile=jit_compile)
    points = list(np.random.default_rng(0).uniform(-1, 1, (2, 64, 1)))
    losses = model.fit(points, [np.ones((64, 1))] * 2, batch_size=32, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert len(model.weights) == 4


def test_what_the_layers_do_beside_is_done_once():
    x = keras.Input((1,))
    h = layers.BatchNormalization(momentum=0.5)(x)
    y = layers.Dense(1, activity_regularizer="l2", kernel_initializer="ones")(h) ** 2
    model = keras.Model(x, grad(y, h))
    points = column(1, 3)
    np.testing.assert_allclose(model(points, training=True), column(-2, 2), atol=2e-3)  # through the batch's moments
    np.testing.assert_allclose(model.layers[1].moving_mean, [1.0])
    assert len(model.losses) == 1


def test_without_changing_state():
    x = keras.Input((1,))
    model = keras.Model(x, grad(layers.Dense(1, "exponential", use_bias=False)(x), x))
    for w in (1.0, 2.0):  # the second time, what was traced the first time
        got, _ = model.stateless_call([tf.constant([[w]])], [], column(0, 1))
        np.testing.assert_allclose(got, w * np.exp(w * column(0, 1)), rtol=1e-6)


def test_dropout_drops_the_same():
    x = keras.Input((50,))
    model = keras.Model(x, [y := layers.Dropout(0.5)(x) ** 3, grad(y, x)])
    points = np.random.default_rng(0).uniform(1, 2, (4, 50)).astype("float32")
    for call in (tf.function(model), tf.function(model, jit_compile=True)):
        value, slope = call(tf.constant(points), training=True)
        assert 0 < np.mean(value == 0) < 1
        np.testing.assert_allclose(slope, 3 * value / points, rtol=1e-5)
    seed = model.layers[1].seed_generator.state
    before = seed.numpy()
    call(tf.constant(points), training=True)
    assert seed.numpy()[1] == before[1] + 1
    for got in ways(model, points):
        np.testing.assert_allclose(got[1], 3 * points**2, rtol=1e-5)


def test_dropout_outside_of_a_function():
    x = keras.Input((1,))
    model = keras.Model(x, grad(layers.Dropout(0.5, name="half")(x) ** 3, x))
    with pytest.raises(UnsupportedOpError) as error:
        model(column(1.0), training=True)
    assert (
        "draws at random or writes a variable: a second run for the derivative would compute another value. Call the "
        "model in a tf.function (fit and predict do), where the value itself is differentiated, or with training=False."
    ) in str(error.value)
    np.testing.assert_allclose(model(column(1.0)), [[3.0]])


def test_monte_carlo():
    """A layer that was called in training mode makes no training mode for those after it."""
    x = keras.Input((1,))
    noisy = layers.Dropout(0.5)(x, training=True)
    model = keras.Model(x, [noisy + 1, grad(layers.BatchNormalization()(x) ** 2, x)])
    points = column(1, 3)
    for call in (model, tf.function(model)):
        np.testing.assert_allclose(call(tf.constant(points))[1], 2 * points / 1.001, rtol=1e-6)


NORMAL = (
    "mixes the rows of the batch of x ('x') in training mode, as BatchNormalization does. Freeze that layer "
    "(layer.trainable = False), or replace it by one that keeps rows independent."
)


def test_batch_normalization():
    x = keras.Input((1,), name="x")
    y = layers.BatchNormalization(name="normal")(x) ** 2
    model = keras.Model(x, grad(y, x))
    normal, points = model.get_layer("normal"), column(1, 3)
    model.compile("sgd", "mse")
    known = tf.function(model, input_signature=[tf.TensorSpec([2, 1])], autograph=False)
    np.testing.assert_allclose(model(points), 2 * points / 1.001, rtol=1e-6)
    np.testing.assert_allclose(known(points), 2 * points / 1.001, rtol=1e-6)
    for call in (
        lambda: model(points, training=True),
        lambda: model.fit(points, points, verbose=0),
        lambda: model.fit(tf.data.Dataset.from_tensors((points, points)), shuffle=False, verbose=0),
    ):
        with pytest.raises(MixingError, match=re.escape(NORMAL)):
            call()
    normal.moving_mean.assign([0.0])  # the eager value was made before
    normal.trainable = False
    np.testing.assert_allclose(model(points, training=True), 2 * points / 1.001, rtol=1e-6)
    normal.trainable = True
    with pytest.raises(MixingError, match=re.escape(NORMAL)):
        model(points, training=True)
