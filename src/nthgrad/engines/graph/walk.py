"""Interprets a traced graph op by op.

An interpretation defines the values of tensors (power series, bundles of directions, other tensors) and how an op maps
them. The order of the ops, and the bodies of calls, branches and loops, are the same for every interpretation.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import tensorflow as tf

from nthgrad.engines.graph import control, rebuild, trace
from nthgrad.errors import UnsupportedOpError

T = TypeVar("T")


def ancestors(
    targets: Iterable[tf.Tensor],
    env: Container[str],
    needs: Callable[[Any], Iterable[tf.Tensor]] = lambda op: op.inputs,
) -> list[Any]:
    """Returns the ops that some tensors depend on, each after the ops that it needs.

    Args:
        targets: tensors of one graph.
        env: the names of the tensors to stop at.
        needs: returns the tensors that an op needs; by default its inputs.
    """
    order: list[Any] = []
    seen: set[str] = set()
    stack = [(t.op, False) for t in reversed(list(targets)) if t.name not in env]
    while stack:
        op, ready = stack.pop()
        if ready:
            order.append(op)
        elif op.name not in seen:
            seen.add(op.name)
            stack.append((op, True))
            stack += [(t.op, False) for t in needs(op) if t.name not in env and t.op.name not in seen]
    return order


class Walk(Generic[T]):
    """One walk over one graph; the base of all interpretations.

    A tensor that varies becomes a `T`, any other tensor stays a tensor. A `T` consists of its value, a tensor, and of
    parts, which are tensors too, or None for structural zeros.

    Attributes:
        env: the new values of tensors, by the names of the old ones.
        foreign: whether the ops belong to another graph than the one being traced, so that all are rebuilt.
        keys: the keys of the parts that the walk computes. More may be computed later.
        used: the names of the tensors that the targets or an op of this walk use.
    """

    def __init__(self, env: Mapping[str, T | tf.Tensor], *, keys: Iterable[Hashable] = (), foreign: bool = False):
        self.env: dict[str, Any] = dict(env)
        self.keys: list[Any] = list(keys)
        self.foreign = foreign
        self.used: set[str] = set()

    def run(self, targets: Sequence[tf.Tensor]) -> list[Any]:
        """Returns the new values of the targets: a `T`, or a tensor for a target that does not vary."""
        ops = self.ancestors(targets)
        self.used = {t.name for t in targets}.union(t.name for op in ops for t in self.needs(op))
        self.prepare(ops)
        for op in ops:
            inputs = [self.now(t) for t in op.inputs]
            if not self.stays(op, inputs):
                wanted = [i for i, t in enumerate(op.outputs) if t.name in self.used]
                if control.runs_functions(op):
                    made: Any = control.new_outputs(self, op, inputs, wanted)
                else:
                    made = self.apply(op, inputs)
                self.env.update((t.name, y) for t, y in zip(op.outputs, made, strict=False) if y is not None)
        return [self.now(t) for t in targets]

    def now(self, t: tf.Tensor) -> Any:
        """Returns the new value of a tensor, or the tensor itself."""
        return self.env.get(t.name, t)

    def ancestors(self, targets: Iterable[tf.Tensor]) -> list[Any]:
        """Returns the ops between the tensors in `env` and the targets, each after the ops that it needs."""
        return ancestors(targets, self.env, self.needs)

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        """Whether an op is kept: it belongs to the graph being traced, and its inputs have not changed."""
        return not self.foreign and all(x is t for x, t in zip(inputs, op.inputs, strict=True))

    def rebuild(self, op: Any, inputs: Sequence[Any]) -> list[tf.Tensor]:
        """Rebuilds an op on the values of its new inputs; keeps the op if they have not changed."""
        values = [self.value(x) for x in inputs]
        if self.stays(op, values):
            return list(op.outputs)
        if self.foreign and trace.changes(op):
            raise UnsupportedOpError(
                f"f changes state inside a function that it calls: {trace.describe(op)}. The derivative has to rebuild "
                "the ops of that function, and would change the state twice. Move the change out of it."
            )
        return rebuild.rebuild_same_shapes(op, values)

    def body(self, op: Any, graph: Any, arguments: Sequence[Any], outputs: Iterable[int], keys: Iterable[Any]) -> Any:
        """Interprets some outputs of a function that an op runs; returns them by index."""
        outputs = list(outputs)
        env = {t.name: x for t, x in zip(graph.inputs, arguments, strict=True)}
        made = self.inner(op, graph, env, keys).run([graph.outputs[i] for i in outputs])
        return dict(zip(outputs, made, strict=True))

    # An interpretation overrides these methods. Here, every tensor becomes another tensor.

    def needs(self, op: Any) -> Sequence[tf.Tensor]:
        """Returns the tensors to interpret before an op."""
        return op.inputs

    def prepare(self, ops: Sequence[Any]) -> None:
        """Prepares for the ops of the walk, before the first is interpreted."""

    def apply(self, op: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        """Maps the inputs of an op to its outputs."""
        return self.rebuild(op, inputs)

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> Walk[T]:
        """Returns a walk of the same kind over the graph of a function that an op runs."""
        return type(self)(env, keys=keys, foreign=True)

    def wanted_keys(self, op: Any) -> list[Any]:
        """Returns the keys of the parts to compute for the outputs of an op that runs functions."""
        return self.keys

    def value(self, x: Any) -> tf.Tensor:
        """Returns the value of a `T`; of a tensor, the tensor."""
        return x

    def part(self, x: Any, key: Any) -> tf.Tensor | None:
        """Returns a part of a `T`; None for a structural zero, and for a tensor."""
        return None

    def zeros(self, x: Any, key: Any) -> tf.Tensor:
        """Returns zeros in place of a structural zero."""
        raise NotImplementedError

    def part_shape(self, shape: tf.TensorShape, key: Any) -> tf.TensorShape:
        """Returns the shape of a part of a `T` whose value has a given shape."""
        return shape

    def join(self, value: tf.Tensor, part: Callable[[Any], tf.Tensor | None]) -> Any:
        """Builds a `T` from its value and a function that returns its parts by key."""
        raise NotImplementedError

    def local(self, x: Any) -> Any:
        """Returns the same `T` with a value of the graph being traced, the body of a branch or a loop."""
        return x

    def closed(self, keys: Iterable[Any]) -> list[Any]:
        """Returns, in order, the keys that a loop needs as variables to compute some keys."""
        return list(keys)
