"""Reads a traced graph: the ops between x and y, the functions that they call, the user's lines that created them."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph import kinds, trace
from nthgrad.engines.graph.straight import is_straight

_RUNNING = ("Call", "Case", "If", "While")

_LIBRARIES = tuple(
    os.path.join(os.path.dirname(os.path.dirname(module.__file__ or "")), name) + os.sep
    for module, name in ((tf, "tensorflow"), (tf, "keras"), (tf, "tf_keras"), (np, "numpy"))
)
_HERE = str(Path(__file__).parents[2]) + os.sep


# Read at import, outside of any conversion, so that f is always converted.
_UNSPECIFIED = tf.__internal__.autograph.control_status_ctx()


def converted(f: Callable[..., Any]) -> Callable[..., Any]:
    """Converts f by AutoGraph as the `tf.function` being traced would, so that `if` and `for` on tensors work in it.

    TensorFlow has no public way to convert one function of a trace and not its caller (here: the engine). Keras 3 uses
    tf.__internal__.autograph for its layers. It is the same in TensorFlow 2.16 to 2.21.

    A function typed at a prompt has no source to convert. It is returned unchanged, without AutoGraph's warning: an
    `if` on a tensor in it raises TensorFlow's error.
    """
    if inspect.iscoroutinefunction(f):
        return f  # refused later, for its output
    if inspect.isfunction(f):
        try:
            inspect.getsource(f)
        except (OSError, TypeError):
            return f
    made = tf.__internal__.autograph.tf_convert(f, _UNSPECIFIED)
    if not inspect.isfunction(f):
        return made

    @functools.wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        return (f if is_straight(f, (args, kwargs)) else made)(*args, **kwargs)

    return called


def carries(tensor: tf.Tensor) -> bool:
    """Whether a derivative can flow through a tensor: real, complex, or a variant (TensorLists hold tensors)."""
    dtype = tensor.dtype
    return dtype.is_floating or dtype.is_complex or dtype == tf.variant


def recenters(op: tf.Operation) -> bool:
    """Whether a StopGradient is the one in tf.nn.moments, which saves time and is right at first order only.

    The variance is computed as the mean of squared_difference(y, stop_gradient(mean(y))).
    """
    if op.type != "StopGradient" or op.inputs[0].op.type != "Mean":
        return False
    y = op.inputs[0].op.inputs[0].name
    users = op.outputs[0].consumers()
    return any(user.type == "SquaredDifference" and y in (t.name for t in user.inputs) for user in users)


def is_complex_sign(op: tf.Operation) -> bool:
    """Whether an op is the Sign of complex numbers, z / |z|, which varies."""
    return op.type == "Sign" and op.inputs[0].dtype.is_complex


def between(
    sources: Iterable[tf.Tensor],
    targets: Iterable[tf.Tensor],
    stop: frozenset[str] = kinds.CONSTANT,
    counts: Callable[[tf.Tensor], bool] = carries,
) -> list[Any]:
    """Returns the ops of a graph on a differentiable path from any source to any target, in order of creation.

    Args:
        sources: tensors of one graph.
        targets: tensors of the same graph.
        stop: op types that no derivative passes.
        counts: whether a tensor may lie on a path.
    """
    targets, reached = list(targets), {t.name for t in sources}
    if not targets:
        return []
    forward = []
    for op in targets[0].graph.get_operations():  # creation order is a topological order
        passes = op.type not in stop or recenters(op) or is_complex_sign(op)
        if passes and any(t.name in reached and counts(t) for t in op.inputs):
            forward.append(op)
            reached.update(t.name for t in op.outputs if counts(t))
    wanted, path = {t.name for t in targets}, []
    for op in reversed(forward):
        if any(t.name in wanted for t in op.outputs):
            path.append(op)
            wanted.update(t.name for t in op.inputs if t.name in reached and counts(t))
    return path[::-1]


def bodies(op: tf.Operation) -> dict[str, list[Any]]:
    """Returns the graphs of the functions that an op calls (PartitionedCall, If, While, Case, ...), by attribute name.

    Graph._get_function is private; TensorFlow has no public way from an op to the body of the function that it
    calls. It returns an object with a `graph` in TensorFlow 2.16 to 2.21. A body that TensorFlow has rewritten for its
    gradient calls functions that only an outer graph knows. Functions of some old libraries have no graph.
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
    """Whether an op runs a function without a graph, as some of TensorFlow's older libraries build."""
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


@contextlib.contextmanager
def variable_scope_kept() -> Generator[None]:
    """Restores the caching device of variables, which tf.map_fn changes and leaves changed where its function raises.

    Then the scope of any `tf.distribute.Strategy` would raise later. Eagerly, tf.map_fn changes nothing.
    """
    if tf.executing_eagerly():
        yield
        return
    scope = tf.compat.v1.get_variable_scope()
    before = scope.caching_device
    try:
        yield
    except BaseException:
        scope.set_caching_device(before)
        raise


_OPEN: weakref.WeakSet[Any] = weakref.WeakSet()


def open_lengths(graph: tf.Graph) -> None:
    """Marks a graph whose lengths are unknown by choice: the caller can trace it with known lengths instead."""
    _OPEN.add(graph)


def has_open_lengths(graph: tf.Graph | None) -> bool:
    """Whether `open_lengths` has been called for a graph, or for one around it."""
    while graph is not None:
        if graph in _OPEN:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def dependencies(targets: Iterable[tf.Tensor]) -> set[str]:
    """Returns the names of all tensors, of any dtype, that some targets of the same graph depend on."""
    seen, todo = set(), list(targets)
    while todo:
        t = todo.pop()
        if t.name not in seen:
            seen.add(t.name)
            todo += t.op.inputs
    return seen


def with_bodies(ops: Iterable[tf.Operation]) -> Iterator[tf.Operation]:
    """Yields the ops and, recursively, those between the inputs and outputs of each function that they call."""
    for op in ops:
        yield op
        for graphs in bodies(op).values():
            for graph in graphs:
                yield from with_bodies(between(graph.inputs, graph.outputs))


def location(op: tf.Operation) -> str:
    """Returns the user's `file:line` that created an op: the innermost frame outside of `library` files."""
    for frame in reversed(list(op.traceback or [])):
        if not library(frame.filename) and not frame.filename.startswith("<"):
            return f"{frame.filename}:{frame.lineno}"
    return "an unknown line"


@functools.lru_cache(maxsize=4096)
def library(filename: str) -> bool:
    """Whether a file, one of a frame, belongs to TensorFlow, Keras, NumPy or nthgrad."""
    if filename.startswith((*_LIBRARIES, _HERE)):
        return True
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("nthgrad.")]
    return filename in {getattr(module, "__file__", None) for module in modules}  # nthgrad.legacy may be elsewhere


def describe(op: tf.Operation) -> str:
    """Describes an op in errors: its type, its name and the user's line."""
    return f"{op.type} (named '{op.name}', made at {location(op)})"


def changes(op: tf.Operation) -> bool:
    """Whether an op changes state itself; False for an op that calls functions, whose ops tell."""
    return op.op_def.is_stateful and op.type not in kinds.UNCHANGING and not trace.bodies(op)
