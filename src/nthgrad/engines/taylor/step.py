"""Defines a rule, and its argument: one op of the graph being walked."""

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


def _no_interpreter(*_: Any) -> Sequence[Any]:
    raise AssertionError("a rule that is a graph was called without the interpreter")


@dataclass
class Step:
    """One op as it was traced, its new inputs, and the values of its outputs."""

    op: Any
    inputs: Sequence[Input]
    values: Sequence[tf.Tensor]
    interpret: Callable[..., Sequence[Any]] = _no_interpreter  # (env, targets), for rules that are graphs
    indices: Sequence[Index] = ()  # of the coefficients that the walk computes

    @cached_property
    def rebuild(self) -> Callable[[Sequence[Any]], list[tf.Tensor]]:
        """Rebuilds the op on new inputs."""
        return rebuild.rebuilder(self.op)

    @cached_property
    def boundary(self) -> bool:
        """Whether each coefficient of the output is a kernel boundary: a matrix product or a convolution reads it.

        Up to order 3 XLA is faster without boundaries, although it computes lower coefficients several times.
        """
        met = any(user.type.startswith(_PRODUCTS) for y in self.op.outputs for user in y.consumers())
        return met and max(map(sum, self.indices), default=0) > 3

    def output(self, coefficient: Callable[[Index], Coefficient], i: int = 0, live: tf.Tensor | None = None) -> Series:
        """Returns a series for an output."""
        y = Series(self.values[i], coefficient, live)
        y.boundary = self.boundary
        return y


@dataclass(frozen=True)
class Rule:
    """Maps the inputs of an op, as series, to its outputs.

    Attributes:
        apply: maps a step to the new outputs.
        family: the name of the combinator that built the rule, for the published list of ops.
        linear_inputs: the op is linear while at most this number of its inputs vary. At the end of a graph, linear ops
            compute only the requested coefficients.
    """

    apply: Apply
    family: str = "own"
    linear_inputs: float = 0

    def __call__(self, step: Step) -> Sequence[Input]:
        return self.apply(step)
