"""Keeps results in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Memory:
    """Rows appended to arrays, which are allocated at once if their number is known.

    Attributes:
        skip: as in `Files`, always 0.
        length: as in `Files`, always 0.
    """

    skip, length = 0, 0

    def __init__(self, total: int | None):
        self._total = total
        self._rows = 0
        self._pieces: list[list[np.ndarray]] = []

    def append(
        self, points: Sequence[Any], leaves: Sequence[np.ndarray], length: int, paths: Sequence[tuple[Any, ...]]
    ) -> None:
        """Stores the rows of the next batch."""
        if self._total is None:
            self._pieces = self._pieces or [[] for _ in leaves]
            for pieces, leaf in zip(self._pieces, leaves, strict=True):
                pieces.append(leaf)
            return
        self._pieces = self._pieces or [[np.empty((self._total, *leaf.shape[1:]), leaf.dtype)] for leaf in leaves]
        for (whole,), leaf in zip(self._pieces, leaves, strict=True):
            whole[self._rows : self._rows + len(leaf)] = leaf
        self._rows += len(leaves[0])

    def finish(self, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
        """Returns the arrays."""
        return [pieces[0] if self._total is not None else np.concatenate(pieces) for pieces in self._pieces]

    def close(self) -> None:
        """Does nothing."""
