"""What a traced graph says of itself: which ops lie between x and y, which functions they call, who wrote them."""

from __future__ import annotations

import inspect
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph import kinds, trace

_RUNNING = ("Call", "Case", "If", "While")

_LIBRARIES = tuple(
    os.path.join(os.path.dirname(os.path.dirname(module.__file__ or "")), name) + os.sep
    for module, name in ((tf, "tensorflow"), (tf, "keras"), (tf, "tf_keras"), (np, "numpy"))
)
_HERE = str(Path(__file__).parents[2]) + os.sep


# Taken at import, outside of any conversion, so that f is converted whoever calls.
_UNSPECIFIED = tf.__internal__.autograph.control_status_ctx()


def converted(f: Callable[..., Any]) -> Callable[..., Any]:
    """Converts f by AutoGraph as the `tf.function` being traced would, so that `if` and `for` on tensors work in it.

    tf.__internal__.autograph is what Keras 3 uses for its layers; TensorFlow has no public way to convert one
    function of a trace and leave its caller (here: the engine) as it is. The same in TensorFlow 2.16 to 2.21.

    A function typed at a prompt has no source to convert and is left as it is, without AutoGraph's warning: an `if` on
    a tensor in it gets TensorFlow's error.
    """
    if inspect.iscoroutinefunction(f):
        return f  # refused for what it returns
    if inspect.isfunction(f):
        try:
            inspect.getsource(f)
        except (OSError, TypeError):
            return f
    return tf.__internal__.autograph.tf_convert(f, _UNSPECIFIED)


def carries(tensor: tf.Tensor) -> bool:
    """Whether a derivative can flow through a tensor: real, complex, or a variant (TensorLists hold tensors)."""
    dtype = tensor.dtype
    return dtype.is_floating or dtype.is_complex or dtype == tf.variant


def recentres(op: tf.Operation) -> bool:
    """Whether a StopGradient is the one in tf.nn.moments, which is there for speed and right at first order only.

    The variance is taken as the mean of squared_difference(y, stop_gradient(mean(y))).
    """
    if op.type != "StopGradient" or op.inputs[0].op.type != "Mean":
        return False
    y = op.inputs[0].op.inputs[0].name
    users = op.outputs[0].consumers()
    return any(user.type == "SquaredDifference" and y in (t.name for t in user.inputs) for user in users)


def turns(op: tf.Operation) -> bool:
    """Whether a Sign is one of complex numbers: z / |z|, which varies."""
    return op.type == "Sign" and op.inputs[0].dtype.is_complex


def between(
    sources: Iterable[tf.Tensor], targets: Iterable[tf.Tensor], stop: frozenset[str] = kinds.CONSTANT
) -> list[Any]:
    """The ops of a graph on a differentiable path from any source to any target, in the order of their creation.

    Args:
        sources: tensors of one graph.
        targets: tensors of the same graph.
        stop: op types that no derivative passes.
    """
    targets, reached = list(targets), {t.name for t in sources}
    if not targets:
        return []
    forward = []
    for op in targets[0].graph.get_operations():  # creation order is a topological order
        passes = op.type not in stop or recentres(op) or turns(op)
        if passes and any(t.name in reached and carries(t) for t in op.inputs):
            forward.append(op)
            reached.update(t.name for t in op.outputs if carries(t))
    wanted, path = {t.name for t in targets}, []
    for op in reversed(forward):
        if any(t.name in wanted for t in op.outputs):
            path.append(op)
            wanted.update(t.name for t in op.inputs if t.name in reached and carries(t))
    return path[::-1]


def bodies(op: tf.Operation) -> dict[str, list[Any]]:
    """The graphs of the functions that an op calls (PartitionedCall, If, While, Case, ...), by attribute name.

    Graph._get_function is private; TensorFlow has no public way from an op to the body of the function that it
    calls. It has returned an object with a `graph` from TensorFlow 2.16 to 2.21. A body that TensorFlow has rewritten
    for its gradient calls functions that only an outer graph knows; those of some old libraries have no graph.
    """
    found: dict[str, list[Any]] = {}
    for attr in op.op_def.attr:
        if attr.type in ("func", "list(func)"):
            value = op.get_attr(attr.name)
            names = [v.name for v in (value if attr.type == "list(func)" else [value])]
            graphs = [getattr(function(op.graph, name)[0], "graph", None) for name in names if name]
            if graphs and None not in graphs:
                found[attr.name] = graphs
    return found


def hidden(op: tf.Operation) -> bool:
    """Whether an op runs a function whose ops cannot be seen, as some of TensorFlow's older libraries build."""
    if not any(kind in op.type for kind in _RUNNING):
        return False
    functions = {attr.name for attr in op.op_def.attr if attr.type in ("func", "list(func)")}
    return bool(functions - bodies(op).keys())


def function(graph: Any, name: str) -> tuple[Any, Any]:
    """The function that ops of a graph call by this name, and the graph that holds it; None, None if none does."""
    while graph is not None:
        if (found := graph._get_function(name)) is not None:
            return found, graph
        graph = getattr(graph, "outer_graph", None)
    return None, None


_OPEN: weakref.WeakSet[Any] = weakref.WeakSet()


def open_lengths(graph: tf.Graph) -> None:
    """Marks a graph whose lengths are unknown by choice: it may be traced again with those that are known."""
    _OPEN.add(graph)


def has_open_lengths(graph: tf.Graph | None) -> bool:
    """Whether `open_lengths` has been called for a graph, or for one around it."""
    while graph is not None:
        if graph in _OPEN:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def leads_to(targets: Iterable[tf.Tensor]) -> set[str]:
    """The names of all tensors, of whatever dtype, that some targets of the same graph are made from."""
    seen, todo = set(), list(targets)
    while todo:
        t = todo.pop()
        if t.name not in seen:
            seen.add(t.name)
            todo += t.op.inputs
    return seen


def walk(ops: Iterable[tf.Operation]) -> Iterator[tf.Operation]:
    """The ops and, where they call functions, the ops between each function's inputs and its outputs, recursively."""
    for op in ops:
        yield op
        for graphs in bodies(op).values():
            for graph in graphs:
                yield from walk(between(graph.inputs, graph.outputs))


def location(op: tf.Operation) -> str:
    """The user's `file:line` that made an op: the innermost frame outside TensorFlow, Keras, NumPy and nthgrad."""
    for frame in reversed(list(op.traceback or [])):
        if not library(frame.filename) and not frame.filename.startswith("<"):
            return f"{frame.filename}:{frame.lineno}"
    return "an unknown line"


def library(filename: str) -> bool:
    """Whether a file is one of TensorFlow's, Keras's, NumPy's or nthgrad's."""
    if filename.startswith((*_LIBRARIES, _HERE)):
        return True
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("nthgrad.")]
    return filename in {getattr(module, "__file__", None) for module in modules}  # nthgrad.legacy may lie elsewhere


def describe(op: tf.Operation) -> str:
    """An op as errors name it: its type, its name and the user's line."""
    return f"{op.type} (named '{op.name}', made at {location(op)})"


def changes(op: tf.Operation) -> bool:
    """Whether an op itself changes state; of an op that calls functions, the ops in these say so."""
    return op.op_def.is_stateful and op.type not in kinds.UNCHANGING and not trace.bodies(op)
