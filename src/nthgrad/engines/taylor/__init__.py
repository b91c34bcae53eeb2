"""The default engine: interprets the traced graph of f in truncated power series (Taylor mode)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.engines.graph import dependence
from nthgrad.engines.taylor import cost
from nthgrad.engines.taylor.interpreter import interpret
from nthgrad.engines.taylor.series import Coefficient, Index, Series, times, value, varying

MAX_OPS = 300_000
"""Graphs larger than this are refused: tracing one takes minutes."""


def partials(
    f: Callable[..., Any], xs: Sequence[tf.Tensor], indices: Sequence[Index], names: Sequence[str]
) -> list[Any]:
    """Returns partial derivatives of f at points given by their coordinates, inside a graph that is being traced.

    Args:
        f: maps the coordinates to any `tf.nest` structure of tensors whose shapes `engines.outputs` has checked.
        xs: the coordinates: real tensors of one shape and dtype in the graph being traced.
        indices: for each derivative, its order in each coordinate.
        names: the names of the coordinates in errors.

    Returns:
        a list of structures like f(*xs), one for each index.

    Raises:
        DependenceError: f does not depend on a coordinate to differentiate by.
        MixingError: f mixes the rows of a batch.
        UnsupportedOpError: an op between a coordinate and f(*xs) has neither a rule nor a gradient.
        CostError: the graph would be larger than `MAX_OPS`.
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
    f: Callable[[tf.Tensor], Any], x: tf.Tensor, v: tf.Tensor, order: int, *, check: bool = True
) -> list[Any]:
    """Returns the coefficients of s -> f(x + s v) about 0, orders 0 to `order`, inside a graph that is being traced.

    Args:
        f: maps a tensor to any `tf.nest` structure of tensors, real or complex.
        x: real tensor of shape S in the graph being traced.
        v: direction, of shape S.
        order: the highest order, at least 0.
        check: whether to refuse an f that does not depend on x, or whose graph is too large. If not, the coefficients
            of an f that does not depend on x are zero.

    Returns:
        a list of structures like f(x).

    Raises:
        NthgradError: as `partials`.
    """
    y = f(x)
    if order and check:
        leaves = tf.nest.flatten(y)
        cost.afford(dependence.check(x, leaves), [x], leaves, [(order,)], MAX_OPS)
    return _walked({x.name: Series(x, _first(v, (1,)))}, y, [(k,) for k in range(order + 1)])


def _step(order: int, dtype: tf.DType) -> int:
    """The step s of the scaled coefficients f^(k) s**k / k!: a power of two, which rounds nothing.

    The coefficient of the highest order has to overflow after its derivative, and so do the sums that it consists of,
    which reach some `order` times its size. Hence s**order / order! is at most 1 / order, and a sixth of the dtype's
    exponent range below that. A smaller s would lose small derivatives: 1 / 170! is almost 0. In any case the factor
    order! / s**order has to be finite.
    """
    if order < 2:
        return 1
    factorial, largest = math.lgamma(order + 1), math.log(dtype.max)
    most = (factorial - math.log(order) - largest / 6) / order
    least = (factorial - largest) / order
    return 2 ** max(0, math.floor(most / math.log(2)), math.ceil(least / math.log(2)))


def _first(v: tf.Tensor, unit: Index) -> Callable[[Index], Coefficient]:
    """Returns the coefficients of x + t v: v at the first power of t, structural zeros elsewhere."""
    return lambda k: v if k == unit else None


def _walked(env: dict[str, Series], y: Any, indices: Sequence[Index]) -> list[Any]:
    leaves = tf.nest.flatten(y)
    series = interpret(env, leaves, indices)
    return [tf.nest.pack_sequence_as(y, [_coefficient(s, k) for s in series]) for k in indices]


def _coefficient(y: Series | tf.Tensor, k: Index) -> tf.Tensor:
    if not any(k):
        return value(y)
    c = varying(y, k)
    return tf.zeros_like(value(y)) if c is None else c
