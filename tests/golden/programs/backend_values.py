"""Every function of the Keras backend that takes values elsewhere without chance: shapes, sums, comparisons."""

import numpy as np
from keras import backend as K

ramp = np.arange(12.0).reshape(2, 3, 2) - 4.5
x = K.variable(ramp, name="x")
y = K.constant([[1.0, -2.0, 3.0], [0.5, 0.0, -1.5]])
steps = K.variable(np.arange(4), dtype="int32")


def show(name, *values):
    print(name, *[(K.eval(value).tolist(), K.dtype(value), K.int_shape(value)) for value in values])


show("zeros", K.zeros((2,)), K.ones((1, 2), dtype="int32"), K.eye(2), K.zeros_like(y), K.ones_like(y, dtype="float64"))
show("constant", K.constant(3), K.constant([1, 2], dtype="int32"), K.constant(2.0, shape=(2, 2)))
show("identity", K.identity(y), K.stop_gradient(y), K.cast(y, "int32"), K.cast(steps, "bool"))
show("sums", K.sum(x), K.sum(x, axis=1), K.sum(x, axis=[0, 2], keepdims=True), K.prod(y, axis=-1))
show("cumulative", K.cumsum(y, axis=1), K.cumprod(y, axis=0))
show("means", K.mean(x, axis=-1), K.var(y, axis=1), K.std(y, axis=0, keepdims=True), K.mean(K.cast(steps, "bool")))
show("extremes", K.max(x, axis=0), K.min(y), K.argmax(y), K.argmin(y, axis=0), K.logsumexp(y, axis=1))
show("truth", K.any(steps), K.all(steps), K.any(K.greater(y, 2.0), axis=1, keepdims=True))
show("compare", K.equal(y, 3.0), K.not_equal(y, 3.0), K.less(y, 0.0), K.less_equal(y, 0.0), K.greater_equal(y, 0.0))
show("between", K.maximum(y, 0.0), K.minimum(y, 0.0), K.clip(y, -1.0, 1.0), K.clip(y, 1.0, -1.0))
show("powers", K.square(y), K.pow(y, 3), K.sqrt(y), K.abs(y), K.sign(y), K.round(y), K.exp(y), K.log(K.abs(y) + 1.0))
show("waves", K.sin(y), K.cos(y), K.tanh(y))
show("normal", K.l2_normalize(y, axis=1), K.l2_normalize(y, axis=0))
show("reshape", K.reshape(x, (3, 4)), K.reshape(x, (-1,)), K.flatten(x), K.batch_flatten(x))
show("axes", K.permute_dimensions(x, (1, 0, 2)), K.transpose(y), K.expand_dims(y), K.expand_dims(y, 0))
show("squeeze", K.squeeze(K.expand_dims(y, 1), 1), K.squeeze(K.expand_dims(y), -1))
show("joined", K.concatenate([y, y]), K.concatenate([y, 2.0 * y], axis=0), K.stack([y, y]), K.stack([y, y], axis=-1))
show("repeated", K.repeat(y, 2), K.repeat_elements(y, 2, axis=1), K.tile(y, [1, 2]))
show("arange", K.arange(3), K.arange(2, 8, 3), K.arange(3, dtype="float32"), K.arange(-2))
print([K.eval(K.arange(K.constant(stop, "int32"))).tolist() for stop in (3, -3)])
show("reverse", K.reverse(y, 0), K.reverse(x, (0, 2)), K.reverse(y, axes=[1]))
show("slices", K.slice(x, [0, 1, 0], [2, 2, 1]), K.slice(y, (0, 1), (-1, 2)))
show("gather", K.gather(x, K.constant([1, 0, 1], dtype="int32")), K.one_hot(steps, 3), K.to_dense(y))
show("padding", K.temporal_padding(x), K.temporal_padding(x, (0, 2)))
image = K.expand_dims(x)
show("padding", K.spatial_2d_padding(image, ((0, 1), (1, 0)))[:, :, :, 0])
show("padding", K.spatial_2d_padding(image, ((0, 1), (1, 0)), "channels_first")[0])
show("resized", K.resize_images(image, 2, 1, "channels_last"), K.resize_images(image, 1, 2, "channels_first"))
show("folds", K.map_fn(lambda row: 2.0 * row, y), K.foldl(lambda a, b: a - b, y), K.foldr(lambda a, b: a - b, y))
show("in_top_k", K.in_top_k(y, K.constant([2, 1], dtype="int32"), 1))
print(
    K.ndim(x), K.int_shape(x), K.get_variable_shape(x), K.count_params(x), K.dtype(steps), K.eval(K.shape(x)).tolist()
)
print(K.is_tensor(x), K.is_tensor(y), K.is_tensor(ramp), K.is_sparse(y), K.is_keras_tensor(K.placeholder((2,))))
print(K.get_value(steps).tolist(), K.cast_to_floatx(np.array([1, 2])), K.cast_to_floatx([1, 2]).dtype)
K.set_value(steps, [4, 3, 2, 1])
K.batch_set_value([(x, 2.0 * ramp)])
print([value.tolist() for value in K.batch_get_value([steps, x])])
total = K.variable(1.0)
for update in K.update(total, 5.0), K.update_add(total, 2.0), K.update_sub(total, 3.0):
    K.get_session().run(update)
    print(K.get_value(total))
print(K.image_data_format(), K.image_dim_ordering(), K.floatx(), K.epsilon(), K.backend())
K.set_image_dim_ordering("th")
print(
    K.image_data_format(),
    K.image_dim_ordering(),
    K.normalize_data_format(None),
    K.normalize_data_format("channels_last"),
)
K.set_image_dim_ordering("tf")
K.set_epsilon(1e-3)
K.set_floatx("float64")
print(
    K.image_data_format(),
    K.epsilon(),
    K.floatx(),
    K.dtype(K.constant(1.0)),
    K.dtype(K.variable(1.0)),
    K.dtype(K.ones(2)),
)
print([K.get_uid("a"), K.get_uid("a"), K.get_uid("b")])
K.reset_uids()
print(K.get_uid("a"))
