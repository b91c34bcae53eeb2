"""Folders written whole or not at all."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nthgrad.errors import ArgumentError


def free(path: str) -> Path:
    """The path of a folder that can be made."""
    target = Path(path)
    if target.exists() or target.is_symlink():
        raise ArgumentError(f"{path} is there already. Give the name of a folder that is not, or remove it.")
    if not target.parent.is_dir():
        raise ArgumentError(f"There is no folder {target.parent} for {target.name}. Make it first.")
    return target


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A folder to make, which appears under its name when the block has ended well, and never in part."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
            made = Path(temporary) / target.name
            yield made
            made.rename(target)
    except OSError as error:
        raise ArgumentError(f"{target} cannot be written: {error.strerror or error}. Give a path that can.") from error
