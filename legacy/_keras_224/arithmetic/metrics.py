"""The metrics of Keras 2.2.4: functions of targets and predictions, like losses."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.arithmetic import deserializing, losses


def binary_accuracy(y_true: Any, y_pred: Any) -> tf.Tensor:
    return tf.reduce_mean(_as_floats(tf.equal(y_true, tf.round(y_pred))), -1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> tf.Tensor:
    return _as_floats(tf.equal(tf.argmax(y_true, -1), tf.argmax(y_pred, -1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> tf.Tensor:
    return _as_floats(tf.equal(tf.reshape(y_true, [-1]), _as_floats(tf.argmax(y_pred, -1))))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> tf.Tensor:
    return tf.reduce_mean(_as_floats(tf.math.in_top_k(tf.argmax(y_true, -1), y_pred, k)), -1)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> tf.Tensor:
    return tf.reduce_mean(_as_floats(tf.math.in_top_k(tf.cast(tf.reshape(y_true, [-1]), tf.int32), y_pred, k)), -1)


def _as_floats(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf_keras.keras_backend().floatx())


METRICS: dict[str, Callable] = {
    function.__name__: function
    for function in (
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        top_k_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
    )
}
METRIC_NAMES: dict[str, Callable] = {
    **METRICS,
    **{name: loss for name, loss in losses.LOSS_NAMES.items() if name.lower() not in ("categorical_hinge", "kld")},
}
# "accuracy" and "crossentropy" depend on the loss and on the width of the output.
_CHOSEN = {
    "acc": {"binary": binary_accuracy, "sparse": sparse_categorical_accuracy, "": categorical_accuracy},
    "ce": {
        "binary": losses.binary_crossentropy,
        "sparse": losses.sparse_categorical_crossentropy,
        "": losses.categorical_crossentropy,
    },
}
_ALIASES = {"accuracy": "acc", "acc": "acc", "crossentropy": "ce", "ce": "ce"}


def resolve(metric: Any, output_shape: tuple[int | None, ...], loss: Any) -> tuple[str, Callable]:
    """Returns the name and function of an output's metric in `compile(metrics=[...])`."""
    if isinstance(metric, str) and metric in _ALIASES:
        name = _ALIASES[metric]
        if output_shape[-1] == 1 or loss is losses.binary_crossentropy:
            kind = "binary"
        else:
            kind = "sparse" if loss is losses.sparse_categorical_crossentropy else ""
        return name, _CHOSEN[name][kind]
    function = get(metric)
    return getattr(function, "name", None) or function.__name__, function


def get(identifier: Any) -> Callable:
    """`keras.metrics.get`: the metric of a name or configuration, or a function unchanged."""
    return losses.named(identifier, METRIC_NAMES, "metric function")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable:
    """`keras.metrics.deserialize`: the metric of a name or configuration."""
    return deserializing.deserialize(config, METRIC_NAMES, custom_objects, "metric function")
