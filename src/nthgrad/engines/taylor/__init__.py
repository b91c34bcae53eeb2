"""The fast engine: truncated power series, carried through the traced graph of f (Taylor mode)."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import tensorflow as tf

from nthgrad.engines import dependence
from nthgrad.engines.taylor.interpreter import is_linear, walk
from nthgrad.engines.taylor.series import Series, times, value, varying
from nthgrad.errors import CostError

MAX_OPS = 300_000
"""Graphs larger than this are refused: tracing one takes minutes."""


def derivatives(f: Callable[[tf.Tensor], Any], x: tf.Tensor, order: int, lowest: int = 0) -> list[Any]:
    """Derivatives of f at x, orders `lowest` to `order`, inside a graph that is being traced.

    Args:
        f: maps a tensor to any `tf.nest` structure of tensors whose shapes `engines.outputs` has found fit.
        x: real tensor of shape S in the graph being traced.
        order: the highest order, at least 0.
        lowest: the lowest order to return.

    Returns:
        A list of structures like f(x): the derivatives of these orders.

    Raises:
        DependenceError: f does not depend on x.
        UnsupportedOpError: an op between x and f(x) has neither a rule nor a gradient.
        CostError: the graph would grow past `MAX_OPS`.
    """
    if order == 0:
        return [f(x)]
    # The step is a power of two, so that it rounds nothing; step**k / k! stays near 1 where 1 / k! would vanish.
    step = 2 ** round(math.log2(max(1.0, order / math.e)))
    orders = range(lowest, order + 1)
    found = _along(f, x, tf.ones_like(x) * step if step > 1 else tf.ones_like(x), orders)
    factors = [float(Fraction(math.factorial(k), step**k)) for k in orders]
    return [tf.nest.map_structure(lambda c, r=r: times(c, r), y) for r, y in zip(factors, found, strict=True)]


def coefficients(f: Callable[[tf.Tensor], Any], x: tf.Tensor, v: tf.Tensor, order: int) -> list[Any]:
    """The Taylor coefficients of s -> f(x + s v) about 0, orders 0 to `order`, inside a graph that is being traced.

    Args:
        f: maps a tensor to any `tf.nest` structure of tensors, real or complex.
        x: real tensor of shape S in the graph being traced.
        v: direction, of shape S.
        order: the highest order, at least 0.

    Returns:
        A list of structures like f(x).

    Raises:
        NthgradError: as `derivatives`.
    """
    return _along(f, x, v, range(order + 1)) if order else [f(x)]


def _along(f: Callable[[tf.Tensor], Any], x: tf.Tensor, v: tf.Tensor, orders: range) -> list[Any]:
    y = f(x)
    leaves = tf.nest.flatten(y)
    afford(dependence.check(x, leaves), x, max(orders))
    line = Series(x, lambda k: v if k == (1,) else None)
    series = walk({x.name: line}, leaves, [(k,) for k in orders])
    return [tf.nest.pack_sequence_as(y, [_coefficient(s, k) for s in series]) for k in orders]


def afford(path: list[Any], x: tf.Tensor, order: int) -> None:
    """Refuses, before it is built, a graph whose size is past sense."""
    varies = {t.name for op in path for t in op.outputs} | {x.name}
    steep = sum(not is_linear(op, varies) for op in path)
    size = (len(path) - steep) * order + steep * order**2
    if size > MAX_OPS:
        raise CostError(
            f"The derivative of order {order} by power series would take about {size:.1e} graph ops: of the "
            f"{len(path)} ops between x and f(x) {steep} are not linear, and what each of these takes grows with the "
            "square of the order. Ask for a lower order."
        )


def _coefficient(y: Series | tf.Tensor, k: int) -> tf.Tensor:
    if k == 0:
        return value(y)
    c = varying(y, (k,))
    return tf.zeros_like(value(y)) if c is None else c
