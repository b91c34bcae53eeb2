"""Refuses graphs whose import by TensorFlow would fill the memory or end the process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NoReturn

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless

EXPANDED = 2**30
"""Bytes that constants may take in memory beyond those in the file, where one number may stand for many."""

DEPTH = 100
"""Depth of calls between functions; TensorFlow follows the calls on the process's stack."""

OPS = 2**20
"""Ops that a graph may have after all calls of functions are inlined."""


def importable(graph: Any, where: str, *, safe_mode: bool) -> None:
    """Checks every node of a GraphDef and of its functions.

    Args:
        graph: the GraphDef.
        where: the file, for errors.
        safe_mode: whether to bound the size of constants; TensorFlow 1 may have written larger ones.

    Raises:
        LegacyError: if constants or calls are too large, or TensorFlow would end the process.
    """
    _check_calls(graph, where)
    expanded = 0
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        nexts = {node.name for node in nodes if node.op in ("NextIteration", "RefNextIteration")}
        for node in nodes:
            if (fault := _contradiction(node, nexts)) is not None:
                raise LegacyError(
                    f"{where} is damaged: {node.op} (named '{node.name}') {fault}. Give the file that TensorFlow 1 "
                    "wrote."
                )
            for tensor in _tensors(node):
                expanded += max(_bytes(tensor) - tensor.ByteSize(), 0)
                if safe_mode and expanded > EXPANDED:
                    shape = [dim.size for dim in tensor.tensor_shape.dim]
                    raise LegacyError(
                        f"{where} is not lifted: its constants, with '{node.name}' of shape {shape}, take {expanded} "
                        f"bytes of memory that are not in the file. {harmless.ALLOW}"
                    )


def _contradiction(node: Any, nexts: set[str]) -> str | None:
    """Describes a fault of a node that TensorFlow does not check, and that would end the process."""
    inside = [text.partition(":")[0] in nexts for text in node.input if not text.startswith("^")]
    if node.op in ("Merge", "RefMerge") and any(inside) and inside.count(False) > 1:
        return "belongs to a loop that no tf.while_loop made"
    whole = node.op == "Const" and {"dtype", "value"} <= set(node.attr)
    if whole and node.attr["dtype"].type != node.attr["value"].tensor.dtype:
        return "has a value of another dtype than its own"
    return None


def _check_calls(graph: Any, where: str) -> None:
    """Refuses functions that call themselves, or that would be too large after inlining."""
    bodies = {function.signature.name: function.node_def for function in graph.library.function}
    sizes: dict[str, tuple[int, int]] = {}  # number of ops, depth of calls

    def refuse(name: str) -> NoReturn:
        raise LegacyError(
            f"{where} is not lifted: its function '{name}' calls itself, is called through more than {DEPTH} others, "
            f"or is called so often that the graph has more than {OPS} ops. Give the file that TensorFlow 1 wrote."
        )

    def size(nodes: Any, callers: tuple[str, ...]) -> tuple[int, int]:
        ops, depth = len(nodes), 0
        for name in (name for node in nodes for name in _called(node) if name in bodies):
            if name in callers or len(callers) == DEPTH:
                refuse(name)
            if name not in sizes:
                sizes[name] = size(bodies[name], (*callers, name))
            ops, depth = ops + sizes[name][0], max(depth, 1 + sizes[name][1])
            if ops > OPS or len(callers) + depth > DEPTH:
                refuse(name)
        return ops, depth

    if bodies:
        size(graph.node, ())


def _called(node: Any) -> Iterator[str]:
    yield node.op  # an op type may be the name of a function
    for attr in node.attr.values():
        if attr.HasField("func"):
            yield attr.func.name
        yield from (function.name for function in attr.list.func)


def _tensors(node: Any) -> Iterator[Any]:
    for attr in node.attr.values():
        if attr.HasField("tensor"):
            yield attr.tensor
        yield from attr.list.tensor


def _bytes(tensor: Any) -> int:
    """Returns the size in memory; 0 if TensorFlow refuses the tensor anyway."""
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    try:
        return max(tf.as_dtype(tensor.dtype).size or 1, 1) * math.prod(sizes) if min(sizes, default=0) >= 0 else 0
    except TypeError:  # unknown dtype
        return 0
