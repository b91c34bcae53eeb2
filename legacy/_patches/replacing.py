"""Replaces attributes for objects of Keras 2.2.4; those of tf.keras 1.15 keep tf_keras's.

Each function returns a `Patch.make`. Replacements are named by their place, such as
"nthgrad.legacy._keras_224.training.arrays:fit": their modules import tf_keras, so they are imported when applied.
"""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from nthgrad.legacy._runtime import dialect

MODEL = "tf_keras.src.engine.training_v1:Model"


def ours(name: str) -> Any:
    """Imports the object at a place."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def method(name: str) -> Callable[[Any], Any]:
    """Replaces a method for the objects of Keras 2.2.4."""

    def make(today: Any) -> Any:
        new = ours(name)

        @wraps(new)
        def called(self: Any, *args: Any, **kwargs: Any) -> Any:
            if today is None or dialect.keras_224(self):
                return new(self, *args, **kwargs)
            return today(self, *args, **kwargs)

        return called

    return make


def always(name: str) -> Callable[[Any], Any]:
    """Replaces an attribute for all objects."""
    return lambda today: ours(name)


def computed(name: str) -> Callable[[Any], Any]:
    """Replaces a property for the objects of Keras 2.2.4."""

    def make(today: Any) -> Any:
        new = ours(name)

        def get(self: Any) -> Any:
            return new(self) if today is None or dialect.keras_224(self) else today.__get__(self)

        return property(get, getattr(today, "fset", None))

    return make


def inherited(attribute: str, make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Replaces an attribute that a model inherits.

    tf_keras swaps the base classes for their TensorFlow 1 versions when the first model is created. Hence the current
    attribute is looked up on each use.
    """

    class Inherited:
        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            return self._found(instance).__get__(instance, owner)

        def fset(self, instance: Any, value: Any) -> None:
            self._found(instance).fset(instance, value)

        def __call__(self, instance: Any, *args: Any, **kwargs: Any) -> Any:
            return self._found(instance)(instance, *args, **kwargs)

        def _found(self, instance: Any) -> Any:
            module, _, name = MODEL.partition(":")
            return getattr(super(getattr(importlib.import_module(module), name), type(instance)), attribute)

    return lambda today: make(Inherited())


def settable(name: str, function: str = "") -> Callable[[Any], Any]:
    """Makes an attribute settable that tf_keras computes or lacks."""
    return lambda today: ours("nthgrad.legacy._keras_224.training.attributes:Settable")(
        name, property(ours(function)) if function else today
    )


def wrapped(name: str) -> Callable[[Any], Any]:
    """Replaces an attribute by a function of the current one."""
    return lambda today: ours(name)(today)
