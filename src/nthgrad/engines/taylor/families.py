"""Builds rules, with one function for each family: constant, linear, bilinear, slope, composite and others.

A rule maps a `Step`, an op of f with inputs of which some vary, to the new outputs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.tape import complex_repairs
from nthgrad.engines.taylor import adjoint, rows
from nthgrad.engines.taylor.algebra import or_zeros
from nthgrad.engines.taylor.series import (
    Coefficient,
    Index,
    Negative,
    Series,
    below,
    convolution,
    division,
    less,
    live,
    minus,
    over_number,
    quotient,
    shortest,
    total,
    value,
    varying,
)
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step
from nthgrad.errors import UnsupportedOpError

constant = Rule(lambda step: step.values, "constant")
"""The derivative is zero wherever it exists."""


def linear_with(most: float, rule: Rule) -> Rule:
    """Returns the rule for an op that is linear while at most `most` of its inputs vary."""
    return dataclasses.replace(rule, linear_inputs=most)


def _linear(step: Step) -> Sequence[Input]:
    return _mapped(step, step.inputs, lambda: lambda *parts: step.rebuild(parts))


linear = Rule(_linear, "linear", math.inf)
"""Linear in all floating-point inputs together: the op itself maps coefficients to coefficients."""


def _mapped(step: Step, inputs: Sequence[Input], make: Callable[[], Callable[..., Any]]) -> Sequence[Input]:
    """Returns the outputs as a linear map of some inputs; the map is built for the first coefficient."""
    maps: list[Callable[..., Any]] = []
    known: dict[Index, list[Any]] = {}

    def coefficients(k: Index) -> list[Any]:
        if k not in known:
            parts = [varying(x, k) for x in inputs]
            if all(c is None for c in parts):
                known[k] = [None] * len(step.values)
            else:
                if not maps:
                    maps.append(make())
                known[k] = tf.nest.flatten(maps[0](*map(or_zeros, parts, inputs)))
        return known[k]

    return [
        step.output(lambda k, i=i: coefficients(k)[i], i) if trace.carries(y) else y for i, y in enumerate(step.values)
    ]


def linear_in(*places: int, refused: Sequence[int] = ()) -> Rule:
    """Linear in some inputs (by index); by the other inputs the derivative is zero wherever it exists, or refused."""

    def rebuild(step: Step) -> Callable[..., Any]:
        def apply(*parts: Any) -> Any:
            inputs = [value(x) for x in step.inputs]
            for i, c in zip(places, parts, strict=True):
                inputs[i] = c
            return step.rebuild(inputs)

        return apply

    return piecewise(rebuild, *places, refused=refused)


def piecewise(f: Callable[[Step], Callable[..., Any]], *places: int, refused: Sequence[int] = ()) -> Rule:
    """Piecewise linear in some inputs (by index): f maps the step to the linear map at its values.

    That map takes one coefficient of each of these inputs, and returns those of the outputs, or of the first output. By
    the other inputs the derivative is zero wherever it exists, or `refused`.
    """

    def rule(step: Step) -> Sequence[Input]:
        for i in refused:
            if isinstance(step.inputs[i], Series):
                undefined_by(i)(step)
        inputs = [step.inputs[i] for i in places]
        return _mapped(step, inputs, lambda: f(step)) if any(isinstance(x, Series) for x in inputs) else step.values

    return Rule(rule, "piecewise")


def undefined_by(i: int) -> Rule:
    """Refuses the op where one input (by index) varies."""

    def rule(step: Step) -> Sequence[Input]:
        raise UnsupportedOpError(
            f"{trace.describe(step.op)} has no derivative by its input {i}, which varies with x. Write that part of f "
            "with other ops, use nthgrad.finite_difference, or give the op a rule of your own with "
            "nthgrad.extend.register."
        )

    return Rule(rule, "undefined_by")


def bilinear(i: int = 0, j: int = 1, by_rows: Callable[[Any], bool] = lambda op: False) -> Rule:
    """Linear in each of two inputs (by index); the other inputs do not vary.

    `by_rows` tells whether, in the first of these inputs, the rows of an op are independent.
    """

    def rule(step: Step) -> Sequence[Input]:
        def product(a: Any, b: Any) -> tf.Tensor:
            def multiply(a: Any) -> tf.Tensor:
                inputs = [value(x) for x in step.inputs]
                inputs[i], inputs[j] = a, b
                return complex_repairs.differentiable(step.op.type, inputs, step.rebuild(inputs))[0]

            return rows.product(multiply, a, 0) if by_rows(step.op) else multiply(a)

        return [step.output(convolution(product, step.inputs[i], step.inputs[j]))]

    return Rule(rule, "bilinear", 1)


def slope(s: Callable[..., Any]) -> Rule:
    """Elementwise, with y' = s(x, y) x', or y' = s_1 x_1' + s_2 x_2' + ... for several inputs.

    Hence k y[k] = sum of j x[j] s[k - j] (Griewank and Walther, Evaluating Derivatives, 2008, section 13.2; for several
    variables, the factors k and j are orders on one axis). s is computed on series, lazily, so it may use y.
    """

    def rule(step: Step) -> Sequence[Input]:
        slopes: list[Any] = []

        def coefficient(k: Index) -> Coefficient:
            if not slopes:
                found = s(*step.inputs, y)
                slopes.extend(found if isinstance(found, tuple) else (found,))
            axis = shortest(k)
            added, taken = [], []
            for x, dy in zip(step.inputs, slopes, strict=True):
                if isinstance(x, Series):
                    terms = taken if isinstance(dy, Negative) else added
                    dy = dy.of if isinstance(dy, Negative) else dy
                    for j in below(k):
                        if j[axis] and x[j] is not None and (c := adjoint.coefficient(dy, less(k, j))) is not None:
                            terms.append(x.rate(j, axis) * c)
            sign, terms = (1, minus(total(taken), total(added))) if added else (-1, total(taken))
            c = over_number(terms, sign * k[axis], boundary=step.boundary)
            if c is None or len(slopes) > 1:
                return c
            y.store(k, c)  # the slope may depend on y
            (x,) = step.inputs
            return adjoint.attached(c, k, x, slopes[0]) if isinstance(x, Series) else c

        y = step.output(coefficient, live=live(*step.inputs))
        if len(step.inputs) == 1:
            step.inputs[0].functions[step.op.type] = y
        return [y]

    return Rule(rule, "slope")


def over(d: Callable[..., Any]) -> Rule:
    """Elementwise in one input, with d(x, y) y' = x': a slope that is a quotient, in one sum instead of two.

    Where d would overflow, the function may return a pair d, u with d y' = u'.
    """

    def rule(step: Step) -> Sequence[Input]:
        (x,) = step.inputs
        divisor: list[Any] = []

        def coefficient(k: Index) -> Coefficient:
            if not divisor:
                found = d(x, y)
                scaled = isinstance(found, tuple)
                dx, u = found if scaled else (found, x)
                boundary = step.boundary or scaled  # scaling has cost digits already
                divisor.extend((dx, u, division(value(dx), boundary=boundary)))
            axis, (dx, u, divide) = shortest(k), divisor
            terms = [
                y.rate(j, axis) * c
                for j in below(k)
                if j != k and j[axis] and y[j] is not None and (c := adjoint.coefficient(dx, less(k, j))) is not None
            ]
            c = minus(over_number(total(terms), k[axis], boundary=step.boundary), u[k])
            return None if c is None else divide(c)

        y = step.output(coefficient, live=x.live)
        x.functions[step.op.type] = y
        return [y]

    return Rule(rule, "over")


def ratio(a: Callable[..., Any], b: Callable[..., Any]) -> Rule:
    """The ratio of two functions of the inputs: a composite whose quotients may be kernel boundaries."""

    def rule(step: Step) -> Sequence[Input]:
        x, y = a(*step.inputs), b(*step.inputs)
        q = quotient(x, y, boundary=step.boundary) if isinstance(y, Series) else x / y
        return [step.output(q.__getitem__, live=q.live)]

    return Rule(rule, "ratio")


def composite(f: Callable[..., Any]) -> Rule:
    """Written in other ops: f maps the op and its inputs to a series, or several, for its outputs."""

    def rule(step: Step) -> Sequence[Input]:
        made = f(step.op, *step.inputs)
        made = made if isinstance(made, (list, tuple)) else [made]
        return [step.output(y.__getitem__, i, y.live) if isinstance(y, Series) else y for i, y in enumerate(made)]

    return Rule(rule, "composite")


def expanded(f: Callable[..., Any], *, afresh: bool = False) -> Rule:
    """Written in TensorFlow's ops: f maps the op and tensors to a graph, which is walked.

    f may return None for an output that does not vary. The values are those of the op itself, or with `afresh` those of
    the graph: an outer tape differentiates them, even where TensorFlow has no gradient for the op.
    """

    def rule(step: Step) -> Sequence[Input]:
        made = f(step.op, *(value(x) for x in step.inputs))
        made = list(made) if isinstance(made, (list, tuple)) else [made]
        env = {y.name: y for y in step.values} | {value(x).name: x for x in step.inputs}  # the walk stops there
        outputs = iter(step.interpret(env, [y for y in made if y is not None], step.indices))
        outputs = [None if y is None else next(outputs) for y in made]
        return [
            (y if afresh else step.output(y.__getitem__, i)) if isinstance(y, Series) else step.values[i]
            for i, y in enumerate(outputs)
        ]

    return Rule(rule, "expanded")


def each(kinds: str, rule: Rule | Apply) -> dict[str, Rule | Apply]:
    """Returns a table with the same rule for several op types."""
    return dict.fromkeys(kinds.split(), rule)
