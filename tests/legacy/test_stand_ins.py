"""The old modules' names: what the imports give, and what is said outside a session."""

import importlib
import subprocess
import sys

import keras as keras_3
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy._names import tf_python_keras
from nthgrad.legacy._names.modules import KERAS_MODULES
from nthgrad.legacy.keras import backend as K  # noqa: N812 as every program of the time says


def star(module):
    names = {}
    exec(f"from {module} import *", names)
    return names


@pytest.mark.parametrize("name", sorted(KERAS_MODULES))
def test_every_keras_module_is_there(name):
    full = f"nthgrad.legacy.keras.{name}".rstrip(".")
    module = importlib.import_module(full)
    assert module.__name__ == full
    parent, _, last = full.rpartition(".")
    assert getattr(importlib.import_module(parent), last) is module
    assert len(star(full)) > 1 or name == "wrappers"  # which has modules only


@pytest.mark.parametrize("name", sorted(tf_python_keras.MODULES))
def test_every_module_under_tf_kerass_private_name_is_there(name):
    full = f"nthgrad.legacy.tensorflow.python.keras.{name}".rstrip(".")
    module = importlib.import_module(full)
    parent, _, last = full.rpartition(".")
    assert getattr(importlib.import_module(parent), last) is module
    assert all(hasattr(module, own) for own in tf_python_keras.OWN.get(name, ()))


def test_other_private_modules_of_tensorflow_are_todays():
    assert tf1.python.framework.ops is importlib.import_module("tensorflow.python.framework.ops")
    assert "nthgrad" not in importlib.import_module("tensorflow.python.keras").__name__


SOURCES = {source for tree in (KERAS_MODULES, tf_python_keras.MODULES) for all_ in tree.values() for source in all_}


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_is_there(source):
    assert importlib.import_module(source)


# Where programs of the time imported names from, as Keras 2.2.4 had them.
IMPORTS = {
    "": "Input Model Sequential activations applications backend callbacks datasets layers models optimizers utils",
    "models": "Input InputLayer K Model Sequential clone_model load_model model_from_json save_model",
    "layers": """Activation Add Average AveragePooling2D BatchNormalization Bidirectional Concatenate Conv1D Conv2D
        Conv2DTranspose CuDNNGRU Dense Dot Dropout ELU Embedding Flatten GRU Input InputLayer InputSpec K LSTM Lambda
        Layer LeakyReLU Masking MaxPooling2D Maximum Multiply PReLU Permute RNN RepeatVector Reshape SimpleRNN Softmax
        Subtract TimeDistributed UpSampling2D Wrapper ZeroPadding2D activations add concatenate constraints initializers
        multiply np regularizers subtract""",
    "layers.core": "Activation Dense Dropout Flatten Lambda Reshape",
    "layers.merge": "Add Concatenate add concatenate",
    "layers.advanced_activations": "LeakyReLU PReLU",
    "layers.convolutional": "Conv2D UpSampling2D ZeroPadding2D",
    "layers.normalization": "BatchNormalization",
    "layers.recurrent": "GRU LSTM SimpleRNN",
    "engine": "Input InputLayer InputSpec Layer Model get_source_inputs",
    "engine.topology": "Input InputSpec Layer Node get_source_inputs",
    "engine.base_layer": "InputSpec Layer Node",
    "engine.training": "Model",
    "backend": """abs clear_session epsilon floatx function get_session gradients np placeholder set_session sum tf
        variable""",
    "backend.tensorflow_backend": "get_session set_session tf",
    "utils": "get_file plot_model to_categorical normalize Sequence",
    "utils.np_utils": "to_categorical",
    "utils.generic_utils": "get_custom_objects Progbar",
    "objectives": "mean_squared_error categorical_crossentropy",
    "initializers": "Constant RandomNormal glorot_uniform",
    "regularizers": "l1 l2",
    "optimizers": "SGD Adam RMSprop",
    "callbacks": "Callback EarlyStopping ModelCheckpoint",
    "preprocessing.sequence": "pad_sequences",
    "applications.vgg16": "VGG16 preprocess_input",
    "datasets.mnist": "load_data",
}


@pytest.mark.parametrize("module", IMPORTS)
def test_names_are_where_they_were(module):
    full = importlib.import_module(f"nthgrad.legacy.keras.{module}".rstrip("."))
    assert [name for name in IMPORTS[module].split() if not hasattr(full, name)] == []


def test_star_imports_leak_what_they_leaked():
    layers, models = star("nthgrad.legacy.keras.layers"), star("nthgrad.legacy.keras.models")
    assert layers["K"] is models["K"] is K
    assert layers["np"] is np
    assert layers["regularizers"] is keras.regularizers
    assert {"Layer", "Input", "InputSpec"} <= layers.keys()
    assert layers["Input"] is models["Input"] is keras.Input
    assert "gradients" in star("nthgrad.legacy.keras.backend")
    assert star("nthgrad.legacy.tensorflow")["gradients"] is tf1.gradients


def test_one_class_under_all_its_names():
    assert keras.engine.topology.Layer is keras.engine.Layer is keras.layers.Layer
    assert keras.layers.core.Lambda is keras.layers.Lambda
    assert keras.backend.tensorflow_backend.gradients is K.gradients
    assert issubclass(tf_keras.layers.Dense, keras.layers.Layer)
    assert not issubclass(tf_keras.layers.Dense, keras.layers.Lambda)
    assert keras.__version__ == "2.2.4"
    assert tf1.__version__ == tf1.VERSION == "1.15.5"


def test_the_class_of_tensors_is_that_of_the_mode():
    assert isinstance(tf.constant(1.0), tf1.Tensor)
    with legacy.session():
        assert type(tf1.constant(1.0)) is tf1.Tensor
    assert tf1.Tensor is tf.Tensor


def test_old_arithmetic():
    v1 = importlib.import_module("tf_keras.api._v1.keras.layers")
    assert keras.layers.LSTM is v1.LSTM
    assert issubclass(v1.LSTM, tf1.keras.layers.LSTM)
    assert not issubclass(tf_keras.layers.LSTM, tf1.keras.layers.LSTM)
    assert keras.layers.LSTM is not tf_keras.layers.LSTM


@pytest.mark.parametrize("module", [keras, keras.layers, tf1, tf1.keras.layers, tf1.nn])
def test_a_name_that_is_not_there(module):
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'nthgrad\.legacy\.keras\.nothing'"):
        importlib.import_module("nthgrad.legacy.keras.nothing")


def test_the_real_modules_are_untouched():
    assert sys.modules["keras"] is keras_3
    assert sys.modules["tensorflow"] is tf
    assert tf.keras.layers.Dense is keras_3.layers.Dense
    assert "legacy" not in sys.modules


NO_SESSION = (
    " works on a TensorFlow 1 graph, and no legacy session is open. "
    "Put the program inside `with legacy.session():`, or run its file with legacy.run."
)
OUTSIDE = {
    "tf.Session": lambda: tf1.Session(),
    "tf.InteractiveSession": lambda: tf1.InteractiveSession(),
    "tf.placeholder": lambda: tf1.placeholder(tf1.float32),
    "tf.placeholder_with_default": lambda: tf1.placeholder_with_default(1.0, ()),
    "tf.sparse_placeholder": lambda: tf1.sparse_placeholder(tf1.float32),
    "tf.gradients": lambda: tf1.gradients(tf1.constant(1.0), tf1.constant(1.0)),
    "tf.hessians": lambda: tf1.hessians(tf1.constant(1.0), tf1.constant(1.0)),
    "tf.global_variables_initializer": lambda: tf1.global_variables_initializer(),
    "tf.reset_default_graph": lambda: tf1.reset_default_graph(),
    "K.gradients": lambda: K.gradients(tf1.constant(1.0), [tf1.constant(1.0)]),
    "K.function": lambda: K.function([], []),
    "K.placeholder": lambda: K.placeholder((1,)),
    "K.get_session": lambda: K.get_session(),
    "K.set_session": lambda: K.set_session(None),
    "K.clear_session": lambda: K.clear_session(),
    "K.set_learning_phase": lambda: K.set_learning_phase(0),
    "keras.Input": lambda: keras.layers.Input((1,)),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_a_session_it_says_so(name):
    with pytest.raises(LegacyError) as caught:
        OUTSIDE[name]()
    assert str(caught.value) == name + NO_SESSION


def test_tf_keras_trees_are_guarded_too():
    with pytest.raises(LegacyError, match=r"^K.gradients works on"):
        tf1.keras.backend.gradients(1.0, [1.0])
    with pytest.raises(LegacyError, match=r"^keras.Input works on"):
        tf1.keras.Input((1,))


def test_a_layer_that_returns_a_list_of_one_gives_the_tensor():
    class Slope(keras.layers.Layer):
        def call(self, inputs):
            return K.gradients(inputs[0], inputs[1])

    class Both(keras.layers.Layer):
        def call(self, inputs):
            return K.gradients(inputs[0], inputs[1:]) * 2

    with legacy.session() as sess:
        x = keras.layers.Input(tensor=tf1.constant([2.0], dtype=tf1.float64))
        y = keras.layers.Lambda(lambda t: t**3)(x)
        for slope in (Slope()([y, x]), keras.layers.Lambda(lambda z: K.gradients(z[0], z[1]))([y, x])):
            assert isinstance(slope, tf.Tensor)
            assert sess.run(keras.layers.Lambda(lambda t: t * 10.0)(slope)).tolist() == [120.0]
            assert keras.models.Model(x, slope).predict(None, steps=1).tolist() == [12.0]
        assert len(Both()([y, x])) == 2
        assert isinstance(keras.layers.Dense(1), keras.layers.Layer)
        assert not isinstance(keras.layers.Dense(1), keras.layers.Lambda)
        assert not isinstance(keras.layers.Dense(1), Slope)


def test_in_tf_keras_it_gives_the_list_as_it_did():
    with legacy.session() as sess:
        x = tf1.keras.layers.Input(tensor=tf1.constant([2.0]))
        y = tf1.keras.layers.Lambda(lambda t: t**3)(x)
        slopes = tf1.keras.layers.Lambda(lambda z: tf1.gradients(z[0], z[1]))([y, x])
        assert isinstance(slopes, list)
        assert sess.run(slopes[0]).tolist() == [12.0]


def test_tf_layers_and_cells_are_tf_kerass():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [None, 1])
        y = tf1.layers.dense(x, 1, kernel_initializer=tf1.ones_initializer(), name="d")
        cell = tf1.nn.rnn_cell.BasicLSTMCell(3)
        out, _ = tf1.nn.dynamic_rnn(cell, x[:, None], dtype=tf1.float32)
        assert tf1.nn.relu is tf.nn.relu
        sess.run(tf1.global_variables_initializer())
        assert sess.run(y, {x: [[3.0]]}).tolist() == [[3.0]]
        assert sess.run(out, {x: [[3.0]]}).shape == (1, 1, 3)


def test_feeding_a_variable():
    with legacy.session() as sess:
        old = tf1.Variable(1.0)
        assert sess.run(old * 2.0, {old: 5.0}) == 10.0
        weight = keras.layers.Dense(1, input_shape=(1,), name="d")
        keras.models.Sequential([weight])
        with pytest.raises(LegacyError) as caught:
            sess.run(weight.kernel * 2.0, {weight.kernel: [[5.0]]})
        assert str(caught.value) == (
            "The value fed for variable 'd/kernel:0' would be ignored: it is a resource variable, as Keras's weights "
            "are here, and those cannot be fed. Give it the value with K.set_value(variable, value)."
        )


def test_k_function_takes_lists_as_arrays():
    with legacy.session():
        x, y = K.placeholder((None, 2)), K.placeholder((2,))
        assert K.function([x, y], [K.sum(x * y)])([[[1.0, 2.0]], [3.0, 4.0]]) == [11.0]
        with pytest.raises(TypeError, match="`inputs` should be a list or tuple"):
            K.function([y], [y])(np.ones(2))


def test_keras_has_the_session_that_was_set():
    with legacy.session() as sess:
        x = tf1.Variable(2.0)
        other = tf1.Session()
        assert K.get_session() is sess
        K.set_session(other)
        assert K.get_session() is other
        with other.as_default():
            other.run(x.initializer)
            assert K.eval(x) == 2.0
        K.clear_session()
        assert K.get_session().graph is tf1.get_default_graph() is not sess.graph


COST = """
import sys
from nthgrad import legacy
assert "nthgrad.legacy._runtime.session" not in sys.modules
legacy.session, legacy.run
import nthgrad.legacy.keras.layers, nthgrad.legacy.tensorflow as tf
assert not [name for name in sys.modules if name.split(".")[0] == "tf_keras"]
with legacy.session() as sess:
    assert sess.run(tf.log(1.0)) == 0.0
assert "tf_keras" in sys.modules
"""


def test_tf_keras_is_imported_when_it_is_used():
    done = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
