"""selu of Keras 2.2.4, whose derivative at 0 differs from tf_keras's."""

from typing import Any

import tensorflow as tf

_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(x: Any) -> tf.Tensor:
    """Computes the scaled exponential linear unit; its derivative at 0 is that of the negative side."""
    curve = tf.nn.elu(x)
    return _SCALE * tf.where(x > 0, curve, _ALPHA * curve)
