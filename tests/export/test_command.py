"""`nthgrad export`: what it writes and what it refuses."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from support.exports import Module, compared, exact, network, partials, points, tower, writes_stablehlo

from nthgrad.__main__ import main

# Keras's own when it saves, under NumPy 2.5.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def files(here):
    """Models in files."""
    network(keras).save("one.keras")
    network(keras, 2).save("two.keras")
    with pytest.warns(UserWarning, match="HDF5"):
        network(tf_keras).save("old.h5")
    t, x = keras.Input((1,), name="t", dtype="float64"), keras.Input((1,), name="x", dtype="float64")
    z = keras.layers.Concatenate(dtype="float64")([t, x])
    for layer in network(keras, 2).layers:
        z = layer(z)
    keras.Model([t, x], z).save("apart.keras")
    module = Module()
    spec = tf.TensorSpec([None, 1], tf.float64, name="position")
    module.f = tf.function(module.__call__, input_signature=[spec])
    tf.saved_model.save(module, "folder", signatures={"value": module.f})
    (here / "empty").mkdir()
    (here / "there").mkdir()
    (here / "words.keras").write_text("no model")
    keras.Sequential([keras.layers.Input((1,)), keras.layers.Lambda(lambda x: x**2)]).save("code.keras")
    return here


# What is typed, the line that is printed, and what is expected at points.
EXPORTS = {
    "one.keras --order 3": ("derivatives_3_of_one(x: float64[None, 1])", 1, lambda z: tower(z)[:4]),
    "old.h5 --order 2 --method tape --batch 6": (
        "derivatives_2_of_old(x: float64[6, 1])", 1, lambda z: tower(z)[:3]),
    "folder --signature value --order 2 --jit": (
        "derivatives_2_of_folder(x: float64[None, 1])", 1, lambda z: tower(z)[:3]),
    "two.keras --partials ,t,tx,xxx --coords tx": ("partials_of_two(x: float64[None, 2])", 2, partials),
    "apart.keras --partials tx,xxx": (
        "partials_of_apart(t: float64[None, 1], x: float64[None, 1])", 2, lambda z: partials(z)[2:]),
    "apart.keras --order 1 --by x": (
        "derivatives_1_of_apart(t: float64[None, 1], x: float64[None, 1])", 2,
        lambda z: [exact(z, 0, 0), exact(z, 0, 1)]),
    "two.keras --laplacian --method tape": (
        "laplacian_of_two(x: float64[None, 2])", 2, lambda z: [exact(z, 2, 0) + exact(z, 0, 2)]),
}  # fmt: skip


def test_export_at_the_command_line(files, capfd):
    for i, (typed, (said, d, wanted)) in enumerate(EXPORTS.items()):
        capfd.readouterr()
        assert main(["export", *typed.split(), "--out", f"out{i}"]) == 0
        assert capfd.readouterr() == (f"out{i}: {said}\n", "")
        z = points(d, 6)
        loaded = tf.saved_model.load(f"out{i}")
        parts = np.split(z, 2, 1) if typed.startswith("apart") else [z]
        found = loaded(*map(tf.constant, parts))
        names = typed.split("--partials ")[-1].split()[0].split(",")
        flat = [found[n] for n in names] if isinstance(found, dict) else tf.nest.flatten(found)
        compared([y.numpy() for y in flat], z, wanted)


@writes_stablehlo
def test_export_of_stablehlo_at_the_command_line(files, capfd):
    typed = "two.keras --partials x,time.time --coords time,x --format stablehlo --batch 4 --out g"
    assert main(["export", *typed.split()]) == 0
    assert capfd.readouterr().out == "g: partials_of_two(x: float64[4, 2])\n"
    said = json.loads(Path("g/function.json").read_text())
    assert [(a["name"], a["shape"]) for a in said["arguments"][:1]] == [("x", [4, 2])]
    assert [(o["name"], o["shape"]) for o in said["outputs"]] == [("time.time", [4, 1]), ("x", [4, 1])]


ONE = "Give one of --order N, --partials NAMES and --laplacian."
NOT_ALLOWED = {
    "none.keras --order 1 --out g": "Invalid value for 'MODEL': Path 'none.keras' does not exist.",
    "one.keras --order 1": "Missing option '--out'.",
    "one.keras --order -1 --out g":
        "Invalid value for '--order': -1 is no order of differentiation. Give an integer from 0 to 100.",
    "one.keras --order 1 --batch 0 --out g": "Invalid value for '--batch': 0 is not in the range x>=1.",
    "one.keras --out g": f"There is nothing to export. {ONE}",
    "one.keras --order 1 --partials x --out g": f"--order and --partials are given together. {ONE}",
    "one.keras --order 1 --partials x --laplacian --out g":
        f"--order and --partials and --laplacian are given together. {ONE}",
    "one.keras --order 1 --coords x --out g": "--coords goes with --partials, not with --order. Leave it out.",
    "one.keras --laplacian --by x --out g": "--by goes with --order, not with --laplacian. Leave it out.",
    "one.keras --order 1 --no-jit --format stablehlo --out g": "--no-jit goes with --format savedmodel. Leave it out.",
    "one.keras --order 1 --out there":
        "there exists already. Give the name of a new folder, or remove it.",
    "one.keras --order 1 --out nowhere/g": "There is no folder nowhere for g. Make it first.",
    "one.keras --order 1 --signature f --out g":
        "one.keras is a file, and only a SavedModel has signatures. Leave out --signature.",
    "old.txt --order 1 --out g":
        "old.txt has an unknown ending. Give a .keras, .h5 or .hdf5 file, or the folder of a SavedModel.",
    "empty --order 1 --out g":
        "empty holds no saved_model.pb, so it is no SavedModel. Give the folder that tf.saved_model.save wrote.",
    "folder --order 1 --out g":
        "folder has no signature serving_default. Its signatures are value. Name one with --signature.",
    "one.keras --order 1 --by t --out g": "--by t is none of the inputs x. Name one of those.",
    "one.keras --order 1 --format stablehlo --out g":
        "The batch size of x is unknown, which StableHLO does not allow. Add --batch N.",
    "two.keras --partials t --out g":
        "The input x of two.keras has 2 columns. Name them with --coords, for example --coords tx.",
    "two.keras --partials t --coords tt --out g":
        "coords is 'tt', which has 't' twice. Give each column a name of its own.",
    "two.keras --partials y --coords tx --out g":
        "'y' in names asks for the coordinate 'y', but the columns named by coords are t, x. Name one of those.",
    "two.keras --partials t --coords txy --out g":
        "The input x of two.keras has 2 columns, but --coords names 3. Name them all.",
    "apart.keras --laplacian --out g":
        "apart.keras has 2 inputs, t, x, but --laplacian requires one. Use --partials.",
    "apart.keras --partials t --coords tx --out g":
        "apart.keras has 2 inputs, which name the coordinates: t, x. Leave out --coords.",
}  # fmt: skip


def test_refused_at_the_command_line(files, capfd):
    (files / "old.txt").write_text("")
    before = sorted(p.name for p in files.iterdir())
    for typed, message in NOT_ALLOWED.items():
        capfd.readouterr()
        assert main(["export", *typed.split()]) == 2, typed
        assert capfd.readouterr() == ("", f"nthgrad: {message}\n")
    assert main(["export", *["words.keras", "--order", "1", "--out", "g"]]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("nthgrad: words.keras cannot be loaded (keras: File not found")
    assert err.endswith("). Load it in Python, and give the derivatives to nthgrad.export.\n")
    assert main(["export", *["code.keras", "--order", "1", "--out", "g"]]) == 1
    assert "tf_keras" not in capfd.readouterr().err
    assert sorted(p.name for p in files.iterdir()) == before


def test_help(capsys):
    assert main(["--help"]) == 0
    assert "\n  export " in capsys.readouterr().out
    assert main(["export", "--help"]) == 0
    assert "\n    nthgrad export model.keras --order 2 --out curvature\n" in capsys.readouterr().out
