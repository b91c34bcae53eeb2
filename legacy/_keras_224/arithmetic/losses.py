"""The losses of Keras 2.2.4, and the crossentropies of its backend.

Crossentropies clip probabilities to [epsilon, 1 - epsilon], even those of a sigmoid or softmax. So their gradients are
zero at saturation; tf_keras's use the logits. Hinge losses take targets -1 and 1; tf_keras's convert 0 to -1.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.arithmetic import deserializing
from nthgrad.legacy._keras_224.arithmetic.aliases import LOSS_ALIASES


def clipped(probability: tf.Tensor) -> tf.Tensor:
    """Clips probabilities to [epsilon, 1 - epsilon]."""
    epsilon = tf.convert_to_tensor(tf_keras.keras_backend().epsilon(), probability.dtype.base_dtype)
    return tf.clip_by_value(probability, epsilon, 1 - epsilon)


def backend_binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> tf.Tensor:
    """`K.binary_crossentropy`: elementwise, with the shape of `output`."""
    if not from_logits:
        probability = clipped(output)
        output = tf.math.log(probability / (1 - probability))
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=output)


def backend_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> tf.Tensor:
    """`K.categorical_crossentropy`: one number for each distribution along `axis`."""
    check_axis(output, axis)
    if from_logits:
        return tf.compat.v1.nn.softmax_cross_entropy_with_logits_v2(labels=tf.stop_gradient(target), logits=output)
    probability = clipped(output / tf.reduce_sum(output, axis, keepdims=True))
    return -tf.reduce_sum(target * tf.math.log(probability), axis)


def backend_sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> tf.Tensor:
    """`K.sparse_categorical_crossentropy`: one number for each class index in `target`."""
    check_axis(output, axis)
    rank = output.shape.rank
    if axis not in (-1, rank - 1):
        output = tf.transpose(output, [i for i in range(rank) if i != axis] + [axis])
    logits = output if from_logits else tf.math.log(clipped(output))
    classes: Any = logits.shape[-1]
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.cast(tf.reshape(target, [-1]), tf.int64), logits=tf.reshape(logits, [-1, int(classes)])
    )
    # Only a sequence of distributions gets its shape back.
    return tf.reshape(each, tf.shape(logits)[:-1]) if rank >= 3 else each


def check_axis(output: tf.Tensor, axis: int) -> None:
    """Raises if `output` does not have the axis."""
    rank = output.shape.rank
    if axis != -1 and axis not in range(rank):
        raise ValueError(
            f"Unexpected channels axis {axis}. Expected to be -1 or one of the axes of `output`, which has {rank} "
            "dimensions."
        )


def mean_squared_error(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(tf.square(y_pred - y_true), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(y_pred - y_true), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> tf.Tensor:
    return 100.0 * tf.reduce_mean(tf.abs((y_true - y_pred) / _at_least_epsilon(tf.abs(y_true))), -1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> tf.Tensor:
    predicted, wanted = (tf.math.log(_at_least_epsilon(y) + 1.0) for y in (y_pred, y_true))
    return tf.reduce_mean(tf.square(predicted - wanted), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(tf.square(tf.maximum(1.0 - y_true * y_pred, 0.0)), -1)


def hinge(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(tf.maximum(1.0 - y_true * y_pred, 0.0), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> tf.Tensor:
    wanted = tf.reduce_sum(y_true * y_pred, -1)
    other = tf.reduce_max((1.0 - y_true) * y_pred, -1)
    return tf.maximum(0.0, other - wanted + 1.0)


def logcosh(y_true: Any, y_pred: Any) -> tf.Tensor:
    error = y_pred - y_true
    return tf.reduce_mean(error + tf.math.softplus(-2.0 * error) - tf.math.log(tf.constant(2.0, error.dtype)), -1)


def categorical_crossentropy(y_true: Any, y_pred: Any) -> tf.Tensor:
    return backend_categorical_crossentropy(y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any) -> tf.Tensor:
    return backend_sparse_categorical_crossentropy(y_true, y_pred)


def binary_crossentropy(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(backend_binary_crossentropy(y_true, y_pred), -1)


def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> tf.Tensor:
    epsilon = tf_keras.keras_backend().epsilon()
    wanted, predicted = (tf.clip_by_value(y, epsilon, 1.0) for y in (y_true, y_pred))
    return tf.reduce_sum(wanted * tf.math.log(wanted / predicted), -1)


def poisson(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(y_pred - y_true * tf.math.log(y_pred + tf_keras.keras_backend().epsilon()), -1)


def cosine_proximity(y_true: Any, y_pred: Any) -> tf.Tensor:
    return -tf.reduce_sum(tf.math.l2_normalize(y_true, -1) * tf.math.l2_normalize(y_pred, -1), -1)


def _at_least_epsilon(values: Any) -> tf.Tensor:
    return tf.maximum(values, tf.cast(tf_keras.keras_backend().epsilon(), values.dtype))


LOSSES: dict[str, Callable] = {
    function.__name__: function
    for function in (
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        squared_hinge,
        hinge,
        categorical_hinge,
        logcosh,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
        binary_crossentropy,
        kullback_leibler_divergence,
        poisson,
        cosine_proximity,
    )
}
LOSS_NAMES: dict[str, Callable] = {name: LOSSES[long] for name, long in LOSS_ALIASES.items()}


def named(identifier: Any, names: Mapping[str, Callable], what: str) -> Callable:
    """Returns the function of a name or the object of a configuration; returns a function unchanged.

    Raises:
        ValueError: if the name is unknown, or `identifier` is none of these.
    """
    if isinstance(identifier, (str, Mapping)):
        return deserializing.deserialize(identifier, names, None, what)
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret {what} identifier:", identifier)


def get(identifier: Any) -> Callable | None:
    """`keras.losses.get`: the loss of a name or configuration, a function unchanged, or None."""
    return None if identifier is None else named(identifier, LOSS_NAMES, "loss function")


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable:
    """`keras.losses.deserialize`: the loss of a name or configuration."""
    return deserializing.deserialize(name, LOSS_NAMES, custom_objects, "loss function")
