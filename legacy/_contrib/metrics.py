"""`tf.contrib.metrics`: the accuracy of one batch."""

from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> tf.Tensor:
    """Returns the (weighted) fraction of predictions that equal their labels."""
    if not (labels.dtype.is_integer or labels.dtype in (tf.bool, tf.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype!r}")
    if labels.dtype != predictions.dtype:
        raise ValueError(
            f"Dtypes of predictions and labels should match. Given: predictions ({predictions.dtype!r}) and "
            f"labels ({labels.dtype!r})"
        )
    with v1.name_scope(name, "accuracy", [predictions, labels]):
        right = tf.cast(tf.equal(predictions, labels), tf.float32)
        if weights is None:
            return tf.reduce_mean(right)
        right = tf.multiply(right, weights)
        number = tf.multiply(weights, v1.ones_like(right))
        return v1.div(tf.reduce_sum(right), tf.reduce_sum(number))
