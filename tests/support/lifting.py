"""Recorded artefacts of TensorFlow 1.15.5, lifted, and comparisons with their records."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import legacy
from nthgrad.errors import LegacyError

R = tf.raw_ops
FILES = Path(__file__).parents[1] / "golden" / "artefacts"
ALLOW = "If you trust the file, give safe_mode=False (--unsafe on the command line)."
XY = {"inputs": "x", "outputs": "y"}


def recorded(name):
    with np.load(FILES / f"{name}.npz") as file:
        return dict(file)


def lifted(name, **options):
    return legacy.lift(FILES / name, **options)


def compared(found, expected, dtype, slack=1.0):
    eps = np.finfo(dtype).eps
    for order, (one, other) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(one, other, 64 * slack * eps, 64 * slack * eps, err_msg=f"order {order}")


def each(f, record, order, **options):
    """The derivatives by each element, in a batch."""
    x = record["x"].astype(f.specs[-1].dtype.as_numpy_dtype)
    others = [x**2] if len(f.specs) == 2 else []
    found = ng.derivatives(f, order, argnum=len(others), **options)(*others, x)
    return found, [record[f"d{k}"] for k in range(order + 1)], x.dtype


def scalars(f, record, order, **options):
    """The derivatives of a function of one number, at several."""
    g = ng.derivatives(f, order, **options)
    return np.transpose([np.array(g(x)) for x in record["x"]]), [record[f"d{k}"] for k in range(order + 1)], float


def rows(f, record, order, **options):
    """The derivatives by all columns together: chained tf.gradients gave their parts."""
    x = record["x"].astype(f.specs[0].dtype.as_numpy_dtype)
    found = ng.derivatives(lambda s: f(x + s), order, **options)(np.zeros_like(x[:, :1]))
    sums = [record[f"d{k}"].sum(1, keepdims=True) for k in range(1, order + 1)]
    return found, [record["d0"], *sums], x.dtype


ARTEFACTS = {
    "plain32.pb": ("plain32.pb", {}, each),
    "plain64.pb": ("plain64.pb", XY, each),
    "cond.pb": ("cond.pb", {}, scalars),
    "reference": ("reference.meta", XY, each),
    "resource": ("resource.meta", XY, each),
    "normalized.h5": ("normalized.h5", {}, each),
    "normalized.json": ("normalized.json", {"weights": FILES / "normalized.weights.h5"}, each),
    "normalized.pb": ("normalized.pb", {}, each),
    "recurrent.h5": ("recurrent.h5", {}, rows),
    "dynamic_rnn": ("dynamic_rnn.meta", {"outputs": "y"}, rows),
    "while_loop.pb": ("while_loop.pb", {}, each),
    "arrays.pb": ("arrays.pb", {}, each),
    "functional": ("functional.meta", XY, each),
    "saved_model": ("saved_model", {}, each),
}


def refused(call):
    with pytest.raises(LegacyError) as caught:
        call()
    return str(caught.value).replace(f"{FILES}/", "")


def file_refused(*args, **options):
    return refused(lambda: legacy.lift(*args, **options))
