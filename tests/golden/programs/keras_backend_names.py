"""The backend's functions, each on small numbers: what programs called before they had layers for it."""

# tolerance: rtol=4e-6 atol=1e-7 (sums of products)
import keras.backend as K
import numpy as np
from keras.backend import tensorflow_backend as KTF

a = K.variable(np.arange(6.0).reshape(2, 3) / 4, name="a")
b = K.constant([[1.0, -1.0], [0.5, 2.0], [-0.25, 0.0]], name="b")
batch = K.constant(np.sin(np.arange(12.0)).reshape(2, 2, 3))
print(K.eval(K.dot(a, b)), K.int_shape(a), K.get_variable_shape(a), K.ndim(batch), K.dtype(a), K.count_params(b))
print(K.eval(K.batch_dot(batch, K.permute_dimensions(batch, (0, 2, 1)), axes=[2, 1])))
print(K.eval(K.batch_dot(K.constant([[1.0, 2.0], [3.0, 4.0]]), K.constant([[5.0, 6.0], [7.0, 8.0]]), axes=1)))
print(K.eval(K.logsumexp(a, axis=1)), K.eval(K.var(a, axis=0)), K.eval(K.std(a)), K.eval(K.prod(a + 1, axis=-1)))
print(K.eval(K.cumsum(a, axis=1)), K.eval(K.argmax(b, axis=-1)), K.eval(K.any(K.equal(a, 0.25), axis=1)).tolist())
print(K.eval(K.one_hot(K.constant([2, 0], dtype="int32"), 3)), K.eval(K.gather(b, K.constant([2, 0], dtype="int32"))))
print(K.eval(K.switch(K.greater(a, 0.5), a, -a)), K.eval(K.clip(a, 0.3, 0.9)), K.eval(K.sign(b)).tolist())
print(K.eval(K.switch(K.constant(1) > 2, lambda: a * 2, lambda: a / 2)), K.eval(K.maximum(a, 1 - a)))
print(K.eval(K.l2_normalize(b, axis=0)), K.eval(K.hard_sigmoid(a)), K.eval(K.softsign(b)), K.eval(K.elu(b, 0.5)))
print(K.eval(K.relu(b, alpha=0.1, max_value=1.5)), K.eval(K.softplus(b)), K.eval(K.round(b * 3)).tolist())
print(K.eval(K.repeat(a, 2)).shape, K.eval(K.repeat_elements(a, 2, axis=1)), K.eval(K.tile(a, [1, 2])).shape)
print(K.eval(K.concatenate([a, a * 0], axis=-1)), K.eval(K.stack([a, -a], axis=1)).shape, K.eval(K.reverse(a, 1)))
print(K.eval(K.squeeze(K.expand_dims(a, 1), 1)).shape, K.eval(K.flatten(a)), K.eval(K.batch_flatten(batch)).shape)
print(K.eval(K.slice(batch, [0, 0, 1], [2, 1, 2])), K.eval(K.identity(a)) is None, K.eval(K.arange(1, 7, 2)))
print(
    K.eval(K.bias_add(batch, K.constant([1.0, 2.0, 3.0])))[0],
    K.eval(K.bias_add(batch, K.constant([1.0, 2.0]), "channels_first"))[0],
)
print(
    K.eval(K.temporal_padding(batch, (1, 0))).shape,
    K.eval(K.eye(2)),
    K.eval(K.ones_like(a)).sum(),
    K.eval(K.zeros((2,))),
)
print(K.eval(K.map_fn(lambda row: K.sum(row * row), a)), K.eval(K.foldl(lambda x, y: x * 0.5 + y, a)))

steps, finals, states = K.rnn(lambda x, s: (s[0] + x, [s[0] + x * 2]), batch, [K.constant(np.zeros((2, 3)))])
print(K.eval(steps), K.eval(finals).shape, len(states))
image = K.constant(np.cos(np.arange(32.0)).reshape(1, 4, 4, 2))
kernel = K.constant(np.sin(np.arange(16.0)).reshape(2, 2, 2, 2))
print(K.eval(K.conv2d(image, kernel, strides=(2, 2), padding="same")))
print(
    K.eval(K.pool2d(image, (2, 2), strides=(2, 2), pool_mode="avg")),
    K.eval(K.resize_images(image, 2, 2, "channels_last")).shape,
)
print(K.eval(K.separable_conv2d(image, kernel, K.constant(np.ones((1, 1, 4, 1)))))[0, :, :, 0])
print(K.eval(K.conv1d(batch, K.constant(np.ones((2, 3, 1))), padding="causal")).ravel())
print(K.eval(K.in_top_k(K.constant([[0.1, 0.9], [0.8, 0.2]]), K.constant([1, 1], dtype="int32"), 1)).tolist())

x = K.placeholder(shape=(None, 2), name="x")
y = K.sum(K.pow(x, 3) * K.exp(-x), axis=-1)
slope = K.gradients(y, [x])
print(
    K.is_tensor(x), K.is_placeholder(x), K.is_sparse(x), KTF.is_placeholder(slope[0]), K.is_keras_tensor(K.variable(1))
)
K.update(a, a * 2.0)
count = K.variable(1.0)
everything = K.function([x], [y, slope[0], K.stop_gradient(y)], updates=[K.update_add(count, 2.0)], name="everything")
print(everything([np.array([[1.0, 2.0], [0.5, -1.0]])]), K.get_value(count))
print(K.function([x], [])([np.ones((1, 2))]), K.function([], [count, count * 2])([]), K.eval(K.update_sub(count, 1.0)))
K.set_value(a, np.ones((2, 3)))
K.batch_set_value([(count, 5.0), (a, np.zeros((2, 3)))])
print(K.batch_get_value([count]), K.get_value(a).sum(), K.get_uid("mine"), K.get_uid("mine"))
with K.name_scope("inner"):
    print(K.placeholder((1,), name="named").name, K.variable(0, name="v").name)
print(KTF.tf is K.tf, K.normalize_data_format(None), K.set_epsilon(1e-6), K.epsilon())
K.set_floatx("float64")
print(K.floatx(), K.cast_to_floatx([1]).dtype)
z = K.variable(1.0)
print(K.eval(z + 1e-12).dtype, repr(float(K.eval(K.gradients(K.exp(z), z)[0]))))
K.set_floatx("float32")
K.set_epsilon(1e-7)
