"""Maxima, minima and products over segments; sums are linear, see structure.py."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.families import each, expanded, piecewise
from nthgrad.engines.taylor.rules.selection import Map, picked, values
from nthgrad.engines.taylor.step import Apply, Rule, Step


def _segment_extreme(step: Step) -> Map:
    x, ids = values(step)[:2]
    return picked(lambda t: tf.math.segment_sum(t, ids), tf.equal(x, tf.gather(step.values[0], ids)))


def _numbered_segment_extreme(step: Step) -> Map:
    x, ids, n = values(step)
    chosen = tf.equal(x, tf.gather(step.values[0], tf.maximum(ids, 0)))
    return picked(lambda t: tf.math.unsorted_segment_sum(t, ids, n), chosen)


def _segment_product(x: Any, ids: Any, n: Any) -> tf.Tensor:
    """Multiplies in log2(len(x)) steps (Hillis and Steele, 1986), without a division: right where factors are zero."""
    x = tf.reshape(x, tf.concat([[-1], tf.shape(x)[tf.rank(ids) :]], 0))
    ids = tf.reshape(ids, [-1])
    order = tf.argsort(ids, stable=True)
    x, ids = tf.gather(x, order), tf.gather(ids, order)
    length = tf.size(ids)

    def longer(shift: Any, x: tf.Tensor) -> tuple[Any, tf.Tensor]:
        same = tf.concat([tf.fill([tf.minimum(shift, length)], False), ids[shift:] == ids[:-shift]], 0)
        same = tf.reshape(same, tf.concat([[-1], tf.ones([tf.rank(x) - 1], tf.int32)], 0))
        return shift * 2, tf.where(same, tf.roll(x, shift, 0), tf.ones_like(x)) * x

    if ids.shape[0] is None:
        _, x = tf.while_loop(lambda shift, _: shift < length, longer, (tf.constant(1), x))
    else:
        shift = 1
        while shift < ids.shape[0]:
            shift, x = longer(shift, x)
    last = tf.concat([ids[1:] != ids[:-1], tf.fill([tf.minimum(length, 1)], True)], 0) & (ids >= 0)
    place = tf.reshape(tf.cast(tf.where(last), ids.dtype), [-1])
    shape = tf.concat([[tf.cast(n, tf.int32)], tf.shape(x)[1:]], 0)
    return tf.tensor_scatter_nd_update(tf.ones(shape, x.dtype), tf.gather(ids, place)[:, None], tf.gather(x, place))


RULES: dict[str, Rule | Apply] = {
    **each("SegmentMax SegmentMin", piecewise(_segment_extreme, 0)),
    **each(
        "UnsortedSegmentMax UnsortedSegmentMin",
        piecewise(_numbered_segment_extreme, 0),
    ),
    "SegmentProd": expanded(lambda op, x, ids: _segment_product(x, ids, ids[-1] + 1)),
    "UnsortedSegmentProd": expanded(lambda op, x, ids, n: _segment_product(x, ids, n)),
}
