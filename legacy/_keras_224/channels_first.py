"""Computes layers whose channels come first with the channels last, as TensorFlow needs it on a CPU."""

import contextlib
from collections.abc import Iterator
from functools import wraps
from typing import Any

import tensorflow as tf

from nthgrad.legacy._runtime import dialect

_FORMATS = {3: "NWC", 4: "NHWC", 5: "NDHWC"}  # by the rank of the inputs


def on_any_machine(function: Any) -> Any:
    """Transposes the inputs and outputs of a layer's `call` if its channels come first and there is no GPU."""

    @wraps(function)
    def call(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        first = self.data_format == "channels_first" and dialect.keras_224(self)
        if not first or tf.config.list_physical_devices("GPU"):
            return function(self, inputs, *args, **kwargs)
        rank = len(inputs.shape)
        with _channels_last(self, _FORMATS[rank]) as activation:
            outputs = function(self, tf.transpose(inputs, [0, *range(2, rank), 1]), *args, **kwargs)
        outputs = tf.transpose(outputs, [0, rank - 1, *range(1, rank - 1)])
        return outputs if activation is None else activation(outputs)  # a softmax is over the last axis

    return call


@contextlib.contextmanager
def _channels_last(layer: Any, tf_data_format: str) -> Iterator[Any]:
    """Sets the layer's attributes for channels last, without activation, in the block; yields the activation."""
    settings = {
        "data_format": "channels_last",
        "_tf_data_format": tf_data_format,
        "_channels_first": False,
        "activation": None,
    }
    own = {name: layer.__dict__[name] for name in settings if name in layer.__dict__}
    layer.__dict__.update({name: settings[name] for name in own})
    try:
        yield own.get("activation")
    finally:
        layer.__dict__.update(own)


def bias_add(function: Any) -> Any:
    """Adds a bias to the last axis of a matrix, whatever the setting."""

    @wraps(function)
    def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
        matrix = len(x.shape) == 2 and len(bias.shape) == 1
        return function(x, bias, data_format="channels_last" if matrix else data_format)

    return bias_add
