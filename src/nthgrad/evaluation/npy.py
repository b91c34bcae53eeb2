"""Writes a .npy file that grows by rows."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np


class Rows:
    """A .npy file being written.

    NumPy leaves room in a header for the first length to grow, so the header can be overwritten at the end. Writes are
    not buffered, so that a full disk raises at once.
    """

    def __init__(self, path: Path, dtype: np.dtype, row: Sequence[int], rows: int | None = None):
        """Creates a file, or opens an existing one with at least the given number of rows.

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
        """Cuts the file after the given number of rows; the next write goes there."""
        self._file.truncate(self._position(rows))
        self._file.seek(self._position(rows))

    def append(self, array: np.ndarray) -> None:
        """Writes the rows of an array. The system may write a part at a time, a few GiB at most."""
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        while data:
            data = data[self._file.write(data) :]

    def read(self, start: int, rows: int) -> np.ndarray:
        """Reads rows from the given one on; moves the position of the next write."""
        data = np.empty((rows, *self._row), self._dtype)
        self._file.seek(self._position(start))
        rest = data.reshape(-1).view(np.uint8).data
        while rest and (got := self._file.readinto(rest)):  # type: ignore[attr-defined]
            rest = rest[got:]
        return data

    def seal(self, rows: int) -> None:
        """Writes the final header, with this number of rows."""
        self._file.seek(0)
        self._file.write(self._header(rows))

    def force(self) -> None:
        """Syncs the file to the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file without a final header."""
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
    """Syncs the names in a folder to the disk, if the system can open folders."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
