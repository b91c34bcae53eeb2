"""Names by the modules that defined them, and names that modules showed because they had imported them."""

import keras
import numpy as np
from keras.backend.common import epsilon, floatx, image_data_format
from keras.engine import Input, InputLayer, Layer, Model, get_source_inputs
from keras.engine.base_layer import InputSpec, Node
from keras.engine.input_layer import Input as Input2
from keras.engine.network import Network
from keras.engine.saving import model_from_json, preprocess_weights_for_loading
from keras.engine.sequential import Sequential
from keras.engine.training_utils import check_array_length_consistency, standardize_weights, weighted_masked_objective
from keras.layers import *  # noqa: F403
from keras.layers.convolutional import Conv2D, _Conv
from keras.layers.convolutional_recurrent import ConvLSTM2D
from keras.layers.embeddings import Embedding
from keras.layers.local import LocallyConnected1D
from keras.layers.merge import Add, _Merge
from keras.layers.noise import GaussianNoise
from keras.layers.pooling import GlobalMaxPooling1D, _GlobalPooling1D, _Pooling2D
from keras.layers.recurrent import LSTMCell, RNN, StackedRNNCells
from keras.legacy import interfaces
from keras.models import Input as Input3
from keras.utils import generic_utils, np_utils
from keras.utils.conv_utils import conv_input_length, deconv_length, normalize_tuple
from keras.utils.data_utils import OrderedEnqueuer, Sequence, get_file
from keras.utils.generic_utils import Progbar, func_dump, func_load, has_arg, object_list_uid, to_list, unpack_singleton
from keras.utils.io_utils import HDF5Matrix, ask_to_proceed_with_overwrite
from keras.utils.multi_gpu_utils import multi_gpu_model
from keras.utils.vis_utils import model_to_dot, plot_model

print(keras.__version__[:2], epsilon(), floatx(), image_data_format(), K.backend(), np.pi > 3)  # noqa: F405
print(initializers.zero is not None, regularizers.l2(0.5).get_config(), activations.get("relu").__name__)  # noqa: F405
print(constraints.get("nonneg") is not None, [Input is Input2, Input2 is Input3, issubclass(Conv2D, _Conv)])  # noqa: F405
print([issubclass(Add, _Merge), issubclass(Add, Layer), issubclass(Model, Network)])
print(issubclass(keras.layers.MaxPooling2D, _Pooling2D), issubclass(GlobalMaxPooling1D, _GlobalPooling1D))
print(to_list(3), to_list([3]), unpack_singleton([3]), has_arg(deconv_length, "stride_size"), Node is not None)
print(object_list_uid([]) == object_list_uid([]), normalize_tuple(2, 3, "size"))
print(deconv_length(4, 2, 3, "valid", None), conv_input_length(3, 3, "valid", 2))
print(initializers._compute_fans((3, 3, 2, 4)))  # noqa: F405
print(np_utils.to_categorical([0, 2]).tolist(), np_utils.normalize(np.array([3.0, 4.0])).tolist())
print(func_load(func_dump(lambda t: t + 1))(2), callable(interfaces.legacy_dense_support), callable(get_file))
print([cls.__name__ for cls in (Sequence, Progbar, OrderedEnqueuer, HDF5Matrix)])
print(callable(ask_to_proceed_with_overwrite), callable(plot_model), callable(model_to_dot), callable(multi_gpu_model))
print(generic_utils.serialize_keras_object(regularizers.l1(0.5)), InputLayer((2,)).output_shape)  # noqa: F405

x = Input(shape=(4, 2))
y = LocallyConnected1D(2, 2, kernel_initializer="ones")(GaussianNoise(0.1)(x))
y = GlobalMaxPooling1D()(RNN(StackedRNNCells([LSTMCell(2), LSTMCell(2)]), return_sequences=True)(y))
model = Model(x, y)
model.set_weights([np.cos(k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(model.get_weights())])
print(model.predict(np.sin(np.arange(8.0)).reshape(1, 4, 2)), get_source_inputs(y)[0] is x)
print(K.int_shape(ConvLSTM2D(2, 2)(Input((3, 4, 4, 1)))), Embedding(3, 2)(Input((2,), dtype="int32")).shape)  # noqa: F405
copy = model_from_json(model.to_json())
print(copy.output_shape, len(preprocess_weights_for_loading(copy.layers[2], copy.layers[2].get_weights())))
masked = weighted_masked_objective(keras.losses.mean_squared_error)
true, predicted = K.constant([[1.0], [2.0], [4.0]]), K.constant([[1.5], [1.0], [0.0]])  # noqa: F405
weights, mask = K.constant([1.0, 0.0, 2.0]), K.constant([1.0, 1.0, 0.0])  # noqa: F405
print(K.eval(masked(true, predicted, weights)), K.eval(masked(true, predicted, weights, mask)))  # noqa: F405
print(standardize_weights(np.array([[0], [1], [1]]), class_weight={0: 1.0, 1: 0.5}), InputSpec(ndim=3).ndim)
print(
    check_array_length_consistency([np.zeros((2, 1))], [np.zeros((2, 3))], [np.ones(2)]),
    isinstance(Sequential(), Model),
)
