"""One .npy file that grows by rows."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np


class Rows:
    """A .npy file being written.

    NumPy leaves room in a header for the first length to grow, so that it can be written again at the end. Writes are
    not buffered: what a full disk refuses is known at once.
    """

    def __init__(self, path: Path, dtype: np.dtype, row: Sequence[int], rows: int | None = None):
        """Begins a file, or opens one that is there and has at least the given number of rows.

        Raises:
            ValueError: it has fewer rows.
        """
        self._dtype, self._row = dtype, tuple(row)
        self._begin = len(self._header(0))
        self._file = open(path, "xb+" if rows is None else "rb+", buffering=0)  # noqa: SIM115
        if rows is None:
            self._file.write(self._header(0))
        if self._file.seek(0, os.SEEK_END) < self._position(rows or 0):
            self._file.close()
            raise ValueError(path)

    def cut(self, rows: int) -> None:
        """Cuts off what follows the given number of rows, and goes on there."""
        self._file.truncate(self._position(rows))
        self._file.seek(self._position(rows))

    def append(self, array: np.ndarray) -> None:
        """Writes the rows of an array; systems write a few GiB at a time, and less on a full disk."""
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        while data:
            data = data[self._file.write(data) :]

    def read(self, start: int, rows: int) -> np.ndarray:
        """Some of the rows, from the given one on; where the file is written next changes."""
        data = np.empty((rows, *self._row), self._dtype)
        self._file.seek(self._position(start))
        rest = data.reshape(-1).view(np.uint8).data
        while rest and (got := self._file.readinto(rest)):  # type: ignore[attr-defined]
            rest = rest[got:]
        return data

    def seal(self, rows: int) -> None:
        """Makes it a whole file of so many rows."""
        self._file.seek(0)
        self._file.write(self._header(rows))

    def force(self) -> None:
        """Forces what is written to the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Leaves the file as it is."""
        self._file.close()

    def _header(self, rows: int) -> bytes:
        described = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": described, "fortran_order": False, "shape": (rows, *self._row)}
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(file, header)
        return file.getvalue()

    def _position(self, rows: int) -> int:
        return self._begin + rows * int(np.prod(self._row, dtype=np.int64)) * self._dtype.itemsize


def force(folder: Path) -> None:
    """Forces the names in a folder to the disk, where the system lets folders be opened."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
