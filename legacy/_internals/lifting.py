"""Private names that lifting an old graph needs."""

import contextlib
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2  # the only way to read a SavedModel's tags without loading it
from tensorflow.python.eager import context  # eager_mode: creates variables eagerly, also in a legacy session
from tensorflow.python.framework import (
    function_def_to_graph,  # functions of a file have no graph of their own
    op_def_registry,  # defines an op of a file before the file is imported
)
from tensorflow.python.util import deprecation  # silences the warning on loading a SavedModel of TensorFlow 1

from nthgrad.engines.graph import trace


def eager_mode() -> contextlib.AbstractContextManager:
    """Executes eagerly in this thread, whatever graph or session is open."""
    return context.eager_mode()


def without_advice() -> contextlib.AbstractContextManager:
    """Suppresses logs of deprecation."""
    return deprecation.silence()


def body(graph: Any, name: str) -> Any:
    """Returns the graph of the function that ops of a graph call by this name, or None."""
    function, holder = trace.function(graph, name)
    if function is None or getattr(function, "graph", None) is not None:
        return getattr(function, "graph", None)
    known = getattr(holder, "_nthgrad_bodies", None)
    if known is None:
        known = holder._nthgrad_bodies = {}  # on the graph, for they may hold it: no weak table would let it go
    if name not in known:
        with holder.as_default():
            known[name] = function_def_to_graph.function_def_to_graph(_definition(function))
    return known[name]


def _definition(function: Any) -> Any:
    for name in ("function_def", "cached_definition", "definition"):
        if (found := getattr(function, name, None)) is not None:
            return found
    raise AttributeError(f"{type(function).__name__} has no definition")


def op_def(kind: str) -> Any:
    """Returns the OpDef of an op type, or None."""
    return op_def_registry.get(kind)


def without_code() -> contextlib.AbstractContextManager:
    """Makes tf_keras refuse marshaled code in this thread."""
    from tf_keras.src.saving import serialization_lib

    return serialization_lib.SafeModeScope(True)


def saved_models(file: bytes) -> list[Any]:
    """Returns the MetaGraphDefs in the bytes of a saved_model.pb."""
    return list(saved_model_pb2.SavedModel.FromString(file).meta_graphs)


def attribute(op: tf.Operation, name: str) -> Any:
    """Returns an attribute of an op, such as `_gradient_op_type`, or None if it has none of this name."""
    try:
        return op.get_attr(name)
    except ValueError:
        return None
