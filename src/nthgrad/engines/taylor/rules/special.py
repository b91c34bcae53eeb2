"""Special functions: gamma, beta, zeta, Bessel, error functions, integrals.

Where a formula would divide by zero, or has no derivative by a parameter, an integral over a few nodes replaces it: a
sum over an axis that is added at the end. The nodes depend on the values; the sum does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.taylor.algebra import choose, ops
from nthgrad.engines.taylor.families import composite, slope, undefined_by
from nthgrad.engines.taylor.series import Series, value
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step

REACH = 70.0
"""Integrals end where the integrand is exp(-REACH) times its first value."""


def nodes(n: int, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns Gauss's nodes on [0, 1] and their weights."""
    t, w = np.polynomial.legendre.leggauss(n)
    return tf.constant((t + 1) / 2, x.dtype), tf.constant(w / 2, x.dtype)


def with_axis(x: Any) -> Any:
    """Adds an axis for nodes at the end."""
    return ops.ExpandDims(x, -1)


def summed(x: Any) -> Any:
    """Sums over the nodes."""
    return ops.Sum(x, -1)


# The exponential and Bessel functions


def _bessel_over_x(x: Series, y: Series, wave: str, *, scaled: bool = False) -> Series:
    """Computes I1(x) / x, or J1(x) / x; near 0 by Poisson's integral over sqrt(1 - t**2) cosh(x t)."""
    n = 20
    angle = np.pi * np.arange(1, n // 2 + 1) / (n + 1)
    small = tf.abs(x.value) < 4
    near = choose(small, x, tf.zeros_like(x.value))
    t, w = (tf.constant(c, x.value.dtype) for c in (np.cos(angle), 2 * np.sin(angle) ** 2 / (n + 1)))
    mean = summed(getattr(ops, wave)(with_axis(near) * t) * w)
    mean = mean * ops.Exp(-ops.Abs(near)) if scaled else mean
    return choose(small, mean, y / choose(small, tf.ones_like(x.value), x))


def _spence_slope(x: Series, y: Series) -> Series:
    """Computes -log(x) / (x - 1); near 1 by the integral of 1 / (1 + (x - 1) t) over t from 0 to 1."""
    u = x - 1
    near = (u.value > -0.5) & (u.value < 1)
    t, w = nodes(16, x.value)
    inside = summed(w / (1 + with_axis(choose(near, u, tf.zeros_like(u.value))) * t))
    far = choose(near, 2 * tf.ones_like(x.value), x)
    return -choose(near, inside, ops.Log(far) / (far - 1))


def _dawson_slope(x: Series, y: Series) -> Series:
    """Computes 1 - 2 x y, without cancellation for large x.

    It is exp(-x**2) minus twice the integral of v exp(v**2 - 2 x v) from 0 to x, with v = x r t. A factor r < 1 omits
    terms less than exp(-45).
    """
    q = x * x
    r = with_axis(tf.stop_gradient(45 / tf.maximum(q.value, 45)))
    t, w = nodes(48, x.value)
    rest = summed(ops.Exp(with_axis(q) * (r * t * (r * t - 2))) * (r * r * t * w))
    return ops.Exp(-q) - 2 * (q * rest)


# Gamma, beta and zeta functions


def _safe(x: Any, bad: tf.Tensor, instead: Any) -> Any:
    return choose(bad, instead * tf.ones_like(value(x)), x)


def _unit_power(x: Any, p: Any) -> tuple[Any, Any]:
    """Returns x**p as a factor that does not overflow, right at 0 too, and the logarithm of the other factor."""
    s = tf.stop_gradient(tf.where(value(x) > 0, value(x), tf.ones_like(value(x))))
    return ops.Pow(x / s, p), p * tf.math.log(s)


def _gamma_density(a: Any, x: Any) -> Any:
    """Computes x**(a - 1) exp(-x) / gamma(a): the slope of igamma by x."""
    power, rest = _unit_power(x, a - 1)
    return power * ops.Exp(rest - x - ops.Lgamma(a))


def _gamma_integral(a: Any, x: Any) -> tuple[tf.Tensor, Any, Any]:
    """Returns where x is small; the integral in igamma there, elsewhere in igammac; and its derivative by a.

    With t = x exp(-v), igamma(a, x) = x**a exp(-x) / gamma(a + 1) (1 + x K), K the integral of
    exp(-(a + 1) v + x (1 - exp(-v))) over v > 0. It uses one step of the recurrence in a, so that a + 1 is never small.
    With t = x exp(v), igammac(a, x) = x**a exp(-x) / gamma(a) K, K the integral of exp(a v - x (exp(v) - 1)).
    """
    a0, x0 = tf.stop_gradient(value(a)), tf.stop_gradient(value(x))
    small = x0 <= a0 + 1
    # The end of the integral, by Newton's method: the exponents are concave, so the iterates stay beyond it.
    below, above = tf.where(small, x0, tf.zeros_like(x0)), tf.where(small, a0 + 2, x0)
    low, high = (REACH + below) / (a0 + 1), tf.minimum(tf.sqrt(2 * REACH / above), tf.math.log1p(REACH / above) + 2)
    for _ in range(6):
        low -= ((a0 + 1) * low + below * tf.math.expm1(-low) - REACH) / (a0 + 1 - below * tf.exp(-low))
        high -= (above * tf.math.expm1(high) - a0 * high - REACH) / (above * tf.exp(high) - a0)
    end: Any = with_axis(tf.where(small, -low, high))
    t, w = nodes(64, x0)
    v = end * t
    e = ops.Exp(with_axis(a) * v - with_axis(x) * tf.math.expm1(v) + tf.where(end < 0, v, tf.zeros_like(v)))
    e = e * (w * tf.abs(end))
    return small, summed(e), summed(e * v)


def _igamma(op: Any, a: Any, x: Any) -> Any:
    power, rest = _unit_power(x, a)
    density = power * ops.Exp(rest - x - ops.Lgamma(a + 1))  # times a / x
    small, integral, _ = _gamma_integral(a, x)
    return choose(small, 1 + x * integral, -(a * integral)) * density


def _igamma_by_a(a: Any, x: Any) -> Any:
    """Computes the derivative of igamma by a, divided by x**a exp(-x) / gamma(a + 1)."""
    log = ops.Log(x) - ops.Digamma(a + 1)
    small, integral, by_a = _gamma_integral(a, x)
    return choose(small, log * (1 + x * integral) + x * by_a, -(a * (log * integral + by_a) + integral))


def _igamma_grad_a(op: Any, a: Any, x: Any) -> Any:
    zero = tf.equal(value(x), 0)
    x = _safe(x, zero, 1)
    density = ops.Exp(a * ops.Log(x) - x - ops.Lgamma(a + 1))
    y = _igamma_by_a(a, x) * density
    return choose(zero, tf.zeros_like(value(y)), y)


def _gamma_sample_slope(a: Any, z: Any) -> Any:
    """Computes the slope of a sample z by a: igamma(a, z) is constant (M. Figurnov and others, 2018)."""
    zero = tf.equal(value(z), 0)
    z = _safe(z, zero, 1)
    s = -(z / a * _igamma_by_a(a, z))
    return choose(zero, tf.zeros_like(value(s)), s)


def _gamma_sample(place: int) -> Rule:
    def slopes(*args: Any) -> Any:
        return tuple(_gamma_sample_slope(args[place], args[-1]) if i == place else None for i in range(len(args) - 1))

    return slope(slopes)


def _log_beta(a: Any, b: Any) -> Any:
    return ops.Lgamma(a) + ops.Lgamma(b) - ops.Lgamma(a + b)


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    """Computes x**(a - 1) (1 - x)**(b - 1) / beta(a, b): the slope of betainc by x."""
    (p, log_p), (q, log_q) = _unit_power(x, a - 1), _unit_power(1 - x, b - 1)
    return p * q * ops.Exp(log_p + log_q - _log_beta(a, b))


def _betainc(op: Any, a: Any, b: Any, x: Any) -> Any:
    """Integrates over t = x exp(-v), from the nearer end: betainc(a, b, x) = 1 - betainc(b, a, 1 - x).

    After one step of the recurrence in a, it is x**a (1 - x)**b / (a beta(a, b)) (1 + (a + b) x / (1 - x) K), K the
    integral over v > 0 of exp(-(a + 1) v) ((1 - x exp(-v)) / (1 - x))**(b - 1).
    """
    a, b = a + tf.zeros_like(value(x)), b + tf.zeros_like(value(x))
    far = value(x) > (value(a) + 1) / (value(a) + value(b) + 2)
    a, b, x = choose(far, b, a), choose(far, a, b), choose(far, 1 - x, x)
    a0, b0, x0 = (tf.stop_gradient(value(t)) for t in (a, b, x))
    rise = tf.maximum(b0 - 1, 0)
    end = (REACH - rise * tf.math.log1p(-x0)) / (a0 + 1)
    for _ in range(6):
        gone = x0 * tf.exp(-end)
        fall = (a0 + 1) * end - rise * (tf.math.log1p(-gone) - tf.math.log1p(-x0)) - REACH
        end -= fall / (a0 + 1 - rise * gone / (1 - gone))
    t, w = nodes(64, x0)
    v = end[..., None] * t
    log = ops.Log1p(-(with_axis(x) * tf.exp(-v))) - with_axis(ops.Log1p(-x))
    integral = summed(ops.Exp(with_axis(b - 1) * log - with_axis(a + 1) * v) * (w * end[..., None]))
    (p, log_p), (q, log_q) = _unit_power(x, a), _unit_power(1 - x, b)
    y = p * q * ops.Exp(log_p + log_q - _log_beta(a, b)) / a * (1 + (a + b) * x / (1 - x) * integral)
    return choose(far, 1 - y, y)


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)


def _zeta(op: Any, s: Any, q: Any) -> Any:
    """Sums twelve terms, and the rest by Euler's and Maclaurin's formula."""
    n = 12
    terms = summed(ops.Exp(-(with_axis(s) * ops.Log(with_axis(q) + tf.range(n, dtype=value(q).dtype)))))
    c = q + n
    last = ops.Exp(-(s * ops.Log(c)))
    factor, rest = s / c, 0.5 + c / (s - 1)
    for m, bernoulli in enumerate(BERNOULLI, start=1):
        rest = rest + bernoulli / math.factorial(2 * m) * factor
        factor = factor * (s + (2 * m - 1)) * (s + 2 * m) / (c * c)
    return terms + last * rest


def either(by_last: Rule, by_all: Rule) -> Rule:
    """Returns a rule: `by_last` where only the last input varies, otherwise `by_all`."""

    def rule(step: Step) -> Sequence[Input]:
        return (by_all if any(isinstance(x, Series) for x in step.inputs[:-1]) else by_last)(step)

    return Rule(rule)


def _last(s: Callable[..., Any]) -> Rule:
    """Returns a rule for ops where only the last input varies; s maps inputs and output to the slope."""
    return slope(lambda *args: (*([None] * (len(args) - 2)), s(*args)))


RULES: dict[str, Rule | Apply] = {
    # error functions and integrals
    "Erf": slope(lambda x, y: 2 / math.sqrt(math.pi) * ops.Exp(-(x * x))),
    "Erfc": slope(lambda x, y: -2 / math.sqrt(math.pi) * ops.Exp(-(x * x))),
    "Erfinv": slope(lambda x, y: math.sqrt(math.pi) / 2 * ops.Exp(y * y)),
    "Ndtri": slope(lambda x, y: math.sqrt(2 * math.pi) * ops.Exp(y * y / 2)),
    "Dawsn": slope(_dawson_slope),
    "Expint": slope(lambda x, y: ops.Exp(x) / x),
    "FresnelCos": slope(lambda x, y: ops.Cos(math.pi / 2 * (x * x))),
    "FresnelSin": slope(lambda x, y: ops.Sin(math.pi / 2 * (x * x))),
    "Spence": slope(_spence_slope),
    # gamma, beta and zeta functions
    "Lgamma": slope(lambda x, y: ops.Digamma(x)),
    "Digamma": slope(lambda x, y: ops.Polygamma(tf.ones_like(x.value), x)),
    "Polygamma": either(_last(lambda n, x, y: ops.Polygamma(n + 1, x)), undefined_by(0)),
    "Zeta": either(_last(lambda s, q, y: -s * ops.Zeta(s + 1, q)), composite(_zeta)),
    "Igamma": either(_last(lambda a, x, y: _gamma_density(a, x)), composite(_igamma)),
    "Igammac": either(_last(lambda a, x, y: -_gamma_density(a, x)), composite(lambda op, a, x: -_igamma(op, a, x))),
    "IgammaGradA": composite(_igamma_grad_a),
    "Betainc": either(_last(lambda a, b, x, y: _beta_density(a, b, x)), composite(_betainc)),
    "RandomGamma": _gamma_sample(1),
    "RandomGammaGrad": composite(lambda op, a, z: _gamma_sample_slope(a, z)),
    "StatelessRandomGammaV2": _gamma_sample(2),
    "StatelessRandomGammaV3": _gamma_sample(4),
    # Bessel functions
    "BesselI0": slope(lambda x, y: ops.BesselI1(x)),
    "BesselI1": slope(lambda x, y: ops.BesselI0(x) - _bessel_over_x(x, y, "Cosh")),
    "BesselI0e": slope(lambda x, y: ops.BesselI1e(x) - y * tf.sign(x.value)),
    "BesselI1e": slope(
        lambda x, y: ops.BesselI0e(x) - y * tf.sign(x.value) - _bessel_over_x(x, y, "Cosh", scaled=True)
    ),
    "BesselJ0": slope(lambda x, y: -ops.BesselJ1(x)),
    "BesselJ1": slope(lambda x, y: ops.BesselJ0(x) - _bessel_over_x(x, y, "Cos")),
    "BesselK0": slope(lambda x, y: -ops.BesselK1(x)),
    "BesselK1": slope(lambda x, y: -(ops.BesselK0(x) + y / x)),
    "BesselK0e": slope(lambda x, y: y - ops.BesselK1e(x)),
    "BesselK1e": slope(lambda x, y: y - ops.BesselK0e(x) - y / x),
    "BesselY0": slope(lambda x, y: -ops.BesselY1(x)),
    "BesselY1": slope(lambda x, y: ops.BesselY0(x) - y / x),
}
