"""Estimates the size of a graph of power series, and refuses one that is too large before it is built."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.interpreter import interpret, is_linear
from nthgrad.engines.taylor.series import Index, Series, below
from nthgrad.errors import CostError

OPS_PER_MINUTE = 100_000
"""Rough rate of tracing on one core of 2024: order 100 of tanh, 6909 ops, took 3.3 s."""

_OPS_PER_TERM = 10
"""More ops than this for each term of each nonlinear op are rare: below this bound nothing is measured."""

_SAMPLES = (4, 8, 12)


def afford(path: Sequence[Any], xs: Sequence[tf.Tensor], ys: Sequence[tf.Tensor], indices: Any, limit: int) -> None:
    """Refuses power series whose graph would be too large.

    The size is linear in two counts: the coefficients, and the pairs that make up the products of two series. Where a
    rough bound exceeds the limit, three low orders are built and counted. Their ops say how much each count takes.

    Args:
        path: the ops between xs and ys.
        xs: the tensors that vary.
        ys: tensors that depend on them.
        indices: the indices of the coefficients of ys to compute.
        limit: how many ops are allowed.

    Raises:
        CostError: the graph would have more ops.
    """
    tops = _highest(indices)
    coefficients = sum(math.prod(n + 1 for n in k) for k in tops)
    pairs = sum(_pairs(k) for k in tops)
    varies = {t.name for op in path for t in op.outputs} | {x.name for x in xs}
    steep = sum(not is_linear(op, varies) for op in path)
    if len(path) * coefficients + _OPS_PER_TERM * steep * pairs <= limit:
        return
    if coefficients <= limit:  # the boxes below the highest indices overlap
        lower = {j for k in tops for j in below(k)}
        coefficients, pairs = len(lower), sum(math.prod(n + 1 for n in j) for j in lower)
    counts = [_count(xs, ys, n) for n in _SAMPLES]
    size = _extrapolated(counts, coefficients, pairs)
    if size > limit:
        order = max(map(sum, tops))
        raise CostError(
            f"The derivative of order {order} by power series would take about {size:.1e} graph ops, and about "
            f"{minutes(size)} minutes of tracing on one core of 2024: orders {_SAMPLES[0]}, {_SAMPLES[1]} and "
            f"{_SAMPLES[2]} along a line take {counts[0]}, {counts[1]} and {counts[2]}. Ask for a lower order, or "
            "split f into terms and differentiate each of them."
        )


def minutes(size: float) -> str:
    """The time that tracing a graph of some size takes, to one digit: the rate is rough."""
    return f"{float(f'{size / OPS_PER_MINUTE:.1g}'):g}"


def _highest(indices: Sequence[Index]) -> list[Index]:
    """The indices that are not below another one."""
    tops: list[Index] = []
    for k in sorted(set(indices), key=sum, reverse=True):
        if not any(all(n <= m for n, m in zip(k, top, strict=True)) for top in tops):
            tops.append(k)
    return tops


def _pairs(k: Index) -> int:
    """The number of indices j <= i <= k: the terms of all coefficients of a product up to k."""
    return math.prod((n + 1) * (n + 2) // 2 for n in k)


def _count(xs: Sequence[tf.Tensor], ys: Sequence[tf.Tensor], order: int) -> int:
    """Counts the ops of the series of an order along a line on which all xs vary. Nothing uses these ops."""
    graph = xs[0].graph
    before = len(graph.get_operations())
    lines = {x.name: _line(x) for x in xs}
    interpret(lines, ys, [(order,)])
    made = graph.get_operations()[before:]
    return len(made) + sum(_inside(op) for op in made)


def _line(x: tf.Tensor) -> Series:
    """The series of x + s."""
    v = tf.ones_like(x)
    return Series(x, lambda k: v if k == (1,) else None)


def _inside(op: Any) -> int:
    """The number of ops in the functions that an op runs."""
    inner = [i for graphs in trace.bodies(op).values() for g in graphs for i in g.get_operations()]
    return len(inner) + sum(map(_inside, inner))


def _extrapolated(counts: Sequence[int], coefficients: int, pairs: int) -> float:
    """The linear function of coefficients and pairs that returns `counts` at `_SAMPLES`, for other numbers of them."""
    (k0, k1, _), (p0, p1, p2) = [n + 1 for n in _SAMPLES], [_pairs((n,)) for n in _SAMPLES]
    low, high = counts[1] - counts[0], counts[2] - counts[1]
    each_pair = max(0.0, (high - low) / (p2 - 2 * p1 + p0))
    each = max(0.0, (low - each_pair * (p1 - p0)) / (k1 - k0))
    return counts[0] + each * (coefficients - k0) + each_pair * (pairs - p0)
