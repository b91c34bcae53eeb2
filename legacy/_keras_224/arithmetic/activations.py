"""The activation of Keras 2.2.4 whose slope differs from today's."""

from typing import Any

import tensorflow as tf

_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(x: Any) -> tf.Tensor:
    """The scaled exponential linear unit; at 0 it has the slope of its negative side, where today's has the other."""
    curve = tf.nn.elu(x)
    return _SCALE * tf.where(x > 0, curve, _ALPHA * curve)
