"""Refuses calls outside a legacy session; defines `tf.Session` and `tf.InteractiveSession`."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals.switches import tensorflow_1_behavior
from nthgrad.legacy._patches import applying
from nthgrad.legacy._runtime import scalars
from nthgrad.legacy._tensorflow_1 import loops

threads: list[threading.Thread] = []  # one entry for each open legacy session; always the same thread
entered: list["Session | InteractiveSession"] = []  # sessions that programs made the default in that thread


def owner_name() -> str:
    """Returns the name of the thread whose legacy session is open."""
    return threads[-1].name if threads else "another"


def require_session(name: str) -> None:
    """Refuses a call that needs a TensorFlow 1 graph.

    Args:
        name: the called function, as the program wrote it.

    Raises:
        LegacyError: if no legacy session is open, or it belongs to another thread.
    """
    if not tensorflow_1_behavior():
        raise LegacyError(
            f"{name} works on a TensorFlow 1 graph, and no legacy session is open. "
            "Put the program inside `with legacy.session():`, or run its file with legacy.run."
        )
    if threads and threads[-1] is not threading.current_thread() and tf.executing_eagerly():
        raise LegacyError(
            f"{name} was called in thread {threading.current_thread().name!r}, but the legacy session that is open "
            f"belongs to thread {owner_name()!r}. Call it there, or inside `with sess.graph.as_default():`."
        )


def guarded(function: Callable, name: str) -> Callable:
    """Wraps a function so that it raises outside a session."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        require_session(name)
        return function(*args, **kwargs)

    return inner


class _Defaults:
    """Shared by both kinds of session: refused outside `legacy.session`, checked feeds, left when it ends."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        require_session("tf.InteractiveSession" if issubclass(cls, InteractiveSession) else "tf.Session")
        return super().__new__(cls)  # checked here, before __init__: else __del__ would find half a session

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Runs and returns `fetches`, as `tf.Session.run` does.

        Raises:
            LegacyError: if a resource variable is fed, which TensorFlow would ignore silently, or a derivative was
                built too late.
        """
        for key in feed_dict or ():
            if isinstance(key, tf.Variable) and getattr(getattr(key, "handle", None), "dtype", None) == tf.resource:
                raise LegacyError(
                    f"The value fed for variable {key.name!r} would be ignored: it is a resource variable, as Keras's "
                    "weights are here, and those cannot be fed. Give it the value with K.set_value(variable, value)."
                )
        try:
            found = super().run(fetches, feed_dict, options, run_metadata)  # type: ignore[misc]
        except tf.errors.InvalidArgumentError as error:
            if not loops.built_late(error):
                raise
            raise LegacyError(loops.BUILT_LATE) from error
        return scalars.convertible(found) if applying.whole_process() else found

    def _note_entered(self) -> None:
        if threads and threads[-1] is threading.current_thread():
            entered.append(self)  # type: ignore[arg-type]

    def _note_left(self) -> None:
        entered[:] = [one for one in entered if one is not self]


class Session(_Defaults, tf.compat.v1.Session):
    """`tf.Session`; raises outside `legacy.session`."""

    def __enter__(self) -> "Session":
        super().__enter__()
        self._note_entered()
        return self

    def __exit__(self, *error: Any) -> None:
        self._note_left()
        super().__exit__(*error)

    def leave(self) -> None:
        """Stops being the default session."""
        self.__exit__(None, None, None)


class InteractiveSession(_Defaults, tf.compat.v1.InteractiveSession):
    """`tf.InteractiveSession`; raises outside `legacy.session`."""

    def __init__(self, target: str = "", graph: tf.Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)  # pyright: ignore[reportCallIssue]
        self._note_entered()

    def close(self) -> None:
        """Stops being the default session and closes the session."""
        self._note_left()
        super().close()

    leave = close
