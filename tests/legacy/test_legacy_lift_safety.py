"""Files of unknown origin: what they would run, read or write when they are lifted, and that none of it happens."""

import json
from pathlib import Path

import h5py
import pytest

import nthgrad.legacy.keras as old_keras
from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad.errors import LegacyError

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
