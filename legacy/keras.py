"""The Keras 2 names: `from nthgrad.legacy import keras`, `from nthgrad.legacy.keras.layers import *`, and so on.

The module tree is that of Keras 2.2.4, every module of it in `sys.modules`; the names come from the interface that
tf_keras keeps for TensorFlow 1.  What is made with them belongs inside `with legacy.session():`; functions that need a
graph say so when called outside.
"""

from collections.abc import Mapping
from functools import cache
from types import FunctionType
from typing import Any

from nthgrad.legacy import _dialect, _guards, _private, _standin, keras_2, patches
from nthgrad.legacy.keras_1 import arguments

__version__ = "2.2.4"
__path__: list[str] = []  # a package, all of whose modules are in sys.modules

# What needs a graph, by module; other functions of the backend are at home in eager code too.
_GRAPH_FUNCTIONS = {
    "backend": "clear_session function get_session gradients placeholder set_learning_phase set_session",
    "": "Input",
}


@cache
def _guards_by_id() -> Mapping[int, Any]:
    """The functions that are refused outside a session, for Keras's own tree and for tf.keras."""
    found = {}
    for module, names in _GRAPH_FUNCTIONS.items():
        today = _private.keras_module(_private.TF_KERAS_MODULES[module][0])
        for name in names.split():
            function = getattr(today, name)
            own = arguments.shape(function) if name == "Input" else function
            found[id(function)] = _guards.guarded(own, f"{'K' if module == 'backend' else 'keras'}.{name}")
    return found


@cache
def _patched_by_id() -> Mapping[int, Any]:
    """The functions of tf_keras that are patched: its public names are bound to what they were."""
    of_keras = [patch for patch in patches.table() if patches.of_keras(patch)]
    functions = [patch for patch in of_keras if "." not in patch.where.partition(":")[2]]
    return {id(before): made for before, made in (patch.made() for patch in functions)}


def _of_keras(value: Any) -> Any:
    return _guards_by_id().get(id(value)) or _patched_by_id().get(id(value), value)


@cache
def _marked(value: Any) -> Any:
    if not isinstance(value, type):
        return _dialect.function_of_tf_keras(value)
    layer = _private.keras_module(_private.KERAS_MODULES["layers"][0]).Layer
    return _dialect.class_of_tf_keras(value, itself=True) if issubclass(value, layer) else value


def of_tf_keras(value: Any) -> Any:
    """What tf.keras has instead of an object of tf_keras: functions and layers that do not follow Keras 2.2.4."""
    found = _of_keras(value)
    return _marked(found) if isinstance(found, (type, FunctionType)) else found


_own, _leaks = keras_2.own(__name__), keras_2.leaked(__name__)
_root = _standin.StandIn(__name__, _private.KERAS_MODULES[""], {}, _of_keras, exported=keras_2.EXPORTED[""])
_standin.build(__name__, _private.KERAS_MODULES, _own, _of_keras, _leaks, keras_2.EXPORTED, keras_2.REFUSED)


def __getattr__(name: str) -> Any:
    return getattr(_root, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_root)})
