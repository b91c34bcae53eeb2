"""Makes `tf.gradients` and `tf.GradientTape` compute gradients of gradients by series, in code that is not changed."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from nthgrad import tensors
from nthgrad.engines import _private, own
from nthgrad.engines.graph import trace
from nthgrad.engines.nested import Way


@contextmanager
def accelerated(*, report: bool | Callable[[str], object] = False) -> Generator[None]:
    """Makes `tf.gradients` and `tf.GradientTape` compute gradients of gradients by series, inside the block.

    In the block and in this thread, `tf.gradients` is `nthgrad.gradients` and `tf.GradientTape` is
    `nthgrad.GradientTape`, also for modules that have imported these names. The numbers stay the same, to rounding. The
    block has to contain the first call of each `tf.function`, which traces it. What was traced before stays as it is,
    and what is traced in the block stays fast after it.

    Args:
        report: whether to print, once for each line that asks for a gradient, how it is computed, and why not by
            series. A function receives these lines instead.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> @tf.function(autograph=False)
        ... def second_derivative(x):
        ...     y = tf.sin(x)
        ...     y_x = tf.gradients(y, x)[0]
        ...     return tf.gradients(y_x, x)[0]
        >>> with ng.accelerated():
        ...     print(second_derivative(tf.constant([[0.5]])).numpy())
        [[-0.47942555]]
    """
    _install()
    try:
        with switched_on(report=report):
            yield
    finally:
        _uninstall()


@contextmanager
def switched_on(*, report: bool | Callable[[str], object] = False) -> Generator[None]:
    """As `accelerated`, for what already calls `accelerated_gradients` or `AcceleratedTape`."""
    before = _LOCAL.report
    _LOCAL.report = _Report(_to_stderr if report is True else report or None)
    try:
        yield
    finally:
        _LOCAL.report = before


def accelerated_gradients(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Wraps a `tf.gradients` of TensorFlow 1 or 2: by series inside `accelerated`, otherwise as it was."""
    signature = inspect.signature(original)

    @tf.autograph.experimental.do_not_convert
    def gradients(*args: Any, **kwargs: Any) -> list[Any]:
        if _LOCAL.report is None:
            return original(*args, **kwargs)
        options = signature.bind(*args, **kwargs).arguments
        ys, xs, seeds = (options.pop(name, None) for name in ("ys", "xs", "grad_ys"))
        return tensors.gradients_like(original, ys, xs, seeds, options, _LOCAL.report)

    # Not functools.wraps, which copies the marks by which TensorFlow finds the function that its decorators wrap.
    gradients.__name__, gradients.__doc__ = original.__name__, original.__doc__
    return gradients


class AcceleratedTape(tensors.GradientTape):
    """A tape that computes by series inside `accelerated`, otherwise as `tf.GradientTape`."""

    @tf.autograph.experimental.do_not_convert
    def gradient(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the gradients of the targets by the sources."""
        if _LOCAL.report is None:
            return own.GradientTape.gradient(self, *args, **kwargs)
        self.report = _LOCAL.report
        return super().gradient(*args, **kwargs)


class _Report:
    """Shows how gradients were computed, once for each line that asks for one."""

    def __init__(self, show: Callable[[str], object] | None):
        self.show = show
        self.shown: set[str] = set()

    def __call__(self, ways: Sequence[Way]) -> None:
        if self.show is None:
            return
        site = _site()
        for way in ways:
            line = f"{site}: {way}"
            if not way.weight and line not in self.shown:
                self.shown.add(line)
                self.show(line)


class _Local(threading.local):
    report: _Report | None = None


_LOCAL = _Local()
_LOCK = threading.Lock()
_REPLACED: list[tuple[Any, str, Any]] = []  # module, name, original
_BLOCKS = [0]  # the number of open blocks, in all threads
_LIBRARIES = tuple(os.path.realpath(sysconfig.get_paths()[name]) + os.sep for name in ("purelib", "stdlib"))


def _install() -> None:
    """Replaces the originals in all modules but those of TensorFlow's own code, Keras and nthgrad."""
    with _LOCK:
        _BLOCKS[0] += 1
        if _BLOCKS[0] > 1:
            return
        functions = [own.gradients, tf.compat.v1.gradients]
        made = {id(f): accelerated_gradients(f) for f in functions} | {id(own.GradientTape): AcceleratedTape}
        for name in ("v1", "v2"):
            importlib.import_module(f"tensorflow.compat.{name}")  # at first, an import makes a module of its own
        for name, module in list(sys.modules.items()):
            if module is None or name.startswith(_private.INTERNAL):
                continue
            for key, value in _names(name, module):
                if id(value) in made:
                    _REPLACED.append((module, key, value))
                    setattr(module, key, made[id(value)])


def _names(name: str, module: Any) -> list[tuple[str, Any]]:
    """Returns the names of a module that may be an original. TensorFlow's modules find theirs when they are asked."""
    if name.partition(".")[0] == "tensorflow":
        return [(key, getattr(module, key, None)) for key in ("gradients", "GradientTape")]
    return list(getattr(module, "__dict__", {}).items())


def _uninstall() -> None:
    with _LOCK:
        _BLOCKS[0] -= 1
        if not _BLOCKS[0]:
            while _REPLACED:
                module, key, value = _REPLACED.pop()
                setattr(module, key, value)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def _site() -> str:
    """Returns the `file:line` that asks for a gradient: the innermost line outside of installed packages, if any."""
    with tf.Graph().as_default():  # AutoGraph's map to the user's lines is found by creating an op
        frames = [f for f in reversed(list(tf.no_op().traceback or [])) if not trace.library(f.filename)]
    own = [f for f in frames if not os.path.realpath(f.filename).startswith(_LIBRARIES)]
    found = next(iter(own or frames), None)
    return "an unknown line" if found is None else f"{found.filename}:{found.lineno}"
