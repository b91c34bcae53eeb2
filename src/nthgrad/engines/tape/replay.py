"""Rebuilds the ops between x and y, with repairs for those whose derivatives would be wrong.

An op whose type is in `repairs` is replaced. Each branch of a select is rebuilt on gated inputs, so that no derivative
flows through the branch not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import own
from nthgrad.engines.graph import custom_gradients, kinds, trace
from nthgrad.engines.graph.walk import Walk
from nthgrad.engines.tape.repairs import leaves_the_graph, repair
from nthgrad.errors import UnsupportedOpError

# Ops that select: the indices of the inputs to select from, and the condition that selects the first.
SELECTS: dict[str, tuple[tuple[int, ...], Callable[..., tf.Tensor]]] = {
    "Maximum": ((0, 1), lambda a, b: a >= b),
    "Minimum": ((0, 1), lambda a, b: a <= b),
    "Relu": ((0,), lambda a: a > 0),
    "Select": ((1, 2), lambda c, a, b: c),
    "SelectV2": ((1, 2), lambda c, a, b: c),
}


def needs_repair(path: Iterable[Any], *, custom: bool = True) -> bool:
    """Whether any op of a path, or of the functions that it calls, needs a change.

    It has a repair, is a select that needs gates, or has a custom gradient that is not kept in force.
    """
    ops = list(trace.with_bodies(path))
    made = {(id(op.graph), t.name) for op in ops for t in op.outputs if op.type in kinds.ELEMENTWISE}
    return any(
        repair(op) is not None
        or (not custom and custom_gradients.is_users(op))
        or (op.type in SELECTS and any((id(op.graph), op.inputs[i].name) in made for i in SELECTS[op.type][0]))
        for op in ops
    )


class Replay(Walk[tf.Tensor]):
    """One walk that rebuilds ops, repaired.

    Args:
        env: the new tensors, by the names of the old ones.
        path: the ops of the graph being traced to rebuild; ops that the targets do not need are left out. TensorFlow
            passes the intermediate results of a branch to its gradient: an unused copy would get a zero cotangent, and
            zero times an infinite slope is NaN.
        inside: whether the ops are built in a loop or a branch.
        custom: whether custom gradients stay in force.
        foreign: whether the ops belong to another graph than the one being traced, so that all are rebuilt.
    """

    def __init__(
        self,
        env: Mapping[str, tf.Tensor],
        path: Iterable[Any] = (),
        *,
        inside: bool = False,
        custom: bool = True,
        foreign: bool = False,
    ):
        super().__init__(env, foreign=foreign)
        self.inside, self.custom = inside, custom
        self.sources = frozenset(env)
        self.path = {op.name for op in path}
        self.gates: dict[tuple[str, str], tf.Tensor] = {}

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> Replay:
        return Replay(env, inside=self.inside or op.type not in kinds.CALLS, custom=self.custom, foreign=True)

    def rebuilds(self, op: Any) -> bool:
        """Whether to rebuild an op."""
        return self.foreign or op.name in self.path

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        return not self.rebuilds(op)

    def needs(self, op: Any) -> list[tf.Tensor]:
        """Returns the inputs of an op; for a select, those of the elementwise parts of its branches."""
        if not self.chooses(op):
            return list(op.inputs)
        indices = SELECTS[op.type][0]
        needs, todo = [], [op.inputs[i] for i in indices]
        while todo:
            t = todo.pop()
            if self.elementwise(t):
                todo += self.needs(t.op)
            else:
                needs.append(t)
        return needs + [t for i, t in enumerate(op.inputs) if i not in indices or not op.type.startswith("Select")]

    def apply(self, op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        return self.make(op, inputs)

    def make(self, op: Any, inputs: Sequence[tf.Tensor], mask: tf.Tensor | None = None) -> list[tf.Tensor]:
        """Rebuilds one op, or builds its repair.

        Args:
            op: the old op.
            inputs: the new inputs.
            mask: where the result is used; None for everywhere.

        Returns:
            the new outputs.
        """
        if self.chooses(op):
            indices, condition = SELECTS[op.type]
            chosen = condition(*inputs)
            chosen = _widen(chosen, op.outputs[0]) if op.type == "Select" else chosen
            other = tf.logical_not(chosen)
            yes, no = (chosen, other) if mask is None else (chosen & mask, other & mask)
            taken = [self.gated(op.inputs[i], m) for i, m in zip(indices, (yes, no), strict=False)]
            return [tf.where(chosen, taken[0], taken[1] if taken[1:] else tf.zeros_like(taken[0]))]
        if (repaired := repair(op)) is not None:
            if self.inside and leaves_the_graph(op, inputs):
                raise UnsupportedOpError(
                    f"{trace.describe(op)} is in a loop or a branch, where it cannot be repaired for higher "
                    "derivatives. Move it out, write the loop in Python, or use nthgrad.finite_difference."
                )
            made = repaired(op, *inputs)
            return made if isinstance(made, list) else [made]
        if op.type == "IdentityN":
            if custom_gradients.needed_for(op):
                return _held(op, inputs)
            if self.custom and custom_gradients.is_users(op):
                return _custom_gradient(op, inputs)
            if custom_gradients.is_exact(op) and op.graph is inputs[0].graph:
                return _custom_gradient(op, inputs, custom_gradients.exact_gradient)
        if trace.bodies(op):
            raise UnsupportedOpError(
                f"{trace.describe(op)} calls a function in which an op has to be repaired, which is not possible for "
                "calls of this type. Write it with tf.function, tf.cond, tf.switch_case or tf.while_loop."
            )
        return self.rebuild(op, inputs)

    def chooses(self, op: Any) -> bool:
        """Whether an op is a select with a branch that is computed elementwise."""
        return op.type in SELECTS and any(self.elementwise(op.inputs[i]) for i in SELECTS[op.type][0])

    def elementwise(self, tensor: tf.Tensor) -> bool:
        """Whether an op of this walk computes a tensor elementwise."""
        return tensor.name not in self.sources and self.rebuilds(tensor.op) and tensor.op.type in kinds.ELEMENTWISE

    def gated(self, tensor: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Rebuilds a branch on inputs that pass no derivative where the mask is False.

        Where a branch is not taken its cotangent is zero, and zero times an infinite slope is NaN. The gates are at the
        inputs of the elementwise part of the branch and drop the NaN, at every order.
        """
        key = tensor.name, mask.name
        if key not in self.gates:
            new = self.env.get(tensor.name, tensor)
            if self.elementwise(tensor):
                inputs = [self.gated(t, mask) for t in tensor.op.inputs]
                self.gates[key] = self.make(tensor.op, inputs, mask=mask)[tensor.value_index]
            elif trace.carries(tensor) and tensor.name in self.env:
                self.gates[key] = _gate(new, mask)
            else:
                self.gates[key] = new
        return self.gates[key]


def _gate(tensor: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    if tensor.shape.rank is None or mask.shape.rank is None:
        return tensor
    if tensor.shape != mask.shape or not tensor.shape.is_fully_defined():
        shape = tf.broadcast_dynamic_shape(tf.shape(tensor), tf.shape(mask))
        tensor, mask = tf.broadcast_to(tensor, shape), tf.broadcast_to(mask, shape)
    return tf.where(mask, tensor, tf.stop_gradient(tensor))


def _widen(condition: tf.Tensor, branch: tf.Tensor) -> tf.Tensor:
    """Reshapes the condition of a Select, which may be a vector with one entry per row, to broadcast as SelectV2's."""
    if condition.shape.rank == 1 and branch.shape.rank not in (None, 1):
        return tf.reshape(condition, [-1] + [1] * (branch.shape.rank - 1))
    return condition


def _custom_gradient(
    op: Any, inputs: Sequence[tf.Tensor], decorate: Callable[..., Any] = tf.custom_gradient
) -> list[tf.Tensor]:
    """Rebuilds the IdentityN at the end of a tf.custom_gradient, with that gradient."""
    if op.graph is not inputs[0].graph:
        raise UnsupportedOpError(
            f"f calls a function with a tf.custom_gradient in it, {trace.describe(op)}, and other ops have to be "
            "repaired. Call that function's Python code directly instead of through its own tf.function."
        )

    @decorate
    def apply(*inputs: tf.Tensor) -> Any:
        return tf.identity_n(list(inputs)), lambda *u: _pulled(list(op.outputs), list(op.inputs), list(u))

    return tf.nest.flatten(apply(*inputs))


def _held(op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """As `_custom_gradient`, but without a path through the results: they come from a function without a graph."""
    taken = custom_gradients.arguments(op)
    count = len(inputs) - len(taken)

    @tf.custom_gradient
    def apply(*arguments: tf.Tensor) -> Any:
        return tf.identity_n(list(inputs[:count])), lambda *u: _pulled(list(op.outputs[:count]), taken, list(u))

    return [*tf.nest.flatten(apply(*inputs[count:])), *inputs[count:]]


def _pulled(ys: list[tf.Tensor], xs: list[tf.Tensor], cotangents: list[tf.Tensor]) -> list[tf.Tensor]:
    gradients = own.gradients(ys, xs, cotangents)
    return [tf.zeros_like(t) if g is None else g for g, t in zip(gradients, xs, strict=True)]
