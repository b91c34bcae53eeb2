"""How an outer tape goes back through the coefficients of y = phi(x).

With the series s = phi'(x), y[k] varies with x[j] by s[k - j] (Griewank and Walther, Evaluating Derivatives, 2008,
section 13.3): what a tape would find in the recurrence that y[k] was computed by, in a third of the work and memory.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nthgrad.engines.graph.custom_gradients import exact_gradient
from nthgrad.engines.taylor.series import Index, Series, below, less


def attached(c: tf.Tensor, k: Index, x: Series, s: Any) -> tf.Tensor:
    """The coefficient y[k], with a gradient of its own by the coefficients of x.

    Args:
        c: y[k], however it was computed; a second outer tape goes through that too.
        k: its index.
        x: the argument of phi.
        s: phi'(x), a series or a constant.
    """
    places = [j for j in below(k) if x[j] is not None and coefficient(s, less(k, j)) is not None]
    slopes, taken = [coefficient(s, less(k, j)) for j in places], [x[j] for j in places]

    @exact_gradient
    def y(c: tf.Tensor, *xs: tf.Tensor) -> Any:
        def gradient(dy: tf.Tensor) -> list[tf.Tensor | None]:
            return [None, *(_summed(dy * _conj(t), x) for t, x in zip(slopes, xs, strict=True))]

        return tf.identity(c), gradient

    # c is an argument: tf.custom_gradient searches all ops between arguments and result, and so stops at once.
    made: Any = y(c, *taken)
    made.set_shape(c.shape)
    return made


def coefficient(x: Any, k: Index) -> Any:
    """The coefficient of a series, or of something that does not vary."""
    return x[k] if isinstance(x, Series) else None if any(k) else x


def _conj(t: Any) -> Any:
    return tf.math.conj(t) if isinstance(t, tf.Tensor) and t.dtype.is_complex else t


def _summed(dx: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Adds up what comes from directions that are stacked along a first axis to a value that they share."""
    more = len(dx.shape) - len(x.shape)
    return tf.reduce_sum(dx, list(range(more))) if more else dx
