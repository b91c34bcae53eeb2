"""Finds tensors of a graph that are computed in the same way from the same tensors, such as two calls of tf.norm(x)."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import tensorflow as tf

_LARGEST = 1000  # elements; larger constants are compared by name


class Alike:
    """Numbers tensors: two that are computed in the same way have the same number.

    Args:
        sources: the names of tensors that are identified by name only.
    """

    def __init__(self, sources: Container[str]):
        self.sources = sources
        self.numbers: dict[Any, int] = {}

    def number(self, t: tf.Tensor) -> int:
        numbers, todo = self.numbers, [t]
        while todo:
            op, name = todo[-1].op, todo[-1].name
            inputs = [] if self.single(op, name) else list(op.inputs)
            if name not in numbers and (missing := [x for x in inputs if x.name not in numbers]):
                todo += missing
                continue
            todo.pop()
            if name not in numbers:
                key = name if self.single(op, name) else _key(op, name, tuple(numbers[x.name] for x in inputs))
                numbers[name] = numbers.setdefault(key, len(numbers))
        return numbers[t.name]

    def single(self, op: Any, name: str) -> bool:
        """Whether a tensor is identified by name only."""
        large = op.type == "Const" and (op.outputs[0].shape.num_elements() or 0) > _LARGEST
        return name in self.sources or op.op_def.is_stateful or op.type == "Placeholder" or large


def _key(op: Any, name: str, inputs: tuple[int, ...]) -> Any:
    attributes = sorted((k, v.SerializeToString()) for k, v in op.node_def.attr.items())
    return op.type, name.rpartition(":")[2], tuple(attributes), inputs
