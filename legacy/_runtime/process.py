"""`legacy.run`: runs an old program, unchanged, in a separate process."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from nthgrad.errors import LegacyError

SCRIPT = str(Path(__file__).with_name("script.py"))  # run by path, so that nothing is imported before it

# `python -c` adds the current folder to sys.path. A file there may bear the name of a module that TensorFlow imports.
_START = f"import runpy, sys; sys.path[:] = filter(None, sys.path); runpy.run_path({SCRIPT!r})['main']()"


def run(
    path: str | os.PathLike[str], argv: Sequence[str] = (), control_flow: str = "v1", *, accelerate: bool = False
) -> int:
    """Runs an old program as `python path *argv` did under TensorFlow 1 and Keras 2.

    The program runs in a new process of the same Python interpreter. There, TensorFlow 1's behavior is always on, and
    `import tensorflow`, `import keras` and their submodules import the old names. Standard input, output and error
    are shared with this process.

    Args:
        path: the program's file.
        argv: the program's `sys.argv[1:]`.
        control_flow: "v1", or "v2" for second derivatives through loops (see `legacy.session`).
        accelerate: whether gradients of gradients are computed by series (see `legacy.session`).

    Returns:
        the exit status. It is 0, the argument of `sys.exit`, or 1 after an exception (its traceback is on standard
        error). 128 + n means that signal n ended the program.

    Raises:
        LegacyError: if there is no such file, or `control_flow` is neither "v1" nor "v2".

    Example:
        >>> from nthgrad import legacy
        >>> legacy.run("old_script.py", argv=["--epochs", "3"])  # doctest: +SKIP
        0
    """
    sys.stdout.flush()
    sys.stderr.flush()
    line, environment = _command(path, argv, control_flow, accelerate=accelerate)
    status = subprocess.run(line, env=environment, check=False).returncode
    return status if status >= 0 else 128 - status


def become(
    path: str | os.PathLike[str], argv: Sequence[str] = (), control_flow: str = "v1", *, accelerate: bool = False
) -> int:
    """Replaces this process by the program, which so has its number, group, signals, input and exit status.

    Where processes cannot be replaced, on Windows, it runs the program as `run` does.

    Args:
        path: see `run`.
        argv: see `run`.
        control_flow: see `run`.
        accelerate: see `run`.

    Returns:
        on Windows, the exit status; elsewhere it does not return.

    Raises:
        LegacyError: see `run`.
    """
    if os.name == "posix":
        line, environment = _command(path, argv, control_flow, accelerate=accelerate)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(line[0], line, environment)
    return run(path, argv, control_flow, accelerate=accelerate)


def _command(
    path: str | os.PathLike[str], argv: Sequence[str], control_flow: str, *, accelerate: bool
) -> tuple[list[str], dict[str, str]]:
    """Returns the command line and the environment of the program's process."""
    if not Path(path).is_file():
        raise LegacyError(f"There is no program at {os.fspath(path)!r}. Give the path of a Python file.")
    if control_flow not in ("v1", "v2"):
        raise LegacyError(f"control_flow={control_flow!r} is no version of control flow. Give 'v1' or 'v2'.")
    # The first hides the logs of TensorFlow's C++; the second keeps Keras 3 out of the process.
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1", **os.environ}
    environment["NTHGRAD_CONTROL_FLOW"] = control_flow
    environment["NTHGRAD_ACCELERATE"] = str(int(accelerate))
    return [sys.executable, "-c", _START, os.fspath(path), *map(str, argv)], environment
