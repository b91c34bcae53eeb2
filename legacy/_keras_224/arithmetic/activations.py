"""Activations of Keras 2.2.4: a selu whose derivative at 0 differs from tf_keras's, and the look-up by name."""

from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras

_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(x: Any) -> tf.Tensor:
    """Computes the scaled exponential linear unit; its derivative at 0 is that of the negative side."""
    curve = tf.nn.elu(x)
    return _SCALE * tf.where(x > 0, curve, _ALPHA * curve)


def deserialize(name: Any, custom_objects: Any = None) -> Any:
    """`keras.activations.deserialize`: the function of a name."""
    own = {**tf_keras.keras_custom_objects(), **(custom_objects or {})}
    return selu if name == "selu" and "selu" not in own else tf_keras.interface("activations").deserialize(name, own)
