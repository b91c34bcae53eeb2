"""Outputs of f whose first axes are not those of the points, such as `[functions, points]`: moves these to the front.

Engines differentiate tensors of shape [*points, ...]. The outputs of f are transposed to that shape before, and the
derivatives back after.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.errors import ArgumentError, OutputError


def checked_axis(axis: Any) -> int:
    """Returns the axis of f's output where those of the points begin; raises an ArgumentError."""
    if isinstance(axis, bool) or not isinstance(axis, int) or axis < 0:
        raise ArgumentError(
            f"axis is {axis!r}. Give the axis of f's output where those of the points begin, an integer of 0 or more."
        )
    return axis


def checked(y: Any, x: tf.Tensor, axis: int) -> tuple[Any, list[tf.Tensor]]:
    """Converts the output of f as `outputs.checked` does, with the axes of the points in front.

    Axes of length 1 are added at the end, as many as x has after those of the points. So no output of open lengths
    looks like x.
    """
    rows = 0 if x.shape.rank is None else outputs.row_rank(x)
    if not axis or not rows:
        return _checked_in_front(y, x, rows)
    structure, _ = outputs.tensors(y, x)
    leaves = [_front(leaf, i, x, axis, rows) for i, leaf in enumerate(tf.nest.flatten(structure))]
    return outputs.checked(tf.nest.pack_sequence_as(structure, leaves), x)


def restore(found: Any, x: tf.Tensor, axis: int) -> Any:
    """Returns a result with the axes of the points where f has them."""
    rows = outputs.row_rank(x)
    if not axis or not rows:
        return found

    def back(leaf: tf.Tensor) -> tf.Tensor:
        factor, scaled = _scaled(leaf)
        if factor is not None:
            return factor * back(scaled)
        rank = len(leaf.shape) - len(x.shape) + rows
        if (moved := _moved(leaf, _to_front(axis, rows, rank))) is not None:
            return moved
        added = [*range(rank, len(leaf.shape))]
        leaf = tf.squeeze(leaf, added) if added else leaf
        return tf.transpose(leaf, [*range(rows, rows + axis), *range(rows), *range(rows + axis, rank)])

    return tf.nest.map_structure(back, found)


def _to_front(axis: int, rows: int, rank: int) -> list[int]:
    return [*range(axis, axis + rows), *range(axis), *range(axis + rows, rank)]


def _scaled(t: tf.Tensor) -> tuple[tf.Tensor | None, tf.Tensor]:
    """Returns a constant number and the tensor that it multiplies, where t is such a product: a factorial's."""
    if t.op.type == "Mul":
        a, b = t.op.inputs
        for factor, other in ((a, b), (b, a)):
            if factor.shape.rank == 0 and factor.op.type == "Const" and other.shape.rank == t.shape.rank:
                return factor, other
    return None, t


def _moved(t: tf.Tensor, order: list[int]) -> tf.Tensor | None:
    """Returns the tensor that `_front` moved to get t; None if t is no such result.

    No optimizer of TensorFlow's removes all pairs of transposes, which would copy each derivative twice.
    """
    rank = len(t.shape)
    while t.op.type == "ExpandDims" and rank > len(order):
        t, rank = t.op.inputs[0], rank - 1
    if t.op.type != "Transpose" or rank != len(order):
        return None
    known = tf.get_static_value(t.op.inputs[1])
    return t.op.inputs[0] if known is not None and known.tolist() == order else None


def _front(y: tf.Tensor, index: int, x: tf.Tensor, axis: int, rows: int) -> tf.Tensor:
    rank = y.shape.rank
    if rank is None:
        return y  # `outputs.checked` refuses it
    if rank < axis + rows or not y.shape[axis : axis + rows].is_compatible_with(x.shape[:rows]):
        raise OutputError(
            f"f maps shape {x.shape} to shape {y.shape} (output {index}), but axis is {axis}: from that axis on, the "
            f"output has to have the lengths {x.shape[:rows]} of the points. Give axis the place where it has them."
        )
    y = tf.transpose(y, _to_front(axis, rows, rank))
    for _ in range(len(x.shape) - rows):
        y = tf.expand_dims(y, -1)
    return y


def _checked_in_front(y: Any, x: tf.Tensor, rows: int) -> tuple[Any, list[tf.Tensor]]:
    """Checks outputs that begin with the axes of the points; an error says if they have these later."""
    try:
        return outputs.checked(y, x)
    except OutputError as error:
        for leaf in tf.nest.flatten(y) if rows else ():
            shape = tf.TensorShape(getattr(leaf, "shape", ()))
            for k in range(1, (shape.rank or 0) - rows + 1):
                if shape[k : k + rows] == x.shape[:rows]:
                    raise OutputError(f"{error} If axis {k} of the output counts the points, give axis={k}.") from None
        raise
