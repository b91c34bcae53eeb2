"""Lifts an old file, in a child process: LegacyError, or a function that is called."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np


def lifted(path: str, options: dict[str, Any], points: str, same: bool) -> str:
    """Lifts a file and calls what it became.

    Args:
        path: of the file or folder.
        options: of `legacy.lift`.
        points: the `.npz` file that holds x and the values there.
        same: whether the values have to be those.

    Returns:
        `"refused"`, `"a function"`; or what is wrong.
    """
    from nthgrad import legacy
    from nthgrad.errors import LegacyError

    try:
        f = legacy.lift(path, **options)
    except LegacyError as error:
        message = str(error)
        return "refused" if message.endswith((".", ")")) else f"an unfinished message: {message}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    with np.load(points) as file:
        record = dict(file)
    if not callable(f):
        return f"{f!r} is no function"
    try:
        x = record["x"].astype(f.specs[-1].dtype.as_numpy_dtype)
        y = np.asarray(f(*([x**2] if len(f.specs) == 2 else []), x))
    except Exception as error:  # a damaged graph may have other shapes or dtypes: only a crash would be a fault
        return f"wrong: {error}" if same else "a function"
    expected = record.get("d0", record.get("u"))
    if same and not np.allclose(y, expected, 1e-5, 1e-5):
        return f"wrong: {y.tolist()} is not {expected.tolist()}"
    return "a function"


def crash() -> str:
    """Ends the process as a fault in C++ does."""
    os.abort()


def hang() -> str:
    """Does not return."""
    time.sleep(3600)
    return "awake"
