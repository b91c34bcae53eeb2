"""A network, its derivatives in NumPy, and processes in which an export runs without what it must not need."""

import os
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import nthgrad as ng

writes_stablehlo = pytest.mark.skipif(
    tuple(map(int, tf.__version__.split(".")[:2])) < (2, 19), reason="StableHLO begins with TensorFlow 2.19"
)


SHUT = """
import sys

class Shut:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in REFUSED, name

sys.meta_path.insert(0, Shut())
"""


def elsewhere(code: str, refused: set[str], *arguments: str) -> None:
    """Runs Python code in a process without some packages."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"REFUSED = {refused}{SHUT}{textwrap.dedent(code)}", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr


TANH = [lambda t: t, lambda t: 1 - t**2, lambda t: -2 * t * (1 - t**2), lambda t: (1 - t**2) * (6 * t**2 - 2),
        lambda t: (1 - t**2) * (16 * t - 24 * t**3)]  # fmt: skip
RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(2, 5)), RNG.normal(size=5), RNG.normal(size=(5, 1))


def exact(z: np.ndarray, *orders: int) -> np.ndarray:
    """The derivative of tanh(z A + B) C of these orders by the columns of z."""
    a = A[-z.shape[1] :]
    return TANH[sum(orders)](np.tanh(z @ a + B)) * np.prod(a ** np.array(orders)[:, None], axis=0) @ C


def network(library, d: int = 1, dtype: str = "float64"):
    """The network as a model of a library."""
    layers = library.layers
    model = library.Sequential([
        layers.Input((d,), dtype=dtype),
        layers.Dense(5, activation="tanh", dtype=dtype),
        layers.Dense(1, use_bias=False, dtype=dtype),
    ])  # fmt: skip
    model.set_weights([A[-d:], B, C])
    return model


class Module(tf.Module):
    """The network as a module."""

    def __init__(self):
        self.a, self.b, self.c = tf.Variable(A[1:]), tf.Variable(B), tf.Variable(C)

    def __call__(self, x):
        return tf.tanh(x @ self.a + self.b) @ self.c


def tower(z: np.ndarray) -> list[np.ndarray]:
    return [exact(z, n) for n in range(5)]


def partials(z: np.ndarray) -> list[np.ndarray]:
    return [exact(z, *n) for n in ((0, 0), (1, 0), (1, 1), (0, 3))]


PARTIALS = ["", "t", "tx", "xxx"]

# How it is made, the model, the width and the dtype of its input, what is expected at points, and the tolerance.
CASES = {
    "taylor, Keras": (lambda f: ng.derivatives(f, 4, method="taylor"), lambda: network(keras), 1, "float64", tower),
    "tape, Keras": (lambda f: ng.derivatives(f, 3, method="tape"), lambda: network(keras), 1, "float64", tower),
    "taylor, module": (lambda f: ng.derivative(f, 2), Module, 1, "float64", lambda z: [exact(z, 2)]),
    "tape, module, XLA": (
        lambda f: ng.derivatives(f, 2, method="tape", jit_compile=True), Module, 1, "float64", tower),
    "taylor, tf_keras, XLA": (
        lambda f: ng.derivatives(f, 2, jit_compile=True), lambda: network(tf_keras), 1, "float64", tower),
    "partials": (
        lambda f: ng.partials(f, PARTIALS, coords="tx"), lambda: network(keras, 2, "float32"), 2, "float32", partials),
    "Laplacian": (ng.laplacian, lambda: network(keras, 2), 2, "float64", lambda z: [exact(z, 2, 0) + exact(z, 0, 2)]),
}  # fmt: skip


def points(d: int, length: int, dtype: str = "float64") -> np.ndarray:
    return np.linspace(-1, 1, d * length).reshape(length, d).astype(dtype)


def compared(found: list[np.ndarray], z: np.ndarray, wanted) -> None:
    tolerance = {"float32": 1e-5, "float64": 1e-13}[z.dtype.name]
    for y, e in zip(found, wanted(z.astype("float64"))[: len(found)], strict=True):
        assert y.dtype == z.dtype
        assert y.shape == e.shape
        np.testing.assert_allclose(y, e, rtol=tolerance, atol=10 * tolerance)
