"""Replaces objects of tf_keras in the old trees: guarded and patched functions, layers of tf.keras 1.15."""

from collections.abc import Mapping
from functools import cache
from types import FunctionType
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_1 import arguments
from nthgrad.legacy._keras_224 import models
from nthgrad.legacy._names.twins import class_of_tf_keras_115
from nthgrad.legacy._patches.tables import PATCHES
from nthgrad.legacy._runtime import dialect, guards

# Functions that need a graph, by module; other functions of the backend also work eagerly.
_GRAPH_FUNCTIONS = {
    "backend": "clear_session function get_session gradients placeholder set_learning_phase set_session",
    "": "Input",
}


def of_keras_224(value: Any) -> Any:
    """Returns Keras 2.2.4's replacement of an object of tf_keras, or the object itself."""
    return models.model_class() if value is tf_keras.source("engine.training").Model else _replaced(value)


def of_tf_keras_115(value: Any) -> Any:
    """Returns tf.keras 1.15's replacement of an object of tf_keras, or the object itself."""
    if value is tf_keras.source("engine.training").Model:
        return models.model_class(of_tf_keras_115=True)
    found = _replaced(value)
    return _marked(found) if isinstance(found, (type, FunctionType)) else found


def _replaced(value: Any) -> Any:
    return _guards_by_id().get(id(value)) or _patched_by_id().get(id(value), value)


@cache
def _guards_by_id() -> Mapping[int, Any]:
    """Returns the functions that raise outside a session, by `id` of the original."""
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
    """Returns the replacements of tf_keras's patched functions; its public names still point to the originals."""
    functions = [patch for patch in PATCHES if patch.needs_tf_keras and "." not in patch.where.partition(":")[2]]
    return {id(before): made for before, made in (patch.made() for patch in functions)}


@cache
def _marked(value: Any) -> Any:
    if not isinstance(value, type):
        return dialect.function_of_tf_keras_115(value)
    return class_of_tf_keras_115(value, itself=True) if issubclass(value, tf_keras.interface("layers").Layer) else value


def _shown(cls: type) -> type:
    layers = tf_keras.interface("layers")
    public = getattr(layers, cls.__name__, None) is cls or cls is tf_keras.interface("models").Sequential
    return _marked(cls) if public and issubclass(cls, layers.Layer) else cls


dialect.show(_shown)  # libraries compare type(layer) with tf.keras.layers.Dense
