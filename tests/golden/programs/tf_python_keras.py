"""tf.keras under its private name, tensorflow.python.keras, from which programs of the time imported it."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
import tensorflow as tf
from tensorflow.python.keras import Input, Model, activations, callbacks, constraints, losses, regularizers
from tensorflow.python.keras import backend as K
from tensorflow.python.keras import initializers, layers, metrics, models, optimizers, utils
from tensorflow.python.keras.applications import imagenet_utils
from tensorflow.python.keras.applications.vgg16 import VGG16, preprocess_input
from tensorflow.python.keras.datasets import mnist
from tensorflow.python.keras.engine import base_layer, input_spec
from tensorflow.python.keras.engine.base_layer import InputSpec, Layer
from tensorflow.python.keras.engine.base_layer_utils import make_variable
from tensorflow.python.keras.engine.input_layer import InputLayer
from tensorflow.python.keras.engine.network import Network
from tensorflow.python.keras.engine.sequential import Sequential as Sequential2
from tensorflow.python.keras.engine.training import Model as Model2
from tensorflow.python.keras.initializers import Ones, glorot_uniform
from tensorflow.python.keras.layers.advanced_activations import LeakyReLU
from tensorflow.python.keras.layers.convolutional import Conv, Conv2D
from tensorflow.python.keras.layers.core import Activation, Dense, Dropout, Flatten, Lambda
from tensorflow.python.keras.layers.merge import _Merge, concatenate
from tensorflow.python.keras.layers.normalization import BatchNormalization
from tensorflow.python.keras.layers.pooling import GlobalPooling2D, MaxPooling2D, Pooling2D
from tensorflow.python.keras.layers.recurrent import LSTM, RNN, LSTMCell, StackedRNNCells
from tensorflow.python.keras.layers.wrappers import Bidirectional, TimeDistributed, Wrapper
from tensorflow.python.keras.models import Sequential, load_model, model_from_json
from tensorflow.python.keras.optimizer_v2.adam import Adam as Adam2
from tensorflow.python.keras.optimizer_v2.optimizer_v2 import OptimizerV2
from tensorflow.python.keras.optimizers import SGD, Adam, TFOptimizer
from tensorflow.python.keras.preprocessing import image, sequence
from tensorflow.python.keras.preprocessing.text import Tokenizer
from tensorflow.python.keras.saving import hdf5_format
from tensorflow.python.keras.utils import conv_utils, tf_utils, to_categorical
from tensorflow.python.keras.utils.generic_utils import Progbar, has_arg
from tensorflow.python.keras.utils.np_utils import normalize
import tensorflow.python.keras.layers as layers2

session = tf.Session()
tf.keras.backend.set_session(session)
print(K.get_session() is session, tf.python.keras.backend.get_session() is session, layers2 is layers)
same = [
    (Input, tf.keras.Input),
    (Model, tf.keras.Model),
    (Model2, tf.keras.models.Model),
    (Sequential, tf.keras.Sequential),
    (Sequential2, models.Sequential),
    (Layer, tf.keras.layers.Layer),
    (base_layer.Layer, layers.Layer),
    (InputSpec, tf.keras.layers.InputSpec),
    (input_spec.InputSpec, InputSpec),
    (InputLayer, tf.keras.layers.InputLayer),
    (Dense, tf.keras.layers.Dense),
    (Dense, layers.Dense),
    (Conv2D, tf.keras.layers.Conv2D),
    (LSTM, tf.keras.layers.LSTM),
    (BatchNormalization, tf.keras.layers.BatchNormalization),
    (TimeDistributed, tf.keras.layers.TimeDistributed),
    (concatenate, tf.keras.layers.concatenate),
    (Adam2, tf.keras.optimizers.Adam),
    (Ones, tf.keras.initializers.Ones),
    (glorot_uniform, tf.keras.initializers.glorot_uniform),
    (regularizers.l2, tf.keras.regularizers.l2),
    (constraints.NonNeg, tf.keras.constraints.NonNeg),
    (callbacks.Callback, tf.keras.callbacks.Callback),
    (metrics.Mean, tf.keras.metrics.Mean),
    (losses.mse, tf.keras.losses.mse),
    (utils.get_file, tf.keras.utils.get_file),
    (load_model, tf.keras.models.load_model),
    (model_from_json, tf.keras.models.model_from_json),
    (VGG16, tf.keras.applications.VGG16),
    (K.gradients, tf.keras.backend.gradients),
]
print([number for number, (one, other) in enumerate(same) if one is not other])
print([issubclass(Conv2D, Conv), issubclass(layers.Add, _Merge), issubclass(Bidirectional, Wrapper)])
print([issubclass(Model, Network), issubclass(Sequential, Model), issubclass(MaxPooling2D, Pooling2D)])
print([issubclass(layers.GlobalMaxPooling2D, GlobalPooling2D), issubclass(Adam2, OptimizerV2), issubclass(LSTM, RNN)])
print([issubclass(Adam, OptimizerV2), issubclass(SGD, optimizers.Optimizer), Adam is Adam2, SGD(lr=0.5).get_config()])
print([callable(each) for each in (make_variable, tf_utils.shape_type_conversion, mnist.load_data, TFOptimizer)])
print(
    [callable(each) for each in (hdf5_format.save_model_to_hdf5, imagenet_utils.decode_predictions, utils.plot_model)]
)
print(preprocess_input(np.zeros((1, 1, 3)))[0], image.img_to_array(np.ones((1, 2, 3))).shape, Progbar.__name__)
print(sequence.pad_sequences([[1, 2], [3]]).tolist(), Tokenizer(3).num_words, to_categorical([0, 2]).tolist())
print(normalize(np.array([[3.0, 4.0]])), conv_utils.normalize_tuple(2, 3, "size"), has_arg(activations.relu, "alpha"))
print(initializers.get("zeros").__class__.__name__, activations.get("tanh").__name__, isinstance(Dense(1), Layer))


class Scaled(Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", shape=[int(input_shape[-1])], initializer=Ones())
        super(Scaled, self).build(input_shape)

    @tf_utils.shape_type_conversion
    def compute_output_shape(self, input_shape):
        return input_shape[:-1] + (input_shape[-1],)

    def call(self, inputs):
        return inputs * self.kernel + K.sum(inputs, axis=1, keepdims=True)


x = Input(shape=(4,))
y = Scaled()(Dense(3, activation="tanh", kernel_initializer=initializers.Constant(0.3))(x))
model = Model(x, Dense(1, kernel_initializer="ones")(concatenate([Activation("sigmoid")(y), LeakyReLU()(y)])))
model.compile(optimizer=SGD(lr=0.1, decay=0.5), loss="mse", metrics=["mae"])
data = np.cos(np.arange(12.0)).reshape(3, 4)
target = np.array([[0.0], [1.0], [-1.0]])
print(model.fit(data, target, epochs=2, batch_size=3, verbose=0).history["loss"], isinstance(model, tf.keras.Model))
print(model.predict(data).ravel(), Scaled().compute_output_shape((None, 3)))
print(K.get_session().run(K.gradients(model.output, model.input)[0], {model.input: data}))
print(K.get_session() is tf.keras.backend.get_session() is session)
small = Sequential([Flatten(input_shape=(2, 2)), Dropout(0.5), Dense(1, kernel_initializer="ones")])
small.add(Lambda(lambda t: t * 2.0))
print(small.predict(np.ones((1, 2, 2))), [layer.name for layer in small.layers])
print(list(LSTMCell(2).state_size), len(StackedRNNCells([LSTMCell(2)]).state_size), Lambda(lambda t: t).name)
