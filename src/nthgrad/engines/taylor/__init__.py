"""The fast engine: truncated power series, carried through the traced graph of f (Taylor mode)."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import tensorflow as tf

from nthgrad.engines import dependence
from nthgrad.engines.taylor.interpreter import walk
from nthgrad.engines.taylor.series import Series, times


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
    y = f(x)
    if order == 0:
        return [y]
    leaves = tf.nest.flatten(y)
    dependence.check(x, leaves)
    # The step is a power of two, so that it rounds nothing; step**k / k! stays near 1 where 1 / k! would vanish.
    step = 2 ** round(math.log2(max(1.0, order / math.e)))
    ray = Series(x, lambda k: tf.ones_like(x) * step if k == (1,) else None)
    orders = range(lowest, order + 1)
    series = walk({x.name: ray}, leaves, [(k,) for k in orders])
    return [
        tf.nest.pack_sequence_as(y, [_derivative(s, k, step) for s in series]) for k in orders
    ]


def _derivative(s: Any, k: int, step: int) -> tf.Tensor:
    if k == 0:
        return s.value if isinstance(s, Series) else s
    c = s[k,] if isinstance(s, Series) else None
    if c is None:
        return tf.zeros_like(s.value if isinstance(s, Series) else s)
    return times(c, float(Fraction(math.factorial(k), step**k)))
