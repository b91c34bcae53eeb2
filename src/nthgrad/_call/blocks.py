"""Splits sets of rows into blocks; adds up, or concatenates, what a function computes from each."""

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


@dataclasses.dataclass(frozen=True)
class Turns:
    """The turns of a loop over blocks.

    Attributes:
        count: the number of blocks of all rows.
        first: the index of the first block of the loop; it may be a tensor.
        turns: the number of blocks of the loop.
    """

    count: Any
    first: Any
    turns: Any


def sums(
    compute: Callable[[list[Part]], Tensors],
    sets: Sequence[Tensors],
    lengths: Sequence[Any],
    over: Turns,
    like: Sequence[tf.TensorSpec],
) -> Tensors:
    """Returns the sums over blocks of what a function computes from each, divided by the number of all blocks.

    The blocks run one after another, so that only one is in memory. Their results are added in float64, and returned
    so: in float16, a sum of ones ends at 2048.

    Args:
        compute: takes a block of each set, and returns tensors.
        sets: the tensors of each set.
        lengths: the number of rows of each set; numbers where they are known.
        over: the blocks to add up.
        like: the shapes and dtypes of what `compute` returns.
    """
    count = over.count
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
    first, end = tf.convert_to_tensor(over.first), over.first + over.turns
    _, *found = tf.while_loop(lambda i, *_: i < end, turn, [first, *zeros], parallel_iterations=1)
    return [t / tf.cast(count, t.dtype) for t in found]


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
    n = _length(tensors)
    count: Any = max(-(-n // rows), 1) if isinstance(n, int) else tf.maximum(-(-n // rows), 1)
    parts, each = _padded(tensors, n, count)
    stacks = [tf.reshape(t, [count, each, *t.shape[1:]]) for t in parts]
    with trace.variable_scope_kept():
        found = tf.map_fn(compute, stacks, parallel_iterations=1, fn_output_signature=list(like))
    return [_joined(t, axis, n) for t, axis in zip(found, axes, strict=True)]


def spread(compute: Callable[[Tensors], Tensors], tensors: Tensors, shards: int, axes: Sequence[int | None]) -> Tensors:
    """Returns what a function computes from each shard of the rows, concatenated; nothing orders the calls.

    Args:
        compute: takes the rows of a shard of each tensor, and returns tensors.
        tensors: tensors with the same number of rows on their first axis.
        shards: the number of shards, which are of the same length.
        axes: the axis of the rows of each tensor that `compute` returns; None for one that is the same for any rows.
    """
    n = _length(tensors)
    parts, each = _padded(tensors, n, shards)
    found = [compute([t[i * each : (i + 1) * each] for t in parts]) for i in range(shards)]
    return [
        of_shards[0] if axis is None else _first(tf.concat(of_shards, axis), axis, n)
        for *of_shards, axis in zip(*found, axes, strict=True)
    ]


def _length(tensors: Tensors) -> Any:
    return tf.shape(tensors[0])[0] if tensors[0].shape[0] is None else tensors[0].shape[0]


def _padded(tensors: Tensors, n: Any, count: Any) -> tuple[Tensors, Any]:
    """Repeats the last of n rows so that the number of rows is a multiple; also returns the number of rows of each."""
    each = -(-n // count)
    if isinstance(n, int) and n == count * each:
        return tensors, each
    taken = tf.minimum(tf.range(count * each), n - 1)
    return [tf.gather(t, taken) for t in tensors], each


def _joined(t: tf.Tensor, axis: int | None, n: Any) -> tf.Tensor:
    """Concatenates blocks, stacked on the first axis, along the axis of their rows; drops all but n rows."""
    if axis is None:
        return t[0]
    rank = len(t.shape)
    if axis:
        t = tf.transpose(t, [*range(1, axis + 1), 0, *range(axis + 1, rank)])
    rest = [t.shape[i] for i in range(rank) if i not in (axis, axis + 1)]
    t = tf.reshape(t, [*rest[:axis], -1 if 0 not in rest else tf.shape(t)[axis] * tf.shape(t)[axis + 1], *rest[axis:]])
    return _first(t, axis, n)


def _first(t: tf.Tensor, axis: int, n: Any) -> tf.Tensor:
    """Returns the first n rows of a tensor, on an axis."""
    return t[(*[slice(None)] * axis, slice(0, n))]
