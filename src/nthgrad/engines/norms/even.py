"""Taylor polynomials, about r = 0, of functions of a norm r; even powers of r are written in its square s."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from nthgrad.engines.taylor.interpreter import interpret
from nthgrad.engines.taylor.series import Coefficient, Index, Series, value, varying

Power = tuple[float, tf.Tensor]
"""The exponent of a power of r, and the tensor."""


class Root(Protocol):
    """A norm: its square, where it is zero, and whether its derivative there is 0 by convention, as for |x|."""

    convention: bool
    square: Any
    zero: Any


def monomial(p: float, like: tf.Tensor) -> Series:
    """Returns the series of r**p about r = 0; for fractional p, the coefficients of orders above p are NaN."""
    shape = tf.ones_like(tf.shape(like)) if like.shape.rank is None else [1] * like.shape.rank
    zeros = tf.zeros(shape, like.dtype)

    def coefficient(k: Index) -> Coefficient:
        if k[0] < p or (k[0] > p and p == round(p)):
            return None
        return tf.ones_like(zeros) * tf.constant(1 if k[0] == p else math.nan, like.dtype)

    return Series(zeros, coefficient)


def expansion(
    t: tf.Tensor,
    powers: Mapping[str, Power],
    others: Mapping[str, tf.Tensor],
    root: Root,
    order: int,
    *,
    backward: bool,
    varies: bool,
) -> tf.Tensor:
    """Builds the Taylor polynomial about r = 0 of a function of a norm r: it has the derivatives of the function there.

    A term c r**k of odd k has no derivatives of order k and higher. A tape cannot distinguish orders: under it, if the
    function lacks one of the derivatives, the polynomial has none. A tape does not see either that a coefficient c
    that is zero at a point varies around it.

    Args:
        t: the function, a tensor of a traced graph.
        powers: by name, the inputs of the ops that compute it that are powers of r: the exponent, the tensor.
        others: by name, their other inputs.
        root: the norm.
        order: the highest order of differentiation. The polynomial is right for two more; beyond, it is huge.
        backward: whether a `tf.GradientTape`, not power series, differentiates the polynomial.
        varies: whether any of the other inputs varies.
    """
    top = 2 * (order // 2) + 2
    numbers = {name: tf.get_static_value(x) for name, x in others.items()}
    fixed = all(x is not None for x in numbers.values()) and all(
        like.shape.rank is not None for _, like in powers.values()
    )
    expanded = _number_expansion(t, powers, numbers, top) if fixed else None
    c, odd, infinite = expanded or _expansion(t, powers, others, top)
    zero, square = root.zero(), root.square()
    s = tf.where(zero, square, tf.zeros_like(square))
    huge = tf.constant(c[0].dtype.max / 1e4, c[0].dtype)
    if root.convention:
        even = tf.logical_not(_any(odd.values()))
        return c[0] + s * tf.where(even, _horner(c, 2, top, s, tf.multiply, huge), tf.zeros_like(s))
    lost = {k: x for k, x in odd.items() if k <= order}
    if not backward:
        for k in odd.keys() - lost.keys():
            c[k + 1] = c.get(k + 1, 0) + tf.where(odd[k], huge, tf.zeros_like(huge))
        p = c[0] + tf.math.multiply_no_nan(_horner(c, 2, top, s, tf.math.multiply_no_nan, huge), s)
        if not lost:
            return p
        kept = {k: _kept(c[k], x) for k, x in lost.items()}
        everywhere = tf.ones_like(zero) if varies else _any(lost.values())
        return p + tf.math.multiply_no_nan(_root(zero, square, everywhere), _horner(kept, 1, max(kept), s, tf.multiply))
    conditions = [*lost.values(), *(x for k, x in infinite.items() if k <= order)]
    c = {k: _finite(x, 0.0) if k in infinite else x for k, x in c.items()}
    p = c[0] + s * _horner(c, 2, top, s, tf.multiply, huge)
    if not conditions:
        return p
    bad = _any(conditions)
    return p + _root(zero, square, bad) * tf.cast(bad, square.dtype)


Expansion = tuple[dict[int, tf.Tensor], dict[int, tf.Tensor], dict[int, tf.Tensor]]
"""By order: the coefficients; where those of odd orders are not zero; where those of orders above 0 are not finite."""


def _expansion(t: tf.Tensor, powers: Mapping[str, Power], others: Mapping[str, tf.Tensor], top: int) -> Expansion:
    """Expands a function of r about r = 0, up to an order."""
    env: dict[str, Any] = {name: monomial(*power) for name, power in powers.items()} | dict(others)
    made = interpret(env, [t], [(k,) for k in range(1, top + 1)], foreign=True)[0]
    known = {k: varying(made, (k,)) for k in range(1, top + 1)}
    c: dict[int, tf.Tensor] = {0: value(made)} | {k: x for k, x in known.items() if x is not None}
    odd = {k: tf.logical_not(_vanishes(c, k)) for k in c if k % 2}
    return c, odd, {k: tf.logical_not(tf.math.is_finite(x)) for k, x in c.items() if k}


def _number_expansion(
    t: tf.Tensor, powers: Mapping[str, Power], numbers: Mapping[str, Any], top: int
) -> Expansion | None:
    """Expands a function of r and of numbers while tracing, so that only what is not zero becomes ops.

    Returns:
        the expansion; None inside a graph of TensorFlow 1, where nothing runs while the graph is built.
    """
    with tf.init_scope():
        if not tf.executing_eagerly():
            return None

        def expand() -> Expansion:
            return _expansion(t, powers, {name: tf.constant(x) for name, x in numbers.items()}, top)

        made = tf.function(expand, autograph=False).get_concrete_function()()
        c, odd, infinite = tf.nest.map_structure(lambda x: x.numpy(), made)

    def where_not_zero(found: Mapping[int, Any]) -> dict[int, tf.Tensor]:
        return {k: tf.constant(x) for k, x in found.items() if k == 0 or np.any(x)}

    return where_not_zero(c), where_not_zero(odd), where_not_zero(infinite)


def either(zero: tf.Tensor, p: tf.Tensor, y: tf.Tensor, *, backward: bool) -> tf.Tensor:
    """Returns p where the norm is zero, else y; neither has an infinite slope.

    For tapes it uses products: `tape.replay` would rebuild the branches of a select.
    """
    if not backward:
        return tf.where(zero, p, y)
    one = tf.cast(zero, y.dtype)
    return tf.math.multiply_no_nan(p, one) + tf.math.multiply_no_nan(y, 1 - one)


def _horner(c: Mapping[int, tf.Tensor], low: int, high: int, s: tf.Tensor, product: Any, rest: Any = None) -> tf.Tensor:
    """Sums c[k] s**((k - low) / 2) over k = low, low + 2, ..., high; `rest` is the next c[k]."""
    terms = [c.get(k) for k in range(low, high + 1, 2)] + [rest]
    while len(terms) > 1 and terms[-1] is None:
        terms.pop()
    p = terms.pop()
    for term in reversed(terms):
        p = product(p, s) if term is None else term + product(p, s)
    return tf.zeros_like(s) if p is None else p


def _root(zero: tf.Tensor, square: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Returns the norm where it is zero and `wanted`, without a derivative there; elsewhere 1."""
    return tf.sqrt(tf.where(zero & wanted, square, tf.ones_like(square)))


def _vanishes(c: Mapping[int, tf.Tensor], k: int) -> tf.Tensor:
    """Whether a coefficient is zero up to the rounding of its neighbors."""
    size = tf.abs(c[k])
    if k - 1 not in c or k + 1 not in c:
        return tf.equal(size, 0)
    eps = {tf.float64: 2.0**-52, tf.float32: 2.0**-23, tf.bfloat16: 2.0**-7}.get(size.dtype, 2.0**-10)
    around = tf.sqrt(tf.abs(c[k - 1])) * tf.sqrt(tf.abs(c[k + 1]))
    return tf.equal(size, 0) | (size <= tf.constant(64 * eps, size.dtype) * around)


def _kept(c: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
    """Returns the coefficient of an odd power, 0 where it is only rounding, 1 where it is not finite."""
    return tf.where(present | tf.equal(c, 0), _finite(c, 1.0), tf.zeros_like(c))


def _finite(c: tf.Tensor, otherwise: float) -> tf.Tensor:
    return tf.where(tf.math.is_finite(c), c, tf.constant(otherwise, c.dtype))


def _any(conditions: Iterable[tf.Tensor]) -> Any:
    return functools.reduce(tf.logical_or, conditions, tf.constant(False))
