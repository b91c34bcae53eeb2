"""Damaged files: lifting one ends in bounded time and memory, and raises nothing but LegacyError."""

import random
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import settings

from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import graph_checks, hdf5_checks

tf1 = tf.compat.v1
FILES = Path(__file__).parents[1] / "golden" / "artefacts"
ALLOW = "If you trust the file, give safe_mode=False (--unsafe on the command line)."
WROTE = "Give the file that TensorFlow 1 wrote."
XY = {"inputs": "x", "outputs": "y"}
LONG = not settings.default.derandomize  # --hypothesis-profile=long


def refused(*args, **options):
    with pytest.raises(LegacyError) as caught:
        legacy.lift(*args, **options)
    return str(caught.value)


# ---------- at random

# What is lifted, the file that is damaged, options, and how many times in each way; a third of them in a short run.
SOURCES = {
    **{name: (name, name, {}, 12) for name in ("cond.pb", "while_loop.pb", "arrays.pb", "normalized.pb", "plain32.pb")},
    **{f"reference.{end}": ("reference.meta", f"reference.{end}", XY, 12) for end in ("meta", "index")},
    "reference.data": ("reference.meta", "reference.data-00000-of-00001", XY, 12),
    "functional.meta": ("functional.meta", "functional.meta", XY, 6),
    "functional.index": ("functional.meta", "functional.index", XY, 12),
    "dynamic_rnn.meta": ("dynamic_rnn.meta", "dynamic_rnn.meta", {"outputs": "y"}, 6),
    "saved_model.pb": ("saved_model", "saved_model/saved_model.pb", {}, 12),
    "saved_model.index": ("saved_model", "saved_model/variables/variables.index", {}, 12),
    "recurrent.h5": ("recurrent.h5", "recurrent.h5", {}, 2),
    "normalized.json": ("normalized.json", "normalized.json", {"weights": "normalized.weights.h5"}, 4),
    "normalized.weights.h5": ("normalized.json", "normalized.weights.h5", {"weights": "normalized.weights.h5"}, 2),
}


def flipped(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def inserted(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.randrange(1, 9)) + data[at:]


def deleted(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 9) :]


@pytest.mark.parametrize("damage", [flipped, inserted, deleted])
@pytest.mark.parametrize("name", SOURCES)
def test_bytes_at_random(name, damage, tmp_path, monkeypatch):
    source, hit, options, times = SOURCES[name]
    stem = source.partition(".")[0]
    for file in FILES.iterdir():
        if file.name.startswith(stem):
            (shutil.copytree if file.is_dir() else shutil.copy)(file, tmp_path / file.name)
    monkeypatch.chdir(tmp_path)
    rng, whole = random.Random(name + damage.__name__), Path(hit).read_bytes()
    for _ in range(times if LONG else (times + 2) // 3):
        Path(hit).write_bytes(damage(whole, rng))
        lifts_or_refuses(source, options)


def lifts_or_refuses(source, options):
    started = time.monotonic()
    try:
        legacy.lift(source, **options)
    except LegacyError as error:
        assert source.partition(".")[0] in str(error) or "(named '" in str(error)  # noqa: PT017
    assert time.monotonic() - started < 2 * hdf5_checks.LIMIT


CONTROL = ("Enter", "Exit", "Identity", "LoopCond", "Merge", "NextIteration", "Switch")


def rewired(nodes, rng):
    node, other = rng.choice([n for n in nodes if n.op in CONTROL and n.input]), rng.choice(nodes)
    node.input[rng.randrange(len(node.input))] = other.name + rng.choice(["", ":1"])


def retyped(nodes, rng):
    rng.choice([n for n in nodes if n.op in CONTROL]).op = rng.choice(CONTROL)


def added(nodes, rng):
    rng.choice(nodes).input.append(rng.choice(["", "^"]) + rng.choice(nodes).name)


def removed(nodes, rng):
    inputs = rng.choice([n for n in nodes if n.input]).input
    del inputs[rng.randrange(len(inputs))]


def unsaid(nodes, rng):
    node = rng.choice([n for n in nodes if n.attr])
    del node.attr[rng.choice(sorted(node.attr))]


def resized(nodes, rng):
    tensor = rng.choice([n for n in nodes if n.op == "Const"]).attr["value"].tensor
    tensor.tensor_shape.dim.add().size = rng.choice([-1, 0, 2, 2**34, 2**62])


def recast(nodes, rng):
    rng.choice([n for n in nodes if n.op == "Const"]).attr["value"].tensor.dtype = rng.randrange(24)


@pytest.mark.parametrize("damage", [rewired, retyped, added, removed, unsaid, resized, recast])
@pytest.mark.parametrize("name", ["cond.pb", "while_loop.pb", "arrays.pb"])
def test_nodes_at_random(name, damage, tmp_path, monkeypatch):
    """Most files with another byte are no graph at all; these are."""
    monkeypatch.chdir(tmp_path)
    rng, whole = random.Random(name + damage.__name__), (FILES / name).read_bytes()
    for _ in range(12 if LONG else 4):
        graph = tf1.GraphDef.FromString(whole)
        damage(graph.node, rng)
        Path(name).write_bytes(graph.SerializeToString())
        lifts_or_refuses(name, {})


# ---------- HDF5 that hangs, ends its process, or fills the memory


def damaged(tmp_path, reader, monkeypatch):
    """A healthy file, and a reader that does what it is to do."""
    (tmp_path / "reader.py").write_text(reader)
    monkeypatch.setattr(hdf5_checks, "_READER", str(tmp_path / "reader.py"))
    return shutil.copy(FILES / "recurrent.h5", tmp_path / "net.h5")


@pytest.mark.parametrize("safe_mode", [True, False])
def test_a_file_that_hangs_hdf5(safe_mode, tmp_path, monkeypatch):
    """A byte more before the texts of its attributes, and HDF5 1.14.6 reads them without an end."""
    monkeypatch.setattr(hdf5_checks, "LIMIT", 2.0)
    whole, path = (FILES / "recurrent.h5").read_bytes(), tmp_path / "net.h5"
    path.write_bytes(whole[:4571] + b"\0" + whole[4571:])
    said = refused(path, safe_mode=safe_mode)
    assert said.startswith(f"{path} ")
    assert "HDF5" in said


READERS = {
    "while True: pass": "reading it takes more than 1 seconds",
    f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})": f"reading it ends the process with signal {int(signal.SIGSEGV)}",
}


@pytest.mark.parametrize("reader", READERS)
def test_what_a_reader_does(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_checks, "LIMIT", 1.0)
    path = damaged(tmp_path, reader, monkeypatch)
    assert refused(path) == f"{path} is a damaged HDF5 file: {READERS[reader]}. Give the file that Keras wrote."


def test_a_reader_that_does_not_start(tmp_path, monkeypatch):
    """Then a file is read without it."""
    path = damaged(tmp_path, "raise ImportError", monkeypatch)
    assert legacy.lift(path).specs
    monkeypatch.setattr(sys, "executable", "")
    assert legacy.lift(path).specs


def test_hdf5_data_that_are_not_in_the_file(tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        file.create_dataset("w", (2**34,), "float32")
    assert path.stat().st_size < 10_000
    assert refused(path) == (
        f"{path} is a damaged HDF5 file: '/w' is larger than its data in the file. Give the file that Keras wrote."
    )


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"chunks": (4, 4)}], ids=str)
def test_healthy_hdf5_data(options, tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("zeros", data=np.zeros((1024, 1024)), **options)
        file.create_dataset("none", (0, 4), "float32")
        file["again"] = file["zeros"]
        file["group/itself"] = file["/"]
        file.attrs["texts"] = ["a", "b"]
    hdf5_checks.readable(path)


# ---------- graphs that end the process, or fill the memory


def constant(size, number=1.0):
    """A frozen graph with a constant that repeats a number."""
    graph = tf1.GraphDef()
    graph.node.add(name="x", op="Placeholder").attr["dtype"].type = tf.float32.as_datatype_enum
    node = graph.node.add(name="c", op="Const")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    tensor = node.attr["value"].tensor
    tensor.dtype = tf.float32.as_datatype_enum
    tensor.tensor_shape.dim.add().size = size
    tensor.float_val.append(number)
    node = graph.node.add(name="y", op="Mul", input=["x", "c"])
    node.attr["T"].type = tf.float32.as_datatype_enum
    return graph


@pytest.mark.parametrize("safe_mode", [True, False])
def test_a_constant_that_is_not_in_the_file(safe_mode, tmp_path, monkeypatch):
    path = tmp_path / "net.pb"
    path.write_bytes(constant(2**34).SerializeToString())
    assert path.stat().st_size < 200
    said = refused(path, "x", "y")
    assert re.sub("take [0-9]+ bytes", "take N bytes", said) == (
        f"{path} is not lifted: its constants, with 'c' of shape [17179869184], take N bytes of memory that are not in "
        f"the file. {ALLOW}"
    )
    monkeypatch.setattr(graph_checks, "EXPANDED", 2**10)
    path.write_bytes(constant(2**9).SerializeToString())
    if safe_mode:
        assert "its constants, with 'c' of shape [512], take" in refused(path, "x", "y")
    else:
        np.testing.assert_array_equal(legacy.lift(path, "x", "y", safe_mode=False)(2.0), np.full(2**9, 2.0))


def test_many_constants_together(tmp_path):
    graph, path = constant(2**26), tmp_path / "net.pb"
    for i in range(4):
        graph.node.add().CopyFrom(graph.node[1])
        graph.node[-1].name = f"c{i}"
    path.write_bytes(graph.SerializeToString())
    assert "its constants, with 'c3' of shape [67108864], take 1342177" in refused(path, "x", "y")
    del graph.node[-2:]
    graph_checks.importable(graph, "it", safe_mode=True)


def test_a_condition_is_not_computed_at_any_size(tmp_path):
    """Fill makes 2**28 numbers of two; whether their sum is positive is left to the function."""
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [], name="x")
        tf1.disable_control_flow_v2()
        try:
            many = tf.fill(tf.constant([2**24, 2**4]), 1.0)
            tf.identity(tf1.cond(tf.reduce_sum(many) > 0, lambda: x, lambda: 2 * x), name="y")
        finally:
            tf1.enable_control_flow_v2()
    path = tmp_path / "net.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    started = time.process_time()
    legacy.lift(path, "x", "y")
    assert time.process_time() - started < 1


def third_input(graph):
    merge = next(n for n in graph.node if n.name == "while/Merge")
    merge.input.append("w/read")
    return "Merge (named 'while/Merge') belongs to a loop that no tf.while_loop made"


def other_dtype(graph):
    node = next(n for n in graph.node if n.op == "Const" and n.attr["dtype"].type == tf.int32.as_datatype_enum)
    node.attr["value"].tensor.dtype = tf.int64.as_datatype_enum
    return f"Const (named '{node.name}') has a value of another dtype than its own"


@pytest.mark.parametrize("damage", [third_input, other_dtype])
@pytest.mark.parametrize("safe_mode", [True, False])
def test_a_graph_that_would_end_the_process(damage, safe_mode, tmp_path):
    graph, path = tf1.GraphDef.FromString((FILES / "while_loop.pb").read_bytes()), tmp_path / "net.pb"
    said = damage(graph)
    path.write_bytes(graph.SerializeToString())
    assert refused(path, safe_mode=safe_mode) == f"{path} is damaged: {said}. {WROTE}"


def calling(*bodies):
    """A frozen graph that calls f0; each function calls others, by number."""
    with tf.Graph().as_default() as graph:
        tf.identity(tf.function(lambda z: 2 * z)(tf1.placeholder(tf.float32, [], name="x")), name="y")
    made = graph.as_graph_def()
    first = made.library.function.pop()
    name, argument = first.signature.name, first.signature.input_arg[0].name
    for i, others in enumerate(bodies):
        function = made.library.function.add()
        function.CopyFrom(first)
        function.signature.name = f"f{i}"
        for j, other in enumerate(others):
            node = function.node_def.add(name=f"call{j}", op="PartitionedCall", input=[argument])
            node.attr["Tin"].list.type.append(tf.float32.as_datatype_enum)
            node.attr["Tout"].list.type.append(tf.float32.as_datatype_enum)
            node.attr["f"].func.name = f"f{other}"
    for node in made.node:
        if "f" in node.attr and node.attr["f"].func.name == name:
            node.attr["f"].func.name = "f0"
    return made


CALLS = {
    "itself": ([[0]], "f0"),
    "one another": ([[1], [0]], "f0"),
    "a long chain": ([*([i + 1] for i in range(150)), []], "f100"),
    "twice, and so on": ([*([i + 1] * 2 for i in range(40)), []], "f"),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_that_call_one_another_without_an_end(name, tmp_path):
    """TensorFlow follows all calls as it imports a graph: till the stack is full, or for years."""
    (bodies, said), path = CALLS[name], tmp_path / "net.pb"
    path.write_bytes(calling(*bodies).SerializeToString())
    assert re.fullmatch(
        re.escape(f"{path} is not lifted: its function '{said}")
        + r"\d*' calls itself, is called through more than 100 "
        r"others, or is called so often that the graph has more than 1048576 ops\. Give the file that TensorFlow 1 wrote\.",
        refused(path, "x", "y"),
    )


def test_functions_that_call_one_another(tmp_path):
    path = tmp_path / "net.pb"
    path.write_bytes(calling([1, 2], [2, 2], [3], []).SerializeToString())
    assert legacy.lift(path, "x", "y")(3.0) == 6


# ---------- what nothing foresaw


def test_a_loop_that_starts_from_nothing(tmp_path):
    graph, path = tf1.GraphDef.FromString((FILES / "while_loop.pb").read_bytes()), tmp_path / "net.pb"
    for node in graph.node:
        if node.name == "while/Enter":
            node.op = "Identity"
            for key in ("frame_name", "is_constant", "parallel_iterations"):
                del node.attr[key]
    path.write_bytes(graph.SerializeToString())
    assert refused(path) == (
        "Merge (named 'while/Merge') belongs to a loop that no tf.while_loop made. Lift the parts before and after it: "
        "give the tensor that follows as an input."
    )


def test_a_frame_whose_name_is_no_text(tmp_path):
    graph, path = tf1.GraphDef.FromString((FILES / "while_loop.pb").read_bytes()), tmp_path / "net.pb"
    for node in graph.node:
        if "frame_name" in node.attr:
            node.attr["frame_name"].s = b"\xff"
    path.write_bytes(graph.SerializeToString())
    assert refused(path) == (
        f"{path} cannot be lifted: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start "
        "byte. If the file is damaged, give the one that was written."
    )


def test_an_error_of_a_session_stays_what_it_is(monkeypatch):
    def fails(*_, **__):
        raise IndexError("of the caller's own graph")

    monkeypatch.setattr("nthgrad.legacy._lift.build.lifted", fails)
    with tf.Graph().as_default() as graph, tf1.Session(graph=graph) as session, pytest.raises(IndexError):
        legacy.lift(session)


def test_a_variable_that_is_larger_than_its_checkpoint(tmp_path):
    for file in FILES.glob("reference.*"):
        shutil.copy(file, tmp_path)
    (tmp_path / "reference.data-00000-of-00001").write_bytes(b"")
    said = refused(tmp_path / "reference.meta", "x", "y")
    assert re.fullmatch(
        f"The checkpoint {tmp_path}/reference does not fit {tmp_path}/reference.meta: '.*' is larger than the files of "
        "the checkpoint. Give the one that was saved with it.",
        said,
    )
