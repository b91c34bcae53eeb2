"""Interprets a traced graph op by op.

An interpretation says what tensors become and how an op maps it: power series, bundles of directions, other tensors.
All else is the same for every interpretation: the order of the ops, and the bodies of calls, branches and loops.
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
    """Returns the ops that some tensors depend on, each after those that it needs.

    Args:
        targets: tensors of one graph.
        env: the names of the tensors to stop at.
        needs: the tensors that have to be known before an op is; its inputs, by default.
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
    parts, which are tensors too, or None for structural zeros. Branches return parts, loops carry them.

    Attributes:
        env: by name, what tensors have become so far.
        foreign: whether the ops are those of another graph than the one being traced, so that all are rebuilt.
        keys: the names of the parts that are computed on the way. More may be asked for later.
        used: the names of the tensors that the targets or an op of this walk use.
    """

    def __init__(self, env: Mapping[str, T | tf.Tensor], *, keys: Iterable[Hashable] = (), foreign: bool = False):
        self.env: dict[str, Any] = dict(env)
        self.keys: list[Any] = list(keys)
        self.foreign = foreign
        self.used: set[str] = set()

    def run(self, targets: Sequence[tf.Tensor]) -> list[Any]:
        """Returns what the targets become: a `T`, or a tensor for a target that does not vary."""
        ops = self.ancestors(targets)
        self.used = {t.name for t in targets}.union(t.name for op in ops for t in self.needs(op))
        self.prepare(ops)
        for op in ops:
            inputs = [self.now(t) for t in op.inputs]
            if not self.stays(op, inputs):
                wanted = [i for i, t in enumerate(op.outputs) if t.name in self.used]
                made = control.outputs(self, op, inputs, wanted) if control.enters(op) else self.apply(op, inputs)
                self.env.update((t.name, y) for t, y in zip(op.outputs, made, strict=False) if y is not None)
        return [self.now(t) for t in targets]

    def now(self, t: tf.Tensor) -> Any:
        """Returns what a tensor has become; one that has not changed stands for itself."""
        return self.env.get(t.name, t)

    def ancestors(self, targets: Iterable[tf.Tensor]) -> list[Any]:
        """Returns the ops that the targets depend on, down to the tensors in `env`, each after those that it needs."""
        return ancestors(targets, self.env, self.needs)

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        """Whether an op is left as it is: it is of the graph being traced, and its inputs have not changed."""
        return not self.foreign and all(x is t for x, t in zip(inputs, op.inputs, strict=True))

    def rebuild(self, op: Any, inputs: Sequence[Any]) -> list[tf.Tensor]:
        """Rebuilds an op on the values of its new inputs; the op itself where they are its own."""
        values = [self.value(x) for x in inputs]
        if self.stays(op, values):
            return list(op.outputs)
        if self.foreign and trace.changes(op):
            raise UnsupportedOpError(
                f"f changes state inside a function that it calls: {trace.describe(op)}. That function has to be "
                "entered for the derivative, which would change the state twice. Move the change out of it."
            )
        return rebuild.rebuilt(op, values)

    def body(self, op: Any, graph: Any, arguments: Sequence[Any], outputs: Iterable[int], keys: Iterable[Any]) -> Any:
        """Interprets some outputs, by number, of a function that an op runs; returns them by number."""
        outputs = list(outputs)
        env = {t.name: x for t, x in zip(graph.inputs, arguments, strict=True)}
        made = self.inner(op, graph, env, keys).run([graph.outputs[i] for i in outputs])
        return dict(zip(outputs, made, strict=True))

    # What an interpretation says. As it stands here, every tensor becomes another tensor.

    def needs(self, op: Any) -> Sequence[tf.Tensor]:
        """The tensors that have to be interpreted before an op is."""
        return op.inputs

    def prepare(self, ops: Sequence[Any]) -> None:
        """Looks at the ops of the walk, in order, before the first is interpreted."""

    def apply(self, op: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        """Maps the inputs of an op to its outputs."""
        return self.rebuild(op, inputs)

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> Walk[T]:
        """A walk of the same kind over the graph of a function that an op runs."""
        return type(self)(env, keys=keys, foreign=True)

    def wanted_keys(self, op: Any) -> list[Any]:
        """The keys of the parts that are computed for the outputs of an op that runs functions."""
        return self.keys

    def value(self, x: Any) -> tf.Tensor:
        """The value of a `T`; a tensor is its own."""
        return x

    def part(self, x: Any, key: Any) -> tf.Tensor | None:
        """A part of a `T`; None for a structural zero, and for a tensor."""
        return None

    def zeros(self, x: Any, key: Any) -> tf.Tensor:
        """The tensor of zeros that stands for a part that is None."""
        raise NotImplementedError

    def part_shape(self, shape: tf.TensorShape, key: Any) -> tf.TensorShape:
        """The shape of a part of what a tensor of some shape becomes."""
        return shape

    def join(self, value: tf.Tensor, part: Callable[[Any], tf.Tensor | None]) -> Any:
        """Makes a `T` of its value and a function that returns its parts by key."""
        raise NotImplementedError

    def local(self, x: Any) -> Any:
        """The same `T` with a value that belongs to the graph being traced: the body of a branch or a loop."""
        return x

    def closed(self, keys: Iterable[Any]) -> list[Any]:
        """The keys that a loop has to carry for some to be computed, in order."""
        return list(keys)
