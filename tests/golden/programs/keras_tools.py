"""The small functions of keras.utils and keras.engine that other people's code imported."""

import h5py
import numpy as np
from keras import backend as K
from keras import initializers, losses, optimizers
from keras.engine.base_layer import _collect_input_shape, _collect_previous_mask, _to_snake_case
from keras.engine.network import Network
from keras.engine.topology import get_source_inputs
from keras.engine.training_utils import (
    batch_shuffle,
    check_array_length_consistency,
    collect_metrics,
    make_batches,
    standardize_weights,
    weighted_masked_objective,
)
from keras.layers import Conv2D, Dense, Embedding, Flatten, Input, Masking, concatenate
from keras.layers.merge import _Merge
from keras.layers.pooling import _Pooling1D, _Pooling2D
from keras.models import Model, Sequential
from keras.utils import HDF5Matrix, conv_utils, layer_utils, np_utils
from keras.utils.generic_utils import (
    has_arg,
    is_all_none,
    object_list_uid,
    slice_arrays,
    to_list,
    transpose_shape,
    unpack_singleton,
)
from keras.utils.test_utils import get_test_data

print(to_list(3), to_list([3]), to_list((3,)), to_list((3, 4), allow_tuple=True))
print(unpack_singleton([3]), unpack_singleton([3, 4]), unpack_singleton((5,)))
print(is_all_none(None), is_all_none([None, None]), is_all_none([None, 1]))
one, other = object(), object()
print(object_list_uid([one]) == object_list_uid(one), object_list_uid([one, other]) == object_list_uid([other, one]))
print([has_arg(lambda x, y=1, **more: 0, name, accept_all=way) for name in ("x", "y", "z") for way in (False, True)])
print(transpose_shape((1, 2, 3, 4), "channels_first", (1, 2)), transpose_shape((1, 2, 3), "channels_last", (1,)))
print(slice_arrays([np.arange(5), np.arange(5) * 2], 1, 3), slice_arrays(np.arange(5), [0, 2]))
lengths = [(4, 2, 3, padding, out) for padding in ("same", "valid", "full") for out in (None, 0, 1)]
print([conv_utils.deconv_length(*case) for case in lengths], conv_utils.deconv_length(4, 2, 3, "valid", None, 2))
print(conv_utils.conv_output_length(7, 3, "same", 2), conv_utils.conv_input_length(3, 3, "valid", 2))
print(conv_utils.normalize_tuple(2, 3, "size"), conv_utils.normalize_padding("SAME"))
print(conv_utils.convert_kernel(np.arange(12.0).reshape(3, 2, 2, 1))[:, :, 0, 0])
print([initializers._compute_fans(shape) for shape in ((2, 3), (4, 2, 3), (5, 5, 2, 3))])
print(initializers._compute_fans((3, 2, 5, 5), data_format="channels_first"), initializers._compute_fans((4,)))
print(_to_snake_case("MaxPooling2D"), _to_snake_case("_Own"))
print(np_utils.to_categorical([0, 2], 3), np_utils.normalize(np.array([[3.0, 4.0]])))
print(make_batches(7, 3), len(batch_shuffle(np.arange(6), 2)))
print(collect_metrics(["a"], ["x", "y"]), collect_metrics({"x": "a"}, ["x", "y"]), collect_metrics(None, ["x"]))
print(standardize_weights(np.array([[1], [0]]), class_weight={0: 0.5, 1: 2.0}))
try:
    check_array_length_consistency([np.ones(2)], [np.ones(3)])
except ValueError:
    print("refused")

x, y = Input((2,)), Input((3, 4))
print(_collect_input_shape(x), _collect_input_shape([x, y]), _collect_previous_mask(x))
print(_collect_previous_mask(Masking()(y)) is None, _collect_previous_mask(Embedding(3, 2, mask_zero=True)(x)) is None)
joined = concatenate([x, Flatten()(y)])
print([K.int_shape(source) for source in get_source_inputs(joined)])
network = Model([x, y], joined)
print(isinstance(network, Network), isinstance(Sequential(), Network), isinstance(Dense(1), Network))

weighted = weighted_masked_objective(losses.mean_squared_error)
true, guess = K.constant([[1.0, 2.0], [3.0, 4.0]]), K.constant([[1.5, 2.0], [3.0, 8.0]])
print(K.eval(weighted(true, guess, None)), K.eval(weighted(true, guess, K.constant([0.5, 0.0]))))
print(K.eval(weighted(true, guess, K.constant([0.5, 2.0]), K.constant([1.0, 0.0]))), weighted_masked_objective(None))
for limit in 0.0, 2.0, 9.0:
    print(K.eval(optimizers.clip_norm(guess, limit, K.constant(4.0))).tolist())


class Product(_Merge):
    """A merging layer of one's own."""

    def _merge_function(self, inputs):
        return inputs[0] * inputs[1]


class Most(_Pooling2D):
    """A pooling layer of one's own."""

    def _pooling_function(self, inputs, pool_size, strides, padding, data_format):
        return K.pool2d(inputs, pool_size, strides, padding, data_format, pool_mode="max") * 2.0


class Flat(_Pooling1D):
    """One of one dimension, which is given two."""

    def _pooling_function(self, inputs, pool_size, strides, padding, data_format):
        return K.pool2d(inputs, pool_size, strides, padding, data_format, pool_mode="avg")


print(Model([x], Product()([x, x])).predict(np.array([[2.0, 3.0]])))
image = np.arange(16.0).reshape(1, 4, 4, 1)
print(Sequential([Most((2, 2), input_shape=(4, 4, 1))]).predict(image)[0, :, :, 0])
print(Sequential([Flat(2, input_shape=(4, 4))]).predict(image[..., 0])[0])
model = Sequential([Conv2D(1, (2, 2), kernel_initializer="ones", input_shape=(4, 4, 1))])
model.set_weights([np.arange(4.0).reshape(2, 2, 1, 1), np.zeros(1)])
layer_utils.convert_all_kernels_in_model(model)
print(model.get_weights()[0][:, :, 0, 0])

with h5py.File("data.h5", "w") as file:
    file["x"] = np.arange(12.0).reshape(6, 2)
rows = HDF5Matrix("data.h5", "x", start=1, end=5, normalizer=lambda values: values / 2.0)
print(len(rows), rows.shape, rows.dtype, rows.ndim, rows.size)
print(rows[0], rows[1:3], rows[[0, 2]], rows[np.array([1, 3])], rows[:2])
print(Sequential([Dense(1, kernel_initializer="ones", input_dim=2)]).predict(rows, batch_size=4)[:, 0])
np.random.seed(1)
(x, y), (z, w) = get_test_data(3, 2, (2,), (1,), classification=False)
print(x, y, z.shape, w.shape)
(x, y), (z, w) = get_test_data(3, 2, (2,), num_classes=3)
print(x, y, z, w)
