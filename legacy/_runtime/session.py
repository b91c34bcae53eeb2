"""`legacy.session`: TensorFlow 1 for a block of a TensorFlow 2 program."""

import contextlib
import threading
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad import acceleration
from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import switches, tf_keras
from nthgrad.legacy._patches.tables import PATCHES
from nthgrad.legacy._runtime import guards

_lock = threading.RLock()
_legacy_bases: "weakref.WeakKeyDictionary[type, tuple[type, ...]]" = weakref.WeakKeyDictionary()


@contextlib.contextmanager
def session(
    graph: tf.Graph | None = None,
    config: "tf.compat.v1.ConfigProto | None" = None,
    control_flow: str = "v1",
    *,
    accelerate: bool = False,
) -> Iterator[guards.Session]:
    """Opens a TensorFlow 1 graph and session for the block, with Keras 2 bound to it.

    Inside, the process behaves like TensorFlow 1: ops join a graph, `tf.Variable` creates a reference variable,
    `shape[0]` is a `Dimension`, Keras layers keep float64, and NumPy 2 prints like NumPy 1. Leaving the block restores
    everything, also after an exception. Sessions may be nested or follow one another. A later session can use the ops
    of an earlier one if it is given the same graph. Variables keep their values within one session only.

    The switches belong to the process: eager TensorFlow 2 code in other threads sees them while a session is open. A
    second thread cannot open a session.

    Args:
        graph: the graph to build in and run; a new one by default.
        config: the options of `tf.Session`.
        control_flow: "v1" builds `tf.cond` and `tf.while_loop` as TensorFlow 1 did, without second derivatives through
            loops. "v2" has derivatives of every order, all to be built before the first `run`.
        accelerate: whether `tf.gradients` and `K.gradients` compute gradients of gradients by series (see
            `nthgrad.accelerated`). The numbers stay the same, to rounding; the names and the number of ops do not.

    Yields:
        the session, a `tf.compat.v1.Session`. It is the default one (`tensor.eval()` finds it) until the program sets
        another with `K.set_session`, or clears it with `K.clear_session` or `tf.reset_default_graph`.

    Raises:
        LegacyError: if another thread has a session open, the block is inside a `tf.function`, or `control_flow` is
            neither "v1" nor "v2".

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
    if control_flow not in ("v1", "v2"):
        raise LegacyError(f"control_flow={control_flow!r} is no version of control flow. Give 'v1' or 'v2'.")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_one_thread())
        tf_keras.keras_module(tf_keras.V1)  # before the switches, which would change the classes that it imports
        tf.distribute.has_strategy()  # before the switches, which would change the process's default strategy
        holder = _KerasSession()
        for flag in switches.tensorflow_flags() + tf_keras.keras_flags(holder):
            if flag.name == "ENABLE_CONTROL_FLOW_V2":
                flag = flag._replace(value=control_flow == "v2")
            stack.enter_context(flag.turned())
        stack.enter_context(tf_keras.keras_registries())
        stack.enter_context(switches.tensorflow_1_switch())
        stack.enter_context(PATCHES.for_a_session())
        if accelerate:
            stack.enter_context(acceleration.switched_on())
        stack.enter_context(_versions_of_keras_classes())
        stack.enter_context(np.printoptions(**old_print()))
        stack.enter_context(warnings.catch_warnings())
        switches.hush_deprecations()
        stack.enter_context(switches.graph_mode())
        opened = holder.base = holder.current = guards.Session(
            graph=tf.Graph() if graph is None else graph, config=config
        )
        stack.callback(opened.close)
        stack.enter_context(switches.default_graph_and_session(opened.graph, opened))
        stack.enter_context(_left_as_they_were_entered())
        yield opened


def old_print() -> dict[str, Any]:
    """Returns print options with which NumPy 2 shows a number in a list as 0.5, not np.float32(0.5)."""
    return {"legacy": "1.25"} if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else {}


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Reserves the process's switches for this thread."""
    here = threading.current_thread()
    if not _lock.acquire(blocking=False):
        raise LegacyError(
            f"Thread {here.name!r} opens a legacy session while thread {guards.owner_name()!r} has one open. "
            "TensorFlow 1's switches belong to the whole process. Close that session first, or run the program with "
            "legacy.run, which gives it a process of its own."
        )
    guards.threads.append(here)
    try:
        yield
    finally:
        guards.threads.pop()
        _lock.release()


@contextlib.contextmanager
def _left_as_they_were_entered() -> Iterator[None]:
    """Leaves sessions that a program made the default and did not leave.

    Otherwise Python's garbage collection leaves them later, and they remove other sessions from TensorFlow's stacks.
    """
    before = len(guards.entered)
    try:
        yield
    finally:
        while len(guards.entered) > before:
            guards.entered[-1].leave()


@contextlib.contextmanager
def _versions_of_keras_classes() -> Iterator[None]:
    """Gives tf_keras's classes the bases of the last session for the block, then their own."""
    before = {cls: cls.__bases__ for cls in tf_keras.keras_versioned_classes()}
    _set_bases(_legacy_bases)
    try:
        yield
    finally:
        for cls in tf_keras.keras_versioned_classes():
            if cls.__bases__ != before.get(cls):
                _legacy_bases[cls] = cls.__bases__
        _set_bases(before)


def _set_bases(bases: "dict[type, tuple[type, ...]] | weakref.WeakKeyDictionary[type, tuple[type, ...]]") -> None:
    for cls in tf_keras.keras_versioned_classes():
        wanted = bases.get(cls, cls.__bases__)
        if cls.__bases__ != wanted:
            cls.__bases__ = wanted


class _KerasSession:
    """Holds the session of tf_keras's backend during a block.

    The block's session is the default one, and tf_keras prefers the default to its own. K.set_session, K.clear_session
    and tf.reset_default_graph ask for another session; then the block's stops being the default.
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
            switches.withdraw_default_session(self.base)


def reset_default_graph() -> None:
    """Replaces the default graph by an empty one, as `tf.reset_default_graph` does.

    Raises:
        LegacyError: if no legacy session is open.
    """
    guards.require_session("tf.reset_default_graph")
    tf.compat.v1.reset_default_graph()
    base = tf_keras.keras_session_holder()
    if isinstance(base, _KerasSession):
        base.session = None
