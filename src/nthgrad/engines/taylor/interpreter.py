"""Interprets a traced graph in power series: every tensor that varies becomes a series.

The table `rules.RULES` has the rules of ops; an op without one gets a rule from its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import custom_gradients, opaque, trace
from nthgrad.engines.graph.walk import Walk
from nthgrad.engines.tape import complex_repairs
from nthgrad.engines.taylor.algebra import or_zeros
from nthgrad.engines.taylor.gradients import from_custom_gradient, from_gradient
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Coefficient, Index, Series, below, value, varying
from nthgrad.engines.taylor.step import Input, Step


def interpret(
    env: Mapping[str, Input], targets: Sequence[tf.Tensor], wanted: Iterable[Index] = (), *, foreign: bool = False
) -> list[Input]:
    """Interprets the ops between some tensors and the targets in power series.

    Args:
        env: the series, or tensors, to replace some tensors, by name.
        targets: tensors of one graph.
        wanted: the indices to compute during the walk, in order, so that no recursion is deep. Others can be computed
            later.
        foreign: whether the targets belong to another graph than the one being traced, so that all ops are rebuilt.

    Returns:
        a series for each target that varies, else a tensor.
    """
    return SeriesWalk(env, keys=wanted, foreign=foreign).run(targets)


class SeriesWalk(Walk[Series]):
    """The interpretation in power series; a part is the coefficient of an index other than 0."""

    def __init__(self, env: Mapping[str, Input], *, keys: Iterable[Index] = (), foreign: bool = False):
        tops = sorted(set(keys), key=sum)
        lower = sorted({j for k in tops for j in below(k)}, key=sum)
        super().__init__(env, keys=lower, foreign=foreign)
        # Computing these computes the coefficients between them.
        self.spaced = sorted({*tops, *(k for k in lower if sum(k) % 16 == 0)}, key=sum)
        self.late: set[str] = set()
        self.held: dict[str, bool] = {}

    def prepare(self, ops: Sequence[Any]) -> None:
        self.late = _linear_tail(ops, self.env)

    def holds(self, op: Any) -> bool:
        """Whether an op ends a custom gradient that stays in force, so that its function is not walked."""
        if op.type == "IdentityN" and op.name not in self.held:
            self.held[op.name] = not self.foreign and custom_gradients.needed_for(op)
        return self.held.get(op.name, False)

    def needs(self, op: Any) -> Sequence[tf.Tensor]:
        return custom_gradients.arguments(op) if self.holds(op) else op.inputs

    def indices(self, op: Any) -> list[Index]:
        """Returns the indices to compute for the outputs of an op."""
        return self.spaced if op.name in self.late else self.keys

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        """Whether an op is kept; not if the gradient of its value, by weights, would be wrong."""
        return super().stays(op, inputs) and not complex_repairs.is_wrong(op.type, op.inputs)

    def wanted_keys(self, op: Any) -> list[Index]:
        return [k for k in self.indices(op) if any(k)]

    def apply(self, op: Any, inputs: Sequence[Input]) -> Sequence[Input]:
        varies = any(isinstance(x, Series) for x in inputs)
        opaque.check(op, varies=varies)
        values: list[tf.Tensor] = list(op.outputs) if self.holds(op) else self.rebuild(op, inputs)
        values = complex_repairs.differentiable(op.type, [value(x) for x in inputs], values)
        outputs: Sequence[Input] = values
        if varies and any(trace.carries(t) for t in values):
            indices = self.indices(op)
            rule = from_custom_gradient if self.holds(op) else RULES.get(op.type, from_gradient)
            outputs = rule(Step(op, inputs, values, interpret, indices))
            self.begin(op, outputs)
            for y in outputs:
                if isinstance(y, Series):
                    for k in indices:
                        _ = y[k]
        return outputs

    def begin(self, op: Any, outputs: Sequence[Input]) -> None:
        """Prepares the series of an op's outputs, before any coefficient is computed."""

    def value(self, x: Any) -> tf.Tensor:
        return value(x)

    def part(self, x: Any, key: Index) -> Coefficient:
        return varying(x, key)

    def zeros(self, x: Any, key: Index) -> tf.Tensor:
        return or_zeros(None, x)

    def join(self, value: tf.Tensor, part: Callable[[Index], Coefficient]) -> Series:
        return Series(value, part)

    def local(self, x: Input) -> Input:
        return Series(tf.identity(x.value), x.__getitem__, x.live) if isinstance(x, Series) else x

    def closed(self, keys: Iterable[Index]) -> list[Index]:
        return sorted({j for k in keys for j in below(k) if any(j)}, key=sum)


def is_linear(op: Any, varies: Container[str]) -> bool:
    """Whether an op is linear in its varying inputs, given the names of the varying tensors."""
    rule = RULES.get(op.type)
    return sum(t.name in varies for t in op.inputs) <= (0 if rule is None else rule.linear_inputs)


def _linear_tail(ops: Sequence[Any], env: Mapping[str, Input]) -> set[str]:
    """Returns the ops followed by linear ops only: only the requested coefficients of their outputs are needed."""
    varies = {name for name, x in env.items() if isinstance(x, Series)}
    for op in ops:
        if any(t.name in varies for t in op.inputs):
            varies.update(t.name for t in op.outputs)
    needs_all: set[str] = set()
    for op in reversed(ops):
        if not is_linear(op, varies) or any(t.name in needs_all for t in op.outputs):
            needs_all.update(t.name for t in op.inputs)
    return {op.name for op in ops if not any(t.name in needs_all for t in op.outputs)}
