"""Refuses HDF5 files that hang HDF5, and external data: external or virtual data sets, external links."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import h5py

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless

LIMIT = 20.0
"""Seconds that reading a file may take, plus one for every 20 MB."""

_READER = str(Path(__file__).with_name("hdf5_reader.py"))


def readable(path: Path) -> None:
    """Reads a file in another process, which can be stopped if the file is damaged.

    Raises:
        LegacyError: if reading takes too long or ends the process, or data is larger than the file.
    """
    if not sys.executable:  # Python is embedded in another program
        return
    limit = LIMIT + path.stat().st_size / 20e6
    program = f"import runpy, sys; sys.path[:] = {sys.path!r}; runpy.run_path({_READER!r}, run_name='__main__')"
    command = [sys.executable, "-S", "-c", program, str(path)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False)
        said = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
        if done.returncode < 0:
            said = f"reading it ends the process with signal {-done.returncode}"
    except subprocess.TimeoutExpired:
        said = f"reading it takes more than {limit:.0f} seconds"
    if said:
        raise LegacyError(f"{path} is a damaged HDF5 file: {said}. Give the file that Keras wrote.")


def contained(path: Path) -> None:
    """Checks every link of a file; follows links inside the file.

    Raises:
        LegacyError: if the file refers to data of another file, or cannot be read.
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
                continue  # its target is in this file, so it is visited anyway
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
