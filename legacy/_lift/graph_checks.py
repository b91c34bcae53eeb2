"""Refuses graphs of files that fill the memory, or end the process, as TensorFlow imports them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless

EXPANDED = 2**30
"""Bytes that a file's constants may take in memory beyond those that it holds: one number may stand for many."""


def importable(graph: Any, where: str, *, safe_mode: bool) -> None:
    """Looks at every node of a GraphDef, those of functions too.

    Args:
        graph: the GraphDef.
        where: the file, for errors.
        safe_mode: whether to bound what constants take; TensorFlow 1 may have written larger ones.

    Raises:
        LegacyError: Its constants are too large, or TensorFlow would end the process.
    """
    expanded = 0
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        nexts = {node.name for node in nodes if node.op in ("NextIteration", "RefNextIteration")}
        for node in nodes:
            if (said := _contradiction(node, nexts)) is not None:
                raise LegacyError(
                    f"{where} is damaged: {node.op} (named '{node.name}') {said}. Give the file that TensorFlow 1 "
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
    """What of a node ends the process, as TensorFlow takes for granted that it is otherwise."""
    inside = [text.partition(":")[0] in nexts for text in node.input if not text.startswith("^")]
    if node.op in ("Merge", "RefMerge") and any(inside) and inside.count(False) > 1:
        return "belongs to a loop that no tf.while_loop made"
    whole = node.op == "Const" and {"dtype", "value"} <= set(node.attr)
    if whole and node.attr["dtype"].type != node.attr["value"].tensor.dtype:
        return "has a value of another dtype than its own"
    return None


def _tensors(node: Any) -> Iterator[Any]:
    for attr in node.attr.values():
        if attr.HasField("tensor"):
            yield attr.tensor
        yield from attr.list.tensor


def _bytes(tensor: Any) -> int:
    """The size in memory; 0 where TensorFlow refuses the tensor anyway."""
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    try:
        return max(tf.as_dtype(tensor.dtype).size or 1, 1) * math.prod(sizes) if min(sizes, default=0) >= 0 else 0
    except TypeError:  # of no known type
        return 0
