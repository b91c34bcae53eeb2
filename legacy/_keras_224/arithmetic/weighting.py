"""The mean of a loss over a batch, with weights and masks, as Keras 2.2.4 took it.

It divides by the number of entries that count: of weights that are not zero, of steps that are not masked.  Today's
tf_keras divides by all.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def weighted(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The scalar that a loss or metric gives for a batch.

    Args:
        function: Of targets and predictions; it returns a score for each sample, or step of a sample, or one for all.

    Returns:
        A function of targets, predictions, weights (None for none) and mask (likewise), which returns the scalar.
    """

    def scalar(y_true: Any, y_pred: Any, weights: Any = None, mask: Any = None) -> tf.Tensor:
        score = function(y_true, y_pred)
        floats = _floatx()
        if mask is not None:
            mask = tf.cast(mask, floats)
            score = score * mask / tf.reduce_mean(mask)
        if weights is not None:
            # One score for each weight: the mean over the axes that weights do not have.
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
        raise ValueError(f"The loss {score} has no known rank, which weights of samples need. Give it a shape.")
    return rank


def _floatx() -> str:
    from nthgrad.legacy._internals import tf_keras

    return tf_keras.keras_backend().floatx()
