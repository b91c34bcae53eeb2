"""DeepXDE inside `accelerated`: six problems train with the same losses as outside, on both TensorFlow backends."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

PROBLEMS = Path(__file__).parent / "support" / "deepxde_problems.py"  # not imported: DeepXDE chooses its backend then
ORDERS = {
    "burgers": 2,
    "allen_cahn": 2,
    "kuramoto_sivashinsky": 4,
    "beam": 4,
    "diffusion_reaction": 2,
    "dispersion": 3,
}
STEPS, WIDTH, LAYERS = 10, 12, 3
RUNS = {  # backend, dtype, and what follows
    "functions": ("tensorflow", "float64"),
    "functions, XLA": ("tensorflow", "float32", "kuramoto_sivashinsky", "--xla"),
    "session": ("tensorflow.compat.v1", "float64"),
    "session, float32": ("tensorflow.compat.v1", "float32"),
}


def tolerance(dtype, order):
    """Rounding errors of a sum over a layer's width, in each layer and step; a derivative doubles the products."""
    return np.finfo(dtype).eps * STEPS * LAYERS * WIDTH * 2**order


def trained(folder, backend, dtype, *arguments):
    """Trains in a process of its own; returns the arrays that it wrote."""
    environment = {**os.environ, "DDE_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, str(PROBLEMS), str(folder / "found.npz"), dtype, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "found.npz") as file:
        return {name: file[name] for name in file.files}


# pytest.importorskip would choose a backend for this process.
@pytest.mark.skipif(not find_spec("deepxde"), reason="DeepXDE is not installed: pip install '.[deepxde]'")
@pytest.mark.parametrize("run", RUNS)
def test_training_is_the_same_with_and_without(run, tmp_path):
    backend, dtype, *arguments = RUNS[run]
    found = trained(tmp_path, backend, dtype, *arguments)
    names = [name for name in ORDERS if name in arguments] or list(ORDERS)
    assert {name.partition("/")[0] for name in found} == set(names)
    for name in names:
        limit = tolerance(dtype, ORDERS[name])
        plain, fast = found[f"{name}/plain/losses"], found[f"{name}/accelerated/losses"]
        assert len(plain) == STEPS + 1
        np.testing.assert_array_less(abs(fast - plain) / plain.sum(1, keepdims=True), limit, err_msg=name)
        plain, fast = found[f"{name}/plain/coefficients"], found[f"{name}/accelerated/coefficients"]
        np.testing.assert_allclose(fast, plain, rtol=limit, err_msg=name)
    ways = {name: {line.partition(": ")[2] for line in found[f"{name}/report"].tolist()} for name in names}
    assert ways == {name: {"by series", "TensorFlow's own gradient: it is of first order"} for name in names}
