"""Shapes in parts: what is known of them while tracing takes no ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf


class Axes(NamedTuple):
    """The lengths of the axes of a tensor from `start` to `stop`, as a part of a shape."""

    tensor: tf.Tensor
    start: int = 0
    stop: int | None = None

    def known(self) -> list[int | None]:
        """Returns the lengths, with None for an unknown one."""
        return self.tensor.shape[self.start : self.stop].as_list()

    def lengths(self) -> tf.Tensor:
        """Returns the lengths, which an op finds."""
        every = self.start == 0 and self.stop in (None, self.tensor.shape.rank)
        return tf.shape(self.tensor) if every else tf.shape(self.tensor)[self.start : self.stop]


Part = Axes | Sequence[int]


def shape(*parts: Part) -> list[int] | tf.Tensor:
    """Returns the shape that has these parts: a list if all lengths are known, else a tensor."""
    runs: list[list[int] | tf.Tensor] = []
    for part in parts:
        known: list[Any] = _known(part)
        if isinstance(part, Axes) and None in known:
            runs.append(part.lengths())
        elif runs and isinstance(runs[-1], list):
            runs[-1] = [*runs[-1], *known]
        elif known:
            runs.append(known)
    return tf.concat(runs, 0) if len(runs) > 1 else runs[0] if runs else []


def reshape(t: tf.Tensor, *parts: Part) -> tf.Tensor:
    """Reshapes a tensor to the shape that has these parts."""
    known = [n for part in parts for n in _known(part)]
    if known.count(None) == 1 and 0 not in known:  # a single unknown length follows from the others
        return tf.reshape(t, [-1 if n is None else n for n in known])
    return tf.reshape(t, shape(*parts))


def equal_lengths(a: tf.Tensor, b: tf.Tensor, count: int) -> tf.Tensor:
    """Returns whether the first `count` lengths of two tensors are equal: a condition to check at run time."""
    return tf.reduce_all(tf.equal(Axes(a, 0, count).lengths(), Axes(b, 0, count).lengths()))


def _known(part: Part) -> list[int | None]:
    return part.known() if isinstance(part, Axes) else list(part)
