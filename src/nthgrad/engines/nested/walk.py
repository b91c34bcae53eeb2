"""One walk for all derivatives by the same variables: it computes the coefficients that are asked for, once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph.walk import Walk
from nthgrad.engines.nested import columns
from nthgrad.engines.nested.records import Gradient, Orders, Records
from nthgrad.engines.nested.sources import Axis
from nthgrad.engines.taylor.algebra import plain_values
from nthgrad.engines.taylor.interpreter import SeriesWalk
from nthgrad.engines.taylor.series import Coefficient, Index, Series, below, times, varying


class SharedWalk(SeriesWalk):
    """A walk in series that grows: by further targets, and by further coefficients.

    Args:
        records: what is known of the graph.
        axes: the variables, each a column of a source.
    """

    def __init__(self, records: Records, axes: Sequence[Axis]):
        self.records, self.axes = records, tuple(axes)
        env: dict[str, Series] = {}
        for name in {name for name, _ in axes}:
            units = {self.unit(axis): axis[1] for axis in axes if axis[0] == name}
            env[name] = self._line(name, units)
        super().__init__(env)
        self.demand: dict[str, set[Index]] = {}

    def _line(self, name: str, units: Mapping[Index, int]) -> Series:
        source = self.records.sources[name]
        x = Series(source.x, lambda k: source.direction(units[k]) if k in units else None)
        x.share(_Shared(self, name))
        return x

    def index(self, orders: Iterable[tuple[Axis, int]]) -> Index:
        """Returns some orders as an index of this walk."""
        of = dict(orders)
        return tuple(of.get(axis, 0) for axis in self.axes)

    def unit(self, axis: Axis) -> Index:
        """Returns the index of the first derivative by a variable."""
        return self.index(frozenset({(axis, 1)}))

    def orders(self, k: Index) -> Orders:
        """Returns the orders of an index, whatever the other variables of this walk are."""
        return frozenset((axis, n) for axis, n in zip(self.axes, k, strict=True) if n)

    def coefficient(self, y: tf.Tensor, k: Index) -> Coefficient:
        """Returns the coefficient of a tensor at an index; computes those that it needs, op by op."""
        sources = {name for name, _ in self.axes}
        ops = self.records.ancestors([y], sources)
        self.demand = self._demand(ops, y, k)
        with plain_values():
            for op in ops:
                for x in (self.env.get(t.name) for t in op.outputs):
                    for j in self.wanted_keys(op):
                        varying(x, j)
            return varying(self.run([y])[0], k)

    def derivative(self, y: tf.Tensor, orders: Orders) -> Coefficient:
        """Returns a derivative of a tensor, of its shape."""
        k = self.index(orders)
        return times(self.coefficient(y, k), math.prod(map(math.factorial, k)))

    def _demand(self, ops: Sequence[Any], y: tf.Tensor, k: Index) -> dict[str, set[Index]]:
        """Returns the highest indices that each op has to compute, by its name."""
        found: dict[str, set[Index]] = {y.op.name: {k}}
        for op in reversed(ops):
            tops = found.get(op.name, set())
            for shift in self._shifts(op):
                for t in self.needs(op):
                    found.setdefault(t.op.name, set()).update(_sum(j, shift) for j in tops)
        return found

    def _shifts(self, op: Any) -> list[Index]:
        """Returns how much higher the indices of what an op needs are than those of its outputs."""
        if self.records.get(op) is None:
            return [(0,) * len(self.axes)]
        columns = [dict(orders) for orders in self.records.columns(op)]
        return [self.index(orders.items()) for orders in columns if orders.keys() <= set(self.axes)]

    def wanted_keys(self, op: Any) -> list[Index]:
        return sorted({j for k in self.demand.get(op.name, ()) for j in below(k) if any(j)}, key=sum)

    def indices(self, op: Any) -> list[Index]:
        return self.wanted_keys(op)

    def needs(self, op: Any) -> Sequence[tf.Tensor]:
        return self.records.needs(op)

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        needs = self.needs(op)
        return (
            super().stays(op, inputs) if needs is op.inputs else not any(isinstance(self.now(t), Series) for t in needs)
        )

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Index]) -> Walk[Series]:
        return SeriesWalk(env, keys=keys, foreign=True)

    def apply(self, op: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        gradient = self.records.get(op)
        if gradient is None:
            return super().apply(op, inputs)
        if op.type == "Identity":
            made = [self._gradient(op.outputs[0], gradient)]
        else:
            chosen = columns.selected(op)
            made = [self._column(y, gradient, j) for y, j in zip(op.outputs, chosen, strict=True)]
        self.begin(op, made)
        return made

    def begin(self, op: Any, outputs: Sequence[Any]) -> None:
        for t, y in zip(op.outputs, outputs, strict=True):
            if isinstance(y, Series):
                y.share(_Shared(self, t.name))

    def _gradient(self, g: tf.Tensor, gradient: Gradient) -> Series:
        """Returns the series of a gradient, from those of what was differentiated."""

        def coefficient(k: Index) -> Coefficient:
            found = [self._slope(gradient, j, k) for j in range(gradient.source.columns)]
            like = next((c for c in found if c is not None), None)
            if like is None:
                return None
            return gradient.source.gradient([tf.zeros_like(like) if c is None else c for c in found])

        return Series(g, coefficient)

    def _column(self, y: tf.Tensor, gradient: Gradient, j: int) -> Series:
        """Returns the series of a column, of shape [n] or [n, 1], that was selected from a gradient."""

        def coefficient(k: Index) -> Coefficient:
            c = self._slope(gradient, j, k)
            return c if c is None or y.shape.rank == 1 else tf.expand_dims(c, -1)

        return Series(y, coefficient)

    def _slope(self, gradient: Gradient, j: int, k: Index) -> Coefficient:
        """Returns a coefficient of column j of a gradient."""
        n = self.index(gradient.orders(j))
        high = _sum(k, n)
        terms = [c for y in gradient.ys if (c := varying(self.now(y), high)) is not None]
        return times(gradient.source.column(terms), math.prod(map(math.perm, high, n))) if terms else None


class _Shared(MutableMapping[Index, Coefficient]):
    """The coefficients of one tensor, which all walks over its graph share; here by the indices of one walk."""

    def __init__(self, walk: SharedWalk, name: str):
        self.walk = walk
        self.known = walk.records.coefficients.setdefault(name, {})

    def __getitem__(self, k: Index) -> Coefficient:
        return self.known[self.walk.orders(k)]

    def __setitem__(self, k: Index, c: Coefficient) -> None:
        self.known[self.walk.orders(k)] = c

    def __delitem__(self, k: Index) -> None:
        del self.known[self.walk.orders(k)]

    def __iter__(self) -> Iterator[Index]:
        return map(self.walk.index, self.known)

    def __len__(self) -> int:
        return len(self.known)


def _sum(k: Index, j: Index) -> Index:
    return tuple(n + m for n, m in zip(k, j, strict=True))
