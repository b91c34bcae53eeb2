"""Classes of Keras 2.2.4 with another name or signature in tf_keras; created on first use."""

from functools import cache
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._names.twins import twin


def __getattr__(name: str) -> Any:
    if name in _MAKERS:
        return _MAKERS[name](name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _pooling(name: str) -> type:
    """Creates `_Pooling1D`, `_Pooling2D` or `_Pooling3D`, whose subclasses reduce pools in `_pooling_function`."""
    base = getattr(tf_keras.keras_module(f"tf_keras.src.layers.pooling.base_{name.lower()}"), name)
    rank = int(name[-2])

    def __init__(  # noqa: N807
        self: Any, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: Any = None, **more: Any
    ) -> None:
        base.__init__(self, None, pool_size, strides or pool_size, padding, data_format, **more)

    def call(self: Any, inputs: Any) -> Any:
        backend = tf_keras.interface("backend")
        flat = rank == 1
        size, strides = ((*each, 1) if flat else each for each in (self.pool_size, self.strides))
        pooled = self._pooling_function(
            inputs=backend.expand_dims(inputs, 2) if flat else inputs,
            pool_size=size,
            strides=strides,
            padding=self.padding,
            data_format=self.data_format,
        )
        return backend.squeeze(pooled, 2) if flat else pooled

    return twin(base, {"__init__": __init__, "call": call}, name=f"_{name}")


@cache
def _conv_lstm_cell(name: str) -> type:
    """Creates `ConvLSTM2DCell`: tf_keras's cell with rank 2."""
    base = tf_keras.keras_module("tf_keras.src.layers.rnn.base_conv_lstm").ConvLSTMCell

    def __init__(self: Any, filters: int, kernel_size: Any, **kwargs: Any) -> None:  # noqa: N807
        kwargs.pop("rank", None)  # a saved configuration has it
        base.__init__(self, 2, filters, kernel_size, **kwargs)

    return twin(base, {"__init__": __init__, "__module__": "keras.layers.convolutional_recurrent"}, name=name)


_MAKERS = {"ConvLSTM2DCell": _conv_lstm_cell, **{f"Pooling{n}D": _pooling for n in (1, 2, 3)}}
