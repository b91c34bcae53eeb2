"""Remembers which tensors of a graph are gradients of which others, and all series that have been computed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nthgrad.engines import _private
from nthgrad.engines.graph import walk
from nthgrad.engines.nested import columns
from nthgrad.engines.nested.sources import Axis, Source, same_rows, source
from nthgrad.engines.taylor.series import Coefficient

Orders = frozenset[tuple[Axis, int]]
"""The orders of a derivative that are not 0, by variable."""


def added(orders: Orders, axis: Axis) -> Orders:
    """Returns the orders of a derivative after one more derivative by a variable."""
    known = dict(orders)
    return frozenset((known | {axis: known.get(axis, 0) + 1}).items())


@dataclass(frozen=True, eq=False)
class Gradient:
    """A tensor that is the gradient by a source of a sum of tensors, or of a derivative of it, and has its shape.

    Attributes:
        ys: the tensors.
        source: the source.
        before: the orders of that derivative.
    """

    ys: Sequence[tf.Tensor]
    source: Source
    before: Orders = frozenset()

    def orders(self, column: int) -> Orders:
        """Returns the orders of the derivative that a column of the gradient is."""
        return added(self.before, self.source.axes[column])


class Records:
    """What is known of the gradients in one graph.

    Attributes:
        gradients: the tensors that are gradients, by name.
        requests: for each of them the ys and the seeds that the program gave.
        sources: what was differentiated by, by name.
        coefficients: the coefficients of all series, by the name of the tensor.
        walks: the walks, by their variables.
        paths: the ops between a tensor and a source.
        signs: for the names of several sources, what `sources.same_rows` has returned.
        proofs: what `proof.prove` has found for a tensor and a source: ops, or why there is no proof.
    """

    def __init__(self) -> None:
        self.gradients: dict[str, Gradient] = {}
        self.requests: dict[str, tuple[Sequence[tf.Tensor], Sequence[tf.Tensor | None]]] = {}
        self.sources: dict[str, Source] = {}
        self.coefficients: dict[str, dict[Orders, Coefficient]] = {}
        self.walks: dict[tuple[Axis, ...], Any] = {}
        self.paths: dict[tuple[str, str], list[Any]] = {}
        self.proofs: dict[tuple[str, str], list[Any] | str] = {}
        self.signs: dict[frozenset[str], tf.Tensor | None] = {}

    @staticmethod
    def of(graph: tf.Graph) -> Records:
        """Returns the records of a graph, which owns them."""
        return _private.owned(graph, "_nthgrad_gradients_of_tensors", Records)

    def source(self, x: tf.Tensor) -> Source:
        """Returns x as a source; raises a NotProvedError if it is none."""
        if x.name not in self.sources:
            self.sources[x.name] = source(x)
        return self.sources[x.name]

    def of_same_rows(self, g: tf.Tensor, names: Iterable[str]) -> tf.Tensor:
        """Returns a gradient; it fails where the sources of some names have different numbers of rows."""
        key = frozenset(names)
        if key not in self.signs:
            self.signs[key] = same_rows([self.sources[name] for name in sorted(key)])
        sign = self.signs[key]
        return g if sign is None else tf.reshape(g, tf.shape(g) * sign)

    def get(self, op: Any) -> Gradient | None:
        """Returns the gradient that an op returns, or from which it selects columns."""
        if op.type == "Identity":
            return self.gradients.get(op.outputs[0].name)
        whole = columns.whole(op)
        found = None if whole is None else self.gradients.get(whole.name)
        return None if found is None or found.source.columns == 1 else found

    def needs(self, op: Any) -> Sequence[tf.Tensor]:
        """Returns the tensors that the derivatives of an op's outputs depend on: of a gradient, the ys."""
        found = self.get(op)
        return op.inputs if found is None else found.ys

    def columns(self, op: Any) -> list[Orders]:
        """Returns the orders of the columns that an op returns, of a gradient or selected from one."""
        if (found := self.get(op)) is None:
            return []
        return [found.orders(j) for j in columns.selected(op) or range(found.source.columns)]

    def ancestors(self, ys: Iterable[tf.Tensor], stop: Container[str]) -> list[Any]:
        """Returns the ops that some tensors depend on, each after those that it needs."""
        return walk.ancestors(ys, stop, self.needs)
