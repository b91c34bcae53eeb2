"""Models of Keras 2.2.4 beside those of tf.keras, what they refuse, and what is printed."""

import builtins

import numpy as np
import pytest

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.errors import LegacyError

X, Y = np.linspace(-1.0, 1.0, 8, dtype=np.float32)[:, None], np.ones((8, 1), np.float32)


def compiled(library, *layers, loss="mse", **settings):
    model = library.models.Sequential([*layers, library.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", loss, **settings)
    return model


def test_tf_keras_keeps_its_own_numbers():
    with legacy.session():
        means = {}
        for library in (keras, tf1.keras):
            norm = library.layers.BatchNormalization(input_shape=(1,))
            model = compiled(library, norm)
            model.train_on_batch(X + 2.0, Y)
            means[library] = keras.backend.get_value(norm.moving_mean).item()
            assert isinstance(norm, keras.layers.BatchNormalization)
        assert means[keras] == pytest.approx(2.0, rel=1e-6)  # after one batch, its mean
        assert means[tf1.keras] == pytest.approx(0.02, rel=1e-6)  # a hundredth of the way from 0


def test_seeds_come_from_numpy_for_keras_only():
    with legacy.session():
        for library, same in ((keras, True), (tf1.keras, False)):
            drawn = []
            for _ in range(2):
                np.random.seed(4)
                model = library.models.Sequential([library.layers.Dense(3, input_shape=(2,))])
                drawn.append(model.get_weights()[0].tolist())
            assert (drawn[0] == drawn[1]) is same


def test_losses_of_the_two():
    with legacy.session():
        weights = np.array([0.0, 1.0] * 4)
        losses = [
            compiled(library, library.layers.Dense(1, kernel_initializer="ones", input_shape=(1,))).test_on_batch(
                X, Y, sample_weight=weights
            )
            for library in (keras, tf1.keras)
        ]
        assert losses[0] == pytest.approx(2 * losses[1], rel=1e-6)  # divided by the weights that are not 0, and by all


def test_what_fit_prints(capsys):
    with legacy.session():
        model = compiled(keras, keras.layers.Dense(1, kernel_initializer="ones", input_shape=(1,)), metrics=["mae"])
        model.fit(X, Y, epochs=2, verbose=2, validation_split=0.25)
        lines = capsys.readouterr().out.splitlines()
        model.fit(X, Y, verbose=1, batch_size=4)
        bar = capsys.readouterr().out
    assert lines[:2] == ["Train on 6 samples, validate on 2 samples", "Epoch 1/2"]
    assert lines[3] == "Epoch 2/2"
    shown = [part.split(": ")[0] for part in lines[2].split(" - ")[2:]]
    assert shown == ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]
    assert bar.startswith("Epoch 1/1\n\r4/8 [==============>...............] - ETA: ")
    assert "\r8/8 [==============================] - " in bar


def without_yaml(name, *args, **kwargs):
    if name == "yaml":
        raise ImportError(name)
    return IMPORT(name, *args, **kwargs)


IMPORT = builtins.__import__
A = np.ones((4, 1))
REFUSED = {
    "to_yaml": (
        lambda model: model.to_yaml(),
        LegacyError,
        "Model.to_yaml needs PyYAML, which is not installed. Run pip install 'nthgrad[legacy]', or use Model.to_json.",
    ),
    "model_from_yaml": (
        lambda model: keras.models.model_from_yaml("a: 1"),
        LegacyError,
        "keras.models.model_from_yaml needs PyYAML, which is not installed. Run pip install 'nthgrad[legacy]', or use Model.to_json and "
        "model_from_json.",
    ),
    "too many arrays": (
        lambda model: model.predict([A, A]),
        ValueError,
        "Error when checking model input: the list of Numpy arrays that you are passing to your model is not the size the "
        "model expected. Expected to see 1 array(s), for inputs ['dense_1_input'] but instead got the following list of 2 "
        f"arrays: {str([A, A])[:200]}...",
    ),
    "too many arrays for a model without an input": (
        lambda model: keras.models.Sequential([keras.layers.Dense(1)]).predict([A, A]),
        ValueError,
        f"A Sequential model has one input. You passed 2 arrays: x={[A, A]}",
    ),
    "a tensor of an unknown size": (
        lambda model: model.predict(tf1.placeholder(tf1.float32, [None, 1]), steps=1),
        ValueError,
        "When feeding symbolic tensors to a model, we expect the tensors to have a static batch size. Got tensor with "
        "shape: (?, 1)",
    ),
    "classes of a tensor": (
        lambda model: model.train_on_batch(A, tf1.constant(A), class_weight={1: 1.0}),
        ValueError,
        "`class_weight` needs the values of the targets, which are a tensor here.",
    ),
    "an optimizer": (
        lambda model: model.compile("newton", "mse"),
        ValueError,
        "Unknown optimizer: newton",
    ),
    "a loss": (
        lambda model: model.compile("sgd", "nothing"),
        ValueError,
        "Unknown loss function:nothing",
    ),
    "a list of losses": (
        lambda model: model.compile("sgd", ["mse", "mse"]),
        ValueError,
        "When passing a list as loss, it should have one entry per model output. The model has 1 outputs, but you passed "
        "loss=['mse', 'mse']",
    ),
    "no loss": (
        lambda model: model.compile("sgd", None),
        ValueError,
        "The model cannot be compiled because it has no loss to optimize.",
    ),
    "metrics": (
        lambda model: model.compile("sgd", "mse", metrics="acc"),
        TypeError,
        "Type of `metrics` argument not understood. Expected a list or dictionary, found: acc",
    ),
    "lengths": (
        lambda model: model.fit(A, A[:3]),
        ValueError,
        "Input arrays should have the same number of samples as target arrays. Found 4 input samples and 3 target "
        "samples.",
    ),
    "targets": (
        lambda model: model.fit(A, np.ones((4, 2))),
        ValueError,
        "Error when checking target: expected dense_2 to have shape (1,) but got array with shape (2,)",
    ),
    "weights": (
        lambda model: model.fit(A, A, sample_weight=np.ones((4, 1))),
        ValueError,
        "Found a sample_weight array with shape (4, 1). In order to use timestep-wise sample weights, you should specify "
        'sample_weight_mode="temporal" in compile(). If you just mean to use sample-wise weights, make sure your '
        "sample_weight array is 1D.",
    ),
    "classes": (
        lambda model: model.fit(A, A, class_weight={0: 1.0}),
        ValueError,
        "`class_weight` must contain all classes in the data. The classes {1.0} exist in the data but not in "
        "`class_weight`.",
    ),
    "steps": (
        lambda model: model.fit_generator(iter([])),
        ValueError,
        "`steps_per_epoch=None` is only valid for a generator based on the `keras.utils.Sequence` class. Please specify "
        "`steps_per_epoch` or use the `keras.utils.Sequence` class.",
    ),
    "a generator's output": (
        lambda model: model.fit_generator(iter([3]), 1, verbose=0),
        ValueError,
        "Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: 3",
    ),
    "set_weights": (
        lambda model: model.set_weights([]),
        ValueError,
        "You called `set_weights(weights)` on model 'sequential_1' with a list of 0 weights, but the model was expecting 4 "
        "weights.",
    ),
}


def test_refusals(monkeypatch):
    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with legacy.session():
        model = compiled(keras, keras.layers.Dense(1, input_shape=(1,)))
        for name, (call, kind, words) in REFUSED.items():
            with pytest.raises(kind) as caught:
                call(model)
            assert str(caught.value) == words, name
            model.compile("sgd", "mse")


def test_yaml_of_tf_keras():
    with legacy.session():
        model = compiled(tf1.keras, tf1.keras.layers.Dense(2, input_shape=(1,)))
        again = tf1.keras.models.model_from_yaml(model.to_yaml())
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert getattr(again, "_of_tf_keras_115", False)


def test_yaml_runs_no_code():
    import yaml

    with legacy.session(), pytest.raises(yaml.constructor.ConstructorError):
        keras.models.model_from_yaml("!!python/object/apply:os.getcwd []")


def test_a_kernel_of_another_size_is_not_reshaped(tmp_path):
    layers = keras.layers
    with legacy.session():
        model = keras.models.Sequential([layers.Conv2D(4, (1, 2), input_shape=(3, 4, 2), name="c")])
        model.save_weights(str(tmp_path / "w.h5"))
        other = keras.models.Sequential([layers.Conv2D(4, (1, 1), input_shape=(3, 4, 2), name="c")])
        with pytest.raises(ValueError, match="kernel") as caught:
            other.load_weights(str(tmp_path / "w.h5"), reshape=True)
    assert str(caught.value) == (
        "The kernel of layer c has shape (1, 1, 2, 4) and size 8, that of the file shape (1, 2, 2, 4) and size 16. Only a "
        "kernel of the same size can be reshaped."
    )


ON_A_GPU = {
    "CuDNNLSTM": (
        "keras.layers.CuDNNLSTM runs on a GPU only, and TensorFlow finds none. Write keras.layers.LSTM with "
        "recurrent_activation='sigmoid', which computes the same."
    ),
    "CuDNNGRU": (
        "keras.layers.CuDNNGRU runs on a GPU only, and TensorFlow finds none. Write keras.layers.GRU with "
        "recurrent_activation='sigmoid', reset_after=True, which computes the same."
    ),
}


@pytest.mark.parametrize("name", ON_A_GPU)
def test_what_needs_a_gpu_is_refused_without_one(name, monkeypatch):
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind=None: [])
    with legacy.session(), pytest.raises(LegacyError) as caught:
        getattr(keras.layers, name)(3)
    assert str(caught.value) == ON_A_GPU[name]
