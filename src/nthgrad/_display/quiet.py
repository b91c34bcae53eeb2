"""TensorFlow without its start-up chatter: a screen shows what was asked for."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Generator
from typing import Any

from nthgrad.errors import NthgradError

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def tensorflow() -> Any:
    """The tensorflow module, imported and used once without a word on the screen.

    TensorFlow's C++ code writes to file descriptor 2 before it reads the log level, and again when the first op looks
    for devices. Later it says only what is an error.
    """
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    if LEVEL in os.environ:  # the user's choice
        import tensorflow as tf

        return tf
    os.environ[LEVEL] = "2"
    try:
        with held_back():
            import tensorflow as tf

            tf.constant(0.0)
    finally:
        del os.environ[LEVEL]  # it is read once; processes that this one starts choose for themselves
    tf.get_logger().setLevel(logging.ERROR)
    return tf


@contextlib.contextmanager
def held_back() -> Generator[None]:
    """Keeps Python's warnings and what is written to file descriptor 2 from the screen, unless the block fails.

    Native code writes to the descriptor, not to `sys.stderr`, so the descriptor is what has to be turned away. What was
    written is shown where an exception leaves the block that nobody expects, for it may say why. An `NthgradError` says
    why itself.
    """
    _flush()
    try:
        screen = os.dup(2)
    except OSError:  # closed: there is no screen
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


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
