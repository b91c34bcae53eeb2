"""Replaces ops of complex numbers whose gradient is wrong when compiled with XLA.

TensorFlow computes the gradients of Reciprocal, Rsqrt and Sqrt by ops of their own. XLA's kernels of these miss a
conjugate, in TensorFlow 2.21. The gradients of the other ops here, except for Acos and Asin, use Reciprocal.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def _over(x: tf.Tensor) -> tf.Tensor:
    return tf.ones_like(x) / x


def _power(exponent: float) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: tf.raw_ops.Pow(x=x, y=tf.constant(exponent, x.dtype))


def _angle(x: tf.Tensor) -> tf.Tensor:
    return tf.math.atan2(tf.math.imag(x), tf.math.real(x))


def _log(x: tf.Tensor) -> tf.Tensor:
    """Computes log |x| from the larger of the two parts, which neither overflows nor underflows."""
    a, b = tf.math.real(x), tf.math.imag(x)
    first = tf.abs(a) >= tf.abs(b)
    large, small = tf.where(first, a, b), tf.where(first, b, a)
    ratio = small / tf.where(tf.equal(large, 0), tf.ones_like(large), large)
    return tf.complex(tf.math.log(tf.abs(large)) + tf.math.log1p(ratio * ratio) / 2, _angle(x))


def _log1p(x: tf.Tensor) -> tf.Tensor:
    """Keeps the digits of a small x, whose |1 + x|**2 - 1 is a (2 + a) + b**2."""
    a, b = tf.math.real(x), tf.math.imag(x)
    near = tf.abs(x) < 0.5
    a, b = tf.where(near, a, tf.zeros_like(a)), tf.where(near, b, tf.zeros_like(b))
    small = tf.complex(tf.math.log1p(a * (2 + a) + b * b) / 2, tf.math.atan2(b, 1 + a))
    return tf.where(near, small, _log(1 + x))


def _turned(f: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns -i f(i x)."""

    def turned(x: tf.Tensor) -> tf.Tensor:
        y = f(tf.complex(-tf.math.imag(x), tf.math.real(x)))
        return tf.complex(tf.math.imag(y), -tf.math.real(y))

    return turned


def _atanh(x: tf.Tensor) -> tf.Tensor:
    """Computes it from the two parts (W. Kahan, Branch cuts for complex elementary functions, 1987)."""
    a, b = tf.math.real(x), tf.math.imag(x)
    real = tf.math.log1p(4 * a / ((1 - a) * (1 - a) + b * b)) / 4
    return tf.complex(real, tf.math.atan2(2 * b, (1 - a) * (1 + a) - b * b) / 2)


def _asin(x: tf.Tensor) -> tf.Tensor:
    return _turned(tf.math.asinh)(x)


def _acos(x: tf.Tensor) -> tf.Tensor:
    return tf.acos(tf.zeros_like(x)) - _asin(x)


COMPLEX_REPAIRS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "Acos": _acos,
    "Angle": _angle,
    "Asin": _asin,
    "Atan": _turned(_atanh),
    "Atanh": _atanh,
    "Inv": _over,
    "Log": _log,
    "Log1p": _log1p,
    "Reciprocal": _over,
    "Rsqrt": _power(-0.5),
    "Sqrt": _power(0.5),
    "Tan": _turned(tf.tanh),
}
