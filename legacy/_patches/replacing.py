"""Replaces an attribute for the objects of Keras 2.2.4; those of tf.keras keep today's.

Each function returns a `Patch.make`. The modules with the code import tf_keras. Hence they are imported when the
patches are applied, from a place such as "nthgrad.legacy._keras_224.training.arrays:fit".
"""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from nthgrad.legacy._runtime import dialect

MODEL = "tf_keras.src.engine.training_v1:Model"


def ours(name: str) -> Any:
    """Returns an object by its place; its module imports tf_keras, and so waits until it is needed."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def method(name: str) -> Callable[[Any], Any]:
    """Replaces a method for the objects of Keras 2.2.4."""

    def make(today: Any) -> Any:
        new = ours(name)

        @wraps(new)
        def called(self: Any, *args: Any, **kwargs: Any) -> Any:
            if today is None or dialect.keras_2(self):
                return new(self, *args, **kwargs)
            return today(self, *args, **kwargs)

        return called

    return make


def computed(name: str) -> Callable[[Any], Any]:
    """Replaces a property likewise."""

    def make(today: Any) -> Any:
        new = ours(name)

        def get(self: Any) -> Any:
            return new(self) if today is None or dialect.keras_2(self) else today.__get__(self)

        return property(get, getattr(today, "fset", None))

    return make


def inherited(attribute: str, make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Replaces what a model inherits.

    The classes that it inherits from are swapped for their TensorFlow 1 versions when the first model is made, so that
    what stands there today is looked up when it is used.
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
    """Lets an attribute be set that is computed today, or was not there."""
    return lambda today: ours("nthgrad.legacy._keras_224.training.attributes:Settable")(
        name, property(ours(function)) if function else today
    )


def wrapped(name: str) -> Callable[[Any], Any]:
    """Replaces what stands there by what a function makes of it."""
    return lambda today: ours(name)(today)
