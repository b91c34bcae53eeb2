"""Proves that a function may be computed in blocks of rows: rows are independent, and nothing depends on their number.

The states of `rows` follow the values of the inputs. Two other things depend on the batch. A tensor may have a row for
each point without depending on any: zeros, ones, a range. And the number of rows may be a value: `x / tf.shape(x)[0]`.
So the graph is traced with a prime number of rows, which no other length is a multiple of. It shows both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph import kinds, trace
from nthgrad.engines.graph.places import FIXED, Mixed, Place, Rows, State, Unknown
from nthgrad.engines.graph.rows import Independent, Walk, verdict

ROWS = 1009
"""The number of rows in the graph of a proof: a prime, which no layer is wide."""

_EQUAL = frozenset({"BroadcastTo", "Const", "Fill", "OnesLike", "ZerosLike"})
"""Ops whose output may have equal rows, if no input varies by rows."""

_ARITHMETIC = frozenset({
    "Add", "AddV2", "BroadcastArgs", "BroadcastGradientArgs", "ConcatOffset", "ConcatV2", "ExpandDims", "FloorDiv",
    "GatherV2", "Identity", "Maximum", "Minimum", "Mul", "Pack", "Prod", "Reshape", "Slice", "Squeeze", "StridedSlice",
    "Sub", "Unpack",
})  # fmt: skip
"""Ops that compute a shape from a shape."""

_SIZES = frozenset({"Shape", "ShapeN", "Size"})
"""Ops that return the lengths of their input."""

_SHAPES = {
    "BroadcastTo": (1,),
    "EnsureShape": (),
    "Fill": (0,),
    "Pad": (1,),
    "Reshape": (1,),
    "Slice": (1, 2),
    "StridedSliceGrad": (0,),
    "Sum": (1,),
    "TensorListReserve": (1,),
    "Tile": (1,),
}
"""The inputs of ops that set the shape of the output only; in Pad and Slice, the rules of rows check their values."""


def states(
    inputs: Mapping[str, int], outputs: Sequence[tf.Tensor], length: int = ROWS, *, each_block: bool = False
) -> list[Independent | Mixed | Unknown]:
    """Returns for each output whether blocks of its rows may be computed one by one.

    `Independent` is a proof: with the axis of its rows, or None if it is the same for any rows. Ops that change
    something, or draw at random, prove nothing: they would run for each block.

    Args:
        inputs: the names of tensors of one graph, each with its row axis, of this length.
        outputs: tensors of the same graph.
        length: the number of rows.
        each_block: whether ops may draw and change something for each block, and loops may carry rows. A loop is then
            taken to use the number of rows as a length only.
    """
    graph: Any = outputs[0].graph
    for op in trace.with_bodies(graph.get_operations()):
        if not each_block and (trace.changes(op) or op.type in kinds.DRAWS):
            return [Unknown(op)] * len(outputs)
    given: dict[str, State] = {name: Rows(frozenset({(Place(axis),)})) for name, axis in inputs.items()}
    found = _Proof(length, each_block=each_block).through(graph, outputs, given)
    return [_of_rows(t, verdict(found.get(t.name)), length) for t in outputs]


def _of_rows(t: tf.Tensor, found: Independent | Mixed | Unknown, length: int) -> Independent | Mixed | Unknown:
    """Returns the verdict on an output; unknown if its shape and its rows do not agree."""
    if isinstance(found, Independent) and found.axes is not None and t.shape[found.axes[0]] != length:
        return Unknown(t.op)
    return found


class _Proof:
    """Computes the states of all tensors of a graph that some outputs depend on."""

    def __init__(self, length: int, *, each_block: bool) -> None:
        self.length, self.each_block = length, each_block
        self.walk = Walk(values=True)
        self.counts: set[Any] = set()
        """The tensors that contain the number of rows, as a part of a shape."""
        self.equal: dict[Any, Rows] = {}
        """The tensors of equal rows, which depend on no input, and which axis has the rows."""

    def through(self, graph: Any, outputs: Sequence[tf.Tensor], given: Mapping[str, State]) -> dict[str, State]:
        """Returns the states of the tensors of a graph, by name, from those of its inputs."""
        found, needed = dict(given), trace.dependencies(outputs)
        for op in graph.get_operations():
            if any(t.name in needed for t in op.outputs):
                for t, state in zip(op.outputs, self.after(op, found), strict=True):
                    if state is not None and t.name not in given:
                        found[t.name] = state
        return found | {t.name: self.equal[_key(t)] for t in outputs if _key(t) in self.equal}

    def after(self, op: Any, found: Mapping[str, State]) -> list[State | None]:
        """Returns the states of an op's outputs."""
        inputs = [found.get(t.name, self.equal.get(_key(t))) for t in op.inputs]
        counted = [i for i, t in enumerate(op.inputs) if _key(t) in self.counts]
        varies, bodies = any(s is not None for s in inputs), trace.bodies(op)
        if op.type in kinds.CALLS and "f" in bodies and not counted:
            return self.called(bodies["f"][0], op, inputs)
        if self.each_block and varies and op.type in kinds.LOOPS | kinds.BRANCHES:
            return self.walk.after(op, inputs)
        if (bodies or trace.hidden(op)) and (varies or counted or any(map(self.has_rows, op.outputs))):
            return [Unknown(op)] * len(op.outputs)
        if op.type in _SIZES or (op.type in _ARITHMETIC and counted and not varies):
            self.counts.update(_key(t) for t in op.outputs if counted or self.counts_rows(t))
            return [None] * len(op.outputs)
        if op.type in ("OnesLike", "ZerosLike") and counted:
            return [None]
        draws = self.each_block and op.type in kinds.DRAWS
        if not draws and any(i not in _SHAPES.get(op.type, ()) for i in counted):
            return [Unknown(op)] * len(op.outputs)
        if not varies:
            return [self.new(op, t) for t in op.outputs]
        made = self.walk.after(op, inputs)
        if op.type in ("OnesLike", "ZerosLike") or not any(t.name in found for t in op.inputs):
            return [self.of_equal(t, state) for t, state in zip(op.outputs, made, strict=True)]
        return made

    def of_equal(self, t: tf.Tensor, state: State | None) -> State | None:
        """Returns the state of a tensor that depends on tensors of equal rows only: which row does not matter."""
        if not isinstance(state, Rows):
            return state
        kept = frozenset(role for role in state.roles if any(place.axis != FIXED for place in role))
        if kept:
            self.equal[_key(t)] = Rows(kept, state.op)
        return None

    def called(self, body: Any, op: Any, inputs: Sequence[State | None]) -> list[State | None]:
        """Returns the states of the outputs of a function that an op calls."""
        given = {t.name: s for t, s in zip(body.inputs, inputs, strict=True) if s is not None}
        found = self.through(body, body.outputs, given)
        made = [found.get(t.name) for t in body.outputs][: len(op.outputs)]
        indexed = any(isinstance(p.first, str) for s in made if isinstance(s, Rows) for role in s.roles for p in role)
        if indexed or any(_key(t) in self.counts for t in body.outputs):
            return [Unknown(op)] * len(op.outputs)
        return made

    def new(self, op: Any, t: tf.Tensor) -> State | None:
        """Returns the state of an output of an op without rows among its inputs, such as zeros or a range."""
        if t.dtype == tf.variant:
            return None
        if self.counts_rows(t):
            self.counts.add(_key(t))
        if not self.has_rows(t):
            return None
        axes = [axis for axis, n in enumerate(t.shape) if n and n % self.length == 0]
        value = tf.get_static_value(t) if op.type == "Const" else None
        equal = op.type in _EQUAL or (self.each_block and op.type in kinds.DRAWS)
        if not equal or len(axes) != 1 or (value is not None and np.any(value != value.flat[0])):
            return Unknown(op)
        count = None if t.shape[axes[0]] == self.length else self.length
        self.equal[_key(t)] = Rows(frozenset({(Place(axes[0], count=count),)}))
        return None

    def has_rows(self, t: tf.Tensor) -> bool:
        """Whether a length of a tensor is a multiple of the number of rows, or unknown."""
        return t.shape.rank is None or any(n is None or (n and n % self.length == 0) for n in t.shape)

    def counts_rows(self, t: tf.Tensor) -> bool:
        """Whether the value of a tensor, if it is known, has a multiple of the number of rows."""
        if not (t.dtype.is_integer or t.dtype.is_floating):
            return False
        value = tf.get_static_value(t)
        return value is not None and bool(np.any((value != 0) & (np.mod(value, self.length) == 0)))


def _key(t: tf.Tensor) -> tuple[int, str]:
    return id(t.graph), t.name
