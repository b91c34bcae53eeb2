"""The fast engine: truncated power series, carried through the traced graph of f (Taylor mode)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.engines.graph import dependence
from nthgrad.engines.taylor import cost
from nthgrad.engines.taylor.interpreter import walk
from nthgrad.engines.taylor.series import Coefficient, Index, Series, times, value, varying

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
        NthgradError: as `partials`.
    """
    return partials(f, [x], [(k,) for k in range(lowest, order + 1)], ["x"])


def partials(
    f: Callable[..., Any], xs: Sequence[tf.Tensor], indices: Sequence[Index], names: Sequence[str]
) -> list[Any]:
    """Partial derivatives of f at points given by their coordinates, inside a graph that is being traced.

    Args:
        f: maps as many tensors to any `tf.nest` structure of tensors whose shapes `engines.outputs` has found fit.
        xs: the coordinates: real tensors of one shape and dtype in the graph being traced.
        indices: for each derivative, how often to differentiate by each coordinate.
        names: how errors call the coordinates.

    Returns:
        A list of structures like f(*xs): these derivatives.

    Raises:
        DependenceError: f does not depend on a coordinate that it is to be differentiated by.
        MixingError: f mixes the rows of a batch.
        UnsupportedOpError: an op between a coordinate and f(*xs) has neither a rule nor a gradient.
        CostError: the graph would grow past `MAX_OPS`.
    """
    y = f(*xs)
    leaves = tf.nest.flatten(y)
    highest = [max(orders) for orders in zip(*indices, strict=True)]
    paths = dependence.used(xs, leaves, names, [axis for axis, n in enumerate(highest) if n])
    vary = [k for k in indices if not any(n and axis not in paths for axis, n in enumerate(k))]
    for axis in paths:
        outputs.refuse_mixing(leaves, xs[axis], outputs.row_rank(xs[axis]))
    ops = {op.name: op for path in paths.values() for op in path}
    cost.afford(list(ops.values()), [xs[axis] for axis in paths], leaves, vary, MAX_OPS)
    steps = [_step(n, x.dtype) for n, x in zip(highest, xs, strict=True)]
    lines = {}
    for axis in paths:
        x, step = xs[axis], steps[axis]
        v = tf.ones_like(x) * step if step > 1 else tf.ones_like(x)
        lines[x.name] = Series(x, _first(v, tuple(int(i == axis) for i in range(len(xs)))))
    walked = dict(zip(vary, _walked(lines, y, vary), strict=True))
    found = [walked[k] if k in walked else tf.nest.map_structure(tf.zeros_like, y) for k in indices]
    factors = [math.prod(Fraction(math.factorial(n), h**n) for n, h in zip(k, steps, strict=True)) for k in indices]
    return [tf.nest.map_structure(lambda c, r=float(r): times(c, r), c) for r, c in zip(factors, found, strict=True)]


def coefficients(
    f: Callable[[tf.Tensor], Any], x: tf.Tensor, v: tf.Tensor, order: int, check: bool = True
) -> list[Any]:
    """The Taylor coefficients of s -> f(x + s v) about 0, orders 0 to `order`, inside a graph that is being traced.

    Args:
        f: maps a tensor to any `tf.nest` structure of tensors, real or complex.
        x: real tensor of shape S in the graph being traced.
        v: direction, of shape S.
        order: the highest order, at least 0.
        check: whether to refuse an f that does not depend on x, or that is past sense; else its coefficients are zero.

    Returns:
        A list of structures like f(x).

    Raises:
        NthgradError: as `derivatives`.
    """
    y = f(x)
    if order and check:
        leaves = tf.nest.flatten(y)
        cost.afford(dependence.check(x, leaves), [x], leaves, [(order,)], MAX_OPS)
    return _walked({x.name: Series(x, _first(v, (1,)))}, y, [(k,) for k in range(order + 1)])


def _step(order: int, dtype: tf.DType) -> int:
    """The step s of the scaled coefficients c[k] = f^(k) s**k / k!, a whole number.

    The coefficient of the highest order has to overflow after its derivative, and so have the sums that it is made of:
    these reach some `order` times c[order]. Hence s**order / order! is at most 1 / order, and by a sixth of the
    dtype's range less: what exceeds the dtype by up to that factor is still infinite of the right sign. Any smaller s
    would lose small derivatives: for order = 170 and s = 1, 1 / order! vanishes.
    """
    if order < 2:
        return 1
    room = math.log(order) + math.log(dtype.max) / 6
    return max(1, math.floor(math.exp((math.lgamma(order + 1) - room) / order)))


def _first(v: tf.Tensor, unit: Index) -> Callable[[Index], Coefficient]:
    """The coefficients of a line: v at the first power of its own variable, and no others."""
    return lambda k: v if k == unit else None


def _walked(lines: dict[str, Series], y: Any, indices: Sequence[Index]) -> list[Any]:
    leaves = tf.nest.flatten(y)
    series = walk(lines, leaves, indices)
    return [tf.nest.pack_sequence_as(y, [_coefficient(s, k) for s in series]) for k in indices]


def _coefficient(y: Series | tf.Tensor, k: Index) -> tf.Tensor:
    if not any(k):
        return value(y)
    c = varying(y, k)
    return tf.zeros_like(value(y)) if c is None else c
