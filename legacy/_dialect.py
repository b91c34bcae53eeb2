"""Which of the two Keras of 2019 an object belongs to: Keras 2.2.4, or the tf.keras of TensorFlow 1.15.

They shared their names and differed in their numbers: averages of BatchNormalization, crossentropies, the optimizer
that "adam" means, where random numbers come from.  Here both are made of tf_keras's classes, so whatever the tf.keras
stand-ins make is marked, and everything else is Keras 2.2.4's.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any

_making_tf_keras: ContextVar[bool] = ContextVar("_making_tf_keras", default=False)
_MARK = "_of_tf_keras"


def keras_2(instance: Any = None) -> bool:
    """Whether Keras 2.2.4's behaviour is due: of the object, or of what is being made if none is given."""
    return not (_making_tf_keras.get() or getattr(instance, _MARK, False))


def mark(instance: Any) -> None:
    """Notes on a layer that is being made that it is tf.keras's, if it is."""
    if _making_tf_keras.get():
        object.__setattr__(instance, _MARK, True)


@contextlib.contextmanager
def tf_keras() -> Iterator[None]:
    """Makes what is made in the block tf.keras's."""
    token = _making_tf_keras.set(True)
    try:
        yield
    finally:
        _making_tf_keras.reset(token)


def function_of_tf_keras(function: Callable) -> Callable:
    """The function of the tf.keras tree, whose layers and models are tf.keras's."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with tf_keras():
            return function(*args, **kwargs)

    return inner


def class_of_tf_keras(base: type, itself: bool = False) -> type:
    """A class that makes marked objects; for `isinstance` and `issubclass` it is `base` itself.

    Args:
        base: The class of tf_keras.
        itself: Whether the objects are to be of `base`: for classes that tf_keras compares, and whose bases it swaps.
    """

    class Meta(type(base)):
        def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], **kwargs: Any) -> Any:
            if itself and made:  # whoever derives from the class derives from `base`
                bases, body = tuple(base if each is made else each for each in bases), {**body, _MARK: True}
            return super().__new__(mcls, name, bases, body, **kwargs)

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            with tf_keras():
                if not (itself and cls is made):
                    return super().__call__(*args, **kwargs)
                return base(*args, **kwargs)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, base) if cls is made else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, base) if cls is made else super().__subclasscheck__(subclass)

    made: Any = None
    made = Meta(base.__name__, (base,), {"__module__": base.__module__, "__doc__": base.__doc__, _MARK: True})
    return made
