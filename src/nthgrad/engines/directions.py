"""What operators are made of: gradients backward, derivatives along many directions forward, and sums of them.

Points lie along the leading axes *B of x, the rest of its shape, *P, is one point; directions V are of shape [R, *P].
Functions map x to any `tf.nest` structure of tensors of shapes [*B, *Q].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.engines import taylor, trace
from nthgrad.engines.backward import gradient, repaired
from nthgrad.engines.taylor.collapsed import Bundle, UncollapsibleError, collapse

Function = Callable[[tf.Tensor], Any]


def axes(x: tf.Tensor, batch_dims: int) -> tf.Tensor:
    """The directions along each coordinate of a point."""
    count = _count(x.shape[batch_dims:])
    return tf.reshape(tf.eye(count, dtype=x.dtype), [count, *x.shape[batch_dims:]])


def pull(f: Function, x: tf.Tensor) -> tf.Tensor:
    """The gradient of f, which gives one number a point: of the shape of x."""
    with tf.GradientTape() as backward:
        backward.watch(x)
        y, path = _repaired(f, x)
    return gradient(backward, y, x, path)


def jacobian(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None, forward: bool | None = None) -> Any:
    """The Jacobians of the leaves of f, of shape [*B, *Q, *P].

    Forward, by a derivative along each coordinate of a point, or backward, by a gradient of each number that f gives of
    it: unless that is said, by which are fewer.
    """
    with tf.GradientTape(persistent=True) as backward:
        backward.watch(x)
        y, path = _repaired(f, x)
    leaves = tf.nest.flatten(y)
    if forward is None:
        forward = _count(x.shape[batch_dims:]) <= sum(_count(t.shape[batch_dims:]) for t in leaves)

    def pushed() -> list[tf.Tensor]:
        found = _in_chunks(lambda v: _pushed(f, x, v), axes(x, batch_dims), chunk)
        return [tf.transpose(c, [*range(1, len(c.shape)), 0]) for c in tf.nest.flatten(found)]

    def pulled(y: tf.Tensor) -> tf.Tensor:
        def rows(seeds: tf.Tensor) -> tf.Tensor:
            return tf.vectorized_map(lambda u: gradient(backward, y, x, path, seed=tf.zeros_like(y) + u), seeds)

        found = _in_chunks(rows, axes(y, batch_dims), chunk)
        return tf.transpose(found, [*range(1, batch_dims + 1), 0, *range(batch_dims + 1, len(found.shape))])

    found = pushed() if forward else [pulled(t) for t in leaves]
    shaped = [_shaped(c, x, batch_dims, t.shape[batch_dims:]) for c, t in zip(found, leaves, strict=True)]
    return tf.nest.pack_sequence_as(y, shaped)


def along(f: Function, x: tf.Tensor, v: tf.Tensor, order: int = 1) -> Any:
    """The coefficient of an order of s -> f(x + s v); v has the shape of x."""
    x = tf.identity(x)  # of the graph that is being traced, if that is the body of a loop
    return taylor.coefficients(f, x, tf.broadcast_to(v, tf.shape(x)), order, check=False)[order]


def divergence(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None) -> tf.Tensor:
    """The divergence of f, which gives tensors of the shape of x: of shape [*B]."""

    def part(v: tf.Tensor) -> tf.Tensor:
        slopes = _pushed(f, x, v) * _spread(v, x)
        return tf.reduce_sum(slopes, [0, *range(batch_dims + 1, len(slopes.shape))])

    return _in_chunks(part, axes(x, batch_dims), chunk, add=True)


def sum_along(f: Function, x: tf.Tensor, v: tf.Tensor, order: int, chunk: int | None) -> Any:
    """The sum over directions of the derivatives of an order, at least 2, along them: structures like f(x)."""

    def part(v: tf.Tensor) -> Any:
        here = tf.identity(x)
        y = f(here)
        line = Bundle(here, (_spread(v, here), *[None] * (order - 2)))
        try:
            made = collapse({here.name: line}, tf.nest.flatten(y), order)
        except UncollapsibleError:
            return tf.nest.map_structure(lambda c: tf.reduce_sum(c, 0), _one_by_one(f, x, v, order, y))
        tops = [b.top if isinstance(b, Bundle) else None for b in made]
        tops = [tf.zeros_like(t) if c is None else c for c, t in zip(tops, tf.nest.flatten(y), strict=True)]
        return tf.nest.pack_sequence_as(y, tops)

    found = _in_chunks(part, v, chunk, add=True)
    return tf.nest.map_structure(lambda c: c * tf.constant(math.factorial(order), c.dtype), found)


def trace_backward(f: Function, x: tf.Tensor, batch_dims: int) -> Any:
    """The sum of the second derivatives by each coordinate, by a gradient of each entry of each gradient."""
    coordinates = range(_count(x.shape[batch_dims:]))

    def flat(t: tf.Tensor) -> list[tf.Tensor]:
        rows = tf.reshape(t, tf.concat([tf.shape(t)[:batch_dims], [_count(t.shape[batch_dims:])]], 0))
        return tf.unstack(rows, _count(t.shape[batch_dims:]), -1)

    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(x)
            y = f(x)
            numbers = [flat(t) for t in tf.nest.flatten(y)]
        slopes = [[flat(gradient(inner, number, x, [], 1)) for number in leaf] for leaf in numbers]
    sums = [
        tf.stack([tf.add_n([flat(gradient(outer, g[i], x, [], 2))[i] for i in coordinates]) for g in leaf], -1)
        for leaf in slopes
    ]
    return tf.nest.map_structure(lambda t, c: tf.reshape(c, tf.shape(t)), y, tf.nest.pack_sequence_as(y, sums))


def right_backward(f: Function) -> Function:
    """The function f of ops whose gradients, of whatever order, are right, or refused."""
    return lambda x: _repaired(f, x)[0]


def _repaired(f: Function, x: tf.Tensor) -> tuple[Any, list[Any]]:
    y = f(x)
    leaves = tf.nest.flatten(y)
    path = trace.between([x], leaves)
    return tf.nest.pack_sequence_as(y, repaired(path, [x], leaves)), path


def _pushed(f: Function, x: tf.Tensor, v: tf.Tensor) -> Any:
    """The derivatives of f along directions, stacked: leaves of shape [R, *B, *Q]."""
    here = tf.identity(x)
    y = f(here)
    leaves = tf.nest.flatten(y)
    try:
        made = collapse({here.name: Bundle(here, (_spread(v, here),))}, leaves, 2, tops=False)
    except UncollapsibleError:
        return _one_by_one(f, x, v, 1, y)
    found = [b.lower[0] if isinstance(b, Bundle) else None for b in made]
    zeros = [tf.zeros(tf.concat([tf.shape(v)[:1], tf.shape(t)], 0), t.dtype) for t in leaves]
    return tf.nest.pack_sequence_as(y, [z if c is None else c for c, z in zip(found, zeros, strict=True)])


def _one_by_one(f: Function, x: tf.Tensor, v: tf.Tensor, order: int, like: Any) -> Any:
    """The coefficients of an order along directions, stacked, each by a walk of its own: through branches and loops."""
    signature = tf.nest.map_structure(_spec, like)
    return tf.map_fn(lambda u: along(f, x, u, order), v, fn_output_signature=signature)


def _in_chunks(compute: Callable[[tf.Tensor], Any], v: tf.Tensor, chunk: int | None, add: bool = False) -> Any:
    """What `compute` makes of directions, so many at a time, to bound the memory: joined, or added.

    The last chunk is filled up with directions 0, along which all derivatives are 0.
    """
    count = v.shape[0]
    if chunk is None or (count is not None and count <= chunk):
        return compute(v)
    missing = tf.math.floormod(-tf.shape(v)[0], chunk)
    filled = tf.concat([v, tf.zeros(tf.concat([[missing], tf.shape(v)[1:]], 0), v.dtype)], 0)
    parts = tf.reshape(filled, tf.concat([[-1, chunk], tf.shape(v)[1:]], 0))
    parts.set_shape([None if count is None else -(-count // chunk), chunk, *v.shape[1:]])
    traced = tf.function(compute, autograph=False).get_concrete_function(tf.TensorSpec(parts.shape[1:], v.dtype))
    signature = tf.nest.map_structure(_spec, traced.structured_outputs)
    found = tf.map_fn(compute, parts, parallel_iterations=1, fn_output_signature=signature)
    if add:
        return tf.nest.map_structure(lambda c: tf.reduce_sum(c, 0), found)
    flat = tf.nest.map_structure(lambda c: tf.reshape(c, tf.concat([[-1], tf.shape(c)[2:]], 0)), found)
    return tf.nest.map_structure(lambda c: c[: tf.shape(v)[0]], flat)


def _spread(v: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Directions of one point, for all the points: of shape [R, *B, *P]."""
    batch_dims = len(x.shape) - len(v.shape) + 1
    v = tf.reshape(v, tf.concat([tf.shape(v)[:1], [1] * batch_dims, tf.shape(v)[1:]], 0))
    spread = tf.broadcast_to(v, tf.concat([tf.shape(v)[:1], tf.shape(x)], 0))
    spread.set_shape([v.shape[0], *x.shape])
    return spread


def _shaped(c: tf.Tensor, x: tf.Tensor, batch_dims: int, inner: tf.TensorShape) -> tf.Tensor:
    """Gives a Jacobian, its axes in order, the shape [*B, *Q, *P]."""
    rest: Any = [*inner.as_list(), *x.shape[batch_dims:].as_list()]
    made = tf.reshape(c, tf.concat([tf.shape(x)[:batch_dims], tf.cast(rest, tf.int32)], 0))
    made.set_shape([*x.shape[:batch_dims], *rest])
    return made


def _spec(t: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec(t.shape, t.dtype)


def _count(shape: tf.TensorShape) -> int:
    count = shape.num_elements()
    assert count is not None
    return count
