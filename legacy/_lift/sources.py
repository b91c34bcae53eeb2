"""Reads sessions, frozen graphs, MetaGraphs and SavedModels as a graph and the values of its variables."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift import graph_checks, harmless
from nthgrad.legacy._lift.stored import Stored

_v1 = tf.compat.v1
_ASSETS = "saved_model_assets"  # the collection of TensorFlow 1's SavedModels


@dataclasses.dataclass
class Source:
    """A graph of TensorFlow 1, with its variables, inputs and outputs."""

    graph: tf.Graph
    where: str
    session: Any = None  # holds the values of variables, if any
    stored: Stored | None = None  # holds the values of variables, if there is no session
    trainable: set[str] | None = None  # names of variables; None if unknown
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)  # argument names to tensor names
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)
    keras: bool = False  # a model of Keras
    safe_mode: bool = False  # refuse ops that are not known to be harmless


def frozen(path: Path, *, safe_mode: bool) -> Source:
    """Reads a GraphDef whose variables are constants."""
    graph_def = _v1.GraphDef()
    _parse(graph_def, path, "GraphDef, as tf.graph_util.convert_variables_to_constants makes it")
    graph_checks.importable(graph_def, str(path), safe_mode=safe_mode)
    if safe_mode:
        harmless.disarm(graph_def)
    graph, _ = _imported(lambda: _v1.import_graph_def(graph_def, name=""), str(path))
    return Source(graph, str(path), safe_mode=safe_mode)


def checkpoint(path: Path, prefix: str | None, stack: contextlib.ExitStack, *, safe_mode: bool) -> Source:
    """Reads a MetaGraph, with its checkpoint."""
    meta = _v1.MetaGraphDef()
    _parse(meta, path, "MetaGraph, as tf.train.Saver writes it")
    graph_checks.importable(meta.graph_def, str(path), safe_mode=safe_mode)
    prefix = str(path.with_suffix("")) if prefix is None else prefix.removesuffix(".index")
    if safe_mode:
        harmless.disarm(meta.graph_def)
    graph, saver = _imported(lambda: _v1.train.import_meta_graph(meta, clear_devices=True), str(path))
    source = Source(graph, str(path), trainable=_collected(graph), safe_mode=safe_mode)
    if not safe_mode:
        source.session = stack.enter_context(_v1.Session(graph=graph))
    if saver is not None:
        if not tf.io.gfile.exists(f"{prefix}.index") and not tf.io.gfile.exists(prefix):
            raise LegacyError(
                f"{path} holds a graph, but its checkpoint {prefix}, which holds the values of its variables, does not "
                "exist. Give the path of the checkpoint, without the ending, as checkpoint=..."
            )
        try:
            if safe_mode:
                source.stored = Stored(graph, saver.as_saver_def().restore_op_name, prefix, str(path))
            else:
                saver.restore(source.session, prefix)
        except (ValueError, KeyError, TypeError, tf.errors.OpError) as error:
            raise LegacyError(
                f"The checkpoint {prefix} does not fit {path}: {first(error)} Give the one that was saved with it."
            ) from error
    return source


def saved_model(
    folder: Path,
    signature: str | None,
    tags: Sequence[str] | None,
    stack: contextlib.ExitStack,
    *,
    safe_mode: bool,
) -> Source:
    """Reads a SavedModel, and the inputs and outputs of one signature."""
    try:
        metas = _private.saved_models((folder / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise LegacyError(f"{folder / 'saved_model.pb'} is no SavedModel. Save the model again.") from error
    fitting = [m for m in metas if tags is None or set(m.meta_info_def.tags) == set(tags)]
    if len(fitting) != 1:
        found = "; ".join(", ".join(sorted(m.meta_info_def.tags)) for m in metas)
        raise LegacyError(f"{folder} holds graphs with these tags: {found}. Choose one of them with tags=[...].")
    (meta,) = fitting
    graph_checks.importable(meta.graph_def, str(folder), safe_mode=safe_mode)
    graph, session, stored = tf.Graph(), None, None
    if safe_mode:
        _check_assets(meta, folder)
        harmless.disarm(meta.graph_def)
    else:
        session = stack.enter_context(_v1.Session(graph=graph))
    with graph.as_default(), _private.without_advice():
        try:
            if safe_mode:
                saver = _v1.train.import_meta_graph(meta)
                if saver is not None:
                    restore, prefix = saver.as_saver_def().restore_op_name, folder / "variables" / "variables"
                    stored = Stored(graph, restore, str(prefix), str(folder))
            else:
                _v1.saved_model.load(session, list(meta.meta_info_def.tags), str(folder))
        except (ValueError, KeyError, TypeError, OSError, RuntimeError, DecodeError, tf.errors.OpError) as error:
            raise LegacyError(f"{folder} cannot be loaded: {first(error)} Save the model again.") from error
    source = Source(graph, str(folder), session, stored, _collected(graph), safe_mode=safe_mode)
    signatures = {key: value for key, value in meta.signature_def.items() if not key.startswith("__")}
    if signature is None:
        signature = "serving_default" if "serving_default" in signatures else None
        signature = next(iter(signatures)) if signature is None and len(signatures) == 1 else signature
    elif signature not in signatures:
        raise LegacyError(f"{folder} has no signature '{signature}'. {_signatures(signatures)}")
    if signature is not None:
        chosen = signatures[signature]
        source.inputs = {key: chosen.inputs[key].name for key in sorted(chosen.inputs)}
        source.outputs = {key: chosen.outputs[key].name for key in sorted(chosen.outputs)}
    elif signatures:
        source.where = f"{folder} (no signature chosen: {', '.join(sorted(signatures))})"
    return source


def live(graph: tf.Graph, session: Any, where: str = "the session's graph") -> Source:
    """Returns the source for a graph of this process and its session."""
    return Source(graph, where, session, trainable=_collected(graph))


def values(source: Source, ops: Sequence[Any]) -> list[np.ndarray]:
    """Returns the values of variables, given their ops."""
    if not ops:
        return []
    if source.stored is not None:
        return source.stored.values(ops)
    if source.session is None:
        raise LegacyError(
            f"{source.where} holds the variable '{ops[0].name}' but no values: it was not frozen. Lift the .meta file "
            "with its checkpoint, or freeze it with tf.graph_util.convert_variables_to_constants."
        )
    with source.graph.as_default():
        reads = [_read(op) for op in ops]
    try:
        return source.session.run(reads)
    except tf.errors.FailedPreconditionError as error:
        missing = next((op.name for op in ops if op.name in str(error)), ops[0].name)
        raise LegacyError(
            f"The variable '{missing}' of {source.where} has no value in the session. "
            "Before lifting, run its initializer or restore a checkpoint."
        ) from error
    except RuntimeError as error:
        raise LegacyError(
            f"The session cannot be read: {first(error)} Lift the graph while the session is open."
        ) from error


def _read(op: Any) -> tf.Tensor:
    if op.type != "VarHandleOp":
        return op.outputs[0]
    made = next((user for user in op.outputs[0].consumers() if user.type == "ReadVariableOp"), None)
    if made is not None and not made.control_inputs:
        return made.outputs[0]
    return tf.raw_ops.ReadVariableOp(resource=op.outputs[0], dtype=op.get_attr("dtype"))


def _check_assets(meta: Any, folder: Path) -> None:
    """Refuses assets outside of the folder of the SavedModel."""
    assets = list(meta.asset_file_def)
    packed_assets = meta.collection_def[_ASSETS].any_list.value if _ASSETS in meta.collection_def else ()
    for packed in packed_assets:
        asset = _v1.MetaGraphDef().asset_file_def.add()
        try:
            packed.Unpack(asset)
        except DecodeError as error:
            raise LegacyError(f"{folder} cannot be loaded: {first(error)} Save the model again.") from error
        assets.append(asset)
    for asset in assets:
        path = PurePosixPath(asset.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in asset.filename:
            raise LegacyError(
                f"{folder} is not lifted: its asset {asset.filename!r} lies outside of its folder. {harmless.ALLOW}"
            )


def _parse(message: Any, path: Path, what: str) -> None:
    data = path.read_bytes()
    try:
        if path.suffix in (".pbtxt", ".txt"):
            text_format.Parse(data.decode("utf-8"), message)
        else:
            message.ParseFromString(data)
        graph = getattr(message, "graph_def", message)
        empty = not graph.node
    except (DecodeError, text_format.ParseError, UnicodeDecodeError):
        empty = True
    if empty:
        raise LegacyError(f"{path} is no {what}. Give the file that TensorFlow 1 wrote.")


def _imported(load: Callable[[], Any], where: str) -> tuple[tf.Graph, Any]:
    graph = tf.Graph()
    with graph.as_default():
        try:
            return graph, load()
        except (ValueError, KeyError, TypeError, DecodeError, tf.errors.OpError) as error:
            raise LegacyError(
                f"TensorFlow {tf.__version__} cannot read the graph in {where}: {first(error)} Replace ops that "
                "were removed from TensorFlow in the old program."
            ) from error


def _collected(graph: tf.Graph) -> set[str] | None:
    if not graph.get_collection(_v1.GraphKeys.GLOBAL_VARIABLES):
        return None
    return {bare(v) for v in graph.get_collection(_v1.GraphKeys.TRAINABLE_VARIABLES)}


def bare(named: Any) -> str:
    """Returns the name of the op of a tensor or variable."""
    return named.name.partition(":")[0]


def first(error: BaseException) -> str:
    """Returns the first line of an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return line if line.endswith(".") else f"{line}."


def _signatures(signatures: Mapping[str, Any]) -> str:
    if not signatures:
        return "It has none. Name tensors with inputs=... and outputs=..."
    return f"Its signatures are {', '.join(repr(key) for key in sorted(signatures))}. Name one of them."
