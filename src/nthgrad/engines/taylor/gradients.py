"""Builds a rule for an op without one from the gradient that TensorFlow registers for it.

The gradient is linear in the cotangent u. The gradient of this, by u, is the op's derivative in a direction v (J.
Townsend, A new trick for calculating Jacobian vector products, 2017). With v = x' that graph computes y', and a walk
over it returns the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import own
from nthgrad.engines.failures import FAILURES, reason
from nthgrad.engines.graph import dependence, trace
from nthgrad.engines.taylor.series import Coefficient, Index, Series, less, shortest, times, value
from nthgrad.engines.taylor.step import Input, Step
from nthgrad.errors import NthgradError, UnsupportedOpError

WAYS_OUT = (
    'Write that part of f with other ops, use method="tape" or nthgrad.finite_difference, or give the op a rule with '
    "nthgrad.extend.register."
)


def from_gradient(step: Step) -> Sequence[Input]:
    """Returns the outputs of an op as series, from its registered gradient."""
    varying = list({x.value.name: x for x in step.inputs if isinstance(x, Series)}.values())
    carried = [i for i, y in enumerate(step.values) if trace.carries(y)]
    slopes: dict[int, list[Any]] = {}

    def coefficient(k: Index, place: int) -> Coefficient:
        axis = shortest(k)
        unit = tuple(int(i == axis) for i in range(len(k)))
        if axis not in slopes:
            slopes[axis] = _derivatives(step, varying, [outputs[i] for i in carried], unit)
        dy, lower = slopes[axis][place], less(k, unit)
        if dy is None:
            raise _refusal(step, f"TensorFlow gives no gradient of its output {carried[place]}")
        return times(dy[lower] if isinstance(dy, Series) else None if any(lower) else dy, 1 / k[axis])

    outputs: list[Any] = list(step.values)
    for place, i in enumerate(carried):
        outputs[i] = step.output(lambda k, place=place: coefficient(k, place), i)
    return outputs


def from_custom_gradient(step: Step) -> Sequence[Input]:
    """Returns the outputs of a `tf.custom_gradient` around a function without a graph, to order 1."""
    varying = list({x.value.name: x for x in step.inputs if isinstance(x, Series)}.values())

    def coefficient(k: Index, i: int) -> Coefficient:
        firsts = [(x.value, v) for x in varying if (v := x[k]) is not None] if sum(k) == 1 else []
        if sum(k) > 1 or any(x.shape.rank != v.shape.rank for x, v in firsts):
            raise UnsupportedOpError(
                f"{trace.describe(step.op)} ends a tf.custom_gradient around a function whose ops cannot be seen, so "
                f"its derivative is known to order 1 only. {dependence.WAYS_OUT}"
            )
        u = tf.identity(tf.zeros_like(step.values[i]))
        values = [x for x, _ in firsts]
        try:
            pulled = own.gradients(step.values[i], values, [u], stop_gradients=values)
            pairs = [(tf.convert_to_tensor(p), v) for p, (_, v) in zip(pulled, firsts, strict=True) if p is not None]
            return own.gradients([p for p, _ in pairs], [u], [v for _, v in pairs])[0] if pairs else None
        except FAILURES as error:
            raise _refusal(step, reason(error)[1]) from error

    return [
        step.output(lambda k, i=i: coefficient(k, i), i) if trace.carries(y) else y for i, y in enumerate(step.values)
    ]


def _derivatives(step: Step, xs: Sequence[Series], ys: Sequence[Series], unit: Index) -> list[Any]:
    """Returns the derivatives of the outputs by one variable: series, tensors, or None without a gradient."""
    values = [x.value for x in xs]
    rates = [_rate(x, unit) for x in xs]
    cotangents = [tf.identity(tf.zeros_like(y.value)) for y in ys]
    try:
        pulled = own.gradients([y.value for y in ys], values, cotangents, stop_gradients=values)
        for x in (x for x, p in zip(values, pulled, strict=True) if p is None):
            place = next(i for i, t in enumerate(step.inputs) if value(t) is x)
            raise _refusal(step, f"TensorFlow gives no gradient by its input {place}")
        pulled = [tf.convert_to_tensor(p) for p in pulled]  # IndexedSlices become dense
        pushed = own.gradients(pulled, cotangents, [v.value for v in rates])
    except FAILURES as error:
        if isinstance(error, NthgradError):
            raise
        raise _refusal(step, reason(error)[1]) from error
    made = iter(step.interpret({s.value.name: s for s in (*xs, *ys, *rates)}, [p for p in pushed if p is not None]))
    return [None if p is None else next(made) for p in pushed]


def _rate(x: Series, unit: Index) -> Series:
    """Returns the derivative of a series by one variable."""
    first = x[unit]
    v = tf.zeros_like(x.value) if first is None else tf.identity(first)
    axis = unit.index(1)
    return Series(v, lambda k: x.rate(tuple(n + m for n, m in zip(k, unit, strict=True)), axis))


def _refusal(step: Step, why: str) -> UnsupportedOpError:
    return UnsupportedOpError(
        f"{trace.describe(step.op)} has no rule, and its gradient does not give one: {why}. {WAYS_OUT}"
    )
