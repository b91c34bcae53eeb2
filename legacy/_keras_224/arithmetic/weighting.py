"""The mean of a loss over a batch, with weights and masks, as in Keras 2.2.4.

It divides by the number of nonzero weights and unmasked steps; tf_keras divides by the number of all.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def weighted(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Wraps a loss or metric to return its weighted mean over a batch.

    Args:
        function: takes targets and predictions; returns a score for each sample, for each time step, or one for all.

    Returns:
        a function of targets, predictions, weights and mask (both may be None) that returns a scalar.
    """

    def scalar(y_true: Any, y_pred: Any, weights: Any = None, mask: Any = None) -> tf.Tensor:
        score = function(y_true, y_pred)
        floats = _floatx()
        if mask is not None:
            mask = tf.cast(mask, floats)
            score = score * mask / tf.reduce_mean(mask)
        if weights is not None:
            # The mean over the axes that weights lack leaves one score for each weight.
            score = _mean(score, list(range(weights.shape.rank, _rank(score)))) * weights
            score /= tf.reduce_mean(tf.cast(tf.not_equal(weights, 0), floats))
        return _mean(score, None)

    return scalar


def _mean(score: Any, axes: list[int] | None) -> tf.Tensor:
    score = tf.convert_to_tensor(score)
    if score.dtype.base_dtype == tf.bool:
        score = tf.cast(score, _floatx())
    return tf.reduce_mean(score, axes)


def _rank(score: Any) -> int:
    rank = tf.convert_to_tensor(score).shape.rank
    if rank is None:
        raise ValueError(f"The rank of the loss {score} is unknown, but sample weights need it. Set its shape.")
    return rank


def _floatx() -> str:
    from nthgrad.legacy._internals import tf_keras

    return tf_keras.keras_backend().floatx()
