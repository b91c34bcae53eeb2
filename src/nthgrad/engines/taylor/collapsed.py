"""Computes derivatives in many directions at once, and sums of the highest ones (collapsed Taylor mode).

The Laplacian is the sum of the second derivatives by the coordinates. For an op y = F(x) and directions r, the highest
coefficient is y[r, K] = F'(x) x[r, K] + terms in lower ones. It is linear in x[r, K], so the sum over r is one tensor:
1 + R (K - 1) + 1 coefficients instead of 1 + R K (R. Li and others, Forward Laplacian, Nature Machine Intelligence 6,
2024; F. Dangel and others, Collapsing Taylor mode automatic differentiation, NeurIPS 2025).

A *ray* is the series in one of the directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import opaque, trace
from nthgrad.engines.graph.walk import Walk
from nthgrad.engines.shapes import Axes, shape
from nthgrad.engines.taylor import stacked
from nthgrad.engines.taylor.gradients import from_gradient
from nthgrad.engines.taylor.interpreter import interpret, is_linear
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Coefficient, Series, total, varying
from nthgrad.engines.taylor.step import Step


@dataclass(frozen=True)
class Bundle:
    """A tensor that varies in R directions.

    Attributes:
        value: the value, of shape S.
        lower: the normalized coefficients of orders 1 to K - 1, stacked, of shape [R, *S]; None for structural zeros.
        top: the coefficients of order K, summed over the directions, of shape S; None for a structural zero.
    """

    value: tf.Tensor
    lower: tuple[Coefficient, ...]
    top: Coefficient = None


Input = Bundle | tf.Tensor


def collapse(env: Mapping[str, Input], targets: Sequence[tf.Tensor], order: int, *, tops: bool = True) -> list[Input]:
    """Interprets the ops between some tensors and the targets in bundles.

    Args:
        env: the bundles, or tensors, to replace some tensors, by name.
        targets: tensors of one graph.
        order: K, at least 2.
        tops: whether to sum the coefficients of order K, or leave them out.
    """
    return BundleWalk(env, order, tops=tops).run(targets)


def collapses(path: Iterable[Any]) -> bool:
    """Whether a path can be walked in many directions at once: it has no lists of tensors and no hidden functions."""
    ops = list(trace.with_bodies(path))
    return not any(trace.hidden(op) or any(t.dtype == tf.variant for t in op.outputs) for op in ops)


class BundleWalk(Walk[Bundle]):
    """The interpretation in bundles; the keys of parts are 1 to K, and part K is the sum.

    Args:
        env: the bundles, or tensors, to replace some tensors, by name.
        order: K.
        tops: whether to sum the coefficients of order K, or leave them out.
        like: a tensor whose first axis indexes the directions; by default, a coefficient in `env`.
        foreign: whether the ops belong to another graph than the one being traced.
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
            return _apply_rule(op, inputs, values, outputs, self.order, tops=self.tops)
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
        zeros = tf.zeros(shape(Axes(self.like, 0, 1), Axes(value)), value.dtype)
        zeros.set_shape(self.part_shape(value.shape, key))
        return zeros

    def part_shape(self, shape: tf.TensorShape, key: int) -> tf.TensorShape:
        return shape if key == self.order else self.like.shape[:1].concatenate(shape)

    def join(self, value: tf.Tensor, part: Callable[[int], Coefficient]) -> Input:
        *lower, top = [*map(part, self.keys), *([] if self.tops else [None])]
        return _bundle(value, tuple(lower), top)

    def local(self, x: Input) -> Input:
        return Bundle(tf.identity(x.value), x.lower, x.top) if isinstance(x, Bundle) else x


def _apply_rule(
    op: Any, inputs: Sequence[Input], taken: Sequence[tf.Tensor], values: Sequence[tf.Tensor], order: int, *, tops: bool
) -> list[Input]:
    """Computes the outputs of an op by its rule for series in one variable.

    The rule computes y[k] from x[1], ..., x[k] in one direction. From x[1] alone it computes F'(x) x[1]; from all but
    x[K] it computes the other terms of y[K], which are summed over the directions.
    """
    rule = RULES.get(op.type, from_gradient)
    sources = list({id(x): x for x in inputs if isinstance(x, Bundle)}.values())

    def by_rule(given: Sequence[Mapping[int, Coefficient]], orders: Sequence[int]) -> list[list[Coefficient]]:
        series = {id(x): Series(x.value, lambda k, c=c: c.get(k[0])) for x, c in zip(sources, given, strict=True)}
        taken: list[Any] = [series.get(id(x), x) for x in inputs]
        made = rule(Step(op, taken, values, interpret, indices=[(k,) for k in orders]))
        return [[varying(y, (k,)) for k in orders] for y in made]

    names = {t.name for t, x in zip(op.inputs, inputs, strict=True) if isinstance(x, Bundle)}
    linear = is_linear(op, names)
    orders = range(1, order + (tops and not linear))
    places = [(j, k) for j, x in enumerate(sources) for k, c in enumerate(x.lower, 1) if c is not None]

    def ray(*coefficients: tf.Tensor) -> list[list[Coefficient]]:
        given: list[dict[int, Coefficient]] = [{} for _ in sources]
        for (j, k), c in zip(places, coefficients, strict=True):
            given[j][k] = c
        return by_rule(given, orders)

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
        highest = by_rule([{1: x.top} for x in sources], [1])
    outputs: list[Input] = []
    for y, found, (top,) in zip(values, rays, highest, strict=True):
        terms = [top, *(tf.reduce_sum(c, 0) for c in found[order - 1 :] if c is not None)]
        outputs.append(_bundle(y, tuple(found[: order - 1]), total([c for c in terms if c is not None])))
    return outputs


def _bundle(value: tf.Tensor, lower: tuple[Coefficient, ...], top: Coefficient) -> Input:
    """Returns a bundle, or only the value if it does not vary."""
    return value if top is None and all(c is None for c in lower) else Bundle(value, lower, top)
