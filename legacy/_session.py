"""`legacy.session`: TensorFlow 1 for a block of a TensorFlow 2 program."""

import contextlib
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy import _private

_lock = threading.RLock()
_threads: list[threading.Thread] = []  # one entry for each session that is open, all of them the same thread
_entered: list["Session | InteractiveSession"] = []  # the defaults that programs have made in that thread
_legacy_bases: "weakref.WeakKeyDictionary[type, tuple[type, ...]]" = weakref.WeakKeyDictionary()


@contextlib.contextmanager
def session(
    graph: tf.Graph | None = None, config: "tf.compat.v1.ConfigProto | None" = None
) -> Iterator["Session"]:
    """Opens a TensorFlow 1 graph and session for the block, with Keras 2 bound to it.

    Inside, the process behaves as TensorFlow 1 did: ops join a graph, `tf.Variable` makes a reference variable,
    `shape[0]` is a `Dimension`, float64 stays float64 in Keras layers, and NumPy 2 prints as NumPy 1 did.  Leaving the
    block, also by an exception, puts everything back as it was.  Sessions may be nested and follow one another; what was
    made in one can be used in the next if that is given the same graph, but variables have their values in one session
    only.

    The switches belong to the process: while a session is open, eager TensorFlow 2 code in other threads sees them too,
    and a second thread cannot open a session.

    Args:
        graph: The graph to build in and run; a new one by default.
        config: The session's options, as `tf.Session` took them.

    Yields:
        The session, a `tf.compat.v1.Session`.  It is the default one (`tensor.eval()` finds it) until the program sets
        another with `K.set_session`, or clears it with `K.clear_session` or `tf.reset_default_graph`.

    Raises:
        LegacyError: If another thread has a session open, or the block stands inside a `tf.function`.

    Example:
        >>> from nthgrad import legacy
        >>> import nthgrad.legacy.tensorflow as tf
        >>> with legacy.session() as sess:
        ...     x = tf.constant(1.0, dtype=tf.float64)
        ...     print(sess.run(tf.gradients(tf.log(x + 2.0), x)[0]))
        0.3333333333333333
    """
    if tf.inside_function():
        raise LegacyError(
            "A legacy session was opened inside a tf.function, whose graph it cannot share. "
            "Open it outside, and pass what it computed to the function."
        )
    with contextlib.ExitStack() as stack:
        stack.enter_context(_one_thread())
        _private.keras_module("tf_keras.api._v1.keras")  # before the switches: it chooses classes on import
        holder = _KerasSession()
        for flag in _private.tensorflow_flags() + _private.keras_flags(holder):
            stack.enter_context(flag.turned())
        stack.enter_context(_private.keras_registries())
        stack.enter_context(_private.tensorflow_1_switch())
        stack.enter_context(_versions_of_keras_classes())
        if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
            stack.enter_context(np.printoptions(legacy="1.25"))
        stack.enter_context(warnings.catch_warnings())
        _private.hush_deprecations()
        stack.enter_context(_private.graph_mode())
        opened = holder.base = holder.current = Session(graph=tf.Graph() if graph is None else graph, config=config)
        stack.callback(opened.close)
        stack.enter_context(_private.default_graph_and_session(opened.graph, opened))
        stack.enter_context(_left_as_they_were_entered())
        yield opened


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Holds the process's switches for this thread."""
    here = threading.current_thread()
    if not _lock.acquire(blocking=False):
        raise LegacyError(
            f"Thread {here.name!r} opens a legacy session while thread {_owner_name()!r} has one open. TensorFlow 1's "
            "switches belong to the whole process. Close that session first, or run the program with legacy.run, which "
            "gives it a process of its own."
        )
    _threads.append(here)
    try:
        yield
    finally:
        _threads.pop()
        _lock.release()


@contextlib.contextmanager
def _left_as_they_were_entered() -> Iterator[None]:
    """Leaves the sessions that a program made the default and never left.

    They would be left when Python collects them, and then take from TensorFlow's stacks what is not theirs.
    """
    before = len(_entered)
    try:
        yield
    finally:
        while len(_entered) > before:
            _entered[-1].leave()


def _owner_name() -> str:
    return _threads[-1].name if _threads else "another"


@contextlib.contextmanager
def _versions_of_keras_classes() -> Iterator[None]:
    """Gives tf_keras's classes the bases of the last session, and afterwards those they had."""
    before = {cls: cls.__bases__ for cls in _private.keras_versioned_classes()}
    _set_bases(_legacy_bases)
    try:
        yield
    finally:
        for cls in _private.keras_versioned_classes():
            if cls.__bases__ != before.get(cls):
                _legacy_bases[cls] = cls.__bases__
        _set_bases(before)


def _set_bases(bases: "dict[type, tuple[type, ...]] | weakref.WeakKeyDictionary[type, tuple[type, ...]]") -> None:
    for cls in _private.keras_versioned_classes():
        wanted = bases.get(cls, cls.__bases__)
        if cls.__bases__ != wanted:
            cls.__bases__ = wanted


class _KerasSession:
    """Where tf_keras's backend keeps its session, for the length of a block.

    The block's session is the default one, and tf_keras prefers the default to its own.  Since a program that says
    K.set_session, K.clear_session or tf.reset_default_graph wants another, that is when it stops being the default.
    """

    def __init__(self) -> None:
        self.base: Any = None
        self.current: Any = None

    @property
    def session(self) -> Any:
        return self.current

    @session.setter
    def session(self, value: Any) -> None:
        self.current = value
        if value is not self.base:
            _private.withdraw_default_session(self.base)


def reset_default_graph() -> None:
    """Empties the graph that ops join when none is named, as `tf.reset_default_graph` does.

    Raises:
        LegacyError: If no legacy session is open.
    """
    require_session("tf.reset_default_graph")
    tf.compat.v1.reset_default_graph()
    base = _private.keras_session_holder()
    if isinstance(base, _KerasSession):
        base.session = None


def require_session(name: str) -> None:
    """Refuses what makes sense in a TensorFlow 1 graph only.

    Args:
        name: What was called, as the program wrote it.

    Raises:
        LegacyError: If no legacy session is open, or it belongs to another thread.
    """
    if not _private.tensorflow_1_behaviour():
        raise LegacyError(
            f"{name} works on a TensorFlow 1 graph, and no legacy session is open. "
            "Put the program inside `with legacy.session():`, or run its file with legacy.run."
        )
    if _threads and _threads[-1] is not threading.current_thread() and tf.executing_eagerly():
        raise LegacyError(
            f"{name} was called in thread {threading.current_thread().name!r}, but the legacy session that is open "
            f"belongs to thread {_owner_name()!r}. Call it there, or inside `with sess.graph.as_default():`."
        )


def guarded(function: Callable, name: str) -> Callable:
    """The function, refused with a clear error outside a session."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        require_session(name)
        return function(*args, **kwargs)

    return inner


class _Defaults:
    """What both kinds of session have of their own.

    They are refused outside `legacy.session`, refuse to ignore what is fed, and are left when it ends.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        require_session("tf.InteractiveSession" if issubclass(cls, InteractiveSession) else "tf.Session")
        return super().__new__(cls)

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Runs and returns `fetches`, as `tf.Session.run` does.

        Raises:
            LegacyError: If a resource variable is fed, which TensorFlow would ignore without a word.
        """
        for key in feed_dict or ():
            if isinstance(key, tf.Variable) and getattr(getattr(key, "handle", None), "dtype", None) == tf.resource:
                raise LegacyError(
                    f"The value fed for variable {key.name!r} would be ignored: it is a resource variable, as Keras's "
                    "weights are here, and those cannot be fed. Give it the value with K.set_value(variable, value)."
                )
        return super().run(fetches, feed_dict, options, run_metadata)  # type: ignore[misc]

    def _note_entered(self) -> None:
        if _threads and _threads[-1] is threading.current_thread():
            _entered.append(self)  # type: ignore[arg-type]

    def _note_left(self) -> None:
        _entered[:] = [one for one in _entered if one is not self]


class Session(_Defaults, tf.compat.v1.Session):
    """`tf.Session`, refused with a clear error outside `legacy.session`."""

    def __enter__(self) -> "Session":
        super().__enter__()
        self._note_entered()
        return self

    def __exit__(self, *error: Any) -> None:
        self._note_left()
        super().__exit__(*error)

    def leave(self) -> None:
        """Ends being the default session."""
        self.__exit__(None, None, None)


class InteractiveSession(_Defaults, tf.compat.v1.InteractiveSession):
    """`tf.InteractiveSession`, refused with a clear error outside `legacy.session`."""

    def __init__(self, target: str = "", graph: tf.Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._note_entered()

    def close(self) -> None:
        """Ends being the default session, and the session with it."""
        self._note_left()
        super().close()

    leave = close
