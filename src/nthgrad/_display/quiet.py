"""Imports TensorFlow without its start-up messages; hides warnings and native output."""

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
    """Returns the tensorflow module, imported and used once without messages.

    TensorFlow's C++ code writes to file descriptor 2 before it reads the log level, and again when the first op looks
    for devices. Later it writes errors only.
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


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
