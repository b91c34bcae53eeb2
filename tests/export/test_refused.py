"""Exports: what is refused, and what a write that fails leaves."""

import numpy as np
import pytest
import tensorflow as tf
from support.exports import writes_stablehlo

import nthgrad as ng
from nthgrad import errors

# Keras's own when it saves, under NumPy 2.5.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


TABLE = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([0], [2.0]), 0.0)
COUNT = tf.Variable(0.0)
OPEN, CLOSED = tf.TensorSpec([None], tf.float32), tf.TensorSpec([4], tf.float32)
NUMBER = f"TensorFlow {tf.__version__} has no StableHLO of g: "

REFUSED = {
    "there already": (
        lambda: ng.export.saved_model(tf.sin, "there", OPEN),
        errors.ArgumentError,
        "there exists already. Give the name of a new folder, or remove it.",
    ),
    "there already, StableHLO": (
        lambda: ng.export.stablehlo(tf.sin, "there", CLOSED),
        errors.ArgumentError,
        "there exists already. Give the name of a new folder, or remove it.",
    ),
    "nowhere": (
        lambda: ng.export.saved_model(tf.sin, "nowhere/g", OPEN),
        errors.ArgumentError,
        "There is no folder nowhere for g. Make it first.",
    ),
    "no arguments": (
        lambda: ng.export.stablehlo(tf.sin, "g"),
        errors.ArgumentError,
        "No argument of g is given. Give a tf.TensorSpec for each, for example tf.TensorSpec([None, 1]).",
    ),
    "no function": (
        lambda: ng.export.saved_model(3, "g", OPEN),
        errors.ArgumentError,
        "g is 3, a int, which cannot be called. Give a function.",
    ),
    "an open length": (
        lambda: ng.export.stablehlo(tf.sin, "g", OPEN),
        errors.ArgumentError,
        "x has the shape (None,), but StableHLO has no open lengths. Give every length.",
    ),
    "a table": (
        lambda: ng.export.saved_model(lambda x: x * TABLE.lookup(tf.constant(0)), "g", OPEN),
        errors.ArgumentError,
        "g uses something that is no variable and has to be saved with it, such as a lookup table. Save a tf.Module that "
        "holds both, with tf.saved_model.save.",
    ),
    "a variable that changes": (
        lambda: ng.export.stablehlo(lambda x: x * COUNT.assign_add(1.0), "g", CLOSED),
        errors.UnsupportedOpError,
        "g changes a variable, as BatchNormalization does in training mode, and StableHLO has no variables. Call the "
        "model with training=False, or export a SavedModel.",
    ),
    "what mixes elements": (
        lambda: ng.export.stablehlo(ng.derivative(lambda x: tf.reverse(x, [0])[::2] ** 2), "g", CLOSED),
        errors.OutputError,
        "f maps shape (4,) to shape (2,) (output 0), so it mixes elements of x: a derivative here means that each element "
        "of the output depends on its own element (or row) of x only. Differentiate a function of one element at a time, "
        "or use nthgrad.gradient, nthgrad.jacobian or nthgrad.partials.",
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=writes_stablehlo) if n == "a variable that changes" else n for n in REFUSED]
)
def test_refused(name, here):
    (here / "there").mkdir()
    call, kind, text = REFUSED[name]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
    assert [p.name for p in here.iterdir()] == ["there"]


def test_a_tensorflow_that_cannot_write_stablehlo(here, monkeypatch):
    monkeypatch.setattr(tf, "__version__", "2.18.1")
    with pytest.raises(errors.UnsupportedOpError) as error:
        ng.export.stablehlo(tf.sin, "g", CLOSED)
    assert str(error.value) == (
        "TensorFlow 2.18.1 cannot write StableHLO. Install TensorFlow 2.19 or newer, or export a SavedModel."
    )
    assert not [*here.iterdir()]


@writes_stablehlo
@pytest.mark.parametrize("f", [lambda x: tf.sin(x) * TABLE.lookup(tf.constant(0)),
                               lambda x: tf.strings.to_number(tf.strings.as_string(x))])  # fmt: skip
def test_what_xla_cannot_compile(f, here):
    with pytest.raises(errors.UnsupportedOpError) as error:
        ng.export.stablehlo(f, "g", CLOSED)
    assert str(error.value).startswith(NUMBER)
    assert str(error.value).endswith(
        " Write that part of g with ops that tf.function(jit_compile=True) compiles, or export a SavedModel."
    )
    assert not [*here.iterdir()]


@writes_stablehlo
@pytest.mark.parametrize("given", [CLOSED, np.full(4, 2.0, "float32")], ids=["ones for a spec", "an array"])
def test_what_g_raises_when_it_runs_is_raised(given, here):
    """XLA leaves out assertions."""

    def g(x):
        tf.debugging.assert_less(x, 1.0, "too large")
        return x

    with pytest.raises(tf.errors.InvalidArgumentError, match="too large"):
        ng.export.stablehlo(g, "g", given)
    assert not [*here.iterdir()]


@writes_stablehlo
def test_a_write_that_fails_leaves_nothing(here, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(
        errors.ArgumentError, match=r"^g cannot be written: No space left on device. Give a writable path.$"
    ):
        ng.export.stablehlo(tf.sin, "g", CLOSED)
    assert not [*here.iterdir()]
