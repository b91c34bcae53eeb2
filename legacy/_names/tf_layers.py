"""`tf.layers` and `tf.nn.rnn_cell`: modules of tf_keras, with objects marked as tf.keras 1.15's."""

from types import ModuleType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._names.twins import class_of_tf_keras_115
from nthgrad.legacy._runtime import dialect


class _TfKeras115Module(ModuleType):
    """A module of tf_keras that computes as tf.keras 1.15 did, not as Keras 2.2.4."""

    def __init__(self, name: str, source: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self._source = source

    def __getattr__(self, name: str) -> Any:
        value = getattr(tf_keras.keras_module(self._source), name)
        if isinstance(value, type):
            called = any("__call__" in vars(cls) for cls in value.__mro__)
            value = class_of_tf_keras_115(value)
            if called:  # a cell creates its variables when called
                value.__call__ = dialect.function_of_tf_keras_115(value.__call__)
        elif callable(value):
            value = dialect.function_of_tf_keras_115(value)
        if not name.startswith("_"):
            setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return dir(tf_keras.keras_module(self._source))


layers = _TfKeras115Module("nthgrad.legacy.tensorflow.layers", tf_keras.TF_LAYERS)
rnn_cell = _TfKeras115Module("nthgrad.legacy.tensorflow.nn.rnn_cell", tf_keras.TF_RNN_CELL)
