"""Functions of complex outputs: values, and gradients by trained real numbers, in closed form, eager and compiled.

f(x) = (a + i b) exp(i k.x) with trained a, b and k. A derivative of order n is i**n p(k) f(x), with a real polynomial p.
So the sum of its squared sizes is (a**2 + b**2) p(k)**2 times the number of points.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

X = np.random.default_rng(0).normal(size=(3, 2))
V = np.array([0.5, -2.0])
W, K = np.array([0.75, -1.25]), np.array([1.5, -0.5])
AMPLITUDES = np.array([1.0, 2.0])  # of a field of two components


def wave(x, w, k):
    """Computes f at points of shape [batch, 2]."""
    phase = tf.linalg.matvec(x, k)
    return tf.complex(w[0], w[1]) * tf.exp(tf.complex(tf.zeros_like(phase), phase))


def field(f):
    return lambda x: tf.cast(tf.constant(AMPLITUDES), f(x).dtype) * f(x)[:, None]


def line(f, x):
    """Returns f on lines along the first coordinate, and this coordinate."""
    return (lambda s: f(tf.stack([s, x[:, 1]], 1))), x[:, 0]


class Wave(keras.layers.Layer):
    """A layer that computes f, as a column."""

    def __init__(self, f, dtype):
        super().__init__(dtype=dtype)
        self.f = f

    def call(self, x):
        return self.f(x)[:, None]

    def compute_output_spec(self, x):
        return keras.KerasTensor((x.shape[0], 1), "complex64" if x.dtype == "float32" else "complex128")


def by_keras(f, x):
    """Returns the second derivative by a column, of a Keras model."""
    given = keras.Input((2,), dtype=x.dtype.name)
    y = Wave(f, x.dtype.name)(given)
    return keras.Model(given, ng.keras.grad(y, given, 2, column=1))(x)[:, 0]


def at(call, *arguments):
    """Calls a function of f, and what it returns with x."""
    return lambda f, x: call(f)(x, *(tf.broadcast_to(tf.cast(v, x.dtype), x.shape) for v in arguments))


def on_line(call, *arguments):
    def run(f, x):
        g, s = line(f, x)
        return call(g)(s, *(tf.ones_like(s) for _ in arguments))

    return run


# By name: what is called, the order, the polynomials of the numbers at a point.
CASES = {
    "taylor": (on_line(lambda f: lambda s, v: ng.taylor(f, 3)(s, v)[3], 1), 3, lambda k: [k[0] ** 3 / 6]),
    "partials": (
        at(lambda f: lambda x: tf.stack([*ng.partials(f, ["tx", "xx"], coords="tx")(x).values()], 1)),
        2,
        lambda k: [k[0] * k[1], k[1] ** 2],
    ),
    "keras.grad": (by_keras, 2, lambda k: [k[1] ** 2]),
    "gradient": (at(ng.gradient), 1, lambda k: k),
    "hvp": (at(ng.hvp, V), 2, lambda k: k * (k @ V)),
    "jvp": (at(ng.jvp, V), 1, lambda k: [k @ V]),
    "laplacian": (at(ng.laplacian), 2, lambda k: [k @ k]),
    "curl": (at(lambda f: ng.curl(field(f))), 1, lambda k: [k[0] * AMPLITUDES[1] - k[1] * AMPLITUDES[0]]),
    "directional": (at(lambda f: ng.directional(f, 2), V), 2, lambda k: [(k @ V) ** 2]),
}


def exact(name):
    """The values, and the gradients of the sum of their squared sizes by (a, b) and by k."""
    _, order, polynomials = CASES[name]
    p = np.array(polynomials(K))
    f = (W[0] + 1j * W[1]) * np.exp(1j * X @ K)
    values = 1j**order * np.multiply.outer(f, p)
    size = lambda k: (np.array(polynomials(k)) ** 2).sum()  # noqa: E731
    by_k = [size(K + 1e-30j * e).imag / 1e-30 for e in np.eye(2)]  # exact for polynomials
    return values, 2 * len(X) * W * size(K), len(X) * (W @ W) * np.array(by_k)


@pytest.mark.parametrize(("dtype", "compiled"), [("float32", False), ("float64", True)])
def test_values_and_gradients_by_weights(dtype, compiled):
    w, k = (tf.Variable(v, dtype=dtype) for v in (W, K))
    f = lambda x: wave(x, w, k)  # noqa: E731

    def run(x):
        found = {}
        for name, (call, _, _) in CASES.items():
            with tf.GradientTape() as tape:
                y = call(f, x)
                loss = tf.reduce_sum(tf.math.real(y * tf.math.conj(y)))
            found[name] = y, *tape.gradient(loss, [w, k])
        return found

    run = tf.function(run, autograph=False, jit_compile=True) if compiled else run
    for name, found in run(tf.constant(X, dtype)).items():
        assert found[0].dtype == (tf.complex64 if dtype == "float32" else tf.complex128), name
        for got, want in zip(found, exact(name), strict=True):
            atol = 100 * np.finfo(dtype).eps * np.abs(want).max()
            np.testing.assert_allclose(got, want.reshape(got.shape), rtol=0, atol=atol, err_msg=name)
