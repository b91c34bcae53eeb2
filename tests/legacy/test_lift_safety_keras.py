"""Keras files of unknown origin: code and other files that they name, and that none of it is run or read."""

import json

import h5py
import numpy as np
import pytest
from support.lifting import ALLOW, FILES
from support.lifting import file_refused as refused

import nthgrad.legacy.keras as old_keras
from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import hdf5_checks, keras_models


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
    "a function of TensorFlow by another class": (
        lambda at: layer("SlicingOpLambda", function="load_library"),
        "(SlicingOpLambda) calls tf.load_library, which is not known to be harmless.",
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
    "a vocabulary of a column": (
        lambda at: layer("DenseFeatures", feature_columns=[{"vocabulary_file": "/etc/passwd"}]),
        "(DenseFeatures) reads the file '/etc/passwd'.",
    ),
}


@pytest.mark.parametrize("name", ACTING)
def test_a_layer_that_acts(name, tmp_path):
    make, said = ACTING[name]
    source, options = written(tmp_path, architecture(make(tmp_path)), ".json")
    assert refused(source, **options) == f"{source} is not lifted: the layer 'hostile' {said} {ALLOW}"


# ---------- HDF5


def dense(folder):
    """A model of one Dense layer, whose weights are 7 and 0."""
    with legacy.session():
        model = old_keras.models.Sequential([old_keras.layers.Dense(1, input_shape=(1,), name="dense")])
        model.set_weights([np.float32([[7.0]]), np.float32([0.0])])
        model.save(str(folder / "net.h5"))
        model.save_weights(str(folder / "weights.h5"))
        (folder / "net.json").write_text(model.to_json())


def kernel(file):
    """The path of the kernel in a file."""
    found = []
    file.visititems(
        lambda name, one: found.append(name) if "kernel" in name and isinstance(one, h5py.Dataset) else None
    )
    return found[0]


def external(file, at, secret):
    file.create_dataset(at, (1, 1), "float32", external=[(str(secret), 0, 4)])
    return f"holds data of the file '{secret}'"


def virtual(file, at, secret):
    with h5py.File(f"{secret}.h5", "w") as other:
        other["it"] = np.float32([[42.0]])
    layout = h5py.VirtualLayout((1, 1), "float32")
    layout[:] = h5py.VirtualSource(f"{secret}.h5", "it", (1, 1), "float32")
    file.create_virtual_dataset(at, layout)
    return f"holds data of the file '{secret}.h5'"


def link(file, at, secret):
    with h5py.File(f"{secret}.h5", "w") as other:
        other["it"] = np.float32([[42.0]])
    file[at] = h5py.ExternalLink(f"{secret}.h5", "it")
    return f"is a link to the file '{secret}.h5'"


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "weights"])
@pytest.mark.parametrize("take", [external, virtual, link])
def test_weights_that_lie_in_another_file(take, whole, tmp_path):
    dense(tmp_path)
    secret = tmp_path / "secret"
    secret.write_bytes(np.float32(42.0).tobytes())
    hostile = tmp_path / ("net.h5" if whole else "weights.h5")
    with h5py.File(hostile, "r+") as file:
        at = kernel(file)
        del file[at]
        said = take(file, at, secret)
    source, options = (hostile, {}) if whole else (tmp_path / "net.json", {"weights": hostile})
    assert refused(source, **options) == f"{hostile} is not lifted: '/{at}' {said}. {ALLOW}"
    if not whole:  # Keras opens a whole model so that HDF5 finds no other file
        assert legacy.lift(source, safe_mode=False, **options)([[1.0]]) == 42


def test_a_link_within_a_file(tmp_path):
    """A soft link, a second hard link and a group that holds itself lead nowhere else."""
    dense(tmp_path)
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        at = kernel(file)
        file["elsewhere"] = file[at]
        del file[at]
        file[at] = h5py.SoftLink("/elsewhere")
        file["model_weights/again"] = file["model_weights"]
    assert legacy.lift(tmp_path / "net.h5")([[1.0]]) == 7


@pytest.mark.parametrize("check", [hdf5_checks.contained, keras_models._architecture])
def test_a_damaged_hdf5_file_is_named(check, tmp_path):
    whole, path = (FILES / "normalized.h5").read_bytes(), tmp_path / "net.h5"
    raised = []
    for at in range(0, 4000, 13):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            check(path)
        except LegacyError as error:
            raised.append(error)
    assert all(str(error).startswith(f"{path} ") for error in raised)
    assert {type(error.__cause__) for error in raised} >= (
        {OSError, RuntimeError} if check is hdf5_checks.contained else {OSError}
    )
