"""The test functions of the whole suite, each in TensorFlow and, as its oracle, in 50-digit mpmath.

All are elementwise and take any float dtype. The points are multiples of 1/64, which float16, float32 and float64 hold
exactly, so the oracle is computed at the very point that is tested, once for all dtypes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import mpmath as mp
import numpy as np
import tensorflow as tf

DIGITS = 50


@dataclass(frozen=True)
class Case:
    """A function, the same function in mpmath, and points of its domain that are no special ones.

    Where mpmath takes seconds to differentiate, `tower` says how to have the derivatives from a point and an order.
    """

    name: str
    f: Callable[[tf.Tensor], tf.Tensor]
    exact: Callable[[mp.mpf], mp.mpf]
    points: tuple[float, ...]
    tower: Callable[[mp.mpf, int], list[mp.mpf]] | None = None

    def __str__(self) -> str:
        return self.name


ALL = (-2.359375, -0.796875, 0.359375, 1.203125)  # functions on the whole line
POSITIVE = (0.265625, 0.890625, 1.734375, 3.421875)
NONZERO = (-1.796875, -0.453125, 0.578125, 2.328125)
UNIT = (-0.703125, -0.234375, 0.390625, 0.640625)  # functions on (-1, 1)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def float32(x):
    """A constant of TensorFlow's that is rounded to float32 whatever the dtype of x."""
    return mp.mpf(float(np.float32(x)))


def gelu(x):
    # TensorFlow's float64 gelu has 9 digits: older versions divide by the rounded sqrt(2), newer ones multiply by
    # the rounded sqrt(1/2). The value at 1 tells which.
    at_1 = float(tf.nn.gelu(tf.constant(1.0, tf.float64), approximate=False))
    slopes = 1 / float32(math.sqrt(2)), float32(math.sqrt(0.5))
    slope = min(slopes, key=lambda slope: abs((1 + mp.erf(slope)) / 2 - at_1))
    return x / 2 * (1 + mp.erf(x * slope))


def gelu_tanh(x):
    return x / 2 * (1 + mp.tanh(mp.mpf(0.7978845608028654) * (x + float32(0.044715) * x**3)))


SELU_SCALE = mp.mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mp.mpf("1.6732632423543772848170429916717")

# The oracle's lambdas take z, for AutoGraph cannot tell two lambdas of a line apart by less.
CASES = (
    # polynomials and powers
    Case("constant", lambda x: tf.ones_like(x) * 3, lambda z: mp.mpf(3), ALL),
    Case("identity", lambda x: tf.identity(x), lambda z: z, ALL),
    Case("square", tf.square, lambda z: z**2, ALL),
    Case("x**3", lambda x: x**3, lambda z: z**3, ALL),
    Case("polynomial", lambda x: ((2 * x - 3) * x + 0.5) * x - 1, lambda z: ((2 * z - 3) * z + 0.5) * z - 1, ALL),
    Case("x**7 - x**4", lambda x: x**7 - x**4, lambda z: z**7 - z**4, ALL),
    Case("x**2.5", lambda x: x**2.5, lambda z: z ** mp.mpf(2.5), POSITIVE),
    Case("x**-3", lambda x: x**-3.0, lambda z: z**-3, NONZERO),
    Case("1 / x", lambda x: 1 / x, lambda z: 1 / z, NONZERO),
    Case("sqrt", tf.sqrt, mp.sqrt, POSITIVE),
    Case("rsqrt", tf.math.rsqrt, lambda z: 1 / mp.sqrt(z), POSITIVE),
    # exponentials and logarithms
    Case("exp", tf.exp, mp.exp, ALL),
    Case("expm1", tf.math.expm1, mp.expm1, ALL),
    Case("2**x", lambda x: 2.0**x, lambda z: 2**z, ALL),
    Case("log", tf.math.log, mp.log, POSITIVE),
    Case("log1p", tf.math.log1p, mp.log1p, UNIT + POSITIVE),
    Case("log(x + 2)", lambda x: tf.math.log(x + 2), lambda z: mp.log(z + 2), UNIT + POSITIVE),
    Case("xlogy", lambda x: tf.math.xlogy(x, x + 1), lambda z: z * mp.log(z + 1), UNIT + POSITIVE),
    Case("xlog1py", lambda x: tf.math.xlog1py(x, x), lambda z: z * mp.log1p(z), UNIT + POSITIVE),
    Case("x**x", lambda x: x**x, lambda z: z**z, POSITIVE),
    # trigonometric and hyperbolic functions
    Case("sin", tf.sin, mp.sin, ALL),
    Case("cos", tf.cos, mp.cos, ALL),
    Case("tan", tf.tan, mp.tan, UNIT),
    Case("asin", tf.asin, mp.asin, UNIT),
    Case("acos", tf.acos, mp.acos, UNIT),
    Case("atan", tf.atan, mp.atan, ALL),
    Case("atan2(x, 2)", lambda x: tf.atan2(x, 2 * tf.ones_like(x)), lambda z: mp.atan(z / 2), ALL),
    Case("sinh", tf.sinh, mp.sinh, ALL),
    Case("cosh", tf.cosh, mp.cosh, ALL),
    Case("tanh", tf.tanh, mp.tanh, ALL),
    Case("asinh", tf.asinh, mp.asinh, ALL),
    Case("acosh", tf.acosh, mp.acosh, (1.265625, 1.890625, 2.734375)),
    Case("atanh", tf.atanh, mp.atanh, UNIT),
    # activations, away from their corners
    Case("sigmoid", tf.sigmoid, sigmoid, ALL),
    Case("log_sigmoid", tf.math.log_sigmoid, lambda z: mp.log(sigmoid(z)), ALL),
    Case("softplus", tf.math.softplus, lambda z: mp.log1p(mp.exp(z)), ALL),
    Case("softsign", tf.math.softsign, lambda z: z / (1 + abs(z)), NONZERO),
    Case("relu", tf.nn.relu, lambda z: max(z, mp.mpf(0)), NONZERO),
    Case("elu", tf.nn.elu, lambda z: z if z > 0 else mp.expm1(z), NONZERO),
    Case("selu", tf.nn.selu, lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mp.expm1(z)), NONZERO),
    Case("gelu", lambda x: tf.nn.gelu(x, approximate=False), gelu, ALL),
    Case("gelu, approximate", lambda x: tf.nn.gelu(x, approximate=True), gelu_tanh, ALL),
    Case("swish", tf.nn.silu, lambda z: z * sigmoid(z), ALL),
    Case("x sigmoid(x)", lambda x: x * tf.sigmoid(x), lambda z: z * sigmoid(z), ALL),
    Case("mish", lambda x: x * tf.tanh(tf.math.softplus(x)), lambda z: z * mp.tanh(mp.log1p(mp.exp(z))), ALL),
    # special functions
    Case("erf", tf.math.erf, mp.erf, ALL),
    Case("erfc", tf.math.erfc, mp.erfc, ALL),
    Case("erfinv", tf.math.erfinv, mp.erfinv, UNIT),
    Case("ndtri", tf.math.ndtri, lambda z: mp.sqrt(2) * mp.erfinv(2 * z - 1), (0.140625, 0.390625, 0.796875)),
    Case("lgamma", tf.math.lgamma, lambda z: mp.log(abs(mp.gamma(z))), (-1.296875, *POSITIVE)),
    Case(
        "digamma",
        tf.math.digamma,
        mp.digamma,
        (-1.296875, *POSITIVE),
        lambda z, n: [mp.psi(k, z) for k in range(n + 1)],
    ),
    Case(
        "polygamma(2, x)",
        lambda x: tf.math.polygamma(2 * tf.ones_like(x), x),
        lambda z: mp.psi(2, z),
        POSITIVE,
        lambda z, n: [mp.psi(2 + k, z) for k in range(n + 1)],
    ),
    Case(
        "igamma(2.5, x)",
        lambda x: tf.math.igamma(2.5 * tf.ones_like(x), x),
        lambda z: mp.gammainc(2.5, 0, z, regularized=True),
        POSITIVE,
    ),
    Case("bessel_i0e", tf.math.bessel_i0e, lambda z: mp.exp(-abs(z)) * mp.besseli(0, z), NONZERO),
    Case("bessel_i1e", tf.math.bessel_i1e, lambda z: mp.exp(-abs(z)) * mp.besseli(1, z), NONZERO),
    Case("bessel_j0", tf.math.special.bessel_j0, lambda z: mp.besselj(0, z), NONZERO),
    Case("bessel_j1", tf.math.special.bessel_j1, lambda z: mp.besselj(1, z), NONZERO),
    Case("dawsn", tf.math.special.dawsn, lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z), NONZERO),
    # compositions
    Case("exp(-x**2)", lambda x: tf.exp(-x * x), lambda z: mp.exp(-z * z), ALL),
    Case("exp(-x**2) cos(3x)", lambda x: tf.exp(-x * x) * tf.cos(3 * x), lambda z: mp.exp(-z * z) * mp.cos(3 * z), ALL),
    Case("sin(exp(x))", lambda x: tf.sin(tf.exp(x)), lambda z: mp.sin(mp.exp(z)), ALL),
    Case("exp(sin(x))", lambda x: tf.exp(tf.sin(x)), lambda z: mp.exp(mp.sin(z)), ALL),
    Case("x / (1 + x**2)", lambda x: x / (1 + x * x), lambda z: z / (1 + z * z), ALL),
    Case("1 / (1 + 25 x**2)", lambda x: 1 / (1 + 25 * x * x), lambda z: 1 / (1 + 25 * z * z), UNIT),
    Case("log(cosh(x))", lambda x: tf.math.log(tf.cosh(x)), lambda z: mp.log(mp.cosh(z)), ALL),
    Case("sqrt(1 + x**2)", lambda x: tf.sqrt(1 + x * x), lambda z: mp.sqrt(1 + z * z), ALL),
    Case("sin(x) / x", lambda x: tf.sin(x) / x, lambda z: mp.sin(z) / z, NONZERO),
    Case(
        "tanh of tanh",
        lambda x: tf.tanh(2 * tf.tanh(1.5 * x) - 0.5),
        lambda z: mp.tanh(2 * mp.tanh(1.5 * z) - 0.5),
        ALL,
    ),
)


def by_slope(exact, slope):
    """The tower of a function with a closed first derivative."""

    def tower(z, order):
        return [exact(z), *(math.factorial(k) * c for k, c in enumerate(mp.taylor(slope, z, order - 1)))]

    return tower


def by_orders(f, n, sign, scale=0):
    """The tower of exp(scale z) f(n, z), of a Bessel function: f(n, z)' = (f(n - 1, z) + sign f(n + 1, z)) / 2.

    Of K the derivatives have the other sign, so they are taken by -z.
    """

    def tower(z, order):
        at = cache(lambda m: f(m, z))  # each order asks for most of those of the order before the last
        plain = [
            sum(math.comb(k, i) * sign**i * at(n - k + 2 * i) for i in range(k + 1)) / 2**k for k in range(order + 1)
        ]
        bare = [(-1) ** (k * (f is mp.besselk)) * value for k, value in enumerate(plain)]
        terms = [[math.comb(k, j) * scale ** (k - j) * bare[j] for j in range(k + 1)] for k in range(order + 1)]
        return [mp.exp(scale * z) * sum(t) for t in terms]

    return tower


# More, for the Taylor engine alone: nested tapes take seconds for each, and refuse some.
MORE = (
    Case("relu6", tf.nn.relu6, lambda z: min(max(z, mp.mpf(0)), mp.mpf(6)), NONZERO),
    Case("leaky_relu", lambda x: tf.nn.leaky_relu(x, 0.25), lambda z: max(z, z / 4), NONZERO),
    Case("(x - 2)**2", lambda x: tf.math.squared_difference(x, 2.0), lambda z: (z - 2) ** 2, ALL),
    Case(
        "x (x + 1) (x - 3)",
        lambda x: tf.reduce_prod(tf.stack([x, x + 1, x - 3]), 0),
        lambda z: z * (z + 1) * (z - 3),
        ALL,
    ),
    Case(
        "divide_no_nan",
        lambda x: tf.math.divide_no_nan(x, 1 + tf.square(x)),
        lambda z: z / (1 + z * z),
        ALL,
    ),
    Case("xdivy", lambda x: tf.math.xdivy(x, x + 2), lambda z: z / (z + 2), UNIT + POSITIVE),
    Case(
        "logsumexp",
        lambda x: tf.reduce_logsumexp(tf.stack([x, 2 * x, tf.ones_like(x)]), 0),
        lambda z: mp.log(mp.exp(z) + mp.exp(2 * z) + mp.e),
        ALL,
    ),
    Case(
        "softmax",
        lambda x: tf.nn.softmax(tf.stack([x, 2 * x, tf.ones_like(x)], -1))[..., 1],
        lambda z: mp.exp(2 * z) / (mp.exp(z) + mp.exp(2 * z) + mp.e),
        ALL,
    ),
    Case(
        "cross-entropy",
        lambda x: tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(x) / 4, x),
        lambda z: mp.log1p(mp.exp(z)) - z / 4,
        ALL,
    ),
    Case(
        "norm",
        lambda x: tf.norm(tf.stack([x, 2 * x, tf.ones_like(x)]), axis=0),
        lambda z: mp.sqrt(5 * z * z + 1),
        ALL,
    ),
    Case("erfcinv", tf.math.erfcinv, lambda z: mp.erfinv(1 - z), (0.265625, 0.890625, 1.609375)),
    Case(
        "igammac(2.5, x)",
        lambda x: tf.math.igammac(2.5 * tf.ones_like(x), x),
        lambda z: mp.gammainc(2.5, z, regularized=True),
        POSITIVE,
        by_slope(
            lambda z: mp.gammainc(2.5, z, regularized=True), lambda z: -(z ** mp.mpf(1.5)) * mp.exp(-z) / mp.gamma(2.5)
        ),
    ),
    Case(
        "betainc(2.5, 1.5, x)",
        lambda x: tf.math.betainc(2.5 * tf.ones_like(x), 1.5 * tf.ones_like(x), x),
        lambda z: mp.betainc(2.5, 1.5, 0, z, regularized=True),
        (0.140625, 0.390625, 0.796875),
        by_slope(
            lambda z: mp.betainc(2.5, 1.5, 0, z, regularized=True),
            lambda z: z ** mp.mpf(1.5) * mp.sqrt(1 - z) / mp.beta(2.5, 1.5),
        ),
    ),
    Case(
        "zeta(3, x)",
        lambda x: tf.math.zeta(3 * tf.ones_like(x), x),
        lambda z: mp.zeta(3, z),
        POSITIVE,
        lambda z, n: [(-1) ** k * mp.rf(3, k) * mp.zeta(3 + k, z) for k in range(n + 1)],
    ),
    Case("bessel_i0", tf.math.bessel_i0, lambda z: mp.besseli(0, z), NONZERO),
    Case("bessel_i1", tf.math.bessel_i1, lambda z: mp.besseli(1, z), NONZERO),
    Case("bessel_k0", tf.math.special.bessel_k0, lambda z: mp.besselk(0, z), POSITIVE, by_orders(mp.besselk, 0, 1)),
    Case("bessel_k1", tf.math.special.bessel_k1, lambda z: mp.besselk(1, z), POSITIVE, by_orders(mp.besselk, 1, 1)),
    Case(
        "bessel_k0e",
        tf.math.special.bessel_k0e,
        lambda z: mp.exp(z) * mp.besselk(0, z),
        POSITIVE,
        by_orders(mp.besselk, 0, 1, 1),
    ),
    Case(
        "bessel_k1e",
        tf.math.special.bessel_k1e,
        lambda z: mp.exp(z) * mp.besselk(1, z),
        POSITIVE,
        by_orders(mp.besselk, 1, 1, 1),
    ),
    Case("bessel_y0", tf.math.special.bessel_y0, lambda z: mp.bessely(0, z), POSITIVE, by_orders(mp.bessely, 0, -1)),
    Case("bessel_y1", tf.math.special.bessel_y1, lambda z: mp.bessely(1, z), POSITIVE, by_orders(mp.bessely, 1, -1)),
    Case(
        "spence",
        tf.math.special.spence,
        lambda z: mp.polylog(2, 1 - z),
        (0.265625, 0.890625, 1.734375),
        by_slope(lambda z: mp.polylog(2, 1 - z), lambda z: mp.log(z) / (1 - z)),
    ),
    Case("expint", tf.math.special.expint, mp.ei, POSITIVE),
    Case("fresnel_cos", tf.math.special.fresnel_cos, mp.fresnelc, NONZERO),
    Case("fresnel_sin", tf.math.special.fresnel_sin, mp.fresnels, NONZERO),
)


@cache
def derivatives(case: Case, x: float, order: int) -> tuple[float, ...]:
    """Return f(x), f'(x), ..., f^(order)(x), each the float64 next to the 50-digit value."""
    with mp.workdps(DIGITS):
        if case.tower is not None:
            return tuple(map(float, case.tower(mp.mpf(x), order)))
        coefficients = mp.taylor(case.exact, mp.mpf(x), order)
        return tuple(float(math.factorial(k) * c) for k, c in enumerate(coefficients))


def tower(case: Case, points: tuple[float, ...], order: int) -> np.ndarray:
    """The derivatives of orders 0 to `order` at some points, an order a row."""
    return np.array([derivatives(case, x, order) for x in points]).T


def around(case: Case) -> tuple[float, ...]:
    """Three points about each of the case's, so that no lucky rounding decides."""
    return tuple(x + step / 64 for x in case.points for step in (-3, 0, 5))


def float32_errors(got: Sequence[np.ndarray], want: np.ndarray) -> list[float]:
    """For each order, the largest error over the points in units of float32's 2**-23 times the largest derivative.

    Where the derivative of an order is zero at all points, the largest one of a lower order takes its place.
    """
    largest = np.abs(want).max(axis=1)
    scale = np.where(largest > 0, largest, np.maximum.accumulate(largest))
    errors = np.abs(np.array(got, float) - want).max(axis=1)  # a NaN stays one
    return [float(e) for e in errors / scale * 2**23]
