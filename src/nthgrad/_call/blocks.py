"""Splits sets of rows into blocks; averages, or concatenates, what a function computes from each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace

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


def concatenated(
    compute: Callable[[Tensors], Tensors],
    tensors: Tensors,
    rows: int,
    like: Sequence[tf.TensorSpec],
    axes: Sequence[Any],
) -> Tensors:
    """Returns what a function computes from block after block of rows, concatenated.

    All blocks have the same length, so that they are one loop and are compiled once. The last one repeats the last row;
    what it computes from that is dropped.

    Args:
        compute: takes the rows of a block of each tensor, and returns tensors.
        tensors: tensors with the same number of rows on their first axis.
        rows: the number of rows of a block, at most.
        like: the shapes and dtypes of what `compute` returns, with an open number of rows.
        axes: the axis of the rows of each; None for a tensor that is the same for any rows.
    """
    n: Any = tf.shape(tensors[0])[0] if tensors[0].shape[0] is None else tensors[0].shape[0]
    count: Any = max(-(-n // rows), 1) if isinstance(n, int) else tf.maximum(-(-n // rows), 1)
    each = -(-n // count)
    if not isinstance(n, int) or n != count * each:
        taken = tf.minimum(tf.range(count * each), n - 1)
        tensors = [tf.gather(t, taken) for t in tensors]
    parts = [tf.reshape(t, [count, each, *t.shape[1:]]) for t in tensors]
    with trace.variable_scope_kept():
        found = tf.map_fn(compute, parts, parallel_iterations=1, fn_output_signature=list(like))
    return [_joined(t, axis, n) for t, axis in zip(found, axes, strict=True)]


def _joined(t: tf.Tensor, axis: int | None, n: Any) -> tf.Tensor:
    """Concatenates blocks, stacked on the first axis, along the axis of their rows; drops all but n rows."""
    if axis is None:
        return t[0]
    rank = len(t.shape)
    if axis:
        t = tf.transpose(t, [*range(1, axis + 1), 0, *range(axis + 1, rank)])
    rest = [t.shape[i] for i in range(rank) if i not in (axis, axis + 1)]
    t = tf.reshape(t, [*rest[:axis], -1 if 0 not in rest else tf.shape(t)[axis] * tf.shape(t)[axis + 1], *rest[axis:]])
    return t[(*[slice(None)] * axis, slice(0, n))]
