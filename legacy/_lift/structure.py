"""Analyzes the control flow of TensorFlow 1: finds the branches and loops to which each tensor belongs.

In TensorFlow 1 a branch is the ops between Switch and Merge, a loop the ops between Enter and Exit. A tensor has a set
of scopes: its loops, and the conditions that must be true or false to compute it. Scopes pass from op to op, through
control inputs too. Switch and Enter add a scope, Merge and Exit remove it.

Conditions with a known value, such as the learning phase of Keras, are decided here, and the other branch is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph import rebuild
from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import harmless, loops
from nthgrad.legacy._lift.ops import CUT, PASSES, VARIABLES, describe, frame_name, is_handle, is_loop_variable, kind

_LARGE = 2**20  # elements; an op with a larger output is not run to compute a condition


class Branch(NamedTuple):
    """The scope in which a condition is true, or false."""

    condition: str
    taken: bool


class Loop(NamedTuple):
    """The scope inside a loop."""

    frame: str


class Structure:
    """The part of a graph on which some tensors depend, with the scopes of its tensors."""

    def __init__(
        self, targets: Sequence[tf.Tensor], inputs: Iterable[str] = (), known: Mapping[str, Any] | None = None
    ):
        """Analyzes the graph.

        Args:
            targets: the tensors to compute.
            inputs: names of given tensors; the graph before them is ignored.
            known: known values of tensors, by name.
        """
        self.targets, self.inputs = list(targets), set(inputs)
        self.members: dict[tuple[Any, ...], list[Any]] = {}  # the Merges that become one tf.cond
        self._known: dict[str, Any] = {name: np.asarray(value) for name, value in (known or {}).items()}
        self._same: dict[str, tf.Tensor] = {}  # the tensor of which one is an alias
        self._dead: set[str] = set()  # tensors and ops in branches that are not taken
        self._scopes: dict[str, frozenset] = {}  # of tensors, and of ops
        self._depth: dict[str, int] = {}  # the number of branches and loops before a tensor
        self._foldable = set(self._known)
        self._conditions: dict[str, tuple[tf.Tensor, int]] = {}
        given = self.inputs | self._known.keys()
        reachable = loops.reachable(targets, given)
        self.frames = loops.frames(reachable)
        self.ops = loops.ordered(reachable, self.frames, given)
        for op in self.ops:
            self._place(op)
        self._check_handles()
        self._read = {t.name for op in self.ops for t in op.inputs} | {t.name for t in self.targets}

    # ---- queries

    def resolve(self, tensor: tf.Tensor) -> tf.Tensor:
        """Returns the tensor of which this one is an alias; otherwise this one."""
        while tensor.name in self._same and tensor.name not in self.inputs:
            tensor = self._same[tensor.name]
        return tensor

    def scopes(self, tensor: tf.Tensor) -> frozenset:
        """Returns the scopes of a tensor."""
        return self._scopes.get(tensor.name, frozenset())

    def known(self, tensor: tf.Tensor) -> Any:
        """Returns the known value of a tensor, or None."""
        return self._known.get(tensor.name)

    def is_dead(self, tensor: tf.Tensor) -> bool:
        """Whether a tensor is never computed."""
        return tensor.name in self._dead

    def read_outputs(self, op: Any) -> list[int]:
        """Returns the numbers of an op's outputs that the targets or other ops read."""
        return [i for i, t in enumerate(op.outputs) if t.name in self._read]

    def condition(self, merge: Any) -> tf.Tensor:
        """Returns the condition that selects the input of a Merge."""
        return self._conditions[merge.name][0]

    def side(self, merge: Any, *, taken: bool) -> int:
        """Returns the number of the input that a Merge selects if its condition is `taken`."""
        index = self._conditions[merge.name][1]
        return index if taken else 1 - index

    def group(self, merge: Any) -> tuple[Any, ...]:
        """Returns a key that is equal for Merges of one tf.cond; none of them depends on another."""
        output = merge.outputs[0]
        return self.condition(merge).name, self.scopes(output), self._depth[output.name]

    def before(self, targets: Iterable[tf.Tensor], inside: Branch | Loop | None = None) -> dict[str, tf.Tensor]:
        """Returns the tensors on which the targets depend; given a scope, only the nearest ones outside it."""
        found: dict[str, tf.Tensor] = {}
        seen, todo = set(), list(targets)
        while todo:
            tensor = self.resolve(todo.pop())
            if tensor.name in seen:
                continue
            seen.add(tensor.name)
            outside = inside is not None and inside not in self.scopes(tensor)
            if outside or inside is None:
                found[tensor.name] = tensor
            if not outside and tensor.name not in self.inputs and tensor.name not in self._known:
                todo += tensor.op.inputs
        return found

    def running(self) -> list[Any]:
        """Returns the ops that run before the targets, control inputs included, without those in dead branches."""
        return [op for op in self.ops if not self._dead.intersection([op.name, *(t.name for t in op.outputs)])]

    # ---- analysis

    def _place(self, op: Any) -> None:
        """Sets the scopes of an op's outputs; its inputs have theirs."""
        name, tensors = kind(op), [self.resolve(t) for t in op.inputs]
        if name == "Merge" and not is_loop_variable(op):
            return self._place_merge(op, tensors)
        if is_loop_variable(op):
            tensors = tensors[:1] if kind(op.inputs[0].op) == "Enter" else tensors[1:]
            if is_handle(op.outputs[0]):
                self._same[op.outputs[0].name] = tensors[0]
        if any(t.name in self._dead for t in tensors) or any(c.name in self._dead for c in op.control_inputs):
            self._dead.update([op.name, *(t.name for t in op.outputs)])
            return None
        scopes = frozenset().union(*map(self.scopes, tensors), *(self._op_scopes(c) for c in op.control_inputs))
        depth = max([self._depth.get(t.name, 0) for t in tensors], default=0)
        if name == "Enter":
            scopes |= {Loop(frame_name(op))}
        elif name == "Exit":
            frame = loops.left(op)[0]
            scopes -= {Loop(frame)}
            depth = 1 + max(self._depth.get(t.name, 0) for e in self.frames[frame].enters for t in e.inputs)
        self._note(op, scopes, depth)
        if name == "Switch" and op.inputs[1].op.type != "LoopCond":
            self._place_switch(op, scopes, tensors)
        elif name == "PlaceholderWithDefault" and op.outputs[0].name not in self._known:
            self._alias(op.outputs[0], tensors[0])
        elif name in PASSES and is_handle(op.outputs[0]):
            for output in op.outputs:
                self._same[output.name] = tensors[0]
        if self._folds(op, tensors):
            self._foldable.update(t.name for t in op.outputs)
        return None

    def _place_switch(self, op: Any, scopes: frozenset, tensors: Sequence[tf.Tensor]) -> None:
        value = self._value(op.inputs[1])
        condition = self._root(op.inputs[1]).name
        for taken in (False, True):
            output = op.outputs[int(taken)]
            if value is None:
                self._scopes[output.name] = scopes | {Branch(condition, taken)}
            elif bool(value) == taken:
                self._alias(output, tensors[0])
            else:
                self._dead.add(output.name)

    def _place_merge(self, op: Any, tensors: Sequence[tf.Tensor]) -> None:
        alive = [i for i, t in enumerate(tensors) if t.name not in self._dead]
        if len(alive) < 2:
            if alive:
                self._alias(op.outputs[0], tensors[alive[0]])
                self._scopes[op.outputs[1].name] = self.scopes(tensors[alive[0]])
                self._known[op.outputs[1].name] = np.int32(alive[0])
            else:
                self._dead.update([op.name, *(t.name for t in op.outputs)])
            return
        sides = [self.scopes(t) for t in tensors]
        common = frozenset.intersection(*sides)
        own = [tuple(side - common) for side in sides]
        fits = len(own) == 2 and all(len(one) == 1 and isinstance(one[0], Branch) for one in own)
        if not fits or own[0][0].condition != own[1][0].condition:
            raise LegacyError(
                f"{describe(op)} does not join the two branches of one tf.cond, so its value "
                f"depends on which input is computed first. {CUT}"
            )
        condition = op.graph.get_tensor_by_name(own[0][0].condition)
        self._conditions[op.name] = condition, 0 if own[0][0].taken else 1
        self._note(op, common, 1 + max(self._depth.get(t.name, 0) for t in (*tensors, condition)))
        if is_handle(op.outputs[0]) and tensors[0].name == tensors[1].name:
            self._same[op.outputs[0].name] = tensors[0]
        self.members.setdefault(self.group(op), []).append(op)

    def _note(self, op: Any, scopes: frozenset, depth: int) -> None:
        self._scopes[op.name] = scopes  # for ops of which it is a control input
        for output in op.outputs:
            self._scopes[output.name], self._depth[output.name] = scopes, depth

    def _op_scopes(self, op: Any) -> frozenset:
        return self._scopes.get(op.name, frozenset())

    def _alias(self, tensor: tf.Tensor, other: tf.Tensor) -> None:
        self._same[tensor.name] = other
        self._scopes[tensor.op.name] = self._scopes[tensor.name] = self.scopes(other)
        self._depth[tensor.name] = self._depth.get(other.name, 0)

    def _root(self, condition: tf.Tensor) -> tf.Tensor:
        """Returns the condition before the Identity ops that tf.cond adds."""
        condition = self.resolve(condition)
        while kind(condition.op) == "Identity" and condition.name not in self.inputs:
            condition = self.resolve(condition.op.inputs[0])
        return condition

    # ---- known conditions

    def _folds(self, op: Any, tensors: Sequence[tf.Tensor]) -> bool:
        if op.type in ("IsVariableInitialized", "VarIsInitializedOp"):
            self._known.update((t.name, np.True_) for t in op.outputs)
            return True
        if harmless.acts(op.type) or harmless.calls(op.type):
            return False
        if op.op_def.is_stateful or op.type in ("Placeholder", "Exit", "Merge", *VARIABLES) or not op.outputs:
            return False
        if any((t.shape.num_elements() or 0) > _LARGE for t in op.outputs):
            return False
        return all(t.name in self._foldable for t in tensors) and not any(t.name in self.inputs for t in op.outputs)

    def _value(self, tensor: tf.Tensor) -> Any:
        """Computes the value of a condition; returns None if it is unknown."""
        tensor = self.resolve(tensor)
        if tensor.name not in self._foldable:
            return None
        made = {name: tf.constant(value) for name, value in self._known.items()}
        needed, todo = set(), [tensor]
        while todo:
            one = self.resolve(todo.pop())
            if one.name not in made and one.op.name not in needed:
                needed.add(one.op.name)
                todo += one.op.inputs
        for op in self.ops:
            if op.name in needed:
                inputs = [made[self.resolve(t).name] for t in op.inputs]
                passed = kind(op) in (*PASSES, "LoopCond")
                outputs = inputs[:1] * len(op.outputs) if passed else rebuild.rebuild_op(op, inputs)
                made.update((t.name, y) for t, y in zip(op.outputs, outputs, strict=True))
        return made[tensor.name].numpy()

    def _check_handles(self) -> None:
        for frame in self.frames.values():
            for merge in frame.merges:
                handle = is_handle(merge.outputs[0])
                if handle and self.resolve(loops.following(merge)).name != self.resolve(loops.start(merge)).name:
                    raise LegacyError(f"{describe(merge)} is another variable in every iteration of its loop. {CUT}")
