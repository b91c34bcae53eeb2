"""Applies ops to coefficients in many directions, stacked on a new first axis of one tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.shapes import Axes, reshape
from nthgrad.engines.taylor import rows
from nthgrad.engines.taylor.rules import elementwise
from nthgrad.engines.taylor.series import Coefficient


def broadcasts(op: Any, varying: Sequence[tf.Tensor], values: Sequence[tf.Tensor]) -> bool:
    """Whether the rule of an op, written for one direction, broadcasts over the direction axis."""
    return op.type in elementwise.RULES and all(
        x.shape.rank is not None and x.shape.rank == y.shape.rank for x in varying for y in values
    )


def each(ray: Callable[..., list[list[Coefficient]]], stacks: Sequence[Any]) -> list[list[Coefficient]]:
    """Applies `ray`, which maps the coefficients in one direction, to all directions (by tf.vectorized_map)."""
    present: list[list[bool]] = []

    def body(coefficients: tuple[tf.Tensor, ...]) -> list[tf.Tensor]:
        made = ray(*coefficients)
        present[:] = [[c is not None for c in y] for y in made]
        return [coefficients[0], *(c for y in made for c in y if c is not None)]  # tf.vectorized_map needs an output

    _, *flat = tf.vectorized_map(body, tuple(stacks))
    found = iter(flat)
    return [[next(found) if is_present else None for is_present in y] for y in present]


def _same(op: Any, inputs: Sequence[tf.Tensor], i: int, c: tf.Tensor) -> tf.Tensor | None:
    return c if i == 0 else None


def _matmul(op: Any, inputs: Sequence[tf.Tensor], i: int, c: tf.Tensor) -> tf.Tensor | None:
    """Computes one product for the rows of all directions."""
    if i != 0 or op.get_attr("transpose_a"):
        return None

    def multiply(c: tf.Tensor) -> tf.Tensor:
        length = tf.shape(c)[-1] if c.shape[-1] is None else c.shape[-1]
        y = tf.matmul(tf.reshape(c, [-1, length]), inputs[1], transpose_b=op.get_attr("transpose_b"))
        y = reshape(y, Axes(c, 0, -1), Axes(y, 1))
        y.set_shape([*c.shape[:-1], op.outputs[0].shape[-1]])
        return y

    return rows.product(multiply, c, 1)


def _reshape(op: Any, inputs: Sequence[tf.Tensor], i: int, c: tf.Tensor) -> tf.Tensor | None:
    shape = inputs[1]
    y = tf.reshape(c, tf.concat([tf.cast(tf.shape(c)[:1], shape.dtype), shape], 0))
    y.set_shape([c.shape[0], *op.outputs[0].shape])
    return y


def _sum(op: Any, inputs: Sequence[tf.Tensor], i: int, c: tf.Tensor) -> tf.Tensor | None:
    axes = tf.get_static_value(inputs[1])
    if axes is None:
        return None
    return tf.reduce_sum(c, [int(a) + (a >= 0) for a in axes.ravel()], keepdims=op.get_attr("keep_dims"))


def _transpose(op: Any, inputs: Sequence[tf.Tensor], i: int, c: tf.Tensor) -> tf.Tensor | None:
    order = tf.get_static_value(inputs[1])
    return None if order is None else tf.transpose(c, [0, *(int(a) + 1 for a in order)])


LINEAR: dict[str, Callable[[Any, Sequence[tf.Tensor], int, tf.Tensor], tf.Tensor | None]] = {
    "BiasAdd": _same,
    "Identity": _same,
    "MatMul": _matmul,
    "Reshape": _reshape,
    "Sum": _sum,
    "Transpose": _transpose,
}
"""Functions faster than `each`, for ops that are linear in their only varying input; None where not applicable."""
