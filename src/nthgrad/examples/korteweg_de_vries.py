"""The Korteweg-de Vries equation, u_t + 6 u u_x + u_xxx = 0: a tall wave overtakes a low one.

On -10 <= x <= 10 and 0 <= t <= 1, with two solitons that meet. The reference is their closed form, u = 2 (log F)_xx
with F = 1 + e**p + e**q + ((a - b) / (a + b))**2 e**(p + q). The error is below 1e-2 (2e-3 was measured) after a minute
on two cores.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import nthgrad as ng
from nthgrad.examples import training

TALL, LOW = 1.6, 0.9  # a and b: a single soliton has height a**2 / 2 and speed a**2
REACH = 10.0
POINTS = 1024  # a step


def two_solitons(exp: Callable[..., Any], t: Any, x: Any) -> Any:
    """Computes the closed form, with NumPy or TensorFlow."""
    p, q = TALL * (x + 1.5) - TALL**3 * t, LOW * (x + 0.5) - LOW**3 * t
    low, tall = exp(q), exp(p)
    both = ((TALL - LOW) / (TALL + LOW)) ** 2 * low * tall
    f, f_x, f_xx = (0**n + TALL**n * tall + LOW**n * low + (TALL + LOW) ** n * both for n in range(3))
    return 2 * (f_xx / f - (f_x / f) ** 2)


def reference(t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Returns the solution on a grid of t and x, of shape [m, n]."""
    return two_solitons(np.exp, t[:, None], x[None, :])


def solve(steps: int) -> training.Solution:
    """Trains a network and compares it with the reference."""
    model = training.network(2, 32, 32, 32, 1, activation=keras.ops.sin)

    def u(t: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        # Satisfies the conditions at t = 0 and far away for any network.
        return two_solitons(tf.exp, 0 * t, x) + t * (1 - (x / REACH) ** 2) * model(tf.concat([3 * t, x], 1))

    partials = ng.partials(u, ["", "t", "x", "xxx"])

    def loss(seed: tf.Tensor) -> tf.Tensor:
        t, x = tf.unstack(tf.random.stateless_uniform([2, POINTS, 1], seed, dtype=keras.config.floatx()))
        d = partials(t, REACH * (2 * x - 1))
        residual = d["t"] + 6 * d[""] * d["x"] + d["xxx"]
        return tf.reduce_mean(residual**2)

    training.train(model, loss, steps)
    t, x = np.linspace(0, 1, 101), np.linspace(-REACH, REACH, 161)
    return training.Solution(t, x, training.on_grid(u, t, x), reference(t, x))


main = training.command(__doc__, solve, steps=5000)

if __name__ == "__main__":
    main()
