"""Writes files and folders that appear complete or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
import zipfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from nthgrad.errors import ArgumentError


def free_folder(path: str) -> Path:
    """Returns the path of a folder that can be created; raises an ArgumentError."""
    target = Path(path)
    if target.exists() or target.is_symlink():
        raise ArgumentError(f"{path} exists already. Give the name of a new folder, or remove it.")
    if not target.parent.is_dir():
        raise ArgumentError(f"There is no folder {target.parent} for {target.name}. Make it first.")
    return target


@contextlib.contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Yields the path of a folder to create. It appears under its name after the block, unless the block raises."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
            made = Path(temporary) / target.name
            yield made
            made.rename(target)
    except OSError as error:
        raise ArgumentError(f"{target} cannot be written: {error.strerror or error}. Give a writable path.") from error


def refuse_file(path: str, kinds: Sequence[str]) -> None:
    """Refuses a file that cannot be written, before any work is done.

    Raises:
        ArgumentError: the name ends with none of the kinds, or its folder does not exist.
    """
    if Path(path).suffix.lower() not in kinds:
        raise ArgumentError(f"{path} has an unknown ending. Write a file that ends with {' or '.join(kinds)}.")
    if not Path(path).parent.is_dir():
        raise ArgumentError(f"There is no folder {Path(path).parent} for {Path(path).name}. Make it first.")
    if Path(path).is_dir():
        raise ArgumentError(f"{path} is a folder. Give the name of a file.")


@contextlib.contextmanager
def whole_file(path: str) -> Generator[IO[bytes]]:
    """Opens a binary file. It appears under its name after the block, unless the block raises.

    Raises:
        ArgumentError: the file cannot be written.
    """
    temporary = None
    try:
        target = Path(path).resolve()  # replaces the file that a link points to, not the link
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        raise ArgumentError(f"{path} cannot be written: {error.strerror or error}. Give a writable file.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def write_columns(path: str, names: Sequence[str], values: Sequence[np.ndarray]) -> None:
    """Writes named arrays of shape [n] to a .csv with a header and all digits, or to an .npz.

    Raises:
        ArgumentError: the file cannot be written.
    """
    with whole_file(path) as file:
        if Path(path).suffix.lower() == ".npz":
            with zipfile.ZipFile(file, "w") as archive:  # numpy.savez refuses some names
                for name, array in zip(names, values, strict=True):
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
            return
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        # str of a NumPy float is the shortest text that reads back equal.
        writer.writerows(zip(*(map(str, v) for v in values), strict=True))
        text.detach()  # flushes; `whole_file` closes the file


def _mode(target: Path) -> int:
    """Returns the permissions of the existing file, or those of a new one."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
