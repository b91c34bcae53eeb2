"""The reference engine: nested `tf.GradientTape`s in one traced graph.

Each order differentiates the graph of the order before it, so the graph grows geometrically (about 3.5 times an order
for a small network): right for low orders, and the oracle for the other engines. Where TensorFlow's own gradients
are wrong or silent at second order and beyond, the ops are replayed with repairs, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from nthgrad.engines import dependence, trace
from nthgrad.engines.failures import FAILURES, reason
from nthgrad.engines.outputs import same, sum_rows
from nthgrad.engines.repairs import REFUSED_INPUTS, refusal
from nthgrad.engines.replay import Replay, needs_repair
from nthgrad.errors import CostError, NthgradError, UnsupportedOpError

MAX_OPS = 100_000
"""Graphs larger than this are refused: tracing one takes about a minute, compiling it many."""

MAX_ORDER = 100
"""More orders than this are refused at once, however cheap; the recursion that nests the tapes has an end."""


_CHEAPER = 'Use method="taylor", whose cost grows with the square of the order.'
_WAYS_OUT = f'Use method="taylor". {dependence.WAYS_OUT}'


def derivatives(f: Callable[[tf.Tensor], Any], x: tf.Tensor, order: int, lowest: int = 0) -> list[Any]:
    """Derivatives of f at x, orders `lowest` to `order`, inside a graph that is being traced.

    Args:
        f: maps a tensor to any `tf.nest` structure of tensors whose shapes `engines.outputs` has found fit.
        x: real tensor of shape S in the graph being traced.
        order: the highest order, at least 0.
        lowest: the lowest order to return.

    Returns:
        A list of structures like f(x): the derivatives of these orders.

    Raises:
        DependenceError: f does not depend on x.
        UnsupportedOpError: an op between x and f(x) has no derivative of an order asked for.
        CostError: the graph would grow past `MAX_OPS`.
    """
    if order == 0:
        return [f(x)]
    if order > MAX_ORDER:
        raise CostError(
            f"The derivative of order {order} would nest {order} tapes; nthgrad nests at most {MAX_ORDER}, for each "
            f"differentiates the graph of the one before. {_CHEAPER}"
        )
    with tf.GradientTape(persistent=True) as seeding:  # watches only what `functional` asks it to
        tower = _Tower(f, x, order, seeding)
        results = tower.build(order)
    if not tower.seeds:
        return [tf.nest.pack_sequence_as(tower.structure, [r]) for r in results[lowest:]]
    towers = [tower.outputs] if lowest == 0 else []
    for k, p in enumerate(results[1:], start=1):
        if k >= lowest:
            towers.append([tower.gradient(seeding, p, u, k) for u in tower.seeds])
    return [tf.nest.pack_sequence_as(tower.structure, leaves) for leaves in towers]


class _Tower:
    """The nested tapes, and what the innermost level finds out about f."""

    def __init__(self, f: Callable[[tf.Tensor], Any], x: tf.Tensor, order: int, seeding: tf.GradientTape):
        self.f, self.x, self.order, self.seeding = f, x, order, seeding
        self.structure: Any = None
        self.outputs: list[tf.Tensor] = []
        self.seeds: list[tf.Tensor] = []
        self.path: list[Any] = []
        self.sizes: list[int] = []

    def build(self, level: int) -> list[tf.Tensor]:
        if level == 0:
            return [self.functional()]
        with tf.GradientTape() as tape:
            tape.watch(self.x)
            *lower, y = self.build(level - 1)
        self.afford(level)
        return [*lower, y, self.gradient(tape, y, self.x, level)]

    def functional(self) -> tf.Tensor:
        """What the tapes differentiate: f(x) itself if elementwise, else sum_i <u_i, f_i(x)>.

        The seeds u make one tower of scalars (or of rows) serve outputs of any shape and number: the k-th derivative
        of f_i is the gradient by u_i of the k-th derivative of the sum.
        """
        self.structure = self.f(self.x)
        self.outputs = tf.nest.flatten(self.structure)
        self.path = dependence.check(self.x, self.outputs)
        refuse(self.path, [self.x])
        if needs_repair(self.path):
            try:
                self.outputs = Replay(self.path, {self.x.name: self.x}).run(self.outputs)
            except FAILURES as error:
                raise self.unsupported(error, 1) from error
        (y, *more) = self.outputs
        if not more and same(y, self.x):
            return y
        self.seeds = [tf.ones_like(t) for t in self.outputs]
        for u in self.seeds:
            self.seeding.watch(u)
        terms = [sum_rows(u * t, self.x) for u, t in zip(self.seeds, self.outputs, strict=True)]
        return tf.add_n([tf.cast(t, self.x.dtype) for t in terms])

    def gradient(self, tape: tf.GradientTape, y: tf.Tensor, x: tf.Tensor, level: int) -> tf.Tensor:
        """The gradient of y's sum by x; zeros only where no differentiable path leads from x to y."""
        try:
            dy = tape.gradient(y, x)
        except FAILURES as error:
            raise self.unsupported(error, level) from error
        if dy is not None:
            return tf.convert_to_tensor(dy)  # IndexedSlices become dense
        lost = trace.between([x], [y])
        if lost:
            kinds = ", ".join(sorted({op.type for op in lost}))
            raise UnsupportedOpError(
                f"TensorFlow gives no derivative of order {level}, although ops lead from x to the one of order "
                f"{level - 1}: {kinds}. {_WAYS_OUT}"
            )
        return tf.zeros_like(x)

    def unsupported(self, error: Exception, level: int) -> NthgradError:
        """Names the op of f whose gradient op has no gradient, and the line that made it."""
        if isinstance(error, NthgradError):
            return error
        missing, text = reason(error)
        suspects = [op for op in trace.walk(self.path) if missing.startswith(op.type)]
        where = trace.describe(max(suspects, key=lambda op: len(op.type))) if suspects else "an op of f"
        return UnsupportedOpError(f"TensorFlow has no derivative of order {level} of {where}: {text}. {_WAYS_OUT}")

    def afford(self, level: int) -> None:
        """Refuses the rest of the tower when its size, extrapolated from the orders that stand, is past sense."""
        self.sizes.append(len(self.x.graph.get_operations()))
        if len(self.sizes) < 3:
            return
        a, b, c = self.sizes[-3:]
        ratio = max(1.0, (c - b) / max(1, b - a))
        added, total = float(c - b), float(c)
        for _ in range(level - 1, self.order):
            added *= ratio
            total += added
        if total > MAX_OPS:
            raise CostError(
                f"The derivative of order {self.order} by nested tapes would take about {total:.1e} graph ops: orders "
                f"{level - 3} to {level - 1} took {a}, {b} and {c}, and each further order multiplies what the last "
                f"one added by {ratio:.2f}. {_CHEAPER}"
            )


def refuse(path: list[Any], sources: Iterable[tf.Tensor]) -> None:
    """Raises where an op between the sources and f(x) would lose a part of the derivative without a word."""
    varying = {t.name for t in sources} | {t.name for op in path for t in op.outputs}
    for op in path:
        if reason := refusal(op):
            raise UnsupportedOpError(f"{trace.describe(op)} cannot be differentiated: {reason}. {_WAYS_OUT}")
        for index in REFUSED_INPUTS.get(op.type, ()):
            if op.inputs[index].name in varying:
                raise UnsupportedOpError(
                    f"{trace.describe(op)} cannot be differentiated by its input {index}: TensorFlow gives no gradient "
                    f"there although its output varies with it. {_WAYS_OUT}"
                )
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                refuse(trace.between(graph.inputs, graph.outputs), graph.inputs)
