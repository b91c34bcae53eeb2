"""Derivatives inside Keras 3 models: configurations, saved models, and processes that load them."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support.keras_models import burgers, column

from nthgrad.keras import Grad, grad

# Keras's own, when it saves weights
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


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


# One process for all: to start one takes seconds.
LOADING = """
    import json, keras, numpy as np, pickle, sys
    import tensorflow as tf
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
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
    points = [np.array(values, "float32") for values in json.load(open("points.json"))]
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = keras.saving.load_model("burgers.keras")
        model.compile("sgd", ["mse", None], jit_compile=False)
    print(np.ravel(model.predict(points, verbose=0)[0]).tolist())
    print(model.fit(points, [np.ones((4, 1))] * 2, batch_size=4, epochs=3, verbose=0).history["loss"])
"""


def test_a_fresh_process_is_told_to_import_nthgrad_keras_then_loads_trains_and_distributes(tmp_path):
    trained, points = burgers(), [column(0.1, 0.2, 0.3, 0.4), column(-0.3, 0.4, 0.5, 0.6)]
    trained.save(tmp_path / "burgers.keras")
    (tmp_path / "points.json").write_text(json.dumps([p.tolist() for p in points]))
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
    *before, exported, a, b, c, values, losses = done.stdout.strip().splitlines()[-9:]
    assert exported == "exported: derivatives_1_of_model(x: float32[None, 1])"
    imports_what_files_name = tuple(map(int, keras.__version__.split(".")[:2])) < (3, 9)
    for text in before:
        said = "{'module': 'nthgrad.keras', 'class_name': 'Grad', 'config': {'before loading': 'import nthgrad.keras', "
        assert text == "loaded" if imports_what_files_name else said in json.loads(text)
    for got in map(json.loads, (a, b, c)):
        np.testing.assert_allclose(got, np.ravel(model(column(0.3))), rtol=1e-5)
    np.testing.assert_allclose(json.loads(values), np.ravel(trained(points)[0]), rtol=1e-5)
    trained.compile("sgd", ["mse", None], jit_compile=False)
    alone = trained.fit(points, [np.ones((4, 1))] * 2, batch_size=4, epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(json.loads(losses), alone, rtol=1e-5)


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
