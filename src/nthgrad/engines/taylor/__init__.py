"""The default engine: interprets the traced graph of f in truncated power series (Taylor mode)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.engines.graph import dependence
from nthgrad.engines.taylor.interpreter import interpret, is_linear
from nthgrad.engines.taylor.series import Coefficient, Index, Series, times, value, varying
from nthgrad.errors import CostError

MAX_OPS = 300_000
"""Graphs larger than this are refused: tracing one takes minutes."""

_OPS_PER_MINUTE = 180_000
"""Approximate rate of tracing on one core of 2024: order 100 of tanh, estimated at 1e4 ops, took 3.3 s."""


def derivatives(f: Callable[[tf.Tensor], Any], x: tf.Tensor, order: int, lowest: int = 0) -> list[Any]:
    """Returns the derivatives of f at x, orders `lowest` to `order`, inside a graph that is being traced.

    Args:
        f: maps a tensor to any `tf.nest` structure of tensors whose shapes `engines.outputs` has checked.
        x: real tensor of shape S in the graph being traced.
        order: the highest order, at least 0.
        lowest: the lowest order to return.

    Returns:
        a list of structures like f(x), one for each order.

    Raises:
        NthgradError: as `partials`.
    """
    return partials(f, [x], [(k,) for k in range(lowest, order + 1)], ["x"])


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
    # A step is a power of two, so it rounds nothing; step**k / k! stays near 1 where 1 / k! would underflow.
    steps = [2 ** round(math.log2(max(1.0, n / math.e))) for n in highest]
    env = {}
    paths = dependence.used(xs, leaves, names, [axis for axis, n in enumerate(highest) if n])
    for axis, path in paths.items():
        x, step = xs[axis], steps[axis]
        outputs.refuse_mixing(leaves, x, outputs.row_rank(x))
        _afford(path, x, highest[axis])
        v = tf.ones_like(x) * step if step > 1 else tf.ones_like(x)
        env[x.name] = Series(x, _first(v, tuple(int(i == axis) for i in range(len(xs)))))
    vary = [k for k in indices if not any(n and axis not in paths for axis, n in enumerate(k))]
    walked = dict(zip(vary, _walked(env, y, vary), strict=True))
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
        NthgradError: as `derivatives`.
    """
    y = f(x)
    if order and check:
        _afford(dependence.check(x, tf.nest.flatten(y)), x, order)
    return _walked({x.name: Series(x, _first(v, (1,)))}, y, [(k,) for k in range(order + 1)])


def _first(v: tf.Tensor, unit: Index) -> Callable[[Index], Coefficient]:
    """Returns the coefficients of x + t v: v at the first power of t, structural zeros elsewhere."""
    return lambda k: v if k == unit else None


def _walked(env: dict[str, Series], y: Any, indices: Sequence[Index]) -> list[Any]:
    leaves = tf.nest.flatten(y)
    series = interpret(env, leaves, indices)
    return [tf.nest.pack_sequence_as(y, [_coefficient(s, k) for s in series]) for k in indices]


def _afford(path: list[Any], x: tf.Tensor, order: int) -> None:
    """Refuses a graph that would be too large, before it is built."""
    varies = {t.name for op in path for t in op.outputs} | {x.name}
    steep = sum(not is_linear(op, varies) for op in path)
    size = (len(path) - steep) * order + steep * order**2
    if size > MAX_OPS:
        minutes = float(f"{size / _OPS_PER_MINUTE:.1g}")  # one digit: the rate is rough
        raise CostError(
            f"The derivative of order {order} by power series would take about {size:.1e} graph ops, and about "
            f"{minutes:g} minutes of tracing on one core of 2024: of the {len(path)} ops between x and f(x) {steep} "
            "are not linear, and the cost of each of these grows with the square of the order. Ask for a lower order."
        )


def _coefficient(y: Series | tf.Tensor, k: Index) -> tf.Tensor:
    if not any(k):
        return value(y)
    c = varying(y, k)
    return tf.zeros_like(value(y)) if c is None else c
