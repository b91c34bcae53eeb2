"""Multiplies matrices whose rows are equal: coefficients of x + s v before the first op that is not linear.

The product is one row, repeated. XLA repeats it inside the kernels that use it, so a network's first layer costs
nothing. Nor does its gradient, where the products of a batch become sums.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from nthgrad.engines.shapes import Axes, shape


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
    y = multiply(_first(c, axis))
    repeated = tf.broadcast_to(y, shape(Axes(c, 0, axis + 1), Axes(y, axis + 1)))
    repeated.set_shape([*c.shape[: axis + 1], *y.shape[axis + 1 :]])
    return repeated


def _first(c: tf.Tensor, axis: int) -> tf.Tensor:
    """Returns the first slice along an axis: that of which c is repeated, if nothing else is repeated."""
    known = c.shape.as_list()
    known[axis] = 1
    if c.op.type == "BroadcastTo" and None not in known and c.op.inputs[0].shape == known:
        return c.op.inputs[0]
    return c[(slice(None),) * axis + (slice(1),)]
