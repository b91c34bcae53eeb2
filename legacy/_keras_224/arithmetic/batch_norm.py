"""BatchNormalization as in Keras 2.2.4.

Its moving averages are bias-corrected: after one batch they are the mean and variance of that batch. tf_keras's have
moved only a hundredth of the way there, so early predictions differ a lot. The variance of a batch is an unbiased
estimate.
"""

from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras


def call(layer: Any, inputs: tf.Tensor, training: Any = None) -> tf.Tensor:
    """Normalizes `inputs` by their own statistics in training, by the moving averages otherwise."""
    backend = tf_keras.keras_backend()
    rank = inputs.shape.rank
    axis = layer.axis[0] % rank
    reduced = [i for i in range(rank) if i != axis]

    def by_moving_averages() -> tf.Tensor:
        shape = [inputs.shape[axis] if i == axis else 1 for i in range(rank)]
        parameters: Any = (layer.moving_mean, layer.moving_variance, layer.beta, layer.gamma)
        spread: Any = [each if each is None or axis == rank - 1 else tf.reshape(each, shape) for each in parameters]
        mean, variance, offset, scale = spread
        return tf.nn.batch_normalization(inputs, mean, variance, offset, scale, layer.epsilon)

    if training is False or (isinstance(training, int) and training == 0):
        return by_moving_averages()
    normalized, mean, variance = backend.normalize_batch_in_training(
        inputs, layer.gamma, layer.beta, reduced, epsilon=layer.epsilon
    )
    sizes = tf.shape(inputs)
    count = tf.cast(tf.reduce_prod([sizes[i] for i in reduced]), inputs.dtype)
    variance *= count / (count - (1.0 + layer.epsilon))
    layer.add_update(
        [
            backend.moving_average_update(layer.moving_mean, mean, layer.momentum),
            backend.moving_average_update(layer.moving_variance, variance, layer.momentum),
        ]
    )
    return backend.in_train_phase(normalized, by_moving_averages, training=training)
