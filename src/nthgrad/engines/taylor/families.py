"""The five families of rules: constant, linear, bilinear, slope and composite, one combinator each.

A rule takes a `Step`, one op of f with its inputs, some of which vary, and gives what becomes of its outputs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Union

import tensorflow as tf

from nthgrad.engines import remake, trace
from nthgrad.engines.taylor.series import (
    Coefficient,
    Index,
    Series,
    convolution,
    less,
    minus,
    below,
    times,
    total,
    value,
    varying,
)

Input = Union[Series, tf.Tensor]
Rule = Callable[["Step"], "Sequence[Input]"]


@dataclass
class Step:
    """One op: as it was traced, what its inputs have become, and the values of its outputs."""

    op: Any
    inputs: Sequence[Input]
    values: Sequence[tf.Tensor]
    walk: Callable[..., Sequence[Input]] = None  # (env, targets): the interpreter, for rules that are graphs themselves

    @cached_property
    def again(self) -> Callable[[Sequence[Any]], list[tf.Tensor]]:
        """Makes the op once more, on other inputs."""
        return remake.maker(self.op)

    def output(self, coefficient: Callable[[Index], Coefficient], i: int = 0) -> Series:
        """A series for an output."""
        return Series(self.values[i], coefficient)


def constant(step: Step) -> Sequence[Input]:
    """The derivative is zero wherever it exists."""
    return step.values


def linear(step: Step) -> Sequence[Input]:
    """Linear in all its floating-point inputs together: the op itself maps coefficients to coefficients."""
    known: dict[Index, list[Any]] = {}

    def coefficients(k: Index) -> list[Any]:
        if k not in known:
            parts = [varying(x, k) for x in step.inputs]
            if all(c is None for c in parts):
                known[k] = [None] * len(step.values)
            else:
                known[k] = step.again([_or_zeros(c, x) for c, x in zip(parts, step.inputs, strict=True)])
        return known[k]

    return [
        step.output(lambda k, i=i: coefficients(k)[i]) if trace.carries(y) else y for i, y in enumerate(step.values)
    ]


def _or_zeros(c: Coefficient, x: Input) -> Any:
    if c is not None:
        return c
    x = value(x)
    return tf.zeros_like(x) if trace.carries(x) else x


def linear_in(*places: int) -> Rule:
    """Linear in some of its inputs (by index); by the others the derivative is zero wherever it exists."""

    def rule(step: Step) -> Sequence[Input]:
        inputs = [x if i in places else value(x) for i, x in enumerate(step.inputs)]

        def coefficient(k: Index) -> Coefficient:
            parts = [varying(x, k) for x in inputs]
            if all(c is None for c in parts):
                return None
            return step.again([_or_zeros(c, x) if i in places else x for i, (c, x) in enumerate(zip(parts, inputs, strict=True))])[0]

        return [step.output(coefficient)]

    return rule


def bilinear(i: int = 0, j: int = 1) -> Rule:
    """Linear in two of its inputs (by index) each; the rest does not vary."""

    def rule(step: Step) -> Sequence[Input]:
        def product(a: Any, b: Any) -> tf.Tensor:
            inputs = [value(x) for x in step.inputs]
            inputs[i], inputs[j] = a, b
            return step.again(inputs)[0]

        return [step.output(convolution(product, step.inputs[i], step.inputs[j]))]

    return rule


def slope(s: Callable[..., Any]) -> Rule:
    """Elementwise, with y' = s(x, y) x', or y' = s_1 x_1' + s_2 x_2' + ... for several inputs.

    Hence k y[k] = sum of j x[j] s[k - j] (Griewank and Walther, Evaluating Derivatives, 2008, section 13.2; for several
    variables k and j are the numbers of the indices on an axis). s is computed on series, lazily, so it may use y.
    """

    def rule(step: Step) -> Sequence[Input]:
        slopes: list[Any] = []

        def coefficient(k: Index) -> Coefficient:
            if not slopes:
                found = s(*step.inputs, y)
                slopes.extend(found if isinstance(found, tuple) else (found,))
            axis = shortest(k)
            terms = []
            for x, dy in zip(step.inputs, slopes, strict=True):
                if isinstance(x, Series):
                    for j in below(k):
                        if j[axis] and x[j] is not None:
                            c = _coefficient(dy, less(k, j))
                            if c is not None:
                                terms.append(x.rate(j, axis) * c)
            return times(total(terms), 1 / k[axis])

        y = step.output(coefficient)
        if len(step.inputs) == 1:
            step.inputs[0].functions[step.op.type] = y
        return [y]

    return rule


def over(d: Callable[..., Any]) -> Rule:
    """Elementwise of one variable, with d(x, y) y' = x': a slope that is a quotient, in one sum instead of two."""

    def rule(step: Step) -> Sequence[Input]:
        (x,) = step.inputs
        divisor: list[Any] = []

        def coefficient(k: Index) -> Coefficient:
            if not divisor:
                divisor.append(d(x, y))
            axis, dx = shortest(k), divisor[0]
            terms = [
                y.rate(j, axis) * c
                for j in below(k)
                if j != k and j[axis] and y[j] is not None and (c := _coefficient(dx, less(k, j))) is not None
            ]
            c = minus(times(total(terms), 1 / k[axis]), x[k])
            return None if c is None else c / value(dx)

        y = step.output(coefficient)
        x.functions[step.op.type] = y
        return [y]

    return rule


def _coefficient(x: Any, k: Index) -> Any:
    return x[k] if isinstance(x, Series) else None if any(k) else x


def composite(f: Callable[..., Any]) -> Rule:
    """In terms of other ops: f takes the inputs, and the op's attributes by name if it asks for `op`, to series."""

    def rule(step: Step) -> Sequence[Input]:
        made = f(step.op, *step.inputs)
        made = made if isinstance(made, (list, tuple)) else [made]
        return [step.output(lambda k, y=y: y[k], i) if isinstance(y, Series) else y for i, y in enumerate(made)]

    return rule


def shortest(k: Index) -> int:
    """The axis along which k is least but not zero: the sums along it have the fewest terms."""
    return min((n, axis) for axis, n in enumerate(k) if n)[1]


def choose(condition: tf.Tensor, a: Any, b: Any) -> Any:
    """a where the condition holds, else b: coefficient by coefficient, so what is not chosen may be anything."""
    return ops.SelectV2(condition, a, b)


def exactly(y: Series, at: tf.Tensor) -> Series:
    """A series whose value is better computed in another way."""
    return Series(at, y.__getitem__)


def expanded(f: Callable[..., Any]) -> Rule:
    """The op written in TensorFlow's ops: f takes the op and tensors, and the graph that it makes is walked."""

    def rule(step: Step) -> Sequence[Input]:
        made = f(step.op, *(value(x) for x in step.inputs))
        targets = list(made) if isinstance(made, (list, tuple)) else [made]
        env = {x.value.name: x for x in step.inputs if isinstance(x, Series)}
        outputs = step.walk(env, targets)
        return [step.output(y.__getitem__, i) if isinstance(y, Series) else y for i, y in enumerate(outputs)]

    return rule


class _Ops:
    """TensorFlow's ops by their own names, on series and tensors alike: `ops.Exp(x)`, `ops.Sum(x, axis)`."""

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        def call(*inputs: Any, **attributes: Any) -> Any:
            if len(inputs) == 1 and isinstance(inputs[0], Series) and kind in inputs[0].functions:
                return inputs[0].functions[kind]
            make = getattr(tf.raw_ops, kind)
            values = tf.nest.flatten(make(**dict(zip(_parameters(kind), map(value, inputs))), **attributes))
            if not any(isinstance(x, Series) for x in inputs):
                return values[0]
            from nthgrad.engines.taylor.rules import RULES  # the table is made of what is made here

            inputs = [x if isinstance(x, Series) else t for x, t in zip(inputs, values[0].op.inputs, strict=True)]
            return RULES[kind](Step(values[0].op, inputs, values))[0]

        return call


ops = _Ops()


@functools.cache
def _parameters(kind: str) -> tuple[str, ...]:
    return tuple(inspect.signature(getattr(tf.raw_ops, kind)).parameters)
