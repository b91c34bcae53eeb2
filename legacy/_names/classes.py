"""Classes of Keras 2.2.4 that are made of tf_keras's of another name or signature, when they are asked for."""

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
    """`_Pooling1D`, `_Pooling2D` or `_Pooling3D`: a layer whose method `_pooling_function` takes pools together."""
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
    """`ConvLSTM2DCell`: today's cell, told that there are two dimensions."""
    base = tf_keras.keras_module("tf_keras.src.layers.rnn.base_conv_lstm").ConvLSTMCell

    def __init__(self: Any, filters: int, kernel_size: Any, **kwargs: Any) -> None:  # noqa: N807
        kwargs.pop("rank", None)  # a saved one has it
        base.__init__(self, 2, filters, kernel_size, **kwargs)

    return twin(base, {"__init__": __init__}, name=name)


_MAKERS = {"ConvLSTM2DCell": _conv_lstm_cell, **{f"Pooling{n}D": _pooling for n in (1, 2, 3)}}
