"""Exports as StableHLO: what runs elsewhere gives the same numbers, and what is written says what it is."""

import json
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.exports import CASES, compared, elsewhere, network, points, writes_stablehlo

import nthgrad as ng
from nthgrad import errors
from nthgrad.export import describe

# Keras's own when it saves, under NumPy 2.5.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


LOADER = Path(__file__).parents[1] / "benchmarks" / "stablehlo.py"


@writes_stablehlo
def test_stablehlo_runs_by_jax_in_a_process_without_tensorflow(tmp_path):
    for name, (make, build, d, dtype, _) in CASES.items():
        ng.export.stablehlo(make(build()), str(tmp_path / name), tf.TensorSpec([7, d], dtype))
        np.savez(tmp_path / name / "given.npz", x=points(d, 7, dtype))
    # Variables and tensors of one shape, in an order in which none can be taken for another.
    v, w = tf.Variable(np.full((2, 2), 3.0)), tf.Variable(np.full((2, 2), 7.0))
    a, b = tf.constant(np.full((2, 2), 2.0)), tf.constant(np.full((2, 2), 5.0), tf.float32)

    def mixed(x, y):
        rest = tf.reduce_sum(tf.cast(b, x.dtype) * w * y)
        return {"later": [x + a - 10 * v, tf.constant(1, tf.int64), rest > 0], "first": rest}

    ng.export.stablehlo(mixed, str(tmp_path / "mixed"), *[tf.TensorSpec([2, 2], tf.float64)] * 2)
    np.savez(tmp_path / "mixed" / "given.npz", x=np.eye(2), y=np.arange(4.0).reshape(2, 2))

    elsewhere(LOADER.read_text(), {"tensorflow", "nthgrad"}, *(str(tmp_path / name) for name in [*CASES, "mixed"]))

    def found(name):
        with np.load(tmp_path / name / "found.npz") as file:
            return {key: file[key] for key in file.files}

    for name, (_, _, d, dtype, wanted) in CASES.items():
        compared([*found(name).values()], points(d, 7, dtype), wanted)
    there = found("mixed")
    assert list(there) == ["first", "later_0", "later_1", "later_2"]
    assert [y.dtype.name for y in there.values()] == ["float64", "float64", "int64", "bool"]
    for y, e in zip(there.values(), (210, np.eye(2) - 28, 1, True), strict=True):
        np.testing.assert_array_equal(y, e)


@writes_stablehlo
def test_what_stablehlo_says_of_itself(tmp_path):
    model = network(keras, 2, "float32")
    g = ng.partials(model, ["", "tx"], coords="tx")
    ng.export.stablehlo(g, str(tmp_path / "g"), tf.TensorSpec([4, 2], tf.float32, "z"))
    assert sorted(p.name for p in (tmp_path / "g").iterdir()) == ["function.json", "function.mlir", "values.npz"]
    text = (tmp_path / "g" / "function.mlir").read_text()
    assert "stablehlo.dot" in text
    assert "dense_resource" not in text
    assert str(Path(__file__).parents[2]) not in text
    said = json.loads((tmp_path / "g" / "function.json").read_text())
    names = [v.path for v in model.variables]
    weights = [a for a in said["arguments"] if a["kind"] == "variable"]
    assert said["arguments"][0] == {"name": "z", "kind": "input", "shape": [4, 2], "dtype": "float32"}
    assert [a["name"] for a in weights] == names
    with np.load(tmp_path / "g" / "values.npz") as values:
        assert len(values.files) == len(said["arguments"]) - 1
        for a in said["arguments"][1:]:
            assert [*values[a["key"]].shape] == a["shape"]
            assert values[a["key"]].dtype == a["dtype"]
        for a, v in zip(weights, model.variables, strict=True):
            np.testing.assert_array_equal(values[a["key"]], v)
        assert {a["kind"] for a in said["arguments"]} <= {"input", "variable", "constant"}
    assert said["outputs"] == [{"name": n, "shape": [4, 1], "dtype": "float32"} for n in ("value", "tx")]
    assert said["structure"] == {"": 0, "tx": 1}
    assert said["versions"] == {"nthgrad": version("nthgrad"), "tensorflow": tf.__version__}


@writes_stablehlo
def test_the_structure_points_to_the_outputs_in_their_order(tmp_path):
    def g(x):  # as texts, these keys stand in another order
        return {("a", "z"): x, ("a b",): tf.reduce_sum(x)}

    ng.export.stablehlo(g, str(tmp_path / "g"), tf.TensorSpec([4], tf.float32))
    said = json.loads((tmp_path / "g" / "function.json").read_text())
    assert [(o["name"], o["shape"]) for o in said["outputs"]] == [("a.z", [4]), ("a b", [])]
    assert said["structure"] == {"a.z": 0, "a b": 1}


@pytest.mark.quick
@writes_stablehlo
@pytest.mark.parametrize(
    ("given", "made"),
    [(["y"], ["y"]), (["x", "x", "x"], ["x", "x_1", "x_2"]), (["x", "x_1", "x"], ["x", "x_1", "x_2"]),
     ([None, None], ["x_0", "x_1"]), (["b", None], ["b", "x_1"])],
)  # fmt: skip
def test_every_argument_has_a_name_of_its_own(given, made, tmp_path):
    ng.export.stablehlo(lambda *xs: tf.add_n(xs), str(tmp_path / "g"), *(tf.TensorSpec([2], name=n) for n in given))
    said = json.loads((tmp_path / "g" / "function.json").read_text())
    assert [argument["name"] for argument in said["arguments"]] == made


DTYPES = ["bool", *(f"{sign}int{n}" for sign in ("", "u") for n in (8, 16, 32, 64)), "bfloat16", "float16", "float32",
          "float64", "complex64", "complex128"]  # fmt: skip


@writes_stablehlo
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_has_tensorflows_name(dtype, tmp_path):
    ng.export.stablehlo(lambda x: tf.reshape(x, [2, 1]), str(tmp_path / "g"), tf.TensorSpec([1, 2], dtype))
    said = json.loads((tmp_path / "g" / "function.json").read_text())
    assert said["arguments"] == [{"name": "x", "kind": "input", "shape": [1, 2], "dtype": dtype}]
    assert said["outputs"] == [{"name": "output", "shape": [2, 1], "dtype": dtype}]


@writes_stablehlo
@pytest.mark.parametrize("swap", [("shape",), ("dtype",), ("shape", "dtype")], ids="-".join)
def test_arguments_in_another_order_than_tensorflows_are_noticed(swap, tmp_path, monkeypatch):
    """TensorFlow does not promise that `main` takes what g uses in the order in which the trace captured it."""
    a, b = tf.Variable(np.ones([4, 1])), tf.Variable(np.ones([1, 4], "float32"))
    there = describe.arguments

    def arguments(traced, specs):
        found, values = there(traced, specs)
        for key in swap:
            found[-1][key], found[-2][key] = found[-2][key], found[-1][key]
        return found, values

    monkeypatch.setattr(describe, "arguments", arguments)
    with pytest.raises(errors.UnsupportedOpError) as error:
        ng.export.stablehlo(
            lambda x: x + a * tf.cast(b, x.dtype), str(tmp_path / "g"), tf.TensorSpec([4, 4], tf.float64)
        )
    assert str(error.value) == (
        f"The StableHLO of TensorFlow {tf.__version__} takes other arguments than g and the variables that "
        "it uses. Export a SavedModel."
    )
    assert not [*tmp_path.iterdir()]
