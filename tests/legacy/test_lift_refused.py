"""Old graphs as functions: what cannot be lifted and what is said then, and `nthgrad lift`."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from support.lifting import ARTEFACTS, FILES, XY, compared, lifted, recorded, refused
from tensorflow.core.protobuf import saved_model_pb2

import nthgrad.legacy.keras as old_keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad.errors import LegacyError, NthgradError

FORMS = "Give the path of a .pb, .pbtxt, .meta, .h5 or .json, or the folder of a SavedModel."
REFUSED = {
    ("names.pb", ()): "names.pb has several tensors that may be the output: 'net/a:0', 'net/b:0'. Name one, or several, with outputs=...",
    ("names.pb", (("outputs", "net/a"),)): "'net/a:0' of names.pb depends on several placeholders: 'net/scale:0', 'net/x:0'. Name the inputs in order, with inputs=[...]; feed={...} fixes the value of another.",
    ("names.pb", (("inputs", "net/x"), ("outputs", "net/a"))): "The placeholder 'net/scale' has no value. Make it an input, or fix it with feed={'net/scale': value}.",
    ("names.pb", (("outputs", "a"),)): "names.pb has no output 'a'. Similar names are 'net/a'. Name one of them.",
    ("names.pb", (("inputs", "quux"),)): "names.pb has no input 'quux'. Its placeholders are 'net/x', 'net/scale'.",
    ("names.pb", (("outputs", "net/split"),)): "The output 'net/split' of names.pb is an op with 2 outputs: net/split:0, net/split:1. Name one of them.",
    ("names.pb", (("outputs", "net/a:1"),)): "names.pb has no output 'net/a:1': that op's outputs are net/a:0. Name one of them.",
    ("names.pb", (("outputs", 3),)): "The output 3 is neither a name nor a tensor. Give the name of a tensor: 'x:0'.",
    ("names.pb", (("outputs", ()),)): "outputs is empty. Name a tensor, or leave it out.",
    ("names.pb", (("inputs", ("net/x", "net/x")), ("outputs", "net/a"))): "The same tensor is an input twice. Name it once.",
    ("names.pb", (("outputs", "net/a"), ("training", True))): "names.pb has no learning phase of Keras. If another placeholder turns training on, fix its value: feed={'is_training': True}.",
    ("names.pb", (("signature", "serve"),)): "signature=... is for a SavedModel, and the source is a frozen graph. Leave it out.",
    ("names.pb", (("weights", "w.h5"),)): "weights=... is for a Keras file, and the source is a frozen graph. Leave it out.",
    ("saved_model", (("signature", "serve"),)): "saved_model has no signature 'serve'. Its signatures are 'both', 'serving_default'. Name one of them.",
    ("saved_model", (("tags", ("train",)),)): "saved_model holds graphs with these tags: serve. Choose one of them with tags=[...].",
    ("normalized.json", ()): "normalized.json holds no weights. Give the file that model.save_weights wrote, with weights=...",
    ("nothing.pb", ()): f"There is no file nothing.pb. {FORMS}",
    ("write.py", ()): f"write.py has an unknown ending. {FORMS.replace('Give the path of', 'Give')}",
    ("reference.meta", (("checkpoint", "elsewhere"), *XY.items())): "reference.meta holds a graph, but its checkpoint elsewhere, which holds the values of its variables, does not exist. Give the path of the checkpoint, without the ending, as checkpoint=...",
}  # fmt: skip


@pytest.mark.parametrize(("source", "options"), REFUSED)
def test_refused(source, options):
    assert refused(lambda: lifted(source, **dict(options))) == REFUSED[source, options]


def test_files_that_are_not_what_they_should_be(tmp_path):
    (tmp_path / "junk.pb").write_bytes(b"\xff\xfe nothing")
    (tmp_path / "junk.meta").write_bytes(b"")
    (tmp_path / "junk.h5").write_bytes(b"nothing")
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [], name="x")
        tf.multiply(tf.compat.v1.get_variable("w", [], use_resource=False), x, name="y")
    (tmp_path / "thawed.pb").write_bytes(graph.as_graph_def().SerializeToString())
    shutil.copy(FILES / "normalized.weights.h5", tmp_path / "weights.h5")
    said = {
        "junk.pb": "junk.pb is no GraphDef, as tf.graph_util.convert_variables_to_constants makes it. Give the file that TensorFlow 1 wrote.",
        "junk.meta": "junk.meta is no MetaGraph, as tf.train.Saver writes it. Give the file that TensorFlow 1 wrote.",
        "thawed.pb": "thawed.pb holds the variable 'w' but no values: it was not frozen. Lift the .meta file with its checkpoint, or freeze it with tf.graph_util.convert_variables_to_constants.",
        ".": f". is a folder without a saved_model.pb or a checkpoint. {FORMS}",
        "weights.h5": "weights.h5 holds only weights. Lift the .json file of the architecture, with weights='weights.h5'.",
        "junk.h5": "junk.h5 is no HDF5 file. Give the file that model.save wrote.",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for name, wanted in said.items():
            options = XY if name == "thawed.pb" else {}
            assert refused(lambda name=name, options=options: legacy.lift(name, **options)) == wanted


def in_a_folder(folder):
    for path in FILES.glob("reference.*"):
        shutil.copy(path, folder)
    (folder / "checkpoint").write_text('model_checkpoint_path: "reference"\n')
    return folder, {}


def as_text(folder):
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString((FILES / "plain64.pb").read_bytes())
    (folder / "plain64.pbtxt").write_text(str(graph))
    return folder / "plain64.pbtxt", {}


# Another way to say where each is: what is given, and the artefact that it is.
OPENED = {
    "a folder with a checkpoint": (in_a_folder, "reference"),
    "a text": (as_text, "plain64.pb"),
    "no ending": (lambda _: (FILES / "reference", {}), "reference"),
    "a word": (lambda _: (str(FILES / "reference.meta"), {}), "reference"),
    "the checkpoint": (lambda _: (FILES / "reference.meta", {"checkpoint": FILES / "reference"}), "reference"),
    "its index": (lambda _: (FILES / "reference.meta", {"checkpoint": f"{FILES}/reference.index"}), "reference"),
    "the file of a SavedModel": (lambda _: (FILES / "saved_model" / "saved_model.pb", {}), "saved_model"),
    "its tags": (lambda _: (FILES / "saved_model", {"tags": ["serve"]}), "saved_model"),
    "its signature": (lambda _: (FILES / "saved_model", {"signature": "serving_default"}), "saved_model"),
}


@pytest.mark.parametrize("name", OPENED)
def test_another_way_to_say_where_it_is(name, functions, tmp_path):
    make, artefact = OPENED[name]
    source, options = make(tmp_path)
    f, g = legacy.lift(source, **{**ARTEFACTS[artefact][1], **options}), functions(artefact)
    x = [np.linspace(0.5, 1.5, 3)[:, None]] * len(g.specs)
    assert [spec.name for spec in f.specs] == [spec.name for spec in g.specs]
    np.testing.assert_array_equal(f(*x), g(*x))


def gone(kind):
    """A graph with an op that TensorFlow does not know."""

    def write(folder):
        graph = tf.compat.v1.GraphDef()
        graph.node.add(name="y", op="NoSuchOp")
        message = graph if kind == "pb" else tf.compat.v1.MetaGraphDef(graph_def=graph)
        (folder / f"gone.{kind}").write_bytes(message.SerializeToString())
        return f"gone.{kind}"

    return write


def cut_off(folder):
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="y", op="Identity", input=["x"]).attr["T"].type = tf.float32.as_datatype_enum
    (folder / "cut.pb").write_bytes(graph.SerializeToString())
    return "cut.pb"


def of_absent_tensors(folder):
    meta = tf.compat.v1.MetaGraphDef()
    meta.graph_def.node.add(name="x", op="NoOp")
    meta.collection_def["losses"].node_list.value.append("absent:0")
    (folder / "absent.meta").write_bytes(meta.SerializeToString())
    return "absent.meta"


def broken(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "saved_model.pb").write_bytes(b"\xff\xfe nothing")
    return "broken"


def of_two_kinds(folder):
    file = saved_model_pb2.SavedModel()
    for tags in (["serve"], ["serve", "gpu"]):
        file.meta_graphs.add().meta_info_def.tags.extend(tags)
    (folder / "two").mkdir()
    (folder / "two" / "saved_model.pb").write_bytes(file.SerializeToString())
    return "two"


def without_variables(folder):
    (folder / "bare").mkdir()
    shutil.copy(FILES / "saved_model" / "saved_model.pb", folder / "bare")
    return "bare"


def another_checkpoint(folder):
    for path in FILES.glob("resource.*"):
        shutil.copy(path, folder)
    shutil.copy(FILES / "reference.meta", folder / "resource.meta")
    return "resource.meta"


def words(folder):
    (folder / "words.json").write_text("no model")
    return "words.json", {"weights": "w.h5"}


GONE = "Replace ops that were removed from TensorFlow in the old program."
UNREADABLE = {
    "an unknown op": (gone("pb"), f"TensorFlow {tf.__version__} cannot read the graph in gone.pb: ", f" {GONE}"),
    "an unknown op of a MetaGraph": (
        gone("meta"), f"TensorFlow {tf.__version__} cannot read the graph in gone.meta: ", f" {GONE}"),
    "an op without its input": (
        cut_off, f"TensorFlow {tf.__version__} cannot read the graph in cut.pb: Node 'y': Unknown input node 'x'. ", GONE),
    "a collection of what is not there": (
        of_absent_tensors, f"TensorFlow {tf.__version__} cannot read the graph in absent.meta: ", f" {GONE}"),
    "no SavedModel": (broken, "broken/saved_model.pb is no SavedModel. ", "Save the model again."),
    "a SavedModel of two kinds": (
        of_two_kinds, "two holds graphs with these tags: serve; gpu, serve. ", "Choose one of them with tags=[...]."),
    "a SavedModel without its variables": (without_variables, "bare cannot be loaded: ", ". Save the model again."),
    "another checkpoint": (
        another_checkpoint, "The checkpoint resource does not fit resource.meta: ",
        ". Give the one that was saved with it."),
    "no JSON": (
        words, "words.json cannot be read as a Keras model: ",
        " If a layer is your own, give custom_objects={...}, or build the model in a legacy session, load "
        "its weights and lift it there."),
    "the weights of what holds them": (
        lambda folder: (shutil.copy(FILES / "normalized.h5", folder / "whole.h5").name, {"weights": "w.h5"}),
        "whole.h5 holds its weights itself. ", "Leave out weights=..., or give the .json file."),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write, begin, end = UNREADABLE[name]
    made = write(tmp_path)
    source, options = made if isinstance(made, tuple) else (made, {})
    message = refused(lambda: legacy.lift(source, **options))
    assert message.startswith(begin)
    assert message.endswith(end)


def test_an_interactive_session_and_a_pair_are_sessions():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        one = legacy.lift((sess.graph, sess), x, 2 * x)
        interactive = tf1.InteractiveSession()
        other = legacy.lift(interactive, x, 2 * x)
        interactive.close()
        model = old_keras.models.Sequential([old_keras.layers.Dense(1, input_shape=(1,))])
        sources = {"a Keras model": model, "a session": sess, "a session ": (sess.graph, sess)}
        said = {kind: refused(lambda what=what: legacy.lift(what, weights="w.h5")) for kind, what in sources.items()}
    assert one(1.0) == other(1.0) == 2
    for kind, message in said.items():
        assert message == f"weights=... is for a Keras file, and the source is {kind.strip()}. Leave it out."


def test_what_a_session_refuses():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [2], name="x")
        w = tf1.get_variable("w", initializer=2.0)
        empty = refused(lambda: legacy.lift(sess, x, w * x))
        sess.run(tf1.global_variables_initializer())
        with tf1.control_dependencies([tf1.assign_add(w, 1.0)]):
            after = w.read_value() * x
        changed = refused(lambda: legacy.lift(sess, x, after))
        given = refused(lambda: legacy.lift(sess, x, tf1.assign_add(w, 1.0) * x))
        other = refused(lambda: legacy.lift((tf1.Graph(), sess), x, x))
        y = tf1.multiply(w, x, name="y")
        f = legacy.lift(sess, x, y)
    closed = refused(lambda: legacy.lift(sess, x, y))
    assert (
        empty
        == "The variable 'w' of the session's graph has no value in the session. Before lifting, run its initializer or restore a checkpoint."
    )
    for found, name in ((changed, "AssignAdd"), (given, "AssignAdd_1")):
        assert (
            found
            == f"AssignAdd (named '{name}') changes the variable 'w' while the outputs of the session's graph are computed from it. Fix the placeholder that decides it, with feed={{...}}, or lift the parts separately."
        )
    assert (
        other
        == "The input <tf.Tensor 'x:0' shape=(2,) dtype=float32> belongs to another graph than the session's graph. Give a tensor of it."
    )
    assert (
        closed
        == "The session cannot be read: Attempted to use a closed Session. Lift the graph while the session is open."
    )
    assert (
        refused(lambda: f(tf.zeros([2], tf.float64)))
        == "The input x is float64, but the old graph takes float32. Cast it: tf.cast(x, tf.float32)."
    )
    assert refused(lambda: f([1.0])) == "The input x has the shape [1], but the old graph takes [2]. Reshape it."
    assert refused(f) == "y takes 1 inputs, x: missing a required argument: 'x'."
    assert (
        refused(lambda: legacy.lift(3))
        == f"The source is 3, a int, which is no graph of TensorFlow 1. Give a session, (graph, session), or the path of {FORMS[17:]}"
    )
    assert repr(f) == "<y(x: float32[2]), lifted from TensorFlow 1, with 1 variables>"


def test_nthgrad_lift(tmp_path, capsys):
    out = str(tmp_path / "net")
    assert (
        main(["lift", str(FILES / "reference.meta"), "--inputs", "x", "--outputs", "y", "--order", "2", "--out", out])
        == 0
    )
    assert capsys.readouterr().out == (
        f"{out}: serving_default(x: float64[None, 1]) gives output\n"
        f"{out}: derivatives(x: float64[None, 1]) gives output_0, output_1, output_2\n"
    )
    loaded, record = tf.saved_model.load(out), recorded("reference")
    x = tf.constant(record["x"])
    found = loaded.signatures["derivatives"](x=x)
    compared([found[f"output_{k}"] for k in range(3)], [record[f"d{k}"] for k in range(3)], float)
    compared([loaded(x), loaded.signatures["serving_default"](x=x)["output"]], [record["d0"]] * 2, float)
    loaded.lifted_variables[0].assign_add([1.0] * 6)
    assert not np.allclose(loaded(x), record["d0"])

    fields = str(tmp_path / "fields")
    assert main(["lift", str(FILES / "saved_model"), "--partials", ",t,tx", "--feed", "keep=1.0", "--out", fields]) == 0
    record = recorded("saved_model")
    found = tf.saved_model.load(fields).signatures["partials"](
        t=tf.constant(record["x"] ** 2), x=tf.constant(record["x"])
    )
    compared([found["value"], found["t"], found["tx"]], [record["u"], record["t"], record["tx"]], float)


def test_nthgrad_lift_refuses(tmp_path, capsys):
    source, out = str(FILES / "names.pb"), str(tmp_path / "out")
    for typed, status, said in [
        ([], 1, f"{source} has several tensors that may be the output: 'net/a:0', 'net/b:0'. Name one, or several, with outputs=..."),
        (["--coords", "tx"], 2, "--coords goes with --partials, which is not given. Add it, or leave --coords out."),
        (["--order", "1", "--laplacian"], 2, "--order and --laplacian are given together. Give one of --order N, --partials NAMES and --laplacian."),
        (["--feed", "keep=1if"], 2, "--feed keep=1if is not NAME=VALUE with a number. Write --feed keep_prob=1.0."),
        (["--feed", "keep"], 2, "--feed keep is not NAME=VALUE with a number. Write --feed keep_prob=1.0."),
    ]:  # fmt: skip
        assert main(["lift", source, *typed, "--out", out]) == status
        assert capsys.readouterr().err == f"nthgrad: {said}\n"
    assert not Path(out).exists()
    assert issubclass(LegacyError, NthgradError)


def test_nthgrad_lift_fails_in_one_line(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("sys.stderr", open(2, "w", closefd=False))  # noqa: SIM115  as in a process of its own
    assert main(["lift", str(FILES / "own_gradient.pb"), "--out", str(tmp_path / "out")]) == 1
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("nthgrad: IdentityN (named 'IdentityN')")
    assert "has a custom gradient" in err
    assert not [*tmp_path.iterdir()]
