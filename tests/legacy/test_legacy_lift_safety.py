"""Files of unknown origin: what they would run, read or write when they are lifted, and that none of it happens."""

import json
import re
from pathlib import Path

import h5py
import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

import nthgrad.legacy.keras as old_keras
from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad.engines import remake
from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import build, harmless

R = tf.raw_ops
FILES = Path(__file__).parents[1] / "golden" / "artefacts"
ALLOW = "If you trust the file, give safe_mode=False (--unsafe on the command line)."


def refused(*args, **options):
    with pytest.raises(LegacyError) as caught:
        legacy.lift(*args, **options)
    return str(caught.value)


# ---------- Keras


def layer(kind, name="hostile", **config):
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": [[["x", 0, 0, {}]]]}


def architecture(one):
    """A model of an input and one layer."""
    entry = layer("InputLayer", "x", batch_input_shape=[None, 1], dtype="float32")
    entry["inbound_nodes"] = []
    model = {
        "name": "net",
        "layers": [entry, one],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[one["name"], 0, 0]],
    }
    return {"class_name": "Model", "config": model, "keras_version": "2.2.4", "backend": "tensorflow"}


def marshalled(path):
    """The code of a lambda that writes a file, as Keras stores it."""
    code = old_keras.utils.generic_utils.func_dump(eval(f"lambda x: (open({str(path)!r}, 'w').close(), x)[1]"))
    return json.loads(json.dumps(code))


def written(folder, config, ending):
    """A model of this architecture, without weights, as a file, and the options that it needs."""
    path, weights = folder / f"net{ending}", folder / "weights.h5"
    if ending == ".json":
        path.write_text(json.dumps(config))
        with h5py.File(weights, "w") as file:
            file.attrs["layer_names"] = []
        return path, {"weights": weights}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights").attrs["layer_names"] = []
    return path, {}


LAMBDAS = {
    "function": lambda code: layer("Lambda", function=code, function_type="lambda", output_shape=None,
                                   output_shape_type="raw", arguments={}),
    "output_shape": lambda code: layer("Lambda", function="relu", function_type="function", output_shape=code,
                                       output_shape_type="lambda", arguments={}),
    "mask": lambda code: layer("Lambda", function="relu", function_type="function", mask=code, mask_type="lambda",
                               output_shape=None, output_shape_type="raw", arguments={}),
    "nested": lambda code: layer("TimeDistributed", layer=layer("Lambda", function=code, function_type="lambda")),
}  # fmt: skip


@pytest.mark.parametrize("ending", [".h5", ".json"])
@pytest.mark.parametrize("where", LAMBDAS)
def test_code_in_a_keras_file(where, ending, tmp_path):
    trace = tmp_path / "ran"
    source, options = written(tmp_path, architecture(LAMBDAS[where](marshalled(trace))), ending)
    assert refused(source, **options) == (
        f"{source} is not lifted: the layer 'hostile' (Lambda) holds Python code of the file's author. {ALLOW}"
    )
    assert not trace.exists()


def test_code_runs_where_it_is_allowed(tmp_path, capsys):
    trace = tmp_path / "ran"
    source, _ = written(tmp_path, architecture(LAMBDAS["function"](marshalled(trace))), ".h5")
    assert main(["lift", str(source), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.endswith(f"(Lambda) holds Python code of the file's author. {ALLOW}\n")
    assert not trace.exists()
    assert main(["lift", str(source), "--unsafe", "--out", str(tmp_path / "out")]) == 0
    assert trace.exists()
    trace.unlink()
    assert legacy.lift(source, safe_mode=False)([[2.0]]) == 2
    assert trace.exists()


ACTING = {
    "a function of TensorFlow": (
        lambda at: layer("TFOpLambda", function="io.gfile.rmtree"),
        "(TFOpLambda) calls tf.io.gfile.rmtree, which is not known to be harmless.",
    ),
    "a method": (
        lambda at: layer("ClassMethod", cls_symbol="io.gfile.GFile", method_name="read"),
        "(ClassMethod) calls a method by its name.",
    ),
    "an op": (
        lambda at: layer("TensorFlowOpLayer", node_def={"name": "y", "op": "WriteFile", "input": ["x", "z"]}),
        "(TensorFlowOpLayer) makes the op WriteFile, which may reach files, processes, the network or Python.",
    ),
    "no op": (
        lambda at: layer("TensorFlowOpLayer", node_def="\x00\x01\x02"),
        "(TensorFlowOpLayer) makes the op of no known type, which may reach files, processes, the network or Python.",
    ),
    "a vocabulary": (
        lambda at: layer("StringLookup", vocabulary="/etc/passwd"),
        "(StringLookup) reads the file '/etc/passwd'.",
    ),
}


@pytest.mark.parametrize("name", ACTING)
def test_a_layer_that_acts(name, tmp_path):
    make, said = ACTING[name]
    source, options = written(tmp_path, architecture(make(tmp_path)), ".json")
    assert refused(source, **options) == f"{source} is not lifted: the layer 'hostile' {said} {ALLOW}"


# ---------- ops


def frozen(folder, make):
    """A frozen graph of x, y and what is made of them and of the name of a file, which is made here."""
    (folder / "secret").write_text("12")
    with tf.Graph().as_default() as graph:
        make(tf.compat.v1.placeholder(tf.float32, [], name="x"), str(folder / "secret"))
    path = folder / "net.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def read(path):
    return tf.strings.to_number(R.ReadFile(filename=path, name="hostile"))


@tf.function
def inside(x, path):
    return x + read(path)


def dataset(path):
    """The number of elements of a data set that a graph in a text makes; reading it takes a file."""
    with tf.Graph().as_default() as graph:
        tf.data.TextLineDataset(path)._variant_tensor  # noqa: B018  no public name has the tensor
    text = graph.as_graph_def()
    made = R.DatasetFromGraph(graph_def=text.SerializeToString(), name="hostile")
    return R.DatasetCardinality(input_dataset=made)


ACTING_OPS = {
    "ReadFile": lambda x, path: tf.add(x, read(path), name="y"),
    "MatchingFiles": lambda x, path: tf.add(
        x, tf.cast(tf.size(R.MatchingFiles(pattern=path, name="hostile")), tf.float32), name="y"
    ),
    "DatasetFromGraph": lambda x, path: tf.add(x, tf.cast(dataset(path), tf.float32), name="y"),
    "DebugIdentity": lambda x, path: R.DebugIdentity(input=x, debug_urls=[f"file://{path}.d"], name="hostile"),
    "FixedUnigramCandidateSampler": lambda x, path: tf.add(
        x,
        R.FixedUnigramCandidateSampler(
            true_classes=tf.constant([[0]], tf.int64), num_true=1, num_sampled=1, unique=False, range_max=2,
            vocab_file=path, name="hostile",
        ).true_expected_count,
        name="y",
    ),
}  # fmt: skip
SAID = "(named 'hostile') may reach files, processes, the network or Python, and a file of unknown origin must not."


@pytest.mark.parametrize("kind", ACTING_OPS)
def test_an_op_that_acts(kind, tmp_path):
    source = frozen(tmp_path, ACTING_OPS[kind])
    assert refused(source, "x", "y" if kind != "DebugIdentity" else "hostile") == f"{kind} {SAID} {ALLOW}"
    assert [path.name for path in tmp_path.iterdir() if "secret" in path.name] == ["secret"]


def test_an_op_that_acts_in_a_function(tmp_path):
    source = frozen(tmp_path, lambda x, path: tf.identity(inside(x, tf.constant(path)), "y"))
    assert refused(source, "x", "y") == f"ReadFile {SAID} {ALLOW}"
    assert legacy.lift(source, "x", "y", safe_mode=False)(1.0) == 13


def test_an_op_that_acts_in_a_condition(tmp_path, monkeypatch):
    """Folding a condition runs ops; so does importing a graph, where a shape depends on constants."""
    ran = []
    monkeypatch.setattr(
        remake, "again", lambda op, inputs, again=remake.again: ran.append(op.type) or again(op, inputs)
    )

    def make(x, path):
        value = read(path)
        tf.compat.v1.disable_control_flow_v2()
        try:
            tf.identity(tf.compat.v1.cond(value > 0, lambda: x, lambda: 2 * x), name="y")
        finally:
            tf.compat.v1.enable_control_flow_v2()

    source = frozen(tmp_path, make)
    assert refused(source, "x", "y") == f"ReadFile {SAID} {ALLOW}"
    assert "ReadFile" not in ran
    assert legacy.lift(source, "x", "y", safe_mode=False)(1.0) == 1


def test_importing_a_graph_reads_no_file(tmp_path):
    """TensorFlow runs ops on constants for the shapes of others: that of y would say what a file holds."""

    def make(x, path):
        tf.identity(tf.fill([tf.cast(read(path), tf.int32)], x), name="y")
        tf.multiply(x, 2.0, name="z")

    source = frozen(tmp_path, make)
    assert tf.compat.v1.GraphDef.FromString(source.read_bytes()).node
    shapes = []
    original = build.Names.__init__

    def looking(self, graph, *args):
        shapes.append(graph.get_tensor_by_name("y:0").shape.as_list())
        original(self, graph, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build.Names, "__init__", looking)
        assert legacy.lift(source, "x", "z")(1.0) == 2
        assert refused(source, "x", "y") == f"ReadFile {SAID} {ALLOW}"
        legacy.lift(source, "x", "z", safe_mode=False)
    assert shapes == [[None], [None], [12]]


def test_ops_that_name_a_file_are_known():
    """No op of TensorFlow that takes the name of a file counts as harmless."""
    taking = set()
    for name in dir(R):
        if (op := op_def_registry.get(name)) is not None:
            words = [arg.name for arg in op.input_arg if arg.type == tf.string.as_datatype_enum]
            words += [attr.name for attr in op.attr if attr.type in ("string", "list(string)")]
            if any(re.search("file|path|prefix|directory|logdir|url|descriptor_source", word) for word in words):
                taking.add(name)
    assert {"ReadFile", "WriteFile", "TextLineDataset", "EncodeProto", "DebugIdentity"} <= taking
    assert not [name for name in taking if not harmless.acts(name)]
