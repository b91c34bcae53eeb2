"""Burgers' equation, u_t + u u_x = nu u_xx, whose solution steepens from a sine to a shock.

On -1 <= x <= 1 and 0 <= t <= 1, with u(0, x) = -sin(pi x), u(t, -1) = u(t, 1) = 0 and nu = 0.05 / pi. The reference is
Cole's and Hopf's solution, two integrals computed by Gauss-Hermite quadrature. The error is below 1e-2 (5e-3 was
measured) after half a minute on two cores.
"""

from math import pi

import keras
import numpy as np
import tensorflow as tf

import nthgrad as ng
from nthgrad.examples import training

NU = 0.05 / pi
POINTS = 1024  # a step


def reference(t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Returns the solution on a grid of t > 0 and x, of shape [m, n]: a quotient of two means."""
    z, weights = np.polynomial.hermite.hermgauss(100)
    y = x[:, None] - np.sqrt(4 * NU * t)[:, None, None] * z
    weights = weights * np.exp(-(1 + np.cos(pi * y)) / (2 * pi * NU))
    return -(weights * np.sin(pi * y)).sum(-1) / weights.sum(-1)


def solve(steps: int) -> training.Solution:
    """Trains a network and compares it with the reference."""
    model = training.network(2, 32, 32, 32, 1)

    def u(t: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        # Satisfies the conditions at t = 0 and at the walls for any network.
        return -tf.sin(pi * x) + t * (1 - x**2) * model(tf.concat([t, x], 1))

    partials = ng.partials(u, ["", "t", "x", "xx"])

    def loss(seed: tf.Tensor) -> tf.Tensor:
        t, x = tf.unstack(tf.random.stateless_uniform([2, POINTS, 1], seed, dtype=keras.config.floatx()))
        d = partials(t, 2 * x - 1)
        return tf.reduce_mean((d["t"] + d[""] * d["x"] - NU * d["xx"]) ** 2)

    training.train(model, loss, steps)
    t, x = np.linspace(0.01, 1, 100), np.linspace(-1, 1, 201)
    return training.Solution(t, x, training.on_grid(u, t, x), reference(t, x))


main = training.command(__doc__, solve, steps=5000)

if __name__ == "__main__":
    main()
