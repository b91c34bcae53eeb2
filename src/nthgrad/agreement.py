"""check: the engines against each other and against finite differences, at the user's own function and points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.core import ENGINES, checked_order, derivatives
from nthgrad.engines.differences import FACTOR, finite_difference
from nthgrad.engines.outputs import spread
from nthgrad.errors import DisagreementError
from nthgrad.points import as_point

_ROUNDING = 1e4
"""Roundings that an engine is granted, in units of the largest derivative up to the order compared."""


def check(f: Callable[..., Any], x: Any, order: int = 2) -> dict[str, list[float]]:
    """Sets every engine against finite differences of f, orders 1 to `order`, and raises where they disagree.

    The differences are taken along a direction of random lengths, one an element: an f whose output at one element
    depends on other elements of x, which no engine can see from shapes alone, is found so too.

    Args:
        f: a function of one argument, as in `derivative`.
        x: the points, as in `derivative`.
        order: the highest order, at least 1.

    Returns:
        For each engine, the largest disagreement at each order as a part of what is allowed (10 times the error
        estimate of the differences and a few thousand roundings): all are at most 1.

    Raises:
        DisagreementError: an engine and the differences are further apart than that; it says which, where and by how
            much.
        NthgradError: as `derivative` and `finite_difference`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> sorted(ng.check(tf.tanh, [0.5, 1.5], 2))
        ['tape', 'taylor']
    """
    n = checked_order(order)
    point = as_point(x)
    lengths = np.random.default_rng(0).uniform(0.5, 1.0, np.shape(point))
    direction = tf.constant(lengths, point.dtype)
    differences = [
        finite_difference(f, k, direction=direction, accuracy=4, return_error=True)(point) for k in range(1, n + 1)
    ]
    report: dict[str, list[float]] = {}
    for engine in ENGINES:
        tower = derivatives(f, n, method=engine)(point)
        scale = [np.abs(np.nan_to_num(leaf, posinf=0, neginf=0)) for leaf in map(np.asarray, tf.nest.flatten(tower[0]))]
        report[engine] = []
        for k, (value, error) in enumerate(differences, start=1):
            worst = 0.0
            leaves = zip(*(map(np.asarray, tf.nest.flatten(s)) for s in (tower[k], value, error)), strict=True)
            for i, (got, along, estimate) in enumerate(leaves):
                rate = np.asarray(spread(direction, tf.convert_to_tensor(got))) ** k
                scale[i] = np.maximum(scale[i], np.abs(np.nan_to_num(got, posinf=0, neginf=0)))
                eps = np.finfo(got.dtype).eps
                allowed = FACTOR * np.nan_to_num(estimate, posinf=np.inf) + _ROUNDING * eps * scale[i]
                worst = max(worst, _compare(engine, k, i, got * rate, along, allowed, rate, np.asarray(point)))
            report[engine].append(worst)
    return report


def _compare(
    engine: str, order: int, output: int, got: Any, along: Any, allowed: Any, rate: Any, points: np.ndarray
) -> float:
    """The largest difference as a part of what is allowed, or a DisagreementError."""
    same = (got == along) | (np.isnan(got) & np.isnan(along))  # infinities agree with themselves
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(same, 0.0, np.abs(got - along) / allowed)
    part = np.where(np.isnan(part), np.where(np.isinf(allowed), 0.0, np.inf), part)
    if not part.size or part.max() <= 1:
        return float(part.max(initial=0.0))
    at = np.unravel_index(int(np.argmax(part)), part.shape)
    rates = np.broadcast_to(rate, part.shape)
    position = at[: points.ndim] if points.ndim else ()
    place = f"x[{', '.join(map(str, position))}]" if position else "x"
    point = points[tuple(np.minimum(position, np.array(points.shape) - 1))] if position else points[()]
    raise DisagreementError(
        f"Order {order} at {place} = {point:.8g} (output {output}): {engine} gives {got[at] / rates[at]:.8g}, finite "
        f"differences give {along[at] / rates[at]:.8g}, which is {part[at]:.3g} times as far as their error allows; "
        f"{int((part > 1).sum())} of {part.size} elements disagree. Check that each element of f(x) depends on its own "
        "element (or row) of x only; if it does, use the other method and report f."
    )
