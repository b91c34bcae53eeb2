"""Imports TensorFlow without its start-up messages; hides warnings and native output; says that a command waits."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Generator
from typing import Any

from nthgrad.errors import NthgradError

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
LOADING = "TensorFlow is loading ..."
_PATIENCE = 1.0  # seconds


def tensorflow() -> Any:
    """Returns the tensorflow module, imported and used once without messages.

    TensorFlow's C++ code writes to file descriptor 2 before it reads the log level, and again when the first op looks
    for devices. Later it writes errors only. On a terminal, a line says that TensorFlow is loading if that takes long.
    """
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    if LEVEL in os.environ:  # the user's choice
        import tensorflow as tf

        return tf
    os.environ[LEVEL] = "2"
    try:
        with status(LOADING), held_back():
            import tensorflow as tf

            tf.constant(0.0)
    finally:
        del os.environ[LEVEL]  # it is read once, and child processes should not inherit it
    tf.get_logger().setLevel(logging.ERROR)
    return tf


@contextlib.contextmanager
def held_back() -> Generator[None]:
    """Hides Python's warnings and the output to file descriptor 2, unless the block fails.

    Native code writes to the descriptor, not to `sys.stderr`, so the descriptor is redirected. If the block raises an
    unexpected exception, the hidden output is shown, because it may contain the reason. An `NthgradError` contains its
    own reason.
    """
    _flush()
    try:
        screen = os.dup(2)
    except OSError:  # the descriptor is closed
        yield
        return
    with tempfile.TemporaryFile() as said, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(said.fileno(), 2)
        failed = False
        try:
            yield
        except (KeyboardInterrupt, NthgradError):
            raise
        except BaseException:  # SystemExit too
            failed = True
            raise
        finally:
            _flush()
            os.dup2(screen, 2)
            os.close(screen)
            if failed:
                said.seek(0)
                with contextlib.suppress(OSError):
                    os.write(2, said.read())


@contextlib.contextmanager
def status(text: str) -> Generator[None]:
    """Shows a line on standard error if the block takes more than a second, and removes it after the block.

    It is shown on a terminal only, never in a pipe or a file. It begins at file descriptor 2 as that is now, so it is
    shown inside `held_back` too.
    """
    try:
        screen = os.dup(2) if os.isatty(2) else None
    except OSError:  # the descriptor is closed
        screen = None
    if screen is None:
        yield
        return
    shown = threading.Event()

    def show() -> None:
        shown.set()
        _write(screen, text)

    timer = threading.Timer(_PATIENCE, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown.is_set():
            _write(screen, f"\r{' ' * len(text)}\r")
        os.close(screen)


def _write(descriptor: int, text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, text.encode())


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
