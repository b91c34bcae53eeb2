"""Refuses layers of a Keras file that would run code, call functions that act, or read other files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import tensorflow as tf
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless

# Functions of TensorFlow that a layer of _CALLS may call, in addition to those of _MODULES.
_FUNCTIONS = frozenset({
    "argsort", "boolean_mask", "broadcast_to", "cast", "clip_by_norm", "clip_by_value", "concat", "constant",
    "convert_to_tensor", "cumsum", "einsum", "expand_dims", "eye", "fill", "gather", "gather_nd", "identity",
    "linspace", "meshgrid", "norm", "one_hot", "ones", "ones_like", "pad", "range", "rank", "repeat", "reshape",
    "reverse", "roll", "scatter_nd", "searchsorted", "sequence_mask", "shape", "size", "slice", "sort", "split",
    "squeeze", "stack", "stop_gradient", "strided_slice", "tensordot", "tile", "transpose", "unique", "unstack",
    "where", "zeros", "zeros_like",
})  # fmt: skip
_MODULES = ("__operators__.", "keras.activations.", "linalg.", "math.", "nn.", "signal.")
_CALLS = ("SlicingOpLambda", "TFOpLambda")
_METHODS = ("ClassMethod", "InstanceMethod")
_PATHS = ("ckpt_to_load_from", "vocabulary", "vocabulary_file")  # a string names a file; a list is the data itself


def architecture(text: str, where: str) -> None:
    """Checks the configuration of a model; leaves invalid JSON to Keras.

    Raises:
        LegacyError: if a layer would run code of the file's author, act, or read another file.
    """
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return
    for layer, part in _parts(config):
        if part.get("class_name") == "__lambda__" or any(
            key.endswith("_type") and value == "lambda" for key, value in part.items()
        ):
            _refuse(where, layer, "holds Python code of the file's author")
        for path in (part[key] for key in _PATHS if isinstance(part.get(key), str)):
            _refuse(where, layer, f"reads the file {path!r}")
        own = part.get("config")
        if not isinstance(own, Mapping):
            continue
        function = str(own.get("function", ""))
        if part.get("class_name") in _METHODS:
            _refuse(where, layer, "calls a method by its name")
        if part.get("class_name") in _CALLS and function not in _FUNCTIONS and not function.startswith(_MODULES):
            _refuse(where, layer, f"calls tf.{function}, which is not known to be harmless")
        if "node_def" in own and (kind := _acting(own["node_def"])) is not None:
            _refuse(where, layer, f"makes the op {kind}, which may reach files, processes, the network or Python")


def _refuse(where: str, layer: str, does: str) -> NoReturn:
    raise LegacyError(f"{where} is not lifted: the layer {layer} {does}. {harmless.ALLOW}")


def _parts(config: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields every dict of a configuration, with its layer."""
    todo = [("of no name", config)]
    while todo:
        layer, part = todo.pop()
        if isinstance(part, dict):
            if isinstance(part.get("class_name"), str):
                own = part.get("config")
                name = own.get("name") if isinstance(own, dict) else None
                layer = f"'{name or part.get('name')}' ({part['class_name']})"
            yield layer, part
        values = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        todo += [(layer, value) for value in values]


def _acting(node: Any) -> str | None:
    """Returns the op type in the NodeDef of a TensorFlowOpLayer, if it is not known to be harmless."""
    found = tf.compat.v1.NodeDef()
    try:
        if isinstance(node, dict):
            json_format.ParseDict(node, found)
        else:
            found.ParseFromString(str(node).encode("utf-8"))
    except (json_format.ParseError, DecodeError):
        return "of no known type"
    return found.op if harmless.acts(found.op) or harmless.calls(found.op) else None
