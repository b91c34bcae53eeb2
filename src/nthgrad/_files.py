"""Files and folders that are written whole or not at all."""

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
    """The path of a folder that can be made."""
    target = Path(path)
    if target.exists() or target.is_symlink():
        raise ArgumentError(f"{path} is there already. Give the name of a folder that is not, or remove it.")
    if not target.parent.is_dir():
        raise ArgumentError(f"There is no folder {target.parent} for {target.name}. Make it first.")
    return target


@contextlib.contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """A folder to make, which appears under its name when the block has ended well, and never in part."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
            made = Path(temporary) / target.name
            yield made
            made.rename(target)
    except OSError as error:
        raise ArgumentError(f"{target} cannot be written: {error.strerror or error}. Give a path that can.") from error


def refuse_file(path: str, kinds: Sequence[str]) -> None:
    """Refuses a file that cannot be written, before there is anything to write.

    Raises:
        ArgumentError: the name ends with none of the kinds, or there is no such folder.
    """
    if Path(path).suffix.lower() not in kinds:
        raise ArgumentError(f"{path} has an unknown ending. Write a file that ends with {' or '.join(kinds)}.")
    if not Path(path).parent.is_dir():
        raise ArgumentError(f"There is no folder {Path(path).parent} for {Path(path).name}. Make it first.")
    if Path(path).is_dir():
        raise ArgumentError(f"{path} is a folder. Give the name of a file.")


@contextlib.contextmanager
def whole_file(path: str) -> Generator[IO[bytes]]:
    """A binary file that appears under its name when the block has ended well, and never in part.

    Raises:
        ArgumentError: it cannot be written.
    """
    temporary = None
    try:
        target = Path(path).resolve()  # through a link, to the file that it names
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        raise ArgumentError(f"{path} cannot be written: {error.strerror or error}. Give a file that can.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def write_columns(path: str, names: Sequence[str], values: Sequence[np.ndarray]) -> None:
    """Writes arrays of shape [n] by name: .csv with a header and every digit, or .npz.

    Raises:
        ArgumentError: it cannot be written.
    """
    with whole_file(path) as file:
        if Path(path).suffix.lower() == ".npz":
            with zipfile.ZipFile(file, "w") as archive:  # numpy.savez has arguments of its own, whose names it refuses
                for name, array in zip(names, values, strict=True):
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
            return
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        # str of a NumPy float is the shortest text that reads back equal.
        writer.writerows(zip(*(map(str, v) for v in values), strict=True))
        text.detach()  # flushed, and the file left open for its owner


def _mode(target: Path) -> int:
    """The rights of the file that is there, or those that a new one gets."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
