"""Finds the columns of a tensor [n, d] that an op selects, and those that nothing reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph.custom_gradients import exact_gradient


def whole(op: Any) -> tf.Tensor | None:
    """Returns the tensor [n, d] from which an op selects single columns, or None if it is no such op."""
    found = _selected(op)
    return None if found is None else found[0]


def selected(op: Any) -> list[int]:
    """Returns the column that each output of an op is; none if `whole` returns None."""
    found = _selected(op)
    return [] if found is None else found[1]


def _selected(op: Any) -> tuple[tf.Tensor, list[int]] | None:
    if op.type == "StridedSlice":
        x, *bounds = op.inputs
        if _width(x) and len(chosen := _chosen(op, bounds, _width(x))) == 1:
            return x, chosen
    elif op.type == "Unpack" and _width(op.inputs[0]) and op.get_attr("axis") in (1, -1):
        return op.inputs[0], list(range(_width(op.inputs[0])))
    elif op.type == "Split" and tf.get_static_value(op.inputs[0]) in (1, -1):
        x, count = op.inputs[1], op.get_attr("num_split")
        return (x, list(range(count))) if _width(x) == count else None
    return None


def _width(x: tf.Tensor) -> int:
    return x.shape[1] or 0 if x.shape.rank == 2 else 0


def _chosen(op: Any, bounds: Sequence[tf.Tensor], width: int) -> list[int]:
    """Returns the columns that a slice of [n, d] selects from all rows; none if it does anything else."""
    begin, end, strides = (tf.get_static_value(t) for t in bounds)
    if begin is None or end is None or strides is None:
        return []
    mask = {name: op.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    index: list[Any] = []
    for i in range(len(begin)):
        if mask["ellipsis"] >> i & 1:
            index.append(Ellipsis)
        elif mask["new_axis"] >> i & 1:
            return []
        elif mask["shrink_axis"] >> i & 1:
            index.append(int(begin[i]))
        else:
            first = None if mask["begin"] >> i & 1 else int(begin[i])
            last = None if mask["end"] >> i & 1 else int(end[i])
            index.append(slice(first, last, int(strides[i])))
    if not index or index[0] not in (Ellipsis, slice(None, None, 1)):
        return []
    table = np.tile(np.arange(width), (2, 1))
    found = table[tuple(index)]
    if found.shape[:1] != (2,) or found.ndim > 2:
        return []
    return found.reshape(2, -1)[0].tolist()


def used_alone(column: tf.Tensor) -> tf.Tensor:
    """Returns a column of a stack, through which no gradient flows back if nothing reads it from the stack.

    The gradient of a slice is a tensor of zeros around the gradient of the part. The ops of the other columns would
    multiply these zeros.
    """

    @exact_gradient
    def guarded(c: tf.Tensor) -> Any:
        return c, lambda dy: None if _is_zero(dy) else dy

    made: Any = guarded(column)
    made.set_shape(column.shape)
    return made


def _is_zero(dy: tf.Tensor) -> bool:
    """Whether a gradient is zero: a part of the gradient of a stack, or zeros."""
    if dy.op.type == "Unpack":
        return _is_zero_in(dy.op.inputs[0], dy.value_index)
    return _are_zeros(dy)


def _is_zero_in(t: tf.Tensor, column: int) -> bool:
    """Whether a column of a tensor [n, d] is zero by the form of the graph."""
    op = t.op
    if op.type in ("Add", "AddN", "AddV2"):
        return all(_is_zero_in(x, column) for x in op.inputs)
    if op.type == "Identity":
        return _is_zero_in(op.inputs[0], column)
    if op.type == "StridedSliceGrad" and _width(t):
        chosen = _chosen(op, op.inputs[1:4], _width(t))
        return bool(chosen) and column not in chosen
    if op.type == "Pack" and op.get_attr("axis") in (1, -1):
        return _are_zeros(op.inputs[column])
    if op.type == "ConcatV2" and len(op.inputs) == _width(t) + 1 and tf.get_static_value(op.inputs[-1]) in (1, -1):
        return _are_zeros(op.inputs[column])
    return _are_zeros(t)


def _are_zeros(t: tf.Tensor) -> bool:
    if t.op.type == "Fill":
        t = t.op.inputs[1]
    if t.op.type == "ZerosLike":
        return True
    return t.op.type == "Const" and not np.any(tf.get_static_value(t))
