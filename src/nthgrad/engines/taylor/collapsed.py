"""Derivatives along many directions at once, and sums of them that are taken on the way (collapsed Taylor mode).

The Laplacian is the sum of the second derivatives along the axes. An op y = F(x) makes of the coefficients along the
directions r the highest y[r, K] = F'(x) x[r, K] + terms in the lower ones, so that the sum over r of the highest goes
as one tensor through what is linear in it: 1 + R (K - 1) + 1 coefficients instead of 1 + R K (R. Li and others, Forward
Laplacian, Nature Machine Intelligence 6, 2024; F. Dangel and others, Collapsing Taylor mode automatic differentiation,
NeurIPS 2025).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nthgrad.engines import trace
from nthgrad.engines.taylor import control, stacked
from nthgrad.engines.taylor.gradients import from_gradient
from nthgrad.engines.taylor.interpreter import again, ancestors, is_linear, walk
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Coefficient, Series, total, varying
from nthgrad.engines.taylor.step import Step


@dataclass(frozen=True)
class Bundle:
    """A tensor that varies along R directions.

    Attributes:
        value: of shape S.
        lower: its normalised coefficients of the orders 1 to K - 1, stacked: of shape [R, *S]; None for zeros.
        top: the sum over the directions of those of order K, of shape S; None for zeros.
    """

    value: tf.Tensor
    lower: tuple[Coefficient, ...]
    top: Coefficient = None


Input = Bundle | tf.Tensor


class UncollapsibleError(Exception):
    """There are branches or loops on the way, through which each direction has to go by itself."""


def enters_alone(op: Any) -> bool:
    """Whether each direction has to go through an op by itself: a branch or a loop."""
    rule = RULES.get(op.type)
    return rule is not control.call and getattr(rule, "enters", False)


def collapse(
    env: Mapping[str, Input], targets: Sequence[tf.Tensor], order: int, tops: bool = True, foreign: bool = False
) -> list[Input]:
    """What the targets become when some tensors of their graph vary along many directions.

    Args:
        env: by name, what some tensors have become.
        targets: tensors of one graph.
        order: K, at least 2.
        tops: whether to sum the coefficients of order K, or leave them out.
        foreign: whether the targets are of another graph than the one being traced.

    Raises:
        UncollapsibleError: see there.
    """
    now: dict[str, Any] = dict(env)
    for op in ancestors(targets, now):
        inputs = [now.get(t.name, t) for t in op.inputs]
        values = [x.value if isinstance(x, Bundle) else x for x in inputs]
        varies = any(isinstance(x, Bundle) for x in inputs)
        same = not foreign and all(v is t for v, t in zip(values, op.inputs, strict=True))
        if same and not varies:
            continue
        if enters_alone(op):
            if varies:
                raise UncollapsibleError
            outputs = RULES[op.type](Step(op, values, (), walk, range(len(op.outputs))))
        elif RULES.get(op.type) is control.call:
            (graph,) = control.bodies(op, "f")
            taken = inputs[len(inputs) - len(graph.inputs) :]
            entered = {t.name: x for t, x in zip(graph.inputs, taken, strict=True)}
            # TensorFlow may have added outputs to the body, for a gradient, that this op does not have.
            outputs = collapse(entered, graph.outputs[: len(op.outputs)], order, tops, foreign=True)
        else:
            outputs = list(op.outputs) if same else again(op, values)
            if varies and any(trace.carries(t) for t in outputs):
                outputs = _through(op, inputs, values, outputs, order, tops)
        now.update((t.name, y) for t, y in zip(op.outputs, outputs, strict=True))
    return [now.get(t.name, t) for t in targets]


def _through(
    op: Any, inputs: Sequence[Input], taken: Sequence[tf.Tensor], values: Sequence[tf.Tensor], order: int, tops: bool
) -> list[Input]:
    """The outputs of an op by its rule for series in one variable.

    The rule gives y[k] in terms of x[1], ..., x[k] along one direction; with x[1] alone it gives F'(x) x[1], and with
    all but x[K] those terms of y[K] that have to be summed.
    """
    rule = RULES.get(op.type, from_gradient)
    sources = list({id(x): x for x in inputs if isinstance(x, Bundle)}.values())

    def along(given: Sequence[Mapping[int, Coefficient]], orders: Sequence[int]) -> list[list[Coefficient]]:
        lines = {id(x): Series(x.value, lambda k, c=c: c.get(k[0])) for x, c in zip(sources, given, strict=True)}
        taken: list[Any] = [lines.get(id(x), x) for x in inputs]
        made = rule(Step(op, taken, values, walk, indices=[(k,) for k in orders]))
        return [[varying(y, (k,)) for k in orders] for y in made]

    names = {t.name for t, x in zip(op.inputs, inputs, strict=True) if isinstance(x, Bundle)}
    linear = is_linear(op, names)
    orders = range(1, order + (tops and not linear))
    places = [(j, k) for j, x in enumerate(sources) for k, c in enumerate(x.lower, 1) if c is not None]

    def ray(*coefficients: tf.Tensor) -> list[list[Coefficient]]:
        given: list[dict[int, Coefficient]] = [{} for _ in sources]
        for (j, k), c in zip(places, coefficients, strict=True):
            given[j][k] = c
        return along(given, orders)

    rays: list[list[Coefficient]] = [[None] * len(orders) for _ in values]
    if places:
        stacks: list[Any] = [sources[j].lower[k - 1] for j, k in places]
        vary = [isinstance(x, Bundle) for x in inputs]
        lift = stacked.LINEAR.get(op.type) if linear and sum(vary) == 1 else None
        if lift is not None and (lifted := [lift(op, taken, vary.index(True), c) for c in stacks])[0] is not None:
            for (_, k), c in zip(places, lifted, strict=True):
                rays[0][k - 1] = c
        elif stacked.broadcasts(op, [v for v, x in zip(taken, inputs, strict=True) if isinstance(x, Bundle)], values):
            rays = ray(*stacks)
        else:
            rays = stacked.each(ray, stacks)
    highest = [[None]] * len(values)
    if any(x.top is not None for x in sources):
        highest = along([{1: x.top} for x in sources], [1])
    outputs: list[Input] = []
    for y, found, (top,) in zip(values, rays, highest, strict=True):
        terms = [top, *(tf.reduce_sum(c, 0) for c in found[order - 1 :] if c is not None)]
        lower = tuple(found[: order - 1])
        top = total([c for c in terms if c is not None])
        outputs.append(Bundle(y, lower, top) if top is not None or any(c is not None for c in lower) else y)
    return outputs
