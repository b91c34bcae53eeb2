"""Refuses HDF5 files that take data from other files: external and virtual data sets, external links."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import h5py

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless


def contained(path: Path) -> None:
    """Looks at every link of a file, and follows those that stay in it.

    Raises:
        LegacyError: The file takes data from another, or cannot be read.
    """
    try:
        with h5py.File(path) as file:
            _check(file, path)
    except LegacyError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, SystemError) as error:  # h5py raises all of these
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise LegacyError(f"{path} is a damaged HDF5 file: {said}. Give the file that Keras wrote.") from error


def _check(file: h5py.File, path: Path) -> None:
    seen: set[Any] = set()
    todo: list[h5py.Group] = [file]
    while todo:
        group = todo.pop()
        for name in map(str, group):
            link: Any = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                _refuse(path, group, name, f"is a link to the file {link.filename!r}")
            if isinstance(link, h5py.SoftLink):
                continue  # to a place in this file, which is reached without it
            found: Any = group[name]
            if isinstance(found, h5py.Dataset) and found.external:
                _refuse(path, group, name, f"holds data of the file {found.external[0][0]!r}")
            if isinstance(found, h5py.Dataset) and found.is_virtual:
                _refuse(path, group, name, f"holds data of the file {found.virtual_sources()[0].file_name!r}")
            if isinstance(found, h5py.Group) and found not in seen:
                seen.add(found)
                todo.append(found)


def _refuse(path: Path, group: h5py.Group, name: str, does: str) -> NoReturn:
    place = f"{group.name}/{name}".replace("//", "/")
    raise LegacyError(f"{path} is not lifted: '{place}' {does}. {harmless.ALLOW}")
