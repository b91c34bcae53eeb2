"""Sorting, scattered maxima, distinct elements, isotonic regression: piecewise linear.

Except in sorting, equal elements share the derivative evenly, as in TensorFlow's gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.families import each, piecewise
from nthgrad.engines.taylor.series import value
from nthgrad.engines.taylor.step import Apply, Rule, Step

Map = Callable[..., Any]


def attributes(op: Any, *names: str) -> dict[str, Any]:
    """Returns some attributes of an op, as arguments for another."""
    return {name: op.get_attr(name) for name in names}


def values(step: Step) -> list[tf.Tensor]:
    """Returns the values of the inputs."""
    return [value(x) for x in step.inputs]


def picked(share: Callable[[tf.Tensor], tf.Tensor], chosen: tf.Tensor) -> Map:
    """Returns a map to the mean of the chosen elements; `share` sums over the candidates of each output."""

    def apply(c: tf.Tensor) -> tf.Tensor:
        return tf.math.divide_no_nan(share(tf.where(chosen, c, tf.zeros_like(c))), share(tf.cast(chosen, c.dtype)))

    return apply


def _top_k(step: Step) -> Map:
    place = step.values[1]
    return lambda c: tf.gather(c, place, batch_dims=place.shape.rank - 1)


def _approx_top_k(step: Step) -> Map:
    place, axis = step.values[1], step.op.get_attr("reduction_dimension") % step.values[1].shape.rank
    order = [*(i for i in range(place.shape.rank) if i != axis), axis]
    back = [order.index(i) for i in range(place.shape.rank)]
    last = tf.transpose(place, order)
    return lambda c: tf.transpose(tf.gather(tf.transpose(c, order), last, batch_dims=len(order) - 1), back)


def _nth_element(step: Step) -> Map:
    chosen = tf.equal(value(step.inputs[0]), tf.expand_dims(step.values[0], -1))
    return picked(lambda t: tf.reduce_sum(t, -1), chosen)


def _scatter_extreme(step: Step) -> Map:
    x, indices, updates = values(step)
    y = step.values[0]
    kept, new = tf.equal(x, y), tf.equal(updates, tf.gather_nd(y, indices))

    def added(c: tf.Tensor, d: tf.Tensor) -> tf.Tensor:
        c, d = tf.where(kept, c, tf.zeros_like(c)), tf.where(new, d, tf.zeros_like(d))
        return tf.tensor_scatter_nd_add(c, indices, d)

    return lambda c, d: added(c, d) / added(tf.ones_like(c), tf.ones_like(d))


def _unique(step: Step) -> Map:
    place, n = step.values[1], tf.size(step.values[1])
    axis = value(step.inputs[1]) if len(step.inputs) == 2 else tf.constant([0])
    axis = tf.constant(0) if axis.shape == [0] else axis[0]
    found = tf.shape(step.values[0])[axis]
    firsts = tf.math.unsorted_segment_min(tf.range(n), place, found)
    return lambda c: tf.gather(c, firsts, axis=axis)


def _isotonic(step: Step) -> Map:
    segments = tf.reshape(step.values[1], [-1, tf.shape(step.values[1])[-1]])
    n, m = tf.shape(segments)[0], tf.shape(segments)[1]
    ids = tf.reshape(segments + tf.range(n)[:, None] * m, [-1])

    def apply(c: tf.Tensor) -> tf.Tensor:
        means = tf.math.unsorted_segment_mean(tf.cast(tf.reshape(c, [-1]), step.values[0].dtype), ids, n * m)
        return tf.reshape(tf.gather(means, ids), tf.shape(c))

    return apply


RULES: dict[str, Rule | Apply] = {
    "TopKV2": piecewise(_top_k, 0),
    "ApproxTopK": piecewise(_approx_top_k, 0),
    "NthElement": piecewise(_nth_element, 0),
    **each("TensorScatterMax TensorScatterMin", piecewise(_scatter_extreme, 0, 2)),
    **each("Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2", piecewise(_unique, 0)),
    "IsotonicRegression": piecewise(_isotonic, 0),
}
