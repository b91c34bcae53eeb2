"""Checks of a layer's inputs that tf_keras lacks, or has and Keras 2.2.4 had not."""

from functools import wraps
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._runtime import dialect


def several(function: Any) -> Any:
    """Raises for a merge of one tensor."""

    @wraps(function)
    def call(self: Any, inputs: Any) -> Any:
        if dialect.keras_224(self) and not (isinstance(inputs, (list, tuple)) and len(inputs) > 1):
            raise ValueError(f"A merge layer should be called on a list of at least 2 inputs. Got: {inputs}")
        return function(self, inputs)

    return call


def of_input_length(function: Any) -> Any:
    """Raises if the shape of the indices is not the `input_length` of an embedding."""

    @wraps(function)
    def call(self: Any, inputs: Any) -> Any:
        if self.input_length is not None and dialect.keras_224(self):
            self.compute_output_shape(tf_keras.keras_backend().int_shape(inputs))
        return function(self, inputs)

    return call


def cropped(function: Any) -> Any:
    """Crops the whole axis too: its length is 0 then."""

    @wraps(function)
    def call(self: Any, inputs: Any) -> Any:
        if not dialect.keras_224(self):
            return function(self, inputs)
        plain = isinstance(self.cropping[0], int)
        widths = [self.cropping] if plain else self.cropping
        first = not plain and self.data_format == "channels_first"
        slices = [slice(before, -after or None) for before, after in widths]
        return inputs[(slice(None), *([slice(None)] if first else []), *slices)]

    return call
