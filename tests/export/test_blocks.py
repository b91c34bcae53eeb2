"""Exports of functions that compute in blocks of rows: they hold the loop, and give the same numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from support.exports import elsewhere, writes_stablehlo

import nthgrad as ng

RNG = np.random.default_rng(0)
WEIGHTS = [tf.Variable(RNG.normal(size=s)) for s in ((2, 6), (6, 1))]
T, X = RNG.uniform(-1, 1, (2, 40, 1))


def u(t, x):
    return tf.tanh(tf.concat([t, x], 1) @ WEIGHTS[0]) @ WEIGHTS[1]


def diagonal(x):
    return u(x, x)


HEAT = ng.partials(u, ["t", "xx"])


def heat(t, x):
    d = HEAT(t, x)
    return (d["t"] - d["xx"]) ** 2


CASES = {
    "derivative": (lambda **o: ng.derivative(diagonal, 2, **o), (X,)),
    "partials": (lambda **o: ng.partials(u, ["", "t", "xx"], **o), (T, X)),
    "laplacian": (lambda **o: ng.laplacian(u, argnum=("t", "x"), **o), (T, X)),
    "loss and gradients": (lambda **o: ng.loss_and_gradients(heat, WEIGHTS, **o), (T, X)),
}


def close(found, name):
    make, points = CASES[name]
    for a, b in zip(found, tf.nest.flatten(make(block=None)(*points)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13 * np.abs(b).max())


@writes_stablehlo
def test_stablehlo(tmp_path):
    """JAX runs it. That of g is that of a function that XLA compiles and that calls g."""
    for name, (make, points) in CASES.items():
        g, specs, folder = make(block=16), [tf.TensorSpec(p.shape, p.dtype) for p in points], tmp_path / name
        ng.export.stablehlo(g, str(folder), *specs)
        text = (folder / "function.mlir").read_text()
        assert "stablehlo.while" in text
        if name == "derivative":
            run = tf.function(lambda *xs: g(*xs), autograph=False, jit_compile=True)  # noqa: B023
            assert run.experimental_get_compiler_ir(*specs)(stage="stablehlo").count("\n") == text.count("\n")
        names = [a["name"] for a in json.loads((folder / "function.json").read_text())["arguments"]]
        np.savez(folder / "given.npz", **dict(zip(names, points, strict=False)))
    loader = Path(__file__).parents[1] / "benchmarks" / "stablehlo.py"
    elsewhere(loader.read_text(), {"tensorflow", "nthgrad"}, *map(str, tmp_path.iterdir()))
    for folder in tmp_path.iterdir():
        with np.load(folder / "found.npz") as file:
            close([file[key] for key in file.files], folder.name)


@pytest.mark.parametrize("compiled", [None, True])
@pytest.mark.parametrize("rows", [40, None])
@pytest.mark.parametrize("name", CASES)
def test_saved_model(name, rows, compiled, tmp_path):
    make, points = CASES[name]
    g = make(block=16, jit_compile=compiled)
    ng.export.saved_model(g, str(tmp_path / "g"), *[tf.TensorSpec([rows, 1], tf.float64)] * len(points))
    close(tf.nest.flatten(tf.saved_model.load(str(tmp_path / "g"))(*map(tf.constant, points))), name)
