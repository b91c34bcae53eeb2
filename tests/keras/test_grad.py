"""Derivatives inside Keras 3 models: numbers against closed forms, training, saving, modes, and what is refused."""

from __future__ import annotations

import json
import math
import pickle
import re
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from keras import layers, ops

from nthgrad import legacy
from nthgrad.errors import (
    ArgumentError,
    DependenceError,
    InputError,
    MixingError,
    NthgradError,
    OutputError,
    UnsupportedOpError,
)
from nthgrad.keras import Grad, grad

# Keras's own, when it saves weights
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

LOG = [math.log(3), 1 / 3, -1 / 9, 2 / 27, -6 / 81]


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


def tower(x, y, order):
    """A tensor and its derivatives, by chaining."""
    found = [y]
    for _ in range(order):
        found.append(grad(found[-1], x))
    return found


def column(*values, dtype="float32"):
    return np.array(values, dtype)[:, None]


def ways(model, values):
    """What a model gives eagerly, by `predict`, and compiled by XLA."""
    tensors = tf.nest.map_structure(tf.constant, values)
    data = tf.data.Dataset.from_tensors((tuple(tensors) if isinstance(tensors, list) else tensors,))
    yield model(values)
    yield model.predict(data, verbose=0)  # arrays it would cast to float32
    yield tf.function(model, jit_compile=True)(tensors)


def numbers(text):
    """A message without the numbers that Keras puts into names."""
    return re.sub(r"keras_tensor_?\d*", "keras_tensor", text)


# ---------- numbers


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


# ---------- training


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


def burgers(width=8):
    keras.utils.set_random_seed(0)
    t, x = keras.Input((1,), name="t"), keras.Input((1,), name="x")
    u = layers.Dense(1)(layers.Dense(width, "tanh")(layers.Concatenate()([t, x])))
    u_x = grad(u, x)
    return keras.Model([t, x], [grad(u, t) + u * u_x - 0.1 * grad(u_x, x), u])


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


# ---------- training mode


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
        "draws at random or writes a variable: what is run once more for the derivative is not the value itself. Call "
        "the model in a tf.function (fit and predict do), where it is differentiated, or with training=False."
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
    "(layer.trainable = False), or put one there that takes each row alone."
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


# ---------- dtypes


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


# ---------- saving


@pytest.mark.quick
def test_a_configuration_is_the_order():
    x = keras.Input((1,))
    layer = keras.Model(x, grad(ops.sin(x), x, 2)).layers[-1]
    config = layer.get_config()
    assert config["order"] == 2
    json.dumps(config)
    assert Grad.from_config(config).get_config() == config
    assert config.pop("before loading") == "import nthgrad.keras"
    assert Grad.from_config(config).order == 2  # as it was saved without that note


def test_save_and_load(tmp_path):
    model, points = burgers(), [column(0.1, 0.2), column(-0.3, 0.4)]
    want = [np.array(y) for y in model(points)]
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    rebuilt = keras.Model.from_config(model.get_config())
    clone = keras.models.clone_model(model)
    for other in (rebuilt, clone):
        assert not np.allclose(other(points)[0], want[0])  # it has weights of its own
        other.load_weights(tmp_path / "model.weights.h5")
    for other in (loaded, rebuilt, clone):
        assert len(other.weights) == 4
        for got in (other(points), other.predict(points, verbose=0)):
            for value, exact in zip(got, want, strict=True):
                np.testing.assert_allclose(value, exact, rtol=1e-5, atol=1e-7)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(other(points)[0])
        gradients = tape.gradient(loss, other.trainable_variables)
        assert all(np.abs(g).max() > 0 for g in gradients)
        other.trainable_variables[0].assign(0 * other.trainable_variables[0])
        np.testing.assert_allclose(other(points)[0], 0, atol=1e-7)  # the derivative reads the weights of the value


LOADING = """
    import json, keras, numpy as np, pickle, sys
    loads = {
        "keras": lambda: keras.saving.load_model("model.keras"),
        "json": lambda: keras.models.model_from_json(open("model.json").read()),
        "pickle": lambda: pickle.load(open("model.pickle", "rb")),
    }
    for load in loads.values():
        try:
            load()
            print("loaded")
        except Exception as error:
            print(json.dumps(str(error)))
    from nthgrad.__main__ import main
    assert main("export model.keras --order 1 --out exported".split()) == 0  # which imports nthgrad.keras
    for load in loads.values():
        loaded = load()
        loaded.load_weights("model.weights.h5")
        print(np.ravel(loaded(np.array([[0.3]], "float32"))).tolist())
"""


def test_a_process_that_has_not_imported_nthgrad_keras_is_told_to(tmp_path):
    x = keras.Input((1,))
    model = keras.Model(x, grad(layers.Dense(1)(layers.Dense(4, "tanh")(x)), x, 2))
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "model.json").write_text(model.to_json())
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOADING)], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *before, exported, a, b, c = done.stdout.strip().splitlines()[-7:]
    assert exported == "exported: derivatives_1_of_model(x: float32[None, 1])"
    imports_what_files_name = tuple(map(int, keras.__version__.split(".")[:2])) < (3, 9)
    for text in before:
        said = "{'module': 'nthgrad.keras', 'class_name': 'Grad', 'config': {'before loading': 'import nthgrad.keras', "
        assert text == "loaded" if imports_what_files_name else said in json.loads(text)
    for got in map(json.loads, (a, b, c)):
        np.testing.assert_allclose(got, np.ravel(model(column(0.3))), rtol=1e-5)


def test_summary():
    lines = []
    burgers().summary(print_fn=lines.append)
    assert sum("(Grad)" in line for line in "\n".join(lines).splitlines()) == 3


def test_export(tmp_path):
    model, points = burgers(), [column(0.1, 0.2), column(-0.3, 0.4)]
    model.export(tmp_path / "exported", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "exported")
    for value, want in zip(loaded.serve(points), model(points), strict=True):
        np.testing.assert_allclose(value, want, rtol=1e-5)


def test_a_fresh_process_loads_trains_and_distributes(tmp_path):
    model, points = burgers(), [column(0.1, 0.2, 0.3, 0.4), column(-0.3, 0.4, 0.5, 0.6)]
    model.save(tmp_path / "model.keras")
    code = f"""
        import keras, numpy as np, tensorflow as tf, nthgrad.keras
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
        )
        T, X = {[p.tolist() for p in points]}
        points = [np.array(T, "float32"), np.array(X, "float32")]
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            model = keras.saving.load_model({str(tmp_path / "model.keras")!r})
            model.compile("sgd", ["mse", None], jit_compile=False)
        print(np.ravel(model.predict(points, verbose=0)[0]).tolist())
        losses = model.fit(points, [np.ones((4, 1))] * 2, batch_size=4, epochs=3, verbose=0).history["loss"]
        print(losses)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    values, losses = map(json.loads, done.stdout.strip().splitlines()[-2:])
    np.testing.assert_allclose(values, np.ravel(model(points)[0]), rtol=1e-5)
    model.compile("sgd", ["mse", None], jit_compile=False)
    alone = model.fit(points, [np.ones((4, 1))] * 2, batch_size=4, epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, alone, rtol=1e-5)


# ---------- what is refused

REMEDY = (
    " A derivative here is one number for each element of y, by its own element (or row) of x. Make each coordinate a "
    "keras.Input of its own, of shape [batch, 1], or differentiate the model with nthgrad.partials."
)


def inputs(*shapes, dtype="float32"):
    return [keras.Input(shape, name="xyz"[i], dtype=dtype) for i, shape in enumerate(shapes)]


def mixing(shape, layer):
    (x,) = inputs(shape)
    return grad(layer(x), x)


def a_dense_layer():
    return mixing((2,), layers.Dense(2, name="mixing", kernel_initializer="zeros"))


BESIDE = (
    "y ('keras_tensor') does not depend on x ('keras_tensor'): both are made from 'x', and no layers lead from x to y. Make "
    "x before the layers of y, and call these on x: t, x = tx[:, :1], tx[:, 1:], then "
    "y = net(keras.ops.concatenate([t, x], axis=1)). Or make each coordinate a keras.Input."
)


def beside(make):
    """By a tensor that is made from the layers' input, and is none of theirs."""
    (x,) = inputs((2,))
    y = layers.Dense(1)(layers.Dense(3, "tanh")(x))
    return grad(y, make(x))


def in_a_session():
    with legacy.session():
        from nthgrad.legacy import keras

        x = keras.Input(shape=(1,))
        grad(x, x)


OLD = (
    " is a tensor of tf_keras or of a TensorFlow graph; nthgrad.keras.grad is for functional models of Keras 3. "
    "Differentiate a tf_keras model with nthgrad.derivative, or run the old program with its K.gradients under "
    "nthgrad.legacy."
)
REFUSED = {
    "no tensor": (
        lambda: grad(tf.constant(1.0), keras.Input((1,))),
        InputError,
        "y is EagerTensor, not a tensor of a Keras 3 functional model. Give what keras.Input or a layer called on it "
        "returned, or differentiate a function with nthgrad.derivative.",
    ),
    "a tensor of no model": (
        lambda: grad(keras.Input((1,)), keras.KerasTensor((None, 1))),
        InputError,
        "x is KerasTensor, not a tensor of a Keras 3 functional model. Give what keras.Input or a layer called on it "
        "returned, or differentiate a function with nthgrad.derivative.",
    ),
    "tf_keras": (lambda: grad(tf_keras.Input((1,)), tf_keras.Input((1,))), InputError, "y" + OLD),
    "TensorFlow 1": (in_a_session, InputError, "y" + OLD),
    "integers": (
        lambda: grad(ops.cast((x := inputs((1,), dtype="int32")[0]), "float32"), x),
        InputError,
        "x ('x') is int32; derivatives need dense real floating point. Convert it by a layer, or give keras.Input the "
        'dtype "float32".',
    ),
    "sparse": (
        lambda: grad(layers.Dense(1)(x := keras.Input((3,), sparse=True, name="x")), x),
        InputError,
        "x ('x') is sparse; derivatives need dense real floating point. Convert it by a layer, or give keras.Input the "
        'dtype "float32".',
    ),
    "order": (
        lambda: grad(ops.sin(x := keras.Input((1,))), x, -1),
        ArgumentError,
        "order is -1; derivatives have no negative order. Give an integer of 0 or more.",
    ),
    "independent": (
        lambda: grad(*inputs((1,), (1,))),
        DependenceError,
        "y ('x') does not depend on x ('y'): no layers lead from x to y. Differentiate by a tensor that y is made from.",
    ),
    "upside down": (
        lambda: grad(x := keras.Input((1,), name="x"), ops.sin(x)),
        DependenceError,
        "y ('x') does not depend on x ('keras_tensor'): x is made from y, and not y from x. Exchange the two.",
    ),
    "sliced after the layers": (lambda: beside(lambda x: x[:, :1]), DependenceError, BESIDE),
    "a copy": (lambda: beside(lambda x: x + 0), DependenceError, BESIDE),
    "reshaped after the layers": (
        lambda: beside(lambda x: layers.Reshape((1, 2))(x)[:, :, 0]),
        DependenceError,
        BESIDE,
    ),
    "split after the layers": (lambda: beside(lambda x: ops.split(x, 2, axis=1)[1]), DependenceError, BESIDE),
    "unstacked after the layers": (lambda: beside(lambda x: ops.unstack(x, 2, axis=1)[0]), DependenceError, BESIDE),
    "another layer's output": (lambda: beside(layers.Dense(1)), DependenceError, BESIDE),
    "shapes": (
        lambda: mixing((2,), layers.Dense(1, name="mixing")),
        OutputError,
        "x ('x') has shape (None, 2), but y ('keras_tensor') has shape (None, 1), which does not begin with it: y mixes "
        "elements of x." + REMEDY,
    ),
    "a Dense layer": (
        a_dense_layer,
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a sequence": (
        lambda: mixing((None, 1), layers.LSTM(1, return_sequences=True)),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a running sum from the end": (
        lambda: mixing((None, 1), Custom("running sum from the end")),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a long running sum": (
        lambda: mixing((None, 1), Custom("running sum of five or more")),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a running sum": (
        lambda: mixing((4, 1), Custom("running sum")),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "rows in another order": (
        lambda: mixing((1,), Custom("reverse rows")),
        MixingError,
        "y ('keras_tensor') mixes the rows of the batch of x ('x')." + REMEDY,
    ),
    "the largest row": (
        lambda: mixing((1,), Custom("largest")),
        MixingError,
        "y ('keras_tensor') mixes the rows of the batch of x ('x')." + REMEDY,
    ),
    "called again": (
        lambda: keras.Model(x := keras.Input((1,)), grad(ops.sin(x), x)).layers[-1]([ops.sin(x), x]),
        ArgumentError,
        "is one derivative in one model and cannot be called again. Call nthgrad.keras.grad.",
    ),
    "by hand, without what is held": (
        lambda: Grad(1, name="g")([ops.add(*(xd := inputs((1,), (1,)))), xd[0]]),
        ArgumentError,
        "The layer 'g' was not given ['y'], which y depends on beside x. Call nthgrad.keras.grad, which finds them.",
    ),
    "by hand, on values": (
        lambda: Grad(1, name="g")([tf.ones([1, 1]), tf.ones([1, 1])]),
        ArgumentError,
        "The layer 'g' stands in no model. Call nthgrad.keras.grad.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert numbers(message) in numbers(str(error.value))


def test_a_step_has_no_derivative():
    (x,) = inputs((1,))
    with pytest.raises(DependenceError, match=r"From x to keras_tensor.*: .*only Floor .*, whose derivative is zero"):
        grad(Custom("floor")(x), x)


def test_a_model_cut_between():
    (x,) = inputs((1,))
    h = ops.sin(x)
    model = keras.Model([x, h], grad(h**2, x))
    with pytest.raises(
        UnsupportedOpError, match=r"gave another value when they were run once more .* the model was cut"
    ):
        model([column(1.0), column(5.0)])
    with pytest.raises(NthgradError, match="does not depend on x"):
        tf.function(model, autograph=False)([tf.constant(column(1.0)), tf.constant(column(5.0))])


def test_another_backend(monkeypatch):
    x = keras.Input((1,))
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    for call in (lambda: grad(x, x), lambda: Grad(1)):
        with pytest.raises(InputError) as error:
            call()
        assert str(error.value) == (
            "Keras runs on jax, and nthgrad differentiates TensorFlow. Set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )
