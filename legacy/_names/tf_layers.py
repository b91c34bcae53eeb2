"""`tf.layers` and `tf.nn.rnn_cell`: modules of tf_keras, with objects marked as tf.keras 1.15's.

Programs imported both under private names too. TensorFlow's modules of those names have the layers of an abandoned copy
of Keras; in a script's own process they are the modules here.
"""

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._names.twins import class_of_tf_keras_115
from nthgrad.legacy._runtime import dialect

_SRC = "tf_keras.src"
_CELLS = (tf_keras.TF_RNN_CELL, f"{_SRC}.layers.rnn.legacy_cells")
PRIVATE: dict[str, tuple[str, ...]] = {
    "tensorflow.python.layers.layers": (tf_keras.TF_LAYERS,),
    **{
        f"tensorflow.python.layers.{name}": (tf_keras.TF_LAYERS, f"{_SRC}.legacy_tf_layers.{name}")
        for name in ("base", "convolutional", "core", "normalization", "pooling")
    },
    "tensorflow.python.ops.rnn_cell": _CELLS,
    "tensorflow.python.ops.rnn_cell_impl": _CELLS,
}


class _TfKeras115Module(ModuleType):
    """A module of tf_keras that computes as tf.keras 1.15 did, not as Keras 2.2.4."""

    def __init__(self, name: str, *sources: str, last: ModuleType | None = None) -> None:
        """Creates the module.

        Args:
            name: its full name.
            sources: the modules of tf_keras in which names are looked up, in this order.
            last: TensorFlow's module of the name, in which they are looked up after those.
        """
        super().__init__(name)
        self.__path__: list[str] = []
        self._sources, self._last = sources, last

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # read by `from ... import *`
            return [public for public in dir(self) if not public.startswith("_")]
        for module in map(tf_keras.keras_module, self._sources):
            if hasattr(module, name):
                value = _of_tf_keras_115(getattr(module, name))
                break
        else:
            if self._last is None or name.startswith("__"):
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            value = getattr(self._last, name)
        if not name.startswith("_"):
            setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({name for source in self._sources for name in dir(tf_keras.keras_module(source))})


def _of_tf_keras_115(value: Any) -> Any:
    if isinstance(value, type):
        return _class(value)
    return dialect.function_of_tf_keras_115(value) if callable(value) else value


@cache
def _class(base: type) -> type:
    called = any("__call__" in vars(cls) for cls in base.__mro__)
    made: Any = class_of_tf_keras_115(base)
    if called:  # a cell creates its variables when called
        made.__call__ = dialect.function_of_tf_keras_115(made.__call__)
    return made


layers = _TfKeras115Module("nthgrad.legacy.tensorflow.layers", tf_keras.TF_LAYERS)
rnn_cell = _TfKeras115Module("nthgrad.legacy.tensorflow.nn.rnn_cell", tf_keras.TF_RNN_CELL)


def take_the_place() -> None:
    """Registers the modules under TensorFlow's private names, in a script's own process."""
    for name, sources in PRIVATE.items():
        parent, _, last = name.rpartition(".")
        sys.modules[name] = _TfKeras115Module(name, *sources, last=sys.modules.get(name))
        setattr(importlib.import_module(parent), last, sys.modules[name])
