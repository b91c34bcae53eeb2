"""Derivatives inside Keras 3 models: numbers against closed forms, and dtypes."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support.keras_models import Custom, column, ways

from nthgrad.keras import grad

# Keras's own, when it saves weights
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

LOG = [math.log(3), 1 / 3, -1 / 9, 2 / 27, -6 / 81]


def tower(x, y, order):
    """A tensor and its derivatives, by chaining."""
    found = [y]
    for _ in range(order):
        found.append(grad(found[-1], x))
    return found


@pytest.mark.quick
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log(dtype):
    x, d = keras.Input((1,), dtype=dtype), keras.Input((1,), dtype=dtype)
    model = keras.Model([x, d], tower(x, ops.log(x + d), 4))
    for got in ways(model, [column(1, 1, dtype=dtype), column(2, 2, dtype=dtype)]):
        for value, exact in zip(got, LOG, strict=True):
            assert value.dtype == dtype
            np.testing.assert_allclose(value, [[exact], [exact]], rtol=1e-6 if dtype == "float32" else 1e-15)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_batches(size):
    x = keras.Input((1,), dtype="float64")
    model = keras.Model(x, grad(ops.sin(x), x, 2))
    points = np.linspace(-1, 1, size)[:, None]
    for call in (model, tf.function(model)):
        np.testing.assert_allclose(call(points), -np.sin(points), rtol=1e-14)


def _shared():
    """A layer that makes x and stands between x and y as well."""
    dense = layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(3.0), dtype="float64")
    x = keras.Input((1,), dtype="float64")
    h = dense(x)
    return x, grad(ops.exp(dense(h)), h), lambda x: 3 * np.exp(9 * x)


def _other_way_round():
    """A layer that returns what it is given: its input is held fixed, though it is the same tensor."""
    x = keras.Input((1,), dtype="float64")
    h = layers.Dropout(0.5, dtype="float64")(x)
    return x, grad(h**2 * x**3, h), lambda x: 2 * x * x**3


def _nothing_between():
    x = keras.Input((1,), dtype="float64")
    return x, grad(layers.Dropout(0.5, dtype="float64")(x), x), np.ones_like


def _identity():
    x = keras.Input((1,), dtype="float64")
    return x, grad(x, x), np.ones_like


def _nested():
    """A model in a model, with a derivative in it, differentiated again."""
    inner = keras.Input((1,), dtype="float64")
    slope = keras.Model(inner, grad(ops.sin(2 * inner), inner), name="slope")
    x = keras.Input((1,), dtype="float64")
    return x, grad(slope(x**2), x), lambda x: -4 * np.sin(2 * x**2) * 2 * x


def _slices():
    """What is said to do where x was sliced after the layers."""
    tx = keras.Input((2,), dtype="float64")
    t, x = tx[:, :1], tx[:, 1:]
    y = layers.Dense(1, "exponential", kernel_initializer="ones", dtype="float64")(ops.concatenate([t, x], axis=1))
    return tx, grad(y * x, x), lambda tx: np.exp(tx.sum(1, keepdims=True)) * (1 + tx[:, 1:])


def _split():
    x = keras.Input((1,), dtype="float64")
    s, c = layers.Lambda(lambda t: [ops.sin(t), ops.cos(t)], dtype="float64")(x)
    return x, grad(s**2 * c, s), lambda x: 2 * np.sin(x) * np.cos(x)


def _of_weights():
    x = keras.Input((1,), dtype="float64")
    y = layers.Dense(2, "tanh", kernel_initializer="ones", bias_initializer="ones", dtype="float64")(x)
    return x, grad(y, x), lambda x: np.repeat(1 / np.cosh(x + 1) ** 2, 2, 1)


def _vector():
    x = keras.Input((), dtype="float64")
    return x, grad(x**3, x, 2), lambda x: 6 * x


def _elements():
    x = keras.Input((3,), dtype="float64")
    return x, grad(layers.Normalization(mean=1.0, variance=4.0, dtype="float64")(x) ** 2, x), lambda x: (x - 1) / 2


def _sequence():
    x = keras.Input((None, 1), dtype="float64")
    y = layers.Dense(2, "exponential", kernel_initializer="ones", dtype="float64")(x)
    return x, grad(y, x, 3), lambda x: np.repeat(np.exp(x), 2, 2)


def _needs_length():
    x = keras.Input((None, 1), dtype="float64")
    return x, grad(Custom("five or more", dtype="float64")(x), x), lambda x: 2 * x


def _order_0():
    x = keras.Input((1,), dtype="float64")
    y = ops.sin(x)
    assert grad(y, x, 0) is y
    return x, y, np.sin


CASES = [
    value for name, value in list(globals().items()) if name.startswith("_") and name[1:2].isalpha() and callable(value)
]


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.strip("_"))
def test_derivative(make):
    x, y, exact = make()
    model = keras.Model(x, y)
    points = np.random.default_rng(0).uniform(-1, 1, [4, *(n or 6 for n in x.shape[1:])])
    assert y.shape[1:] == model.output_shape[1:]
    for got in ways(model, points):
        assert got.dtype == "float64"
        np.testing.assert_allclose(got, exact(points), rtol=1e-12, atol=1e-14)


def test_held_though_the_caller_made_it_from_x():
    x, d = keras.Input((1,)), keras.Input((1,))
    model = keras.Model([x, d], grad(ops.log(x + d), x))
    for call in (
        tf.function(lambda t: model([t, 2 * t])),
        lambda t: model([t, 2 * t]),
        lambda t: model([t, t]) * 2 / 3,
    ):
        np.testing.assert_allclose(call(tf.constant([[1.0]])), [[1 / 3]], rtol=1e-6)
    np.testing.assert_allclose(tf.function(lambda t: model([t, t]))(tf.constant([[1.0]])), [[1 / 2]], rtol=1e-6)


@pytest.mark.quick
def test_mixed_partials_and_a_residual():
    t, x = keras.Input((1,), dtype="float64"), keras.Input((1,), dtype="float64")
    u = ops.sin(2 * t) * x**3 * t
    u_t, u_x = grad(u, t), grad(u, x)
    model = keras.Model([t, x], [u_t + u * u_x, grad(u_x, x), grad(u_t, x), grad(grad(u_x, t), x)])
    T, X = column(0.2, -0.7, dtype="float64"), column(0.5, 2, dtype="float64")
    s, c = np.sin(2 * T) * T, 2 * np.cos(2 * T) * T + np.sin(2 * T)
    exact = [c * X**3 + 3 * s**2 * X**5, 6 * s * X, 3 * c * X**2, 6 * c * X]
    for got in ways(model, [T, X]):
        for value, want in zip(got, exact, strict=True):
            np.testing.assert_allclose(value, want, rtol=1e-13)


def test_a_chain_costs_what_the_order_costs():
    def size(make):
        x = keras.Input((1,))
        u = layers.Dense(8, "tanh")(layers.Dense(8, "tanh")(x))
        model = keras.Model(x, make(u, x))
        traced = tf.function(model).get_concrete_function(tf.TensorSpec([None, 1]))
        return len(model.layers), len(traced.graph.get_operations())

    chain = size(lambda u, x: grad(grad(grad(u, x), x), x))
    assert chain == size(lambda u, x: grad(u, x, 3))
    assert chain[0] == 4


def test_a_graph_makes_the_value_once():
    x = keras.Input((1,))
    u = layers.Dense(8, "tanh")(x)
    model = keras.Model(x, [u, *(grad(u, x, k) for k in (1, 2, 3))])
    ops = tf.function(model).get_concrete_function(tf.TensorSpec([None, 1])).graph.get_operations()
    assert [op.type for op in ops].count("Tanh") == 1


def test_masks_reach_the_layers():
    x, words = keras.Input((1,)), keras.Input((3,), dtype="int32")
    normal = keras.initializers.RandomNormal(stddev=1.0, seed=0)
    embedded = layers.Embedding(5, 2, normal, mask_zero=True)(words)
    y = layers.Attention()([layers.Reshape((1, 2))(layers.Dense(2, kernel_initializer=normal)(x)), embedded])
    model = keras.Model([x, words], [y, grad(y, x)])
    points, sentences = column(0.3, -0.5), np.array([[1, 2, 0], [3, 4, 0]], "int32")
    with tf.autodiff.ForwardAccumulator(v := tf.constant(points), tf.ones([2, 1])) as forward:
        value = model([v, tf.constant(sentences)])[0]
    exact = forward.jvp(value)
    assert np.abs(exact).min() > 1e-3
    for got in (model([points, sentences]), model.predict([points, sentences], verbose=0)):
        np.testing.assert_allclose(got[1], exact, rtol=1e-4, atol=1e-7)


def test_layers_behind_a_derivative_get_the_mask_of_y():
    x = keras.Input((4, 1))
    y = layers.Dense(1, "exponential", kernel_initializer="ones")(masked := layers.Masking(0.0)(x))
    model = keras.Model(x, layers.GlobalAveragePooling1D()(grad(y, masked)))
    points = np.array([[1, 2, 0, 0], [0, 3, 1, 2]], "float32")[..., None]
    exact = np.array([[np.exp([1, 2]).mean()], [np.exp([3, 1, 2]).mean()]])  # of the steps that are not masked
    for got in ways(model, points):
        np.testing.assert_allclose(got, exact, rtol=1e-5)


@pytest.mark.parametrize(("policy", "tolerance"), [("mixed_float16", 0.02), ("mixed_bfloat16", 0.15)])
def test_mixed_precision_casts_nothing(policy, tolerance):
    def build(policy):
        keras.utils.set_random_seed(0)
        x = keras.Input((1,), dtype="float64" if policy == "float64" else "float32")
        u = layers.Dense(1, dtype=policy)(layers.Dense(32, "tanh", dtype=policy)(x))
        return keras.Model(x, tower(x, u, 2))

    exact, model = build("float64"), build(policy)
    exact.set_weights(model.get_weights())
    points = np.linspace(-1, 1, 33)[:, None]
    for got in (model(points.astype("float32")), model.predict(points, verbose=0)):
        for value, want in zip(got, exact(points), strict=True):
            assert value.dtype == policy.removeprefix("mixed_")
            np.testing.assert_allclose(tf.cast(value, tf.float64), want, atol=tolerance * np.abs(want).max())
    assert [y.dtype for y in model.outputs] == [policy.removeprefix("mixed_")] * 3
    if policy != "mixed_float16":  # whose loss is scaled
        return
    model.compile("adam", "mse")
    losses = model.fit(points, [np.ones((33, 1))] * 3, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_the_layers_between_may_compute_in_float32():
    x = keras.Input((1,))
    y = layers.Dense(1, "exponential", kernel_initializer="ones", dtype="float32")(x)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Model(x, grad(y, x))
    finally:
        keras.config.set_dtype_policy(policy)
    for got in ways(model, column(0.1)):
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, np.exp(column(0.1)), rtol=1e-6)
