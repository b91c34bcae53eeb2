"""Replaces objects of tf_keras in the old trees: guarded and patched functions, layers that are tf.keras's."""

from collections.abc import Mapping
from functools import cache
from types import FunctionType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_1 import arguments
from nthgrad.legacy._names.twins import class_of_tf_keras
from nthgrad.legacy._patches.tables import PATCHES
from nthgrad.legacy._runtime import dialect, guards

# What needs a graph, by module; other functions of the backend are at home in eager code too.
_GRAPH_FUNCTIONS = {
    "backend": "clear_session function get_session gradients placeholder set_learning_phase set_session",
    "": "Input",
}


def of_keras(value: Any) -> Any:
    """Returns what Keras 2.2.4 has instead of an object of tf_keras."""
    return _guards_by_id().get(id(value)) or _patched_by_id().get(id(value), value)


def of_tf_keras(value: Any) -> Any:
    """Returns what tf.keras 1.15 has instead: functions and layers that do not follow Keras 2.2.4."""
    found = of_keras(value)
    return _marked(found) if isinstance(found, (type, FunctionType)) else found


@cache
def _guards_by_id() -> Mapping[int, Any]:
    """Returns the functions that are refused outside a session, for Keras's own tree and for tf.keras."""
    found = {}
    for module, names in _GRAPH_FUNCTIONS.items():
        today = tf_keras.interface(module) if module else tf_keras.keras_module(tf_keras.V1)
        for name in names.split():
            function = getattr(today, name)
            own = arguments.shape(function) if name == "Input" else function
            found[id(function)] = guards.guarded(own, f"{'K' if module == 'backend' else 'keras'}.{name}")
    return found


@cache
def _patched_by_id() -> Mapping[int, Any]:
    """Returns the replacement of each patched function of tf_keras; its public names still point to the originals."""
    functions = [patch for patch in PATCHES if patch.needs_tf_keras and "." not in patch.where.partition(":")[2]]
    return {id(before): made for before, made in (patch.made() for patch in functions)}


@cache
def _marked(value: Any) -> Any:
    if not isinstance(value, type):
        return dialect.function_of_tf_keras(value)
    return class_of_tf_keras(value, itself=True) if issubclass(value, tf_keras.interface("layers").Layer) else value
