"""The TensorFlow 1 names: `import nthgrad.legacy.tensorflow as tf`.

They are those of `tf.compat.v1`, but for `tf.keras`, `tf.layers` and `tf.nn.rnn_cell`, which are tf_keras's whatever
Keras is installed and without an environment variable.  Use them inside `with legacy.session():`; functions that need a
graph say so when called outside.
"""

import sys
from types import ModuleType
from typing import Any

import tensorflow as _today

from nthgrad.legacy import _guards, _private, _standin
from nthgrad.legacy import keras as _keras
from nthgrad.legacy._guards import InteractiveSession as InteractiveSession
from nthgrad.legacy._guards import Session as Session
from nthgrad.legacy._session import reset_default_graph as reset_default_graph

__version__ = VERSION = "1.15.5"
__path__: list[str] = []  # a package, all of whose modules are in sys.modules

_v1 = _today.compat.v1
_OWN = [  # what `from ... import *` gives beside the names of tf.compat.v1
    "VERSION",
    "InteractiveSession",
    "Session",
    "global_variables_initializer",
    "gradients",
    "hessians",
    "keras",
    "layers",
    "nn",
    "placeholder",
    "placeholder_with_default",
    "reset_default_graph",
    "sparse_placeholder",
]

gradients = _guards.guarded(_v1.gradients, "tf.gradients")
hessians = _guards.guarded(_v1.hessians, "tf.hessians")
placeholder = _guards.guarded(_v1.placeholder, "tf.placeholder")
placeholder_with_default = _guards.guarded(_v1.placeholder_with_default, "tf.placeholder_with_default")
sparse_placeholder = _guards.guarded(_v1.sparse_placeholder, "tf.sparse_placeholder")
global_variables_initializer = _guards.guarded(_v1.global_variables_initializer, "tf.global_variables_initializer")


class _Overlay(ModuleType):
    """A module of tf.compat.v1 with a few names of its own."""

    def __init__(self, name: str, today: ModuleType, own: dict[str, str]) -> None:
        super().__init__(name)
        self._today, self._own = today, own

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return _private.keras_module(self._own[name])
        return getattr(self._today, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._today), *self._own})


nn = _Overlay(f"{__name__}.nn", _v1.nn, {"rnn_cell": _private.TF_RNN_CELL})
keras = _standin.StandIn(f"{__name__}.keras", _private.TF_KERAS_MODULES[""], {}, _keras.guards)
sys.modules[keras.__name__] = keras
_standin.build(keras.__name__, _private.TF_KERAS_MODULES, {}, _keras.guards)


def __getattr__(name: str) -> Any:
    if name == "__all__":  # read by `from ... import *`
        return [public for public in __dir__() if not public.startswith("_")]
    if name == "layers":
        return _private.keras_module(_private.TF_LAYERS)
    if name in _v1.__dict__ or (not name.startswith("_") and hasattr(_v1, name)):
        return getattr(_v1, name)
    if f"tensorflow.{name}" in sys.modules:  # tf.python
        return sys.modules[f"tensorflow.{name}"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*dir(_v1), *_OWN} - {"estimator"})
