"""Checksums of batches, which detect that the points or the results of a run have changed.

CRC-32 detects accidents: every change within four consecutive bytes, and all but one in 2**32 others. A cryptographic
hash is several times slower (BLAKE2b five times), and protects only from people who cannot write the journal.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nthgrad.evaluation.npy import Rows


def checksum(arrays: Iterable[Any]) -> int:
    """Computes the checksum of the shapes and the bytes of some arrays or tensors."""
    found = 0
    for array in map(np.asarray, arrays):
        found = zlib.crc32(repr(array.shape).encode(), found)
        if array.dtype.hasobject:  # strings; the array itself holds addresses
            for text in array.flat:
                found = zlib.crc32(text, zlib.crc32(b"%d " % len(text), found))
        else:
            found = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, found)
    return found


class Checks:
    """A file with a row for each batch: the number of its points, their checksum, and one for each result.

    It grows with the files of results. The journal holds the number of its valid rows and their checksum.

    Attributes:
        sum: the checksum of the file's rows.
    """

    def __init__(self, path: Path, outputs: int, batches: int | None = None):
        """Creates a file, or opens an existing one with at least the given number of rows.

        Raises:
            ValueError: it has fewer rows.
        """
        self.file = Rows(path, np.dtype(np.uint64), [2 + outputs], batches)
        self.sum = 0

    def append(self, points: Sequence[Any], results: Sequence[np.ndarray]) -> None:
        """Adds a row for a batch: its points, and the results of each file."""
        row = np.array([len(results[0]), checksum(points), *(checksum([y]) for y in results)], np.uint64)
        self.file.append(row)
        self.sum = zlib.crc32(row.data, self.sum)

    def read(self, batches: int) -> list[list[int]]:
        """Reads the rows of the first batches, and their checksum."""
        rows = self.file.read(0, batches)
        self.sum = zlib.crc32(rows.data)
        return rows.tolist()
