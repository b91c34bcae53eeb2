"""Graphs of unknown origin: what they would run, read or write when they are lifted, and that none of it happens."""

import contextlib
import re

import numpy as np
import pytest
import tensorflow as tf
from support.lifting import ALLOW, FILES
from support.lifting import file_refused as refused
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from nthgrad import legacy
from nthgrad.engines.graph import rebuild
from nthgrad.legacy._lift import build, harmless

R = tf.raw_ops
tf1 = tf.compat.v1


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
        rebuild, "rebuild_op", lambda op, inputs, made=rebuild.rebuild_op: ran.append(op.type) or made(op, inputs)
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


def test_a_condition_that_a_function_computes(tmp_path):
    """A function may hold any op, so it is not run to find out which branch is taken."""

    def make(x, path):
        tf1.disable_control_flow_v2()
        try:
            positive = tf.function(lambda z: z > 0)(tf.constant(1.0))
            tf.identity(tf1.cond(positive, lambda: x, lambda: 2 * x), name="y")
        finally:
            tf1.enable_control_flow_v2()

    source = frozen(tmp_path, make)
    renamed = source.read_bytes().replace(b"__inference_", b"__elsewhere_")  # as of another process
    source.write_bytes(renamed)
    assert legacy.lift(source, "x", "y")(3.0) == 3


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


# ---------- what a file has run to restore and initialize its variables


def program(folder, hostile):
    """A session with the variables w and local, the output w * x, and an op that writes a file beside its result."""
    stack = contextlib.ExitStack()
    graph = stack.enter_context(tf.Graph().as_default())
    session = stack.enter_context(tf1.Session(graph=graph))
    x = tf1.placeholder(tf.float32, [], name="x")
    w = tf1.get_variable("w", initializer=2.0, use_resource=hostile == "resource")
    local = tf1.get_variable("local", initializer=3.0, collections=[tf1.GraphKeys.LOCAL_VARIABLES], use_resource=False)
    y = tf.multiply(w, x, name="y")
    tf.multiply(local, x, name="z")
    write = R.WriteFile(filename=str(folder / "ran"), contents="it", name="hostile")
    session.run([tf1.global_variables_initializer(), tf1.local_variables_initializer()])
    return stack, session, x, y, write


def saved_model(folder, hostile="main", assets=None):
    stack, session, x, y, write = program(folder, hostile)
    with stack:
        builder = tf1.saved_model.Builder(str(folder / "net"))
        signature = tf1.saved_model.predict_signature_def({"x": x}, {"y": y})
        main_op = tf.group(write, tf1.local_variables_initializer())
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature}, main_op=main_op)
        builder.save()
    if assets is not None:
        edit(folder / "net" / "saved_model.pb", lambda file: assets(file.meta_graphs[0]))
    return folder / "net"


def edit(path, change):
    file = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(file)
    path.write_bytes(file.SerializeToString())


def meta_graph(folder, hostile="resource"):
    stack, session, _, _, write = program(folder, hostile)
    with stack:
        saver = tf1.train.Saver()
        saver.save(session, str(folder / "net"), write_meta_graph=False, write_state=False)
        with tf.control_dependencies([write, session.graph.get_operation_by_name(saver.saver_def.restore_op_name)]):
            saver.saver_def.restore_op_name = tf.no_op("restore_and_write").name
        session.graph.clear_collection("savers")
        tf1.train.export_meta_graph(str(folder / "net.meta"), saver_def=saver.as_saver_def(), graph=session.graph)
    return folder / "net.meta"


@pytest.mark.parametrize("hostile", ["resource", "reference"])
@pytest.mark.parametrize("make", [saved_model, meta_graph])
def test_no_op_of_a_file_restores_it(make, hostile, tmp_path):
    source, ran = make(tmp_path, hostile), tmp_path / "ran"
    f = legacy.lift(source, "x", "y")
    assert f(3.0) == 6
    assert not ran.exists()
    assert legacy.lift(source, "x", "y", safe_mode=False)(3.0) == 6
    assert ran.exists()


def test_a_variable_that_only_an_op_of_the_file_sets(tmp_path):
    source, ran = saved_model(tmp_path), tmp_path / "ran"
    assert refused(source, "x", "z") == (
        f"The checkpoint {source}/variables/variables holds no value of the variable 'local' of {source}, and "
        f"initializers of a file are not run. {ALLOW}"
    )
    assert not ran.exists()
    assert legacy.lift(source, "x", "z", safe_mode=False)(3.0) == 9


def packed(meta):
    asset = tf1.MetaGraphDef().asset_file_def.add(filename="../../secret")
    meta.collection_def["saved_model_assets"].any_list.value.add().Pack(asset)


ASSETS = {
    "../../secret": lambda meta: meta.asset_file_def.add(filename="../../secret"),
    "/etc/passwd": lambda meta: meta.asset_file_def.add(filename="/etc/passwd"),
    "gs://bucket/words": lambda meta: meta.asset_file_def.add(filename="gs://bucket/words"),
    "in a collection": packed,
}


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_that_lies_elsewhere(name, tmp_path):
    source = saved_model(tmp_path, assets=ASSETS[name])
    asset = name if name != "in a collection" else "../../secret"
    assert refused(source) == f"{source} is not lifted: its asset '{asset}' lies outside of its folder. {ALLOW}"


def test_a_checkpoint_that_lies_elsewhere(tmp_path):
    meta_graph(tmp_path)
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "checkpoint").write_text('model_checkpoint_path: "../net"\n')
    assert refused(folder, "x", "y") == (
        f"{folder} is not lifted: its file 'checkpoint' names {folder}/../net, which lies outside of the folder. {ALLOW}"
    )
    assert legacy.lift(folder, "x", "y", safe_mode=False)(3.0) == 6


RESTORED = {
    "another name": lambda v: tf1.train.Saver({"weights": v}),
    "reshaped": lambda v: tf1.train.Saver([v], reshape=True),
    "sharded": lambda v: tf1.train.Saver([v], sharded=True),
    "the old format": lambda v: tf1.train.Saver([v], write_version=1),
}


def counted(shape, dtype=None, partition_info=None):
    """A part of 0, 1, ... in a shape of [4, 2]."""
    first = partition_info.var_offset[0] if partition_info else 0
    return tf.constant(np.arange(8.0).reshape(4, 2)[first : first + shape[0]], dtype)


@pytest.mark.parametrize("partitioned", [False, True], ids=["whole", "partitioned"])
@pytest.mark.parametrize("name", RESTORED)
def test_every_way_to_save_a_variable(name, partitioned, tmp_path):
    with tf.Graph().as_default() as graph, tf1.Session(graph=graph) as session:
        x = tf1.placeholder(tf.float32, [4, 2], name="x")
        parts = tf1.fixed_size_partitioner(2) if partitioned else None
        v = tf1.get_variable("v", [4, 2], initializer=counted, partitioner=parts, use_resource=False)
        tf.add(tf.convert_to_tensor(v), x, name="y")
        session.run(tf1.global_variables_initializer())
        RESTORED[name](v).save(session, str(tmp_path / "net"))
    f = legacy.lift(tmp_path / "net.meta", "x", "y")
    np.testing.assert_array_equal(f(np.zeros([4, 2])), np.arange(8.0).reshape(4, 2))


def test_a_saved_model_of_tensorflow_2(tmp_path):
    module = tf.Module()
    module.w, module.b = tf.Variable([2.0, 3.0]), tf.Variable(1.0)
    module.f = tf.function(lambda x: x * module.w + module.b, input_signature=[tf.TensorSpec([2], name="x")])
    tf.saved_model.save(module, str(tmp_path / "net"), signatures=module.f)
    np.testing.assert_array_equal(legacy.lift(tmp_path / "net")([1.0, 10.0]), [3.0, 31.0])


# ---------- damaged files


def damaged_variable(meta):
    meta.collection_def["trainable_variables"].bytes_list.value[0] = b"\xff\xff\xff"


def damaged_asset(meta):
    packed(meta)
    meta.collection_def["saved_model_assets"].any_list.value[0].value = b"\xff\xff\xff"


@pytest.mark.parametrize("safe_mode", [True, False])
def test_a_damaged_meta_graph_is_named(safe_mode, tmp_path):
    source = meta_graph(tmp_path)
    meta = tf1.MetaGraphDef.FromString(source.read_bytes())
    damaged_variable(meta)
    source.write_bytes(meta.SerializeToString())
    said = refused(source, "x", "y", safe_mode=safe_mode)
    assert said.startswith(f"TensorFlow {tf.__version__} cannot read the graph in {source}: ")


def test_a_damaged_function_is_named(tmp_path):
    source, name = tmp_path / "net.meta", b"gradients_while_grad_mul_readvariableop_0_accumulator"
    source.write_bytes((FILES / "functional.meta").read_bytes().replace(name, name.replace(b"grad_", b"^rad_")))
    said = refused(source, "x", "y", checkpoint=FILES / "functional")
    assert re.match(r"While \(named '.*'\) calls a function that cannot be read: ", said)
    assert said.endswith(" Lift the parts before and after it: give the tensor that follows as an input.")


@pytest.mark.parametrize("damage", [damaged_variable, damaged_asset])
@pytest.mark.parametrize("safe_mode", [True, False])
def test_a_damaged_saved_model_is_named(damage, safe_mode, tmp_path):
    source = saved_model(tmp_path, assets=damage)
    said = refused(source, "x", "y", safe_mode=safe_mode)
    assert said.startswith(f"{source} cannot be loaded: ")
    assert said.endswith(" Save the model again.")
