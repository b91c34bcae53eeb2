"""Refuses, at run time, decompositions with equal eigenvalues or singular values, if derivatives divide by differences.

First derivatives of the values do not: those of a symmetric function are right. All other derivatives do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.refusals import refuse

CHECKED = frozenset({"Eig", "SelfAdjointEigV2", "Svd"})
"""The op types that are checked."""

_INSTEAD = {
    "Eig": "tf.linalg.trace(a @ a) for the sum of their squares, tf.linalg.det(a) for their product",
    "SelfAdjointEigV2": "tf.linalg.trace(a @ a) for the sum of their squares, tf.linalg.logdet(a) for that of their "
    "logarithms",
    "Svd": "tf.reduce_sum(a**2) for the sum of their squares",
}


def checked(
    op: Any, a: tf.Tensor, outputs: Sequence[tf.Tensor], order: int, *, vectors: bool, backward: bool
) -> list[tf.Tensor]:
    """Refuses, when the graph runs, values that are equal up to rounding, or singular values that are zero.

    Where XLA drops the refusal, the result is NaN: power series divide by zero. Tapes do not, so for them the outputs
    get a derivative that is NaN.

    Args:
        op: the decomposition.
        a: the matrix, in the graph being traced.
        outputs: the outputs of the op, its values first, in the graph being traced.
        order: the highest order of differentiation.
        vectors: whether the result depends on the vectors.
        backward: whether a tape differentiates the result.

    Returns:
        the outputs.
    """
    if order < 2 and not vectors:
        return list(outputs)
    singular = op.type == "Svd"
    lost = close(outputs[0], zeros=singular)
    refuse(
        lost,
        f"{trace.describe(op)} has {'equal or zero singular values' if singular else 'equal eigenvalues'} here. This "
        f"derivative divides by their differences{' and by them' if singular else ''}. Write a symmetric function of "
        f"them without the decomposition ({_INSTEAD[op.type]}), or choose another point.",
    )
    if not backward:
        return list(outputs)
    moved = a - tf.stop_gradient(a)
    size = tf.reduce_sum(tf.square(tf.math.real(moved)) + tf.square(tf.math.imag(moved)), [-2, -1])
    zero = tf.sqrt(tf.where(lost, size, tf.ones_like(size))) - tf.where(lost, tf.zeros_like(size), tf.ones_like(size))
    return [
        y + tf.cast(tf.reshape(zero, tf.concat([tf.shape(zero), [1] * (y.shape.rank - zero.shape.rank)], 0)), y.dtype)
        if trace.carries(y) and y.shape.rank is not None and zero.shape.rank is not None
        else y
        for y in outputs
    ]


def close(values: tf.Tensor, *, zeros: bool) -> tf.Tensor:
    """Returns where two values of a matrix, on the last axis, are equal up to rounding or, if `zeros`, one is zero."""
    n = tf.shape(values)[-1]
    size = tf.abs(values)
    rounding = {tf.float64: 2.0**-52, tf.complex128: 2.0**-52}.get(values.dtype, 2.0**-23)
    least = tf.reduce_max(size, -1, keepdims=True) * tf.cast(4 * n, size.dtype) * rounding
    gaps = tf.abs(tf.expand_dims(values, -1) - tf.expand_dims(values, -2))
    equal = tf.linalg.set_diag(gaps <= tf.expand_dims(least, -1), tf.fill(tf.shape(size), False))
    found = tf.reduce_any(equal, [-2, -1])
    return found | tf.reduce_any(size <= least, -1) if zeros else found
