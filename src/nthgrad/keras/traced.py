"""Derivatives of tensors of the graph being traced, as in the `call` of a layer, and derivatives by a column."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.engines import grappler, orders, outputs, taylor
from nthgrad.engines.graph import dependence
from nthgrad.errors import ArgumentError, InputError, OutputError

REMEDY = (
    "A derivative here is one number for each element of y, by its own element (or row) of x. By one column of x, give "
    "column. Or make each coordinate a keras.Input of its own, of shape [batch, 1], or differentiate the model with "
    "nthgrad.partials."
)


def derivatives(f: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, order: int, column: int | None) -> list[tf.Tensor]:
    """Returns f(x) and its derivatives up to an order, by x or by one of its columns, in the graph being traced."""
    if column is None:
        return orders.derivatives(taylor, f, x, order)
    y = f(x)
    dependence.check(x, [y])
    outputs.refuse_mixing([y], x, len(x.shape) - 1)
    v = tf.broadcast_to(tf.one_hot(column, x.shape[-1], dtype=x.dtype), tf.shape(x))
    found = taylor.coefficients(lambda _: y, x, tf.ensure_shape(v, x.shape), order)
    return [c * tf.constant(math.factorial(k), c.dtype) for k, c in enumerate(found)]


@grappler.guarded
def derivative(y: tf.Tensor, x: tf.Tensor, order: int, column: int | None) -> tf.Tensor:
    """Returns the derivative of y by x, tensors of the graph being traced."""
    here = tf.compat.v1.get_default_graph()
    for t, name in ((y, "y"), (x, "x")):
        if t.graph is not here:  # pyright: ignore[reportAttributeAccessIssue]
            raise InputError(
                f"{name} ({t.name!r}) belongs to another graph than the one being traced, such as that around a "
                "tf.cond, a loop or a tf.function. Call nthgrad.keras.grad there, or compute y from x here."
            )
        if not t.dtype.is_floating:
            raise InputError(f"{name} ({t.name!r}) is {t.dtype.name}; derivatives need real floating point. Cast it.")
        if t.shape.rank is None:
            raise InputError(
                f"The rank of {name} ({t.name!r}) is unknown while tracing. Give it a rank with tf.ensure_shape."
            )
    column = checked_column(column, x.shape, x.name)
    refuse_shapes(y, x, column)
    return y if order == 0 else derivatives(lambda _: tf.identity(y) if y is x else y, x, order, column)[order]


def checked_column(column: Any, shape: Any, name: str) -> int | None:
    """Returns the index of a column of x, counted from 0; raises an ArgumentError."""
    if column is None:
        return None
    try:
        index = None if isinstance(column, bool) else operator.index(column)
    except TypeError:
        index = None
    if index is None:
        raise ArgumentError(f"column is {column!r}, a {type(column).__name__}. Give the index of a column of x.")
    shape = tf.TensorShape(shape)
    count = shape[-1] if len(shape) > 1 else None
    if count is None:
        raise ArgumentError(f"column is {column}, but x ({name!r}) has the shape {shape}. Give x of shape [batch, d].")
    if not -count <= index < count:
        raise ArgumentError(
            f"column is {column}, but x ({name!r}) has the shape {shape}. Give an index from 0 to {count - 1}."
        )
    return index % count


def row_rank(shape: Any, column: int | None) -> int:
    """Returns the number of axes of x that index rows: with a column, all but the last."""
    spec: Any = tf.TensorSpec(shape)
    return outputs.row_rank(spec) if column is None else len(spec.shape) - 1


def refuse_shapes(y: Any, x: Any, column: int | None) -> None:
    """Refuses a y whose shape shows that it mixes elements of x."""
    of_x, of_y = tf.TensorShape(x.shape), tf.TensorShape(y.shape)
    rows = row_rank(x.shape, column)
    if column is None and of_y.is_compatible_with(of_x):
        return
    if not of_y[:rows].is_compatible_with(of_x[:rows]):
        raise OutputError(
            f"x ({x.name!r}) has shape {x.shape}, but y ({y.name!r}) has shape {y.shape}, which does not begin with "
            f"{'it' if column is None else 'its rows'}: y mixes elements of x. {REMEDY}"
        )
