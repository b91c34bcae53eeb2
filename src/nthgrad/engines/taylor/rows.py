"""Coefficients that are the same in every row: those of a line x + s v, up to the first op that is not linear.

A product of such a matrix with another is one row, repeated. XLA repeats it inside the kernels that use it, and a
network's first layer costs nothing; neither does it going back, where the products of a batch become sums.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def alike(c: tf.Tensor, axis: int) -> bool:
    """Whether it can be seen, from the ops that make c, that all its slices along an axis are the same."""
    op = c.op
    if op.type in ("OnesLike", "ZerosLike", "Fill"):
        return True
    if op.type in ("Identity", "Cast", "Neg"):
        return alike(op.inputs[0], axis)
    if op.type == "Mul":
        return all(x.shape.rank == 0 or (x.shape.rank == c.shape.rank and alike(x, axis)) for x in op.inputs)
    if op.type == "ConcatV2":
        along = tf.get_static_value(op.inputs[-1])
        return along is not None and along % len(c.shape) != axis and all(alike(x, axis) for x in op.inputs[:-1])
    if op.type == "BroadcastTo":
        (x, _), later = op.inputs, axis - len(c.shape)
        return -later > len(x.shape) or x.shape[later] == 1
    if op.type == "Const":
        values = tf.make_ndarray(op.get_attr("value"))
        return bool((values == values.take([0], axis)).all()) if values.size else True
    return False


def product(multiply: Callable[[tf.Tensor], tf.Tensor], c: tf.Tensor, axis: int) -> tf.Tensor:
    """What `multiply` makes of c, slice by slice along an axis: of one slice and repeated, where all are the same."""
    if not alike(c, axis):
        return multiply(c)
    y = multiply(c[(slice(None),) * axis + (slice(1),)])
    repeated = tf.broadcast_to(y, [*_lengths(c)[: axis + 1], *_lengths(y)[axis + 1 :]])
    repeated.set_shape([*c.shape[: axis + 1], *y.shape[axis + 1 :]])
    return repeated


def _lengths(t: tf.Tensor) -> list[int | tf.Tensor]:
    """The shape of t, as numbers where they are known."""
    return [tf.shape(t)[i] if n is None else n for i, n in enumerate(t.shape)]
