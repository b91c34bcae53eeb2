"""Finds the loops of a graph of TensorFlow 1 and a topological order of its ops."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._lift.ops import CUT, describe, frame_name, is_loop_variable, kind


@dataclasses.dataclass
class Frame:
    """The ops of a loop; a Merge is a loop variable, and `switches` has its Switch."""

    enters: list[Any]
    merges: list[Any] = dataclasses.field(default_factory=list)
    switches: dict[Any, Any] = dataclasses.field(default_factory=dict)
    exits: list[Any] = dataclasses.field(default_factory=list)
    condition: Any = None  # the LoopCond


def entered(merge: Any) -> Any:
    """Returns the Enter of a loop variable.

    Raises:
        LegacyError: if it has none.
    """
    for tensor in merge.inputs:
        if kind(tensor.op) == "Enter":
            return tensor.op
    raise LegacyError(f"{describe(merge)} belongs to a loop that no tf.while_loop made. {CUT}")


def start(merge: Any) -> tf.Tensor:
    """Returns the initial value of a loop variable, outside of the loop."""
    return entered(merge).inputs[0]


def following(merge: Any) -> tf.Tensor:
    """Returns the next value of a loop variable, inside of the loop."""
    return next(t.op for t in merge.inputs if kind(t.op) == "NextIteration").inputs[0]


def left(exit_: Any) -> tuple[str, Any]:
    """Returns the name of the loop that an Exit leaves, and the loop variable that it returns."""
    merge = exit_.inputs[0].op.inputs[0].op
    return frame_name(entered(merge)), merge


def reachable(targets: Sequence[tf.Tensor], given: Collection[str]) -> dict[str, Any]:
    """Returns the ops on which the targets depend, by name; stops at the given tensors."""
    seen: dict[str, Any] = {}
    todo = [t.op for t in targets if t.name not in given]
    while todo:
        op = todo.pop()
        if op.name not in seen:
            seen[op.name] = op
            todo += [t.op for t in op.inputs if t.name not in given] + list(op.control_inputs)
    return seen


def frames(ops: Mapping[str, Any]) -> dict[str, Frame]:
    """Returns the loops among some ops, by name.

    Raises:
        LegacyError: if tf.while_loop cannot have built a loop.
    """
    found: dict[str, Frame] = {}
    for op in ops.values():
        if kind(op) == "Enter":
            found.setdefault(frame_name(op), Frame([])).enters.append(op)
    for op in ops.values():
        if is_loop_variable(op):
            found[frame_name(entered(op))].merges.append(op)
    for op in ops.values():
        if kind(op) == "Switch" and op.inputs[1].op.type == "LoopCond":
            frame = _frame(found, op, op.inputs[0].op)
            frame.switches[op.inputs[0].op] = op
            if frame.condition not in (None, op.inputs[1].op):
                raise LegacyError(
                    f"{describe(op)} belongs to one of two loops with the same name, which TensorFlow 1 mixes up. "
                    "Lift each graph before it is imported into another."
                )
            frame.condition = op.inputs[1].op
        elif kind(op) == "Exit":
            _frame(found, op, op.inputs[0].op.inputs[0].op).exits.append(op)
    return found


def ordered(ops: Mapping[str, Any], loops: Mapping[str, Frame], given: Collection[str]) -> list[Any]:
    """Sorts ops topologically; the Exits of a loop follow all its other ops."""
    inside = {name: [*f.enters, *(t.op for m in f.merges for t in m.inputs)] for name, f in loops.items()}

    def needs(op: Any) -> list[Any]:
        found = [t.op for t in op.inputs if t.name not in given] + list(op.control_inputs)
        if is_loop_variable(op):
            found = [one for one in found if kind(one) != "NextIteration"]
        elif kind(op) == "Exit":
            found += inside[left(op)[0]]
        return [one for one in found if one.name in ops]

    order: list[Any] = []
    done: dict[str, bool] = {}  # False while the inputs of an op are visited
    for root in ops.values():
        stack = [] if root.name in done else [(root, iter(needs(root)))]
        done.setdefault(root.name, False)
        while stack:
            op, rest = stack[-1]
            one = next(rest, None)
            if one is None:
                done[op.name] = True
                order.append(op)
                stack.pop()
            elif one.name not in done:
                done[one.name] = False
                stack.append((one, iter(needs(one))))
            elif not done[one.name]:
                raise LegacyError(f"{describe(one)} depends on itself, but not through a tf.while_loop. {CUT}")
    return order


def _frame(loops: Mapping[str, Frame], op: Any, merge: Any) -> Frame:
    if not is_loop_variable(merge):
        raise LegacyError(f"{describe(op)} belongs to a loop that no tf.while_loop made. {CUT}")
    return loops[frame_name(entered(merge))]
