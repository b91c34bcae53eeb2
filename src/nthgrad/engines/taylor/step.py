"""One op of the graph being walked, as a rule is given it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import rebuild
from nthgrad.engines.taylor.series import Coefficient, Index, Series

Input = Series | tf.Tensor
Apply = Callable[["Step"], "Sequence[Input]"]

_PRODUCTS = ("BatchMatMul", "Conv", "Depthwise", "Einsum", "MatMul")


def _no_walk(*_: Any) -> Sequence[Any]:
    raise AssertionError("a rule that is a graph was called without the interpreter")


@dataclass
class Step:
    """One op: as it was traced, what its inputs have become, and the values of its outputs."""

    op: Any
    inputs: Sequence[Input]
    values: Sequence[tf.Tensor]
    walk: Callable[..., Sequence[Any]] = _no_walk  # (env, targets): the interpreter, for rules that are graphs
    indices: Sequence[Index] = ()  # of the coefficients that will be asked for

    @cached_property
    def again(self) -> Callable[[Sequence[Any]], list[tf.Tensor]]:
        """Makes the op once more, on other inputs."""
        return rebuild.rebuilder(self.op)

    @cached_property
    def apart(self) -> bool:
        """Whether each coefficient of the output should end a kernel, for a matrix product or a convolution takes it.

        It has to lie in memory then. Up to order 3 XLA is faster without, though it makes the lower ones again.
        """
        met = any(user.type.startswith(_PRODUCTS) for y in self.op.outputs for user in y.consumers())
        return met and max(map(sum, self.indices), default=0) > 3

    def output(self, coefficient: Callable[[Index], Coefficient], i: int = 0, live: tf.Tensor | None = None) -> Series:
        """A series for an output."""
        y = Series(self.values[i], coefficient, live)
        y.apart = self.apart
        return y


@dataclass(frozen=True)
class Rule:
    """What an op does to series.

    Attributes:
        apply: maps one op, whose inputs are series, to what its outputs become.
        family: the name of the combinator that made the rule, as the published list of ops calls it.
        linear_inputs: the op is linear while at most so many of its inputs vary. After it, only the requested
            coefficients are computed.
    """

    apply: Apply
    family: str = "own"
    linear_inputs: float = 0

    def __call__(self, step: Step) -> Sequence[Input]:
        return self.apply(step)
