"""Tells objects of Keras 2.2.4 from those of tf.keras 1.15.

Both had the same names and computed different numbers: averages of BatchNormalization, crossentropies, the optimizer
"adam", random draws. Here both use tf_keras's classes. Objects created by stand-ins of tf.keras 1.15 are marked; all
others belong to Keras 2.2.4.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any

_making_tf_keras_115: ContextVar[bool] = ContextVar("_making_tf_keras_115", default=False)
MARK = "_of_tf_keras_115"
_shown: list[Callable[[type], type]] = []


def keras_224(instance: Any = None) -> bool:
    """Returns whether an object belongs to Keras 2.2.4; without one, whether objects created now do."""
    return not (_making_tf_keras_115.get() or getattr(instance, MARK, False))


def mark(instance: Any) -> None:
    """Marks a new layer if it belongs to tf.keras 1.15, and gives it the class that tf.keras shows."""
    if _making_tf_keras_115.get():
        object.__setattr__(instance, MARK, True)
        for shown in _shown:
            object.__setattr__(instance, "__class__", shown(type(instance)))


def show(shown: Callable[[type], type]) -> None:
    """Sets the function that returns the class that tf.keras shows for one of tf_keras, or the class itself."""
    _shown[:] = [shown]


@contextlib.contextmanager
def tf_keras_115() -> Iterator[None]:
    """Marks objects created in the block as tf.keras 1.15's."""
    token = _making_tf_keras_115.set(True)
    try:
        yield
    finally:
        _making_tf_keras_115.reset(token)


def function_of_tf_keras_115(function: Callable) -> Callable:
    """Wraps a function so that it creates layers and models of tf.keras 1.15."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with tf_keras_115():
            return function(*args, **kwargs)

    return inner


def class_method_of_tf_keras_115(method: Any) -> Any:
    """Wraps a class method so that it creates layers and models of tf.keras 1.15."""
    return classmethod(function_of_tf_keras_115(method.__func__))
