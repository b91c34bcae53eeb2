"""Runs a program in an empty folder: its exit status, what it prints, and what it leaves in the folder.

The recorder of golden programs runs this file alone under Python 3.7, where TensorFlow 1.15.5 lives. So it imports
nothing of nthgrad, and has no later syntax.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = 300
TEXTS = (".csv", ".dat", ".json", ".log", ".tsv", ".txt")


class Outcome(NamedTuple):
    """The result of a run."""

    status: int
    text: str  # what was printed, then the files as `saved` tells them
    error: str  # what was written to stderr


def environment(home: str) -> dict[str, str]:
    """Returns this process's environment with fixed settings, devices and hash seeds, which change prints."""
    fixed = {
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": home,  # where Keras puts its settings when it finds none
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}, **fixed}


def run(command: list[str], seconds: float = SECONDS, given: Sequence[str] = ()) -> Outcome:
    """Runs a command in an empty folder, which is deleted afterwards.

    Args:
        command: the command.
        seconds: the time after which it is ended, with the status 124.
        given: files and folders to link into the folder, which the command reads.
    """
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        for path in given:
            os.symlink(os.path.abspath(path), os.path.join(folder, os.path.basename(os.path.abspath(path))))
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment(home),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(124, "", f"It did not end within {seconds:g} seconds.")
        printed = done.stdout
        if printed and not printed.endswith("\n"):
            printed += "\n"
        return Outcome(done.returncode, printed + saved(folder), done.stderr)


def saved(folder: str | os.PathLike[str], *, most: int = 100) -> str:
    """Returns the files in a folder as text, sorted by their paths; links are left out.

    Files of text are given as they are; of `.npy`, `.npz`, `.h5`, `.hdf5` and `.mat` files the arrays, with the digits
    that tell one number from the next; of all others the path alone, and of TensorBoard's, which are named after the
    second and the machine, the folder.

    Args:
        folder: the folder.
        most: of a larger array this many numbers are given, evenly spaced, and the root of the mean of all squares.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(f"{folder}/loss.npy", np.float32([0.1, 2.0]))
        ...     print(saved(folder))
        --- loss.npy
        float32 (2,) [0.1 2. ]
        <BLANKLINE>
    """
    lines = []
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()):
        name = re.sub(r"(events\.out\.tfevents)\..*", r"\1", path.relative_to(folder).as_posix())
        lines.append(f"--- {name}")
        if path.suffix in TEXTS:
            lines.append(path.read_text(encoding="utf-8", errors="replace").rstrip("\n"))
        else:
            arrays = _READERS[path.suffix](path) if path.suffix in _READERS else {}
            lines += [f"{key} {_digits(array, most)}".strip() for key, array in sorted(arrays.items())]
    return "".join(f"{line}\n" for line in lines)


def _digits(array: Any, most: int) -> str:
    import numpy as np

    kind, shape = array.dtype.name if array.dtype.kind in "biufc" else "text", array.shape
    more = ""
    if array.size > most:
        if array.dtype.kind in "biufc":
            more = f" rms {np.sqrt(np.mean(np.abs(array.astype(np.complex128)) ** 2)):.6e}"
        array = array.ravel()[np.linspace(0, array.size - 1, most).astype(int)]
    return f"{kind} {shape} {np.array2string(array, floatmode='unique', threshold=sys.maxsize)}{more}"


def _npy(path: Path) -> dict[str, Any]:
    import numpy as np

    return {"": np.load(str(path), allow_pickle=False)}


def _npz(path: Path) -> dict[str, Any]:
    import numpy as np

    with np.load(str(path), allow_pickle=False) as arrays:
        return dict(arrays)


def _mat(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    return {name: array for name, array in loadmat(str(path)).items() if not name.startswith("__")}


def _h5(path: Path) -> dict[str, Any]:
    import h5py

    arrays: dict[str, Any] = {}
    with h5py.File(str(path), "r") as file:
        file.visititems(lambda name, item: arrays.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return arrays


_READERS = {".npy": _npy, ".npz": _npz, ".mat": _mat, ".h5": _h5, ".hdf5": _h5}
