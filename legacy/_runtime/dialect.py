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
MARK = "_of_tf_keras"


def keras_2(instance: Any = None) -> bool:
    """Whether Keras 2.2.4's behaviour is due: of the object, or of what is being made if none is given."""
    return not (_making_tf_keras.get() or getattr(instance, MARK, False))


def mark(instance: Any) -> None:
    """Notes on a layer that is being made that it is tf.keras's, if it is."""
    if _making_tf_keras.get():
        object.__setattr__(instance, MARK, True)


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
