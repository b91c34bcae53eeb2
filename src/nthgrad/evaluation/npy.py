"""One .npy file that grows by rows."""

from __future__ import annotations

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
        """Begins a file, or goes on behind the given number of rows of one that is there, and cuts off what follows.

        Raises:
            ValueError: it has fewer rows.
        """
        self._dtype, self._row = dtype, tuple(row)
        self._file = open(path, "xb+" if rows is None else "rb+", buffering=0)  # noqa: SIM115
        self._header(0)
        self._begin = self._file.tell()
        end = self._position(rows or 0)
        if self._file.seek(0, os.SEEK_END) < end:
            self._file.close()
            raise ValueError(path)
        self._file.truncate(end)
        self._file.seek(end)

    def append(self, array: np.ndarray) -> None:
        """Writes the rows of an array; systems write a few GiB at a time, and less on a full disk."""
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        while data:
            data = data[self._file.write(data) :]

    def last(self, rows: int) -> np.ndarray:
        """Some of the rows before the end."""
        self._file.seek(-self._position(rows) + self._begin, os.SEEK_END)
        return np.frombuffer(self._file.readall(), self._dtype).reshape(rows, *self._row)  # type: ignore[attr-defined]

    def seal(self, rows: int) -> None:
        """Makes it a whole file of so many rows."""
        self._file.seek(0)
        self._header(rows)

    def force(self) -> None:
        """Forces what is written to the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Leaves the file as it is."""
        self._file.close()

    def _header(self, rows: int) -> None:
        described = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": described, "fortran_order": False, "shape": (rows, *self._row)}
        np.lib.format.write_array_header_1_0(self._file, header)

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
