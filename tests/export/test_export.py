"""Exports: what runs elsewhere gives the same numbers, what is written says what it is, and what is refused."""

import json
import os
import subprocess
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import nthgrad as ng
from nthgrad import errors
from nthgrad.__main__ import main
from nthgrad.export import describe

# Keras's own when it saves, under NumPy 2.5.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

writes_stablehlo = pytest.mark.skipif(
    tuple(map(int, tf.__version__.split(".")[:2])) < (2, 19), reason="StableHLO begins with TensorFlow 2.19"
)
LOADER = Path(__file__).parents[1] / "benchmarks" / "stablehlo.py"
SHUT = """
import sys

class Shut:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in REFUSED, name

sys.meta_path.insert(0, Shut())
"""


def elsewhere(code: str, refused: set[str], *arguments: str) -> None:
    """Runs Python code in a process where some packages are not to be had."""
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


# ---------- a network, and its derivatives in NumPy

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
PLAIN = ("taylor, Keras",)  # saved by TensorFlow alone as well


def points(d: int, length: int, dtype: str = "float64") -> np.ndarray:
    return np.linspace(-1, 1, d * length).reshape(length, d).astype(dtype)


def compared(found: list[np.ndarray], z: np.ndarray, wanted) -> None:
    tolerance = {"float32": 1e-5, "float64": 1e-13}[z.dtype.name]
    for y, e in zip(found, wanted(z.astype("float64"))[: len(found)], strict=True):
        assert y.dtype == z.dtype
        assert y.shape == e.shape
        np.testing.assert_allclose(y, e, rtol=tolerance, atol=10 * tolerance)


# ---------- SavedModel


def test_a_saved_model_runs_in_a_process_without_nthgrad(tmp_path):
    lengths, hows = (0, 7), {name: ("", ", plain") if name in PLAIN else ("",) for name in CASES}
    for name, (make, build, d, dtype, _) in CASES.items():
        model, spec = build(), tf.TensorSpec([None, d], dtype)
        ng.export.saved_model(make(model), str(tmp_path / name), spec)
        if name in PLAIN:
            plain = tf.Module()
            plain.model, plain.__call__ = model, tf.function(make(model), input_signature=[spec])
            tf.saved_model.save(plain, str(tmp_path / f"{name}, plain"))
        for how in hows[name]:
            np.savez(tmp_path / f"{name}{how}.npz", *(points(d, n, dtype) for n in lengths))
    elsewhere(
        """
        import numpy as np
        import tensorflow as tf
        for path in sys.argv[1:]:
            function, given = tf.saved_model.load(path), np.load(f"{path}.npz")
            for key in given.files:
                np.savez(f"{path}, {key}.npz", *tf.nest.flatten(function(tf.constant(given[key]))))
        """,
        {"nthgrad"},
        *(f"{tmp_path}/{name}{how}" for name in CASES for how in hows[name]),
    )
    for name, (_, _, d, dtype, wanted) in CASES.items():
        for how in hows[name]:
            for i, length in enumerate(lengths):
                with np.load(tmp_path / f"{name}{how}, arr_{i}.npz") as file:
                    compared([file[key] for key in file.files], points(d, length, dtype), wanted)


@pytest.mark.quick
def test_a_saved_model_has_structure_and_a_signature_by_name(tmp_path):
    def u(theta, x):
        return {"u": theta**2 * x, "v": (x**3, theta * x)}

    g = ng.partials(u, [("theta", "x"), ("x", "x")])
    one = np.ones((3, 1))
    ng.export.saved_model(g, str(tmp_path / "g"), *[tf.TensorSpec([None, 1], tf.float64)] * 2)
    loaded = tf.saved_model.load(str(tmp_path / "g"))
    found = loaded(2 * one, 3 * one)
    assert set(found) == {"theta.x", "x.x"}
    np.testing.assert_allclose([found["theta.x"]["u"], found["x.x"]["v"][0]], [4 * one, 18 * one])
    named = loaded.signatures["serving_default"](theta=tf.constant(2 * one), x=tf.constant(3 * one))
    assert set(named) == {f"{p}_{leaf}" for p in ("theta.x", "x.x") for leaf in ("u", "v_0", "v_1")}
    np.testing.assert_allclose([named["theta.x_v_1"], named["x.x_v_0"]], [one, 18 * one])


def test_a_loaded_derivative_is_a_function_to_differentiate(tmp_path):
    ng.export.saved_model(ng.derivative(tf.sin, 2), str(tmp_path / "g"), tf.TensorSpec([None], tf.float64))
    x = np.array([0.0, 1.0])
    np.testing.assert_allclose(ng.derivative(tf.saved_model.load(str(tmp_path / "g")), 2)(x), np.sin(x), atol=1e-15)


# ---------- StableHLO


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
        f"The StableHLO that TensorFlow {tf.__version__} made of g takes other arguments than g and the variables that "
        "it uses. Export a SavedModel."
    )
    assert not [*tmp_path.iterdir()]


# ---------- what is refused


TABLE = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([0], [2.0]), 0.0)
COUNT = tf.Variable(0.0)
OPEN, CLOSED = tf.TensorSpec([None], tf.float32), tf.TensorSpec([4], tf.float32)
NUMBER = f"TensorFlow {tf.__version__} has no StableHLO of g: "

REFUSED = {
    "there already": (
        lambda: ng.export.saved_model(tf.sin, "there", OPEN),
        errors.ArgumentError,
        "there is there already. Give the name of a folder that is not, or remove it.",
    ),
    "there already, StableHLO": (
        lambda: ng.export.stablehlo(tf.sin, "there", CLOSED),
        errors.ArgumentError,
        "there is there already. Give the name of a folder that is not, or remove it.",
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


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        errors.ArgumentError, match=r"^g cannot be written: No space left on device. Give a path that can.$"
    ):
        ng.export.stablehlo(tf.sin, "g", CLOSED)
    assert not [*here.iterdir()]


# ---------- the command line


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
        "there is there already. Give the name of a folder that is not, or remove it.",
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
        "The batch size of x is open, which StableHLO does not know. Add --batch N.",
    "two.keras --partials t --out g":
        "The input x of two.keras has 2 columns. Name them with --coords, for example --coords tx.",
    "two.keras --partials t --coords tt --out g":
        "coords is 'tt', where 't' stands twice. Give each column a name of its own.",
    "two.keras --partials y --coords tx --out g":
        "'y' in names asks for the coordinate 'y', but the columns named by coords are t, x. Name one of those.",
    "two.keras --partials t --coords txy --out g":
        "The input x of two.keras has 2 columns, but --coords names 3. Name them all.",
    "apart.keras --laplacian --out g":
        "apart.keras has 2 inputs, t, x, and the Laplacian is by the columns of one. Ask for --partials.",
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
