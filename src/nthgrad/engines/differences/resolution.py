"""Judges from the values of f alone how far around x the samples of f resolve it.

Five samples at 0, +-2h and +-4h fix a polynomial; it predicts f at +-h. Where f is smooth within 4h the prediction is
good, and so are those at all smaller h. Samples of an f that varies faster predict nothing, at any h. They look alike
at large h only: differences of them agree to within 1 / h^n, and are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

_TOLERANCE = 2.0**-5  # misses x^n at 0 by less of its change, for any n; misses |x| and steps at 0 by more
_SPACINGS = 2.0**7  # floats, or finest steps, in a window: fewer may be samples of a faster f
_ROUNDINGS = 4.0  # of f, in a prediction

_ZERO, _INFINITE = np.array([0, np.inf])  # tf.where takes Python floats for float32

Pair = tuple[Any, Any]  # the values at -h and h


class Ladder(NamedTuple):
    """The samples of f at steps that halve.

    Attributes:
        center: f(x).
        pairs: f(x - h) and f(x + h) for each step h, from coarse to fine.
        steps: these h, in float64.
        spacing: the distance of floats at x, in the unit of the steps.
        eps: the relative rounding of f.
    """

    center: Any
    pairs: Sequence[Pair]
    steps: Sequence[Any]
    spacing: Any
    eps: float


class Window(NamedTuple):
    """How far f is resolved.

    Attributes:
        radius: the largest distance from x within which f is resolved; 0 where there is none.
        ladder: the ladder that this was judged from.
        worst: the largest miss of any of its predictions.
    """

    radius: Any
    ladder: Ladder
    worst: Any


def resolved(ladder: Ladder, finer: Window | None = None) -> Window:
    """Returns the largest window around x in which f is resolved.

    A window counts if the misses in it and in all smaller windows are small relative to the change of f in it, and if
    it has more than a few floats. Smaller windows are also those of a finer ladder. If there is a gap between the two
    ladders, the window has to predict the first points of the finer one too.
    """
    center, pairs, steps, spacing, eps = ladder
    low, high, h = (tf.stack(t) for t in (*zip(*pairs, strict=True), steps))  # one row a window, from coarse to fine
    near, far = (low[1:-1], high[1:-1]), (low[:-2], high[:-2])
    at_h, step, reach = (low[2:], high[2:]), h[2:], h[:-2]
    middle = center + tf.zeros_like(low[2:])
    nodes = (middle, near, far)
    worst = tf.where(step >= spacing, _miss(at_h, nodes, tf.ones_like(middle)), _ZERO)
    if finer is not None:
        worst = tf.maximum(worst, finer.worst)
    shift = 1
    while shift < len(pairs) - 2:  # the largest of all smaller windows, by doubling
        worst = tf.concat([tf.maximum(worst[:-shift], worst[shift:]), worst[-shift:]], 0)
        shift *= 2
    missed = worst
    if finer is not None:
        at = finer.ladder.steps[0] / step
        miss = _miss(finer.ladder.pairs[0], nodes, at + tf.zeros_like(middle))
        missed = tf.maximum(missed, tf.where(at < 1, miss, _ZERO))
    values = tf.stack([middle, *at_h, *near, *far])
    change = tf.reduce_max(values, 0) - tf.reduce_min(values, 0)
    allowed = _TOLERANCE * change + _ROUNDINGS * eps * tf.reduce_max(tf.abs(values), 0)
    least = min(_SPACINGS, 0.25 / eps) * tf.maximum(spacing, steps[-1])
    smooth = (missed <= allowed) & (reach >= least)
    radius = tf.reduce_max(tf.where(smooth, reach, _ZERO), 0)
    worst = worst[0]
    return Window(radius, ladder, worst)


def _miss(pair: Pair, nodes: tuple[Any, Pair, Pair], at: Any) -> Any:
    """Largest error at -at and at of the polynomial through the values at 0, +-2 and +-4; infinite if it is NaN."""
    center, near, far = nodes
    misses = []
    for value, t in zip(pair, (-at, at), strict=True):
        two, four = t * t - 4, t * t - 16
        predicted = (
            two * four / 64 * center
            - t * four / 96 * ((t - 2) * near[0] + (t + 2) * near[1])
            + t * two / 384 * ((t - 4) * far[0] + (t + 4) * far[1])
        )
        misses.append(tf.abs(value - predicted))
    miss = tf.maximum(*misses)
    return tf.where(tf.math.is_finite(miss), miss, _INFINITE)
