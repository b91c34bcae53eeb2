"""Reductions and scans that are not linear: extremes, products, norms, sums of exponentials.

Where several elements are the extreme, the derivative is their mean, as TensorFlow's first derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.algebra import ops
from nthgrad.engines.taylor.families import composite, each, expanded, piecewise
from nthgrad.engines.taylor.rules.elementwise import conj, scale
from nthgrad.engines.taylor.rules.selection import Map, picked
from nthgrad.engines.taylor.series import Series, value
from nthgrad.engines.taylor.step import Apply, Rule, Step
from nthgrad.errors import UnsupportedOpError


def _extreme(step: Step) -> Map:
    x, axes = (value(t) for t in step.inputs)
    reduced = (tf.reduce_max if step.op.type == "Max" else tf.reduce_min)(x, axes, keepdims=True)
    return picked(lambda t: tf.reduce_sum(t, axes, step.op.get_attr("keep_dims")), tf.equal(x, reduced))


def _in_front(op: Any, x: tf.Tensor, axes: Any) -> tuple[tf.Tensor, list[int], int]:
    """Moves some axes of x to the front; returns the result, the order of its axes, and the number of moved axes."""
    known = tf.get_static_value(axes)
    if known is None or x.shape.rank is None:
        raise UnsupportedOpError(
            f"{trace.describe(op)} reduces axes that are unknown while f is traced. Give the axes as Python integers."
        )
    moved = sorted({int(a) % x.shape.rank for a in known.reshape(-1)}) if x.shape.rank else []
    order = moved + [i for i in range(x.shape.rank) if i not in moved]
    return tf.transpose(x, order), order, len(moved)


def _prod(op: Any, x: tf.Tensor, axes: tf.Tensor) -> tf.Tensor:
    """Multiplies in a balanced tree, which is right where factors are zero."""
    y, order, moved = _in_front(op, x, axes)
    n, rest = y.shape[:moved].num_elements(), tf.shape(y)[moved:]
    y = tf.reshape(y, tf.concat([[-1 if n is None else n], rest], 0))
    if n is None:
        y = tf.concat([tf.ones(tf.concat([[1], rest], 0), y.dtype), y], 0)
        (y,) = tf.while_loop(lambda y: tf.shape(y)[0] > 1, lambda y: (_halved(y, tf.shape(y)[0] // 2),), (y,))
    while n is not None and n > 1:
        y, n = _halved(y, n // 2), n - n // 2
    y = tf.ones(rest, y.dtype) if n == 0 else y[0]
    for axis in sorted(order[:moved]) if op.get_attr("keep_dims") else ():
        y = tf.expand_dims(y, axis)
    return y


def _halved(y: tf.Tensor, half: Any) -> tf.Tensor:
    return tf.concat([y[:half] * y[half : 2 * half], y[2 * half :]], 0)


def _scan(combine: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], empty: float) -> Callable[..., tf.Tensor]:
    """Returns a scan with `combine`, in log2(n) steps (Hillis and Steele, 1986), without a division."""

    def f(op: Any, x: tf.Tensor, axis: tf.Tensor) -> tf.Tensor:
        y, order, _ = _in_front(op, x, axis)
        n = y.shape[0]
        y = tf.reverse(y, [0]) if op.get_attr("reverse") else y
        if op.get_attr("exclusive") and n != 0:
            y = tf.concat([tf.fill(tf.shape(y[:1]), tf.constant(empty, y.dtype)), y[:-1]], 0)
            y = tf.ensure_shape(y, [n, *(x.shape[i] for i in order[1:])])
        step = lambda shift, y: tf.concat([y[:shift], combine(y[shift:], y[:-shift])], 0)  # noqa: E731
        if n is None:
            _, y = tf.while_loop(
                lambda shift, y: shift < tf.shape(y)[0], lambda shift, y: (2 * shift, step(shift, y)), (1, y)
            )
        shift = 1
        while n is not None and shift < n:
            shift, y = 2 * shift, step(shift, y)
        y = tf.reverse(y, [0]) if op.get_attr("reverse") else y
        return tf.transpose(y, [order.index(i) for i in range(x.shape.rank)])

    return f


def _log_of_sum(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Returns log(exp(a) + exp(b))."""
    return tf.where(a >= b, a + tf.math.softplus(b - a), b + tf.math.softplus(a - b))


def _norm(op: Any, x: Series, axes: Any) -> Any:
    s = tf.reduce_max(scale(x), axes, keepdims=True)
    s = tf.cast(tf.where(tf.equal(s, 0), tf.ones_like(s), s), x.value.dtype)
    u = x / s
    keep = op.get_attr("keep_dims")
    r = ops.Sqrt(ops.Sum(u * conj(u), axes, keep_dims=keep))
    return r * (s if keep else tf.squeeze(s, tf.get_static_value(axes).reshape(-1).tolist()))


def _exponentials(x: Series) -> tuple[Series, Series, Series]:
    """Returns x - log(sum(exp(x))), its exponential, and the sum of this, which is 1 but varies."""
    x = x - tf.stop_gradient(tf.reduce_logsumexp(x.value, -1, keepdims=True))
    e = ops.Exp(x)
    return x, e, ops.Sum(e, -1, keep_dims=True)


def _softmax(op: Any, x: Series) -> Series:
    _, e, s = _exponentials(x)
    return e / s


def _log_softmax(op: Any, x: Series) -> Series:
    x, _, s = _exponentials(x)
    return x - ops.Log(s)


RULES: dict[str, Rule | Apply] = {
    **each("Max Min", piecewise(_extreme, 0)),
    "Prod": expanded(_prod),
    "Cumprod": expanded(_scan(tf.multiply, 1.0)),
    "CumulativeLogsumexp": expanded(_scan(_log_of_sum, -float("inf"))),
    "EuclideanNorm": composite(_norm),
    "Softmax": composite(_softmax),
    "LogSoftmax": composite(_log_softmax),
}
