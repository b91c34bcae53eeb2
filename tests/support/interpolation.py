"""An oracle that differentiates nothing: functions of one number, and the polynomials through their plain values.

The functions tested map a scalar x, through tensors that are quadratic in x, to a tensor of any shape: a full series.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.polynomial import chebyshev

POINT = 0.3
ORDER = 3  # of the derivatives of one op, or of one layer
# The error allowed at orders 0 to 3, relative to the largest derivative. The interpolation itself has 1e-14 to 1e-9.
TOLERANCE = (1e-12, 1e-9, 1e-8, 1e-6)


def through(a: Any, b: Any, c: Any) -> Callable[[Any], Any]:
    """The tensor that is a + b d + c d**2 at POINT + d."""

    def at(x):
        x = tf.convert_to_tensor(x, dtype_hint=tf.float64)
        d = x - tf.cast(POINT, x.dtype)
        return tf.cast(a, x.dtype) + d * (tf.cast(b, x.dtype) + d * tf.cast(c, x.dtype))

    return at


def curve(*shape: int, low: float = -1.0, high: float = 1.0, seed: int = 0, flat: float = 1.0) -> Callable[[Any], Any]:
    """A tensor that is quadratic in x, each element with its own coefficients; at `POINT` it lies in [low, high]."""
    a, b, c = np.random.RandomState(seed).uniform(-1, 1, (3, *shape)) * (high - low) / 4
    return through((low + high) / 2 + 2 * a, flat * b, flat * c)


def interpolated(
    f: Callable[[Any], Any], order: int, radius: float = 0.05, nodes: int = 15, degree: int = 9, dtype: Any = "float64"
) -> np.ndarray:
    """Derivatives at `POINT`, orders 0 to `order`, of the least-squares polynomial through f at Chebyshev nodes.

    Args:
        f: maps a scalar tensor to a tensor of any shape.
        order: the highest order.
        radius: of the interval about `POINT`, on which f may have no kink and near which no singularity.
        nodes: how many values of f are taken.
        degree: of the polynomial.
        dtype: of the points; the rest is done in float64.

    Returns:
        An array of shape [order + 1, size of f's output].
    """
    points = (POINT + radius * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)).astype(dtype)
    values = np.array([np.ravel(f(tf.constant(t))) for t in points], "float64")
    series = chebyshev.chebfit((points.astype("float64") - POINT) / radius, values, degree)
    return np.array([chebyshev.chebval(0.0, chebyshev.chebder(series, k)) / radius**k for k in range(order + 1)])
