"""Multiplies matrices whose rows are equal: coefficients of x + s v before the first op that is not linear.

The product is one row, repeated. XLA repeats it inside the kernels that use it, so a network's first layer costs
nothing. Nor does its gradient, where the products of a batch become sums.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def alike(c: tf.Tensor, axis: int) -> bool:
    """Whether the ops that compute c show that all its slices along an axis are equal."""
    op = c.op
    if op.type in ("OnesLike", "ZerosLike", "Fill"):
        return True
    if op.type in ("Identity", "Cast", "Neg"):
        return alike(op.inputs[0], axis)
    if op.type == "Mul":
        return all(x.shape.rank == 0 or (x.shape.rank == c.shape.rank and alike(x, axis)) for x in op.inputs)
    if op.type == "ConcatV2":
        joined = tf.get_static_value(op.inputs[-1])
        return joined is not None and joined % len(c.shape) != axis and all(alike(x, axis) for x in op.inputs[:-1])
    if op.type == "BroadcastTo":
        (x, _), from_last = op.inputs, axis - len(c.shape)
        return -from_last > len(x.shape) or x.shape[from_last] == 1
    if op.type == "Const":
        values = tf.make_ndarray(op.get_attr("value"))
        return bool((values == values.take([0], axis)).all()) if values.size else True
    return False


def product(multiply: Callable[[tf.Tensor], tf.Tensor], c: tf.Tensor, axis: int) -> tf.Tensor:
    """Applies `multiply` to c, slice by slice along an axis; to one slice, repeated, if all are equal."""
    if not alike(c, axis):
        return multiply(c)
    y = multiply(c[(slice(None),) * axis + (slice(1),)])
    repeated = tf.broadcast_to(y, [*_lengths(c)[: axis + 1], *_lengths(y)[axis + 1 :]])
    repeated.set_shape([*c.shape[: axis + 1], *y.shape[axis + 1 :]])
    return repeated


def _lengths(t: tf.Tensor) -> list[int | tf.Tensor]:
    """Returns the lengths of t; numbers where they are known."""
    return [tf.shape(t)[i] if n is None else n for i, n in enumerate(t.shape)]
