"""What layers are made of in the Keras backend: activations, convolutions, pooling, normalisation, loops."""

import numpy as np
from keras import backend as K


def ramp(*shape):
    return K.variable(np.sin(np.arange(float(np.prod(shape)))).reshape(shape))


def show(name, *values):
    print(name, *[(K.eval(value).tolist(), K.int_shape(value)) for value in values])


x = K.constant([[-3.0, -0.5, 0.0], [0.25, 1.0, 7.0]])
show(
    "relu",
    K.relu(x),
    K.relu(x, alpha=0.1),
    K.relu(x, max_value=2.0),
    K.relu(x, alpha=0.5, max_value=5.0, threshold=0.5),
)
show("relu", K.relu(x, max_value=6), K.relu(x, threshold=1.0), K.relu(x, alpha=0.1, threshold=-1.0))
show("elu", K.elu(x), K.elu(x, alpha=2.0), K.softplus(x), K.softsign(x), K.hard_sigmoid(x), K.sigmoid(x))
show("softmax", K.softmax(x), K.softmax(x, axis=0), K.softmax(ramp(1, 2, 3)), K.softmax(ramp(1, 2, 3), axis=1))
show("conv1d", K.conv1d(ramp(1, 5, 2), ramp(3, 2, 2)), K.conv1d(ramp(1, 5, 2), ramp(3, 2, 2), 2, "same"))
show("conv1d", K.conv1d(ramp(1, 5, 2), ramp(2, 2, 1), padding="causal", dilation_rate=2))
show(
    "conv2d", K.conv2d(ramp(1, 4, 4, 1), ramp(3, 3, 1, 2)), K.conv2d(ramp(1, 4, 4, 1), ramp(2, 2, 1, 1), (2, 2), "same")
)
show("conv2d", K.conv2d(ramp(1, 1, 4, 4), ramp(3, 3, 1, 1), data_format="channels_first"))
show("conv2d", K.conv2d(ramp(1, 5, 5, 1), ramp(2, 2, 1, 1), dilation_rate=(2, 2)))
show("transposed", K.conv2d_transpose(ramp(1, 2, 2, 1), ramp(3, 3, 2, 1), (1, 4, 4, 2), (2, 2), "same"))
show("transposed", K.conv2d_transpose(ramp(1, 2, 2, 1), ramp(2, 2, 1, 1), (1, 3, 3, 1)))
show("depthwise", K.depthwise_conv2d(ramp(1, 3, 3, 2), ramp(2, 2, 2, 1)))
show("separable", K.separable_conv2d(ramp(1, 3, 3, 2), ramp(2, 2, 2, 1), ramp(1, 1, 2, 2)))
show("separable", K.separable_conv1d(ramp(1, 4, 2), ramp(3, 2, 1), ramp(1, 2, 2)))
show("separable", K.separable_conv1d(ramp(1, 5, 2), ramp(3, 2, 1), ramp(1, 2, 2), strides=2, padding="same"))
show("separable", K.separable_conv1d(ramp(1, 5, 2), ramp(2, 2, 1), ramp(1, 2, 2), padding="valid", dilation_rate=2))
show(
    "conv3d",
    K.conv3d(ramp(1, 2, 2, 2, 1), ramp(2, 2, 2, 1, 1)),
    K.conv3d(ramp(1, 2, 2, 2, 1), ramp(1, 2, 1, 1, 1), padding="same"),
)
show("pool", K.pool2d(ramp(1, 4, 4, 1), (2, 2)), K.pool2d(ramp(1, 3, 3, 1), (2, 2), (2, 2), "same", None, "avg"))
show("pool", K.pool2d(ramp(1, 1, 4, 4), (2, 2), (2, 2), data_format="channels_first"))
show(
    "pool",
    K.pool3d(ramp(1, 2, 2, 2, 1), (2, 2, 2)),
    K.pool3d(ramp(1, 2, 2, 2, 1), (1, 2, 2), (1, 1, 1), "same", None, "avg"),
)
show("local", K.local_conv1d(ramp(1, 4, 2), ramp(3, 4, 2), (2,), (1,)))
show("local", K.local_conv2d(ramp(1, 3, 3, 1), ramp(4, 4, 1), (2, 2), (1, 1), (2, 2), "channels_last"))
y = ramp(4, 3)
normed, mean, variance = K.normalize_batch_in_training(y, K.ones((3,)), K.zeros((3,)), [0])
show("normal", normed, mean, variance)
show("normal", K.batch_normalization(y, mean, variance, K.zeros((3,)), K.ones((3,))))
show("normal", K.batch_normalization(y, mean, variance, None, None, epsilon=0.1))
average = K.variable([1.0, 2.0])
update = K.moving_average_update(average, K.constant([3.0, 5.0]), 0.9)
K.get_session().run(update)
show("average", average)

targets, chances = K.constant([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), K.constant([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4]])
show("losses", K.categorical_crossentropy(targets, chances), K.binary_crossentropy(targets, chances))
show(
    "losses",
    K.categorical_crossentropy(targets, x, from_logits=True),
    K.binary_crossentropy(targets, x, from_logits=True),
)
labels = K.constant([1, 0], dtype="int64")
show("losses", K.sparse_categorical_crossentropy(labels, chances))
show("losses", K.sparse_categorical_crossentropy(labels, x, from_logits=True))

last, outputs, states = K.rnn(lambda now, old: (now + old[0], [now + 2.0 * old[0]]), ramp(2, 3, 2), [K.zeros((2, 2))])
print("rnn", [K.eval(value).tolist() for value in (last, outputs, states[0])])
mask = K.constant([[1, 1, 0], [1, 0, 0]])
last, outputs, states = K.rnn(
    lambda now, old: (now + old[0], [now + old[0]]),
    ramp(2, 3, 2),
    [K.zeros((2, 2))],
    mask=mask,
    go_backwards=True,
    unroll=True,
)
print("rnn", [K.eval(value).tolist() for value in (last, outputs, states[0])])

path = np.array([[[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.2, 0.1, 0.7], [0.8, 0.1, 0.1]]])
decoded, score = K.ctc_decode(K.constant(path), K.constant([4], dtype="int32"))
show("ctc", decoded[0], score)
decoded, score = K.ctc_decode(K.constant(path), K.constant([4], dtype="int32"), greedy=False, top_paths=2)
show("ctc", decoded[0], decoded[1], score)
cost = K.ctc_batch_cost(K.constant([[0, 1]]), K.constant(path), K.constant([[4]]), K.constant([[2]]))
show("ctc", cost)
print(
    [K.int_shape(K.random_normal((2, 3))), K.int_shape(K.random_uniform((2,))), K.int_shape(K.truncated_normal((1, 2)))]
)
print(K.int_shape(K.dropout(x, 0.5)), sorted(set(K.eval(K.random_binomial((50,), p=0.5)).tolist())))
print(K.int_shape(K.random_uniform_variable((2,), 0.0, 1.0)), K.int_shape(K.random_normal_variable((2, 1), 0.0, 1.0)))
