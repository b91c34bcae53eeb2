"""Splits sets of rows into the same number of blocks, and averages what a function computes from each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Tensors = list[tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Part:
    """A block of rows of one set.

    Attributes:
        tensors: the rows of each tensor of the set. The last block repeats the last row to be as long as the others.
        real: whether each row counts, of shape [rows]; None if all do.
    """

    tensors: Tensors
    real: tf.Tensor | None

    def sum(self, leaf: tf.Tensor) -> tf.Tensor:
        """Sums the elements of a tensor over the rows that count."""
        if self.real is not None:
            shape = tf.concat([tf.shape(self.real), tf.ones([leaf.shape.rank - 1], tf.int32)], 0)
            leaf = tf.where(tf.reshape(self.real, shape), leaf, tf.zeros([], leaf.dtype))
        return tf.reduce_sum(leaf)


def means(
    compute: Callable[[list[Part]], Tensors],
    sets: Sequence[Tensors],
    lengths: Sequence[Any],
    count: Any,
    like: Sequence[tf.TensorSpec],
) -> Tensors:
    """Returns the means over the blocks of what a function computes from each.

    The blocks run one after another, so that only one is in memory. Their results are added in float64: in float16, a
    sum of ones ends at 2048.

    Args:
        compute: takes a block of each set, and returns tensors.
        sets: the tensors of each set.
        lengths: the number of rows of each set; numbers where they are known.
        count: the number of blocks.
        like: the shapes and dtypes of what `compute` returns.
    """
    if isinstance(count, int) and count == 1:
        return compute([Part(tensors, None) for tensors in sets])
    rows = [-(-n // count) for n in lengths]
    offsets = [tf.range(m) for m in rows]  # XLA requires the lengths of ranges outside of the loop

    def part(i: tf.Tensor, k: int) -> Part:
        at = i * rows[k] + offsets[k]
        taken = tf.minimum(at, lengths[k] - 1)
        full = isinstance(lengths[k], int) and isinstance(count, int) and lengths[k] == rows[k] * count
        return Part([tf.gather(t, taken) for t in sets[k]], None if full else at < lengths[k])

    def turn(i: tf.Tensor, *before: tf.Tensor) -> tuple[tf.Tensor, ...]:
        made = compute([part(i, k) for k in range(len(sets))])
        return (i + 1, *(a + tf.cast(b, a.dtype) for a, b in zip(before, made, strict=True)))

    zeros = [tf.zeros(spec.shape, tf.complex128 if spec.dtype.is_complex else tf.float64) for spec in like]
    _, *sums = tf.while_loop(lambda i, *_: i < count, turn, [tf.constant(0), *zeros], parallel_iterations=1)
    return [tf.cast(t / tf.cast(count, t.dtype), spec.dtype) for t, spec in zip(sums, like, strict=True)]
