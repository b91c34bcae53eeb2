"""Random ops whose output varies with their input: rebuilt with their random draws fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.algebra import choose, exactly, ops
from nthgrad.engines.taylor.families import slope
from nthgrad.engines.taylor.rules.selection import attributes
from nthgrad.engines.taylor.series import Series, value
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step


def _shuffled(step: Step) -> Sequence[Input]:
    (x,) = step.inputs
    order = tf.raw_ops.RandomShuffle(value=tf.range(tf.shape(value(x))[0]), **attributes(step.op, "seed", "seed2"))
    return [_gathered(x, lambda c: tf.gather(c, order))]


def _truncated_normal(step: Step) -> Sequence[Input]:
    """A sample z keeps its quantile u: P(z) = (1 - u) P(a) + u P(b) for the bounds a and b; all are standardized."""
    mean, deviation, *bounds = step.inputs[2:]
    drawn: Any
    y = step.values[0]
    low, high, z = ((value(t) - value(mean)) / value(deviation) for t in (*bounds, y))
    side = tf.where(low > 0, -tf.ones_like(y), tf.ones_like(y))  # the tail without cancellation
    start, stop, at = (tf.math.erfc(-side * t * 0.5**0.5) for t in (low, high, z))
    u = (at - start) / (stop - start)
    # a bound at infinity does not matter
    below, above = (tf.where(tf.math.is_finite(t), w, tf.zeros_like(y)) for t, w in ((low, 1 - u), (high, u)))
    bounds = [choose(tf.math.is_finite(value(t)), t, tf.zeros_like(value(t))) for t in bounds]
    a, b = ((t - mean) / deviation + tf.zeros_like(y) for t in bounds)
    rule = slope(lambda a, b, z: (below * ops.Exp((z * z - a * a) * 0.5), above * ops.Exp((z * z - b * b) * 0.5)))
    (drawn,) = rule(Step(step.op, [a, b], [z]))
    return [exactly(mean + deviation * drawn, y)]


def _gathered(x: Any, pick: Callable[[tf.Tensor], tf.Tensor]) -> Series:
    return Series(pick(x.value), lambda k: None if x[k] is None else pick(x[k]))


RULES: dict[str, Rule | Apply] = {
    "RandomShuffle": _shuffled,
    "StatelessParameterizedTruncatedNormal": _truncated_normal,
}
