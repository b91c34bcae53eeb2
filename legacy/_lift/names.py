"""Finds the tensors of a graph: by name, by a name that the file defines, or the only candidate."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift.structure import Structure

_PHASE = re.compile(r"(.*/)?keras_learning_phase(_\d+)?")
_SHOWN = 10


class Names:
    """The tensors of a graph by name."""

    def __init__(self, graph: tf.Graph, where: str, own: Mapping[str, str]):
        """Reads the graph.

        Args:
            graph: a graph of TensorFlow 1.
            where: the source of the graph, for errors.
            own: maps names that the file defines to names of tensors.
        """
        self.graph, self.where, self.own = graph, where, own
        self._ops = {op.name: op for op in graph.get_operations()}

    def find(self, name: Any, role: str) -> tf.Tensor:
        """Returns the tensor of a name; returns a tensor of the graph unchanged.

        Args:
            name: `"x:0"`, `"x"` for an op with one output, a name that the file defines, or a tensor of the graph.
            role: the use of the tensor, for errors.
        """
        if isinstance(name, tf.Tensor):
            if getattr(name, "graph", None) is not self.graph:
                raise LegacyError(
                    f"The {role} {name!r} belongs to another graph than {self.where}. Give a tensor of it."
                )
            return name
        if not isinstance(name, str):
            raise LegacyError(f"The {role} {name!r} is neither a name nor a tensor. Give the name of a tensor: 'x:0'.")
        full = self.own.get(name, name)
        op, _, index = full.partition(":")
        if op not in self._ops:
            raise LegacyError(f"{self.where} has no {role} '{name}'. {self._similar(op)}")
        outputs = self._ops[op].outputs
        if not index and len(outputs) != 1:
            listed = ", ".join(t.name for t in outputs) or "none"
            raise LegacyError(
                f"The {role} '{name}' of {self.where} is an op with {len(outputs)} outputs: {listed}. Name one of them."
                if outputs
                else f"The {role} '{name}' of {self.where} is an op without outputs. Name an op that has some."
            )
        if index and not (index.isdecimal() and int(index) < len(outputs)):
            raise LegacyError(
                f"{self.where} has no {role} '{name}': that op's outputs are {', '.join(t.name for t in outputs)}. "
                "Name one of them."
            )
        return outputs[int(index or 0)]

    def learning_phases(self) -> list[tf.Tensor]:
        """Returns the placeholders that tell Keras layers whether they are in training."""
        kinds = ("Placeholder", "PlaceholderWithDefault")
        return [op.outputs[0] for op in self._ops.values() if op.type in kinds and _PHASE.fullmatch(op.name)]

    def default_inputs(self, outputs: Sequence[tf.Tensor], known: Mapping[str, Any]) -> list[tf.Tensor]:
        """Returns the only placeholder on which the outputs depend."""
        before = Structure(outputs, (), known).before(outputs).values()
        found = [t for t in before if t.op.type == "Placeholder"]
        if len(found) == 1:
            return found
        if not found:
            raise LegacyError(
                f"{_listed(outputs)} of {self.where} depends on no placeholder. "
                "Name the tensors that become arguments, with inputs=[...]."
            )
        raise LegacyError(
            f"{_listed(outputs)} of {self.where} depends on several placeholders: {_listed(found)}. "
            "Name the inputs in order, with inputs=[...]; feed={...} fixes the value of another."
        )

    def default_outputs(self, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the only unread float tensor that depends on the inputs, or on a placeholder."""
        reached = {t.name for t in inputs} or {
            op.outputs[0].name for op in self._ops.values() if op.type == "Placeholder" and op.outputs
        }
        start, ends = set(reached), []
        todo = [self.graph.get_tensor_by_name(name) for name in reached]
        while todo:
            tensor = todo.pop()
            users = [c for c in tensor.consumers() if c.outputs]
            unread = not any(
                c.outputs for t in tensor.op.outputs for c in t.consumers()
            )  # one output of a Switch is read
            if unread and tensor.name not in start and tensor.dtype.is_floating:
                ends.append(tensor)
            fresh = [t for c in users for t in c.outputs if t.name not in reached]
            reached.update(t.name for t in fresh)
            todo += fresh
        if len(ends) == 1:
            return ends
        if not ends:
            raise LegacyError(f"{self.where} has no tensor that may be the output. Name the output, with outputs=...")
        raise LegacyError(
            f"{self.where} has several tensors that may be the output: {_listed(sorted(ends, key=lambda t: t.name))}. "
            "Name one, or several, with outputs=..."
        )

    def _similar(self, name: str) -> str:
        last = name.rpartition("/")[2]
        ends = [other for other in self._ops if other.rpartition("/")[2] == last]
        close = [*self.own, *dict.fromkeys(ends), *difflib.get_close_matches(name, self._ops, _SHOWN, 0.6)]
        found = list(dict.fromkeys(close))[:_SHOWN]
        if not found:
            found = [op.name for op in self._ops.values() if op.type == "Placeholder"][:_SHOWN]
            return f"Its placeholders are {_quoted(found)}." if found else "It has no placeholders. Look at its graph."
        return f"Similar names are {_quoted(found)}. Name one of them."


def _listed(tensors: Sequence[tf.Tensor]) -> str:
    names = [f"'{t.name}'" for t in tensors]
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
