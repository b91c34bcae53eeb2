"""A field on a grid, computed by a network, and its errors against a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from nthgrad.examples.training import DTYPE, History


@dataclass(frozen=True)
class Solution:
    """A field on a grid, computed by a network, and its reference. All quantities are dimensionless.

    Attributes:
        equation: the equation and its parameters, in the notation of matplotlib.
        t: times, of shape [m].
        x: positions, of shape [n].
        found: the network's field, of shape [m, n].
        exact: the reference, of shape [m, n].
        history: the training.
    """

    equation: str
    t: np.ndarray
    x: np.ndarray
    found: np.ndarray
    exact: np.ndarray
    history: History

    @property
    def error(self) -> float:
        """The relative L2 error on the grid."""
        return float(np.linalg.norm(self.found - self.exact) / np.linalg.norm(self.exact))

    @property
    def errors(self) -> np.ndarray:
        """The L2 error at each time, relative to the reference at all times; its mean square is that of `error`."""
        typical = np.linalg.norm(self.exact) / np.sqrt(len(self.t))
        return np.linalg.norm(self.found - self.exact, axis=1) / typical


def on_grid(u: Callable[..., tf.Tensor], t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Evaluates a field u(t, x) of columns on a grid; returns an array of shape [m, n]."""
    columns = [tf.constant(c.reshape(-1, 1), DTYPE) for c in np.meshgrid(t, x, indexing="ij")]
    return np.reshape(tf.function(u)(*columns), (len(t), len(x)))
