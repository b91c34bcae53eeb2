"""The reference engine: nested `tf.GradientTape`s in one traced graph.

Each order differentiates the graph of the order before it. The graph grows geometrically, about 3.5 times per order for
a small network. So tapes are for low orders, and the oracle for the other engines. Where TensorFlow's own gradients are
wrong or silently lost at second order and beyond, the ops are rebuilt with repairs, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs, own
from nthgrad.engines.graph import dependence, trace
from nthgrad.engines.tape.backward import gradient, repaired
from nthgrad.errors import CostError

Index = tuple[int, ...]

MAX_OPS = 100_000
"""Graphs larger than this are refused: tracing one takes about a minute, compiling it many."""

MAX_ORDER = 100
"""Higher orders are refused, however cheap: Python's recursion limit bounds the nesting of tapes."""

_CHEAPER = 'Use method="taylor", whose cost grows with the square of the order.'


def partials(
    f: Callable[..., Any], xs: Sequence[tf.Tensor], indices: Sequence[Index], names: Sequence[str]
) -> list[Any]:
    """Returns what `engines.taylor.partials` returns, by the same arguments, from nested tapes.

    Raises:
        DependenceError, MixingError: as there.
        UnsupportedOpError: an op between a coordinate and f(*xs) has no derivative of a requested order.
        CostError: the graph would be larger than `MAX_OPS`, or the order is higher than `MAX_ORDER`.
    """
    order = max(map(sum, indices))
    if order == 0:
        return [f(*xs)] * len(indices)
    if order > MAX_ORDER:
        raise CostError(
            f"The derivative of order {order} would nest {order} tapes; nthgrad nests at most {MAX_ORDER}, for each "
            f"differentiates the graph of the one before. {_CHEAPER}"
        )
    with own.GradientTape(persistent=True) as seeding:  # watches only the seeds of `functional`
        tower = _Tower(f, xs, indices, names, seeding)
        results = tower.build(order)
    found = []
    for k in indices:
        if not any(k):
            leaves = tower.outputs
        elif tower.unused(k):
            leaves = [tf.zeros_like(y) for y in tower.outputs]
        elif not tower.seeds:
            leaves = [results[k]]
        else:
            leaves = [gradient(seeding, results[k], u, tower.path, sum(k)) for u in tower.seeds]
        found.append(tf.nest.pack_sequence_as(tower.structure, leaves))
    return found


class _Tower:
    """Nested tapes; the innermost level records the outputs and paths of f."""

    def __init__(
        self,
        f: Callable[..., Any],
        xs: Sequence[tf.Tensor],
        indices: Sequence[Index],
        names: Sequence[str],
        seeding: tf.GradientTape,
    ):
        self.f, self.xs, self.names, self.seeding = f, xs, names, seeding
        self.needed = {j for k in indices for j in _ancestry(k)}
        self.order = max(map(sum, indices))
        self.structure: Any = None
        self.outputs: list[tf.Tensor] = []
        self.seeds: list[tf.Tensor] = []
        self.path: list[Any] = []
        self.sizes: list[int] = []
        self.used: dict[int, list[Any]] = {}

    def unused(self, k: Index) -> bool:
        """Whether an index differentiates by a coordinate that no output depends on."""
        return any(n and axis not in self.used for axis, n in enumerate(k))

    def build(self, level: int) -> dict[Index, tf.Tensor]:
        """Returns the needed derivatives up to an order, by index."""
        if level == 0:
            return {(0,) * len(self.xs): self.functional()}
        mine = [k for k in self.needed if sum(k) == level]
        with own.GradientTape(persistent=len(mine) > 1) as tape:
            tape.watch(self.xs)
            found = self.build(level - 1)
        self.afford(level)
        for k in sorted(k for k in mine if not self.unused(k)):
            axis, lower = _parent(k)
            found[k] = gradient(tape, found[lower], self.xs[axis], self.path, level)
        return found

    def functional(self) -> tf.Tensor:
        """Returns the tensor to differentiate: f(x) itself if elementwise, else sum_i <u_i, f_i(x)>.

        With the seeds u, one tower serves outputs of any shape and number: the k-th derivative of f_i is the gradient
        by u_i of the k-th derivative of the sum.
        """
        self.structure = self.f(*self.xs)
        self.outputs = tf.nest.flatten(self.structure)
        axes = [axis for axis, orders in enumerate(zip(*self.needed, strict=True)) if any(orders)]
        self.used = dependence.used(self.xs, self.outputs, self.names, axes)
        for axis in self.used:
            outputs.refuse_mixing(self.outputs, self.xs[axis], outputs.row_rank(self.xs[axis]))
        x, sources = self.xs[0], [self.xs[axis] for axis in self.used]
        self.path = trace.between(sources, self.outputs)
        self.outputs = repaired(self.path, sources, self.outputs)
        (y, *more) = self.outputs
        if not more and outputs.same(y, x):
            return y
        self.seeds = [tf.ones_like(t) for t in self.outputs]
        for u in self.seeds:
            self.seeding.watch(u)
        terms = [outputs.sum_rows(u * t, x) for u, t in zip(self.seeds, self.outputs, strict=True)]
        return tf.add_n([tf.cast(t, x.dtype) for t in terms])

    def afford(self, level: int) -> None:
        """Refuses a tower whose size, extrapolated from the orders built so far, is too large."""
        self.sizes.append(len(self.xs[0].graph.get_operations()))
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
                f"{level - 3} to {level - 1} took {a}, {b} and {c}, and each further order adds {ratio:.2f} times as "
                f"many ops as the last one. {_CHEAPER}"
            )


def _parent(k: Index) -> tuple[int, Index]:
    """Returns the last axis on which an index is not 0, and the index with one less there.

    The derivative of an index is that of its parent, differentiated by this axis.
    """
    axis = max(i for i, n in enumerate(k) if n)
    return axis, (*k[:axis], k[axis] - 1, *k[axis + 1 :])


def _ancestry(k: Index) -> Iterator[Index]:
    """Yields an index, its parent, and so on."""
    yield k
    while any(k):
        _, k = _parent(k)
        yield k
