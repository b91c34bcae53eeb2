"""Norms and other tensors r whose squares are known: sqrt(s), |x|, an EuclideanNorm."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

Make = Callable[[], tf.Tensor]


class Root:
    """A tensor r with its square; each tensor is built at its first use.

    Attributes:
        square: builds the square of r.
        value: builds r.
        safe: builds r, with a constant where r is zero.
        zero: builds the condition that r is zero.
        expands: whether the derivative of the square is zero where the square is.
        convention: whether r is an absolute value: its derivative is 0 at 0, as in TensorFlow.
    """

    def __init__(
        self, square: Make, value: Make, safe: Make, zero: Make, *, expands: bool = True, convention: bool = False
    ):
        self.square, self.value, self.safe, self.zero = map(functools.cache, (square, value, safe, zero))
        self.expands, self.convention = expands, convention

    def moved(self, move: Callable[[tf.Tensor], tf.Tensor]) -> Root:
        """Returns the root that an op computes from this one by moving elements."""
        square, value, safe = ((lambda f=f: move(f())) for f in (self.square, self.value, self.safe))
        made = Root(square, value, safe, lambda: tf.equal(made.value(), 0))
        made.expands, made.convention = self.expands, self.convention
        return made


def square_root(square: Make, value: Make, *, expands: bool) -> Root:
    """Returns the square root of a tensor."""
    root = Root(
        square,
        value,
        lambda: tf.sqrt(tf.where(root.zero(), tf.ones_like(square()), square())),
        lambda: tf.equal(square(), 0),
        expands=expands,
    )
    return root


def absolute(x: Make, value: Make) -> Root:
    """Returns the absolute value of a real or complex tensor."""

    def square() -> tf.Tensor:
        z = x()
        return tf.square(tf.math.real(z)) + tf.square(tf.math.imag(z)) if z.dtype.is_complex else tf.square(z)

    return Root(square, value, value, lambda: tf.equal(x(), 0), convention=True)


def euclidean(op: Any, inputs: Callable[[], Sequence[tf.Tensor]]) -> Root:
    """Returns an EuclideanNorm; elements are scaled to at most 1, so that squares neither underflow nor overflow."""

    @functools.cache
    def parts() -> tuple[tf.Tensor, tf.Tensor]:
        x, axes = inputs()
        keep = op.get_attr("keep_dims")
        most = tf.stop_gradient(tf.reduce_max(tf.abs(x), axes, keepdims=True))
        most = tf.where(tf.equal(most, 0) | tf.math.is_inf(most), tf.ones_like(most), most)
        s = tf.reduce_sum(tf.square(x / most), axes, keepdims=keep)
        return s, most if keep else tf.reshape(most, tf.shape(s))

    def scaled(r: tf.Tensor) -> tf.Tensor:
        y = parts()[1] * r
        y.set_shape(op.outputs[0].shape)
        return y

    def zero() -> tf.Tensor:
        return tf.equal(parts()[0], 0)

    return Root(
        lambda: scaled(scaled(parts()[0])),
        lambda: scaled(tf.sqrt(parts()[0])),
        lambda: scaled(tf.sqrt(tf.where(zero(), tf.ones_like(parts()[0]), parts()[0]))),
        zero,
    )


def exponent(op: Any) -> float | None:
    """Returns the exponent of a square root or of a real power; None if it is whole, not positive or no constant."""
    if op.type == "Sqrt":
        return 0.5
    p = tf.get_static_value(op.inputs[1])
    if p is None or p.ndim or op.inputs[0].dtype.is_complex or not p > 0 or p == np.round(p):
        return None
    return float(p)


def half_power(op: Any) -> int | None:
    """Returns half the exponent of a power, if the exponent is a positive even number."""
    p = tf.get_static_value(op.inputs[1])
    if p is None or p.ndim or p.imag or not 0 < p.real <= 1024 or p.real % 2:
        return None
    return int(p.real) // 2
