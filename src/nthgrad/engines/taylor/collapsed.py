"""Derivatives along many directions at once, and sums of them that are taken on the way (collapsed Taylor mode).

The Laplacian is the sum of the second derivatives along the axes. An op y = F(x) makes of the coefficients along the
directions r the highest y[r, K] = F'(x) x[r, K] + terms in the lower ones, so that the sum over r of the highest goes
as one tensor through what is linear in it: 1 + R (K - 1) + 1 coefficients instead of 1 + R K (R. Li and others, Forward
Laplacian, Nature Machine Intelligence 6, 2024; F. Dangel and others, Collapsing Taylor mode automatic differentiation,
NeurIPS 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import opaque, trace
from nthgrad.engines.graph.walk import Walk
from nthgrad.engines.taylor import stacked
from nthgrad.engines.taylor.gradients import from_gradient
from nthgrad.engines.taylor.interpreter import is_linear, walk
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


def collapse(env: Mapping[str, Input], targets: Sequence[tf.Tensor], order: int, *, tops: bool = True) -> list[Input]:
    """Returns what the targets become when some tensors of their graph vary along many directions.

    Args:
        env: by name, what some tensors have become.
        targets: tensors of one graph.
        order: K, at least 2.
        tops: whether to sum the coefficients of order K, or leave them out.
    """
    return BundleWalk(env, order, tops=tops).run(targets)


def collapses(path: Iterable[Any]) -> bool:
    """Whether many directions go through a path at once: no lists of tensors are on it, and no hidden functions."""
    ops = list(trace.walk(path))
    return not any(trace.hidden(op) or any(t.dtype == tf.variant for t in op.outputs) for op in ops)


class BundleWalk(Walk[Bundle]):
    """The interpretation along many directions; the parts are numbered 1 to K, the last being the sum.

    Args:
        env: by name, what some tensors have become.
        order: K.
        tops: whether to sum the coefficients of order K, or leave them out.
        like: a tensor whose first axis counts the directions; by default, a coefficient in `env`.
        foreign: whether the ops are of another graph than the one being traced.
    """

    def __init__(
        self,
        env: Mapping[str, Input],
        order: int,
        *,
        tops: bool,
        like: tf.Tensor | None = None,
        foreign: bool = False,
    ):
        super().__init__(env, keys=range(1, order + tops), foreign=foreign)
        self.order, self.tops = order, tops
        self.like: Any = like
        if like is None:
            self.like = next(c for x in env.values() if isinstance(x, Bundle) for c in x.lower if c is not None)

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> BundleWalk:
        return BundleWalk(env, self.order, tops=self.tops, like=self.like, foreign=True)

    def apply(self, op: Any, inputs: Sequence[Input]) -> Sequence[Input]:
        values = [self.value(x) for x in inputs]
        varies = any(isinstance(x, Bundle) for x in inputs)
        opaque.check(op, varies=varies)
        outputs = self.rebuild(op, inputs)
        if varies and any(trace.carries(t) for t in outputs):
            return _through(op, inputs, values, outputs, self.order, tops=self.tops)
        return outputs

    def value(self, x: Any) -> tf.Tensor:
        return x.value if isinstance(x, Bundle) else x

    def part(self, x: Any, key: int) -> Coefficient:
        if not isinstance(x, Bundle):
            return None
        return x.top if key == self.order else x.lower[key - 1]

    def zeros(self, x: Any, key: int) -> tf.Tensor:
        value = self.value(x)
        if key == self.order:
            return tf.zeros_like(value)
        zeros = tf.zeros(tf.concat([tf.shape(self.like)[:1], tf.shape(value)], 0), value.dtype)
        zeros.set_shape(self.part_shape(value.shape, key))
        return zeros

    def part_shape(self, shape: tf.TensorShape, key: int) -> tf.TensorShape:
        return shape if key == self.order else self.like.shape[:1].concatenate(shape)

    def join(self, value: tf.Tensor, part: Callable[[int], Coefficient]) -> Input:
        *lower, top = [*map(part, self.keys), *([] if self.tops else [None])]
        return _bundle(value, tuple(lower), top)

    def local(self, x: Input) -> Input:
        return Bundle(tf.identity(x.value), x.lower, x.top) if isinstance(x, Bundle) else x


def _through(
    op: Any, inputs: Sequence[Input], taken: Sequence[tf.Tensor], values: Sequence[tf.Tensor], order: int, *, tops: bool
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
        outputs.append(_bundle(y, tuple(found[: order - 1]), total([c for c in terms if c is not None])))
    return outputs


def _bundle(value: tf.Tensor, lower: tuple[Coefficient, ...], top: Coefficient) -> Input:
    """A bundle, or the value alone if it does not vary."""
    return value if top is None and all(c is None for c in lower) else Bundle(value, lower, top)
