"""Elementwise ops: arithmetic, powers, exponentials, trigonometry, activations.

Where there is no derivative, the conventions are those of TensorFlow's first derivative. |x|, relu and similar ops have
0 at 0. Where the inputs of a maximum, a minimum or a clip are equal, the first counts. divide_no_nan has 0 where it
divides by 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.tape.repairs import product_power
from nthgrad.engines.taylor import adjoint
from nthgrad.engines.taylor.algebra import choose, exactly, only, ops, precisely
from nthgrad.engines.taylor.families import bilinear, composite, each, linear_with, over, ratio, slope
from nthgrad.engines.taylor.series import Series, unseen, value
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step


def conj(x: Any) -> Any:
    """Returns the complex conjugate."""
    return ops.Conj(x) if value(x).dtype.is_complex else x


def scale(*xs: Any, least: float = 0.0) -> tf.Tensor:
    """Returns the greatest |x|, to divide by where a square would overflow; results do not depend on it."""
    sizes = [tf.abs(value(x)) for x in xs]
    greatest = sizes[0] if len(sizes) == 1 else tf.maximum(*sizes)
    finite = tf.minimum(greatest, greatest.dtype.max)  # infinity divided by itself is NaN
    return tf.stop_gradient(tf.maximum(finite, tf.constant(least, greatest.dtype)))


def modulus(x: Any) -> Series:
    """Returns |x| of a complex series; it does not vary where x is 0."""
    zero = tf.equal(x.value, 0)
    x = choose(zero, tf.ones_like(x.value), x)
    s = scale(x)
    re, im = parts(x / tf.cast(s, x.value.dtype))
    return choose(zero, tf.zeros_like(s), s * ops.Sqrt(re * re + im * im))


def parts(x: Series) -> tuple[Series, Series]:
    """Returns the real and the imaginary part."""
    dtype = x.value.dtype.real_dtype
    return ops.Real(x, Tout=dtype), ops.Imag(x, Tout=dtype)


def _sign(step: Step) -> Sequence[Input]:
    (x,) = step.inputs
    if not x.value.dtype.is_complex:
        return step.values
    zero = tf.equal(x.value, 0)
    r = choose(zero, tf.ones_like(zero, x.value.dtype.real_dtype), modulus(x))
    return [exactly(x / ops.Complex(r, tf.zeros_like(r.value), Tout=x.value.dtype), step.values[0])]


def _pow(step: Step) -> Sequence[Input]:
    """Computes x**p, right where x is 0.

    A whole constant exponent becomes a product. Other exponents are lowered, p x**(p - 1), until they are negative.
    From there on y' = p y / x, which at 0 is infinite as the power is.
    """
    x, p = step.inputs
    n = None if isinstance(p, Series) else tf.get_static_value(p)
    if n is not None and n.ndim == 0 and float(n.real) == round(float(n.real)) and not n.imag and abs(n) <= 1024:
        if n == 0:
            return step.values
        y = product_power(x, abs(int(n.real.item())))
        return composite(lambda op, x, p: y if n > 0 else 1 / y)(step)
    if value(x).dtype.is_complex:
        return slope(lambda x, p, y: (p * y / x, y * ops.Log(x)))(step)
    if n is not None and (n < 0).all():
        return slope(lambda x, p, y: (p * (y / x), None))(step)
    if n is not None and (n != np.round(n)).all():
        return slope(lambda x, p, y: (p * ops.Pow(x, p - 1), None))(step)
    return slope(_power_slopes)(step)


def _power_slopes(x: Any, p: Any, y: Series) -> tuple[Any, Any]:
    """Returns the slopes of x**p: by x it is 0 where the exponent is 0, by p it is 0 where x <= 0."""
    dead = tf.equal(value(p), 0) if not isinstance(p, Series) else tf.equal(value(p), 0) & tf.equal(value(x), 0)
    by_x = p * ops.Pow(choose(dead, tf.ones_like(y.value), x), p - 1) if isinstance(x, Series) else None
    positive = (value(x) > 0) & tf.ones_like(y.value, tf.bool)
    by_p = None
    if isinstance(p, Series):
        log = ops.Log(choose(positive, x, tf.ones_like(y.value)))
        by_p = choose(positive, y * log, tf.zeros_like(y.value))
    return by_x, by_p


def _logarithm(log: str, x: Any, y: Any, least: float) -> Any:
    """Computes x log(y), which is 0 where x is 0 and log(y) not finite."""
    x0, y0 = value(x), value(y)
    out = tf.equal(y0, tf.cast(least, y0.dtype)) if y0.dtype.is_complex else tf.logical_not(y0 > least)
    out = tf.equal(x0, 0) & out
    return x * getattr(ops, log)(choose(out, tf.ones_like(y0), y))


def _xdivy(op: Any, x: Any, y: Any) -> Any:
    return x / choose(tf.equal(value(x), 0) & tf.equal(value(y), 0), tf.ones_like(value(y)), y)


def _div_no_nan(op: Any, x: Any, y: Any) -> Any:
    zero = tf.equal(value(y), 0)
    q = x / choose(zero, tf.ones_like(value(y)), y)
    return choose(zero, tf.zeros_like(value(q)), q)


def _mod(op: Any, x: Any, y: Any) -> Any:
    q = value(x) / value(y)
    return x - tf.sign(q) * tf.floor(tf.abs(q)) * y


def _angle(y: Any, x: Any, a: Series) -> tuple[Any, Any]:
    """Returns the slopes of atan2(y, x), whose derivative is (x y' - y x') / (x**2 + y**2)."""
    s = scale(x, y)
    x, y = x / s, y / s
    q = 1 / s / (x * x + y * y)
    return x * q, -(y * q)


def _asinh(x: Series, y: Series) -> Any:
    if x.value.dtype.is_complex:
        return ops.Sqrt(1 + x * x)
    s = scale(x, least=1.0)
    u = x / s
    return ops.Sqrt(1 / s**2 + u * u), u


def _acosh(x: Series, y: Series) -> Any:
    if x.value.dtype.is_complex:
        return ops.Sqrt(x - 1) * ops.Sqrt(x + 1)
    s = scale(x)
    return ops.Sqrt((x - 1) / s * ((x + 1) / s)), x / s


def _atan(x: Series, y: Series) -> Any:
    if x.value.dtype.is_complex:
        return 1 + x * x
    s = scale(x, least=1.0)
    u = x / s
    return 1 / s**2 + u * u, u / s


def _sech2(x: Series, y: Series) -> Series:
    """Returns 1 - y**2, with the value (1 + |y|)**2 exp(-2 |x|), which does not cancel where |y| is nearly 1.

    Only the value has that form: |x| has no derivative at 0, which an outer tape would need.
    """
    s = 1 - y * y
    if x.value.dtype.is_complex:
        return s

    def precise() -> tf.Tensor:
        at = tf.square(1 + tf.abs(y.value)) * tf.exp(-2 * tf.abs(x.value))
        if y.boundary:  # otherwise XLA computes it in every kernel that uses it
            at = at / unseen(1, at.dtype)
        return adjoint.differentiated_as(s.value, at)

    return precisely(s, precise)


def _elu(x: Series, above: float = 1.0, below: float = 1.0) -> Series:
    """Returns above x where x is positive, else below expm1(x), computed from 0 where it could overflow."""
    negative = x.value < 0
    return choose(negative, below * ops.Expm1(choose(negative, x, tf.zeros_like(x.value))), above * x)


SELU, SELU_RATE = 1.0507009873554804934193349852946, 1.7580993408473768599402175208123  # Klambauer and others, 2017


def _where(condition: Any, c: Any) -> Any:
    return choose(condition, c, tf.zeros_like(value(c)))


RULES: dict[str, Rule | Apply] = {
    # arithmetic
    "Add": linear_with(2, composite(lambda op, x, y: ops.AddV2(x, y))),
    "AddV2": linear_with(2, composite(lambda op, x, y: x + y)),
    "Sub": linear_with(2, composite(lambda op, x, y: x - y)),
    "Mul": linear_with(1, composite(lambda op, x, y: x * y)),
    "MulNoNan": bilinear(0, 1),
    **each("Div RealDiv", ratio(lambda x, y: x, lambda x, y: y)),
    "DivNoNan": composite(_div_no_nan),
    "Xdivy": composite(_xdivy),
    **each("Inv Reciprocal", ratio(lambda x: 1, lambda x: x)),
    "Square": composite(lambda op, x: x * x),
    "SquaredDifference": composite(lambda op, x, y: conj(x - y) * (x - y)),
    "NextAfter": slope(lambda x, towards, y: (tf.ones_like(value(y)), None)),
    "FloorMod": composite(lambda op, x, y: x - tf.math.floordiv(value(x), value(y)) * y),
    **each("Mod TruncateMod", composite(_mod)),
    # size and sign
    "Abs": composite(lambda op, x: x * tf.sign(x.value)),
    "ComplexAbs": composite(lambda op, x: modulus(x)),
    "Angle": composite(lambda op, x: ops.Atan2(*parts(x)[::-1])),
    "Sign": _sign,
    "Maximum": composite(lambda op, x, y: choose(value(x) >= value(y), x, y, still=True)),
    "Minimum": composite(lambda op, x, y: choose(value(x) <= value(y), x, y, still=True)),
    "ClipByValue": composite(
        lambda op, x, low, high: choose(
            value(x) < value(low), low, choose(value(x) > value(high), high, x, still=True), still=True
        )
    ),
    "SelectV2": composite(lambda op, condition, x, y: choose(condition, x, y, still=True)),
    # powers, exponentials and logarithms
    "Pow": _pow,
    "Sqrt": over(lambda x, y: 2 * y),
    "Rsqrt": ratio(lambda x: 1, ops.Sqrt),
    "Exp": slope(lambda x, y: y),
    "Expm1": slope(lambda x, y: precisely(y + 1, lambda: tf.exp(x.value))),
    "Log": over(lambda x, y: x),
    "Log1p": over(lambda x, y: 1 + x),
    "Xlogy": composite(lambda op, x, y: _logarithm("Log", x, y, 0.0)),
    "Xlog1py": composite(lambda op, x, y: _logarithm("Log1p", x, y, -1.0)),
    # trigonometric and hyperbolic functions
    "Sin": slope(lambda x, y: ops.Cos(x)),
    "Cos": slope(lambda x, y: -ops.Sin(x)),
    "Tan": slope(lambda x, y: 1 + y * y),
    "Asin": over(lambda x, y: ops.Sqrt((1 - x) * (1 + x))),
    "Acos": over(lambda x, y: -ops.Sqrt((1 - x) * (1 + x))),
    "Atan": over(_atan),
    "Atan2": slope(_angle),
    "Sinh": slope(lambda x, y: ops.Cosh(x)),
    "Cosh": slope(lambda x, y: ops.Sinh(x)),
    "Tanh": slope(_sech2),
    "Asinh": over(_asinh),
    "Acosh": over(_acosh),
    "Atanh": over(lambda x, y: (1 - x) * (1 + x)),
    # activations
    "Sigmoid": slope(lambda x, y: y * precisely(1 - y, lambda: tf.sigmoid(-x.value))),
    "Softplus": slope(lambda x, y: ops.Sigmoid(x)),
    "Softsign": ratio(lambda x: x, lambda x: 1 + ops.Abs(x)),
    "Relu": composite(lambda op, x: only(x.value > 0, x)),
    "Relu6": composite(lambda op, x: only((x.value > 0) & (x.value < 6), x)),
    "LeakyRelu": composite(lambda op, x: choose(x.value > 0, x, op.get_attr("alpha") * x)),
    "Elu": composite(lambda op, x: _elu(x)),
    "Selu": composite(lambda op, x: _elu(x, SELU, SELU_RATE)),
    # ops of gradients, from a user's tapes; y is the output, x the input, dy the cotangent
    "SigmoidGrad": composite(lambda op, y, dy: dy * (y * (1 - y))),
    "TanhGrad": composite(lambda op, y, dy: dy * (1 - y * y)),
    "SqrtGrad": composite(lambda op, y, dy: dy / conj(2 * y)),
    "RsqrtGrad": composite(lambda op, y, dy: dy * conj(-0.5 * (y * y * y))),
    **each("InvGrad ReciprocalGrad", composite(lambda op, y, dy: dy * conj(-(y * y)))),
    "SoftplusGrad": composite(lambda op, dy, x: dy * ops.Sigmoid(x)),
    "SoftsignGrad": composite(lambda op, dy, x: dy * ops.Square(1 / (1 + ops.Abs(x)))),
    "ReluGrad": composite(lambda op, dy, x: _where(value(x) > 0, dy)),
    "Relu6Grad": composite(lambda op, dy, x: _where((value(x) > 0) & (value(x) < 6), dy)),
    "LeakyReluGrad": composite(lambda op, dy, x: choose(value(x) > 0, dy, op.get_attr("alpha") * dy)),
    "EluGrad": composite(lambda op, dy, y: choose(value(y) < 0, dy * (y + 1), dy)),
    "SeluGrad": composite(lambda op, dy, y: choose(value(y) < 0, dy * (y + SELU_RATE), dy * SELU)),
}
