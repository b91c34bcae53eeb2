"""The TensorFlow 1 names: `import nthgrad.legacy.tensorflow as tf`.

The names come from `tf.compat.v1`. `tf.keras`, `tf.layers` and `tf.nn.rnn_cell` come from tf_keras, whichever Keras is
installed and without an environment variable. Use them inside `with legacy.session():`. Functions that need a graph
raise outside.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import tensorflow as _today

from nthgrad.legacy._contrib import tree as _tree
from nthgrad.legacy._internals import ops as _ops
from nthgrad.legacy._names import paths as _paths
from nthgrad.legacy._names import refusing as _refusing
from nthgrad.legacy._names import stand_ins as _stand_ins
from nthgrad.legacy._names import tf_layers as _tf_layers
from nthgrad.legacy._names import tf_python_keras as _tf_python_keras
from nthgrad.legacy._names.modules import TF_KERAS_115_MODULES as _TF_KERAS_115_MODULES
from nthgrad.legacy._names.replaced import of_tf_keras_115 as _of_tf_keras_115
from nthgrad.legacy._patches.tables import PATCHES as _PATCHES
from nthgrad.legacy._runtime import guards as _guards
from nthgrad.legacy._runtime.guards import InteractiveSession as InteractiveSession
from nthgrad.legacy._runtime.guards import Session as Session
from nthgrad.legacy._runtime.session import reset_default_graph as reset_default_graph

__version__ = VERSION = "1.15.5"
__path__: list[str] = []  # a package, all of whose modules are in sys.modules

_v1 = _today.compat.v1
_OWN = [  # exported by `from ... import *` together with the names of tf.compat.v1
    "VERSION",
    "InteractiveSession",
    "Session",
    "contrib",
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

gradients = _guards.guarded(_PATCHES.functions.get(id(_v1.gradients), _v1.gradients), "tf.gradients")
hessians = _guards.guarded(_v1.hessians, "tf.hessians")
placeholder = _guards.guarded(_v1.placeholder, "tf.placeholder")
placeholder_with_default = _guards.guarded(_v1.placeholder_with_default, "tf.placeholder_with_default")
sparse_placeholder = _guards.guarded(_v1.sparse_placeholder, "tf.sparse_placeholder")
global_variables_initializer = _guards.guarded(_v1.global_variables_initializer, "tf.global_variables_initializer")


class _Overlay(ModuleType):
    """A module of tf.compat.v1 with patched functions and additional names."""

    def __init__(self, name: str, today: ModuleType, own: dict[str, Callable[[], Any]]) -> None:
        super().__init__(name, today.__doc__)
        self.__path__: list[str] = []
        self._today, self._own = today, own

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]()
        return _old(self._today, name, self.__name__)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._today), *self._own})


def _old(module: ModuleType, name: str, where: str) -> Any:
    """Returns an attribute of a module of tf.compat.v1, patched; modules come as an `_Overlay`."""
    value = getattr(module, name)
    if isinstance(value, ModuleType) and value.__name__.startswith("tensorflow._api."):
        full = f"{where}.{name}"
        return sys.modules.setdefault(
            full, _Overlay(full, value, _OWN_BELOW.get(full.removeprefix(f"{__name__}."), {}))
        )
    return _PATCHES.functions.get(id(value), value)


layers = _tf_layers.layers
_OWN_BELOW: dict[str, dict[str, Callable[[], Any]]] = {
    "nn": {"rnn_cell": lambda: _tf_layers.rnn_cell},
    "compat": {"v1": lambda: sys.modules[__name__]},
}
contrib = _tree.plant(__name__)
examples = _tree.plant_examples(__name__)
keras = _stand_ins.StandIn(f"{__name__}.keras", _TF_KERAS_115_MODULES[""], {}, _of_tf_keras_115)
sys.modules[keras.__name__] = keras
_stand_ins.build(
    keras.__name__,
    _TF_KERAS_115_MODULES,
    _paths.by_path(keras.__name__, _tf_python_keras.OF_TF_KERAS),
    _of_tf_keras_115,
)
python = _tf_python_keras.plant(__name__, _of_tf_keras_115)

_REFUSED = {
    "estimator": "Write the training loop with tf.Session, or train a Keras model.",
    "pywrap_tensorflow": "Read a checkpoint with tf.train.load_checkpoint.",
}


def __getattr__(name: str) -> Any:
    if name == "__all__":  # read by `from ... import *`
        return [public for public in __dir__() if not public.startswith("_")]
    if name == "Tensor":
        return _ops.tensor_class()
    if name in _REFUSED:
        return _refusing.refused(f"tf.{name}", _REFUSED[name])
    if name in _v1.__dict__ or (not name.startswith("_") and hasattr(_v1, name)):
        return _old(_v1, name, __name__)
    if f"tensorflow.{name}" in sys.modules:  # tf.core
        return sys.modules[f"tensorflow.{name}"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*dir(_v1), *_OWN} - {"estimator"})
