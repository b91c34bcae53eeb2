"""Every name that the modules of Keras 2.2.4 showed is there, or refused with what to do instead."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy._names.exported import EXPORTED
from nthgrad.legacy._names.own import OWN
from nthgrad.legacy._names.refused import REFUSED

RECORDED = {
    module: names.split()
    for module, names in json.loads(
        (Path(__file__).parents[1] / "golden" / "keras_names.json").read_text(encoding="utf-8")
    ).items()
}


def module(name):
    return importlib.import_module(f"nthgrad.legacy.keras.{name}".rstrip("."))


def is_there(where, name):
    try:
        getattr(where, name)
    except AttributeError:
        return False
    except LegacyError as refused:
        return "is not available" in str(refused)
    return True


def test_the_record_is_whole():
    assert EXPORTED.keys() == RECORDED.keys()
    assert len(RECORDED) > 75
    assert len(RECORDED["backend"]) > 170
    assert "gradients" in RECORDED["backend.tensorflow_backend"]


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_name_is_there_or_refused(name):
    assert [each for each in RECORDED[name] if not is_there(module(name), each)] == []


@pytest.mark.parametrize("name", RECORDED)
def test_star_imports_give_what_they_gave(name):
    given = {}
    exec(f"from {module(name).__name__} import *", given)
    given.pop("__builtins__")
    public = {each for each in RECORDED[name] if not each.startswith("_")}
    assert given.keys() == public - REFUSED.get(name, {}).keys()


def test_every_own_name_is_found():
    for name, own in OWN.items():
        for each in own.keys() - {"__call__"}:
            assert is_there(module(name), each), (name, each)


def test_what_is_refused_was_there():
    other_versions = {"models": {"Graph"}, "layers.recurrent": {"ConvRecurrent2D"}}
    for name, refused in REFUSED.items():
        assert refused.keys() - other_versions.get(name, set()) <= set(RECORDED[name]), name


REFUSALS = {
    "layers:Recurrent": "It was a base class of layers, which tf_keras lacks. Derive your layer from keras.layers.RNN, "
    "which takes a cell.",
    "layers.convolutional:_Cropping": "It was a base class of layers, which tf_keras lacks. Derive your layer from "
    "keras.layers.Cropping1D, Cropping2D or Cropping3D.",
    "layers:ConvRNN2D": "It was a base class of layers, which tf_keras lacks. Derive your layer from "
    "keras.layers.ConvLSTM2D.",
    "engine.saving:pickle_model": "Models are saved whole with model.save(path) and keras.models.load_model(path), and "
    "pickled with pickle.dumps(model).",
    "utils.io_utils:h5dict": "It was an internal of Keras's own saving. Open the file with h5py.File(path).",
    "backend:StrictVersion": "Python has dropped distutils. Use packaging.version.Version.",
    "backend:f": "It was Keras's open settings file. Read ~/.keras/keras.json.",
    "applications:keras_modules_injection": "TensorFlow is the only backend here. Import the models from "
    "keras.applications.",
    "preprocessing:keras_preprocessing": "It was a separate package. Import what you need of it from "
    "keras.preprocessing.",
    "legacy.interfaces:conv2d_args_preprocessor": "It converted Keras 1's arguments, which the layers still "
    "accept. Call the layer with them.",
    "models:Graph": "Keras 1 itself dropped it. Write the model as keras.models.Model(inputs, outputs).",
    "utils.data_utils:init_pool": "It was an internal of keras.utils.OrderedEnqueuer. Use that.",
    "utils.multi_gpu_utils:_get_available_devices": "It was an internal of multi_gpu_model. Call "
    "tf.config.list_physical_devices('GPU').",
}


def test_every_reason_for_a_refusal_is_tested():
    told = set(REFUSALS.values())
    bases = {reason for refused in REFUSED.values() for reason in refused.values() if "Derive your layer" in reason}
    assert {reason for refused in REFUSED.values() for reason in refused.values()} - bases == told - bases


FULL = "keras.{}, used at {}, is not available."


@pytest.mark.parametrize("path", REFUSALS)
def test_what_is_said_of_a_name_that_cannot_be_had(path):
    where, name = path.split(":")
    known = {}
    exec(f"from {module(where).__name__} import {name}", known)
    for use, below in ((getattr(module(where), name), ""), (known[name], ""), (known[name].part, ".part")):
        with pytest.raises(LegacyError, match=" is not available") as caught:
            use()
        at = f"{__file__}:{sys._getframe().f_lineno - 1}"
        assert str(caught.value) == f"{FULL.format(path.replace(':', '.') + below, at)} {REFUSALS[path]}"


def test_one_thing_under_all_its_names():
    K = keras.backend
    assert keras.layers.core.K is keras.engine.topology.K is keras.losses.K is K
    assert keras.layers.convolutional.Deconvolution2D is keras.layers.Conv2DTranspose
    assert keras.layers.convolutional.conv_utils is keras.utils.conv_utils
    assert keras.optimizers.adam is keras.optimizers.Adam
    assert keras.initializers.one is keras.initializers.Ones
    assert keras.constraints.maxnorm is keras.constraints.MaxNorm
    assert keras.objectives.mse is keras.losses.mean_squared_error
    assert keras.engine.topology.Container is keras.engine.network.Network is keras.models.Model
    assert keras.engine.training_utils.make_batches is keras.engine.training_arrays.make_batches
    assert keras.utils.generic_utils.get_custom_objects is keras.utils.get_custom_objects
    assert K.normalize_data_format is K.common.normalize_data_format is K.tensorflow_backend.normalize_data_format
    assert K.tf is keras.optimizers.tf is tf1
    assert keras.legacy.layers.MaxoutDense is keras.layers.MaxoutDense is keras.layers.core.MaxoutDense
    assert keras.layers.recurrent.warnings is importlib.import_module("warnings")
    assert isinstance(keras.layers.MaxPooling2D(), keras.layers.pooling._Pooling2D)
    assert isinstance(keras.layers.GlobalMaxPooling2D(), keras.layers.pooling._GlobalPooling2D)
    assert isinstance(keras.layers.Add(), keras.layers.merge._Merge)
    assert issubclass(keras.layers.Conv1D, keras.layers.convolutional._Conv)


def test_a_module_is_called_only_where_it_was_a_function():
    with pytest.raises(TypeError, match="'module' object is not callable"):
        keras.layers()
    assert keras.engine.merge is keras.layers.merge


def test_names_of_layers_count_from_one_and_in_tf_keras_from_nothing():
    with legacy.session():
        keras.backend.clear_session()
        names = [keras.layers.Dense(1).name, keras.layers.Dense(1).name, keras.models.Sequential().name]
        names += [keras.layers.add([keras.Input((1,)), keras.Input((1,))]).name]
        assert names == ["dense_1", "dense_2", "sequential_1", "add_1/add:0"]
        keras.backend.clear_session()
        x = tf1.keras.Input((1,))
        y = tf1.keras.layers.Dense(1)(x)
        model = tf1.keras.Model(x, tf1.keras.layers.Dense(1)(y))
        assert [model.name, *(layer.name for layer in model.layers)] == ["model", "input_1", "dense", "dense_1"]
        again = tf1.keras.models.clone_model(model)
        assert again.name == "model"


def test_models_of_ones_own_from_tf_keras():
    with legacy.session():
        x = tf1.keras.Input((1,))

        class Functional(tf1.keras.Model):
            def __init__(self):
                super().__init__(inputs=x, outputs=2.0 * x)

        class Called(tf1.keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = tf1.keras.layers.Dense(1, kernel_initializer="ones")

            def call(self, inputs):
                return self.dense(inputs)

        for model, value in ((Functional(), 6.0), (Called(), 3.0), (Functional(), 6.0)):
            assert isinstance(model, tf1.keras.Model)
            assert isinstance(model, keras.models.Model)
            assert model.predict(np.array([[3.0]])).tolist() == [[value]]
            assert model.name.partition("_")[0] in ("functional", "called")


def test_the_counts_of_k_get_uid_are_the_programs_own():
    with legacy.session():
        K = keras.backend
        K.reset_uids()
        keras.layers.Dense(1)
        assert [K.get_uid("mine"), K.get_uid("mine"), K.get_uid()] == [1, 2, 1]


def test_k_function_takes_anything_for_an_output():
    with legacy.session() as sess:
        K = keras.backend
        x, total = K.placeholder((2,)), K.variable(1.0)
        sess.run(total.initializer)
        double = K.function([x], 2.0 * x)
        assert double([[1.0, 2.0]]).tolist() == [2.0, 4.0]
        step = K.update_add(total, 1.0)
        values = K.function([x], [step.op, None, [x, (total,)], K.sum(x)])([[1.0, 2.0]])
        assert values[:2] == [None, None]
        assert values[2][0].tolist() == [1.0, 2.0]
        assert values[3] == 3.0
        assert K.get_value(total) == 2.0
        assert K.function([], [], updates=[(total, total + 5.0)])([]) == []
        assert K.get_value(total) == 7.0
        seven = K.function([], [total], feed_dict={x: [0.0, 0.0]}, fetches=[K.sum(x)], name="seven")
        assert (seven([]), seven.name) == ([7.0], "seven")
        sparse = K.placeholder((None, 2), sparse=True)
        from scipy.sparse import csr_matrix

        assert K.function([sparse], [K.to_dense(sparse)])([csr_matrix([[0.0, 3.0]])])[0].tolist() == [[0.0, 3.0]]
        with pytest.raises(ValueError, match=r'Invalid argument "nothing" passed to K\.function'):
            K.function([x], [x], nothing=1)
        with pytest.raises(TypeError, match="`updates` to a TensorFlow backend function should be a list or tuple"):
            K.function([x], [x], updates=step)


WRONG = [
    (lambda K: K.batch_dot(K.ones((2, 3)), K.ones((2, 3)), axes=[[1], [1]]), "Multiple target dimensions are not"),
    (lambda K: K.switch(K.ones((2, 2)), K.ones((2,)), K.ones((2,))), r"ndim\(condition\)=2, ndim\(then_expression\)=1"),
    (lambda K: K.normalize_data_format("tf"), 'must be one of "channels_first", "channels_last". Received: tf'),
    (lambda K: K.set_image_dim_ordering("channels_last"), "Unknown dim_ordering"),
]


@pytest.mark.parametrize(("call", "text"), WRONG)
def test_what_the_backend_refused_it_refuses(call, text):
    with legacy.session(), pytest.raises(ValueError, match=text):
        call(keras.backend)


def own_layer(library):
    class Mine(library.layers.Layer):
        def build(self, input_shape):
            self.seen = input_shape
            self.kept = self.add_weight(name="kept", shape=(1,), initializer="ones")
            self.loose = library.backend.variable(2.0)
            self.inner = library.layers.Dense(1)
            super().build(input_shape)

        def call(self, inputs):
            return self.inner(inputs) * self.kept * self.loose

    layer = Mine()
    layer(library.Input((3,)))
    return layer


def test_what_is_only_an_attribute_is_no_weight_but_in_tf_keras():
    with legacy.session():
        old, new = own_layer(keras), own_layer(tf1.keras)
        assert [weight.name for weight in old.trainable_weights] == ["mine_1/kept:0"]
        assert len(new.trainable_weights) == 4
        assert old.seen == (None, 3)
        assert type(old.seen) is tuple
        old.trainable_weights = [old.loose]
        assert old.trainable_weights[0] is old.loose


def test_a_shared_layer_has_no_output_of_its_own():
    with legacy.session():
        x, shared = keras.Input((1,)), keras.layers.Dense(1, name="shared")
        first = shared(x)
        assert shared.output is first
        shared(x)
        with pytest.raises(AttributeError) as caught:
            shared.output  # noqa: B018
        assert str(caught.value) == (
            'Layer shared has multiple inbound nodes, hence the notion of "layer output" is ill-defined. Use '
            "`get_output_at(node_index)` instead."
        )
        model = keras.models.Model(x, first)
        assert type(model).__name__ == "Model"
        assert isinstance(model, keras.models.Model)
