"""Defines the gradient of the coefficients of y = phi(x), for outer tapes.

With the series s = phi'(x), the derivative of y[k] by x[j] is s[k - j] (Griewank and Walther, Evaluating Derivatives,
2008, section 13.3). A tape would get the same from the recurrence of y[k], with three times the work and memory.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nthgrad.engines.graph.custom_gradients import exact_gradient
from nthgrad.engines.taylor.series import Index, Series, below, less


def attached(c: tf.Tensor, k: Index, x: Series, s: Any) -> tf.Tensor:
    """Returns the coefficient y[k] with a custom gradient by the coefficients of x.

    Args:
        c: y[k], computed in any way; a second outer tape differentiates that computation.
        k: its index.
        x: the argument of phi.
        s: phi'(x), a series or a constant.
    """
    places = [j for j in below(k) if x[j] is not None and coefficient(s, less(k, j)) is not None]
    slopes, taken = [coefficient(s, less(k, j)) for j in places], [x[j] for j in places]

    @exact_gradient
    def y(*xs: tf.Tensor) -> Any:
        def gradient(dy: tf.Tensor) -> list[tf.Tensor]:
            return [_summed(dy * _conj(t), x) for t, x in zip(slopes, xs, strict=True)]

        return c, gradient

    made: Any = y(*taken)
    made.set_shape(c.shape)
    return made


def differentiated_as(s: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    """Returns `at`, a more precise value of s, with the gradient of s.

    Nothing else of s is computed where no tape asks for the gradient: s + stop_gradient(at - s) takes three ops more.
    """

    @exact_gradient
    def precise(s: tf.Tensor) -> Any:
        return at, lambda dy: dy

    made: Any = precise(s)
    made.set_shape(at.shape)
    return made


def coefficient(x: Any, k: Index) -> Any:
    """Returns the coefficient of a series, or of a value that does not vary."""
    return x[k] if isinstance(x, Series) else None if any(k) else x


def _conj(t: Any) -> Any:
    return tf.math.conj(t) if isinstance(t, tf.Tensor) and t.dtype.is_complex else t


def _summed(dx: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Sums the gradients of stacked directions, whose axes come first, to the shape of the value that they share."""
    more = len(dx.shape) - len(x.shape)
    return tf.reduce_sum(dx, list(range(more))) if more else dx
