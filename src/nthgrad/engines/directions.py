"""Computes the parts of operators: gradients backward, derivatives in many directions forward, and sums of them.

The leading axes *B of x index points; the other axes, *P, are one point. Directions V have the shape [R, *P].
Functions map x to any `tf.nest` structure of tensors of shapes [*B, *Q].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines import own, taylor
from nthgrad.engines.graph import kinds, trace
from nthgrad.engines.shapes import Axes, reshape, shape
from nthgrad.engines.tape.backward import gradient, repaired
from nthgrad.engines.taylor.collapsed import Bundle, collapse, collapses

Function = Callable[[tf.Tensor], Any]

_WRITTEN = 64
"""Up to this many unit directions are a constant, which takes one op in place of eight."""

_ALONE = 2
"""A forward derivative in one direction costs about as much as this many gradients."""


def axes(x: tf.Tensor, batch_dims: int) -> tf.Tensor:
    """Returns the unit directions, one for each coordinate of a point."""
    count = _count(x.shape[batch_dims:])
    point = x.shape[batch_dims:]
    if count > _WRITTEN:
        return tf.reshape(tf.eye(count, dtype=x.dtype), [count, *point])
    return tf.constant(np.eye(count).reshape(count, *point), x.dtype)


def pull(f: Function, x: tf.Tensor, *, custom: bool = False) -> Any:
    """Returns the gradients per point of the leaves of f, one number each; they have the shape of x.

    Here and below, `custom` keeps custom gradients in force. Without it, the ops of f are differentiated.
    """
    y, path = _repaired(f, x, custom=custom)
    return tf.nest.map_structure(lambda leaf: gradient(None, leaf, x, path), y)


def jacobian(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None) -> Any:
    """Returns the Jacobians of the leaves of f, of shape [*B, *Q, *P].

    Forward takes a derivative for each coordinate of a point, backward a gradient for each number of f(x). The
    cheaper one is used. Through lists of tensors, forward takes one direction at a time, which costs more.
    """
    leaves = tf.nest.flatten(f(x))
    forward, backward = _count(x.shape[batch_dims:]), sum(_count(t.shape[batch_dims:]) for t in leaves)
    if not collapses(trace.between([x], leaves)):
        forward *= _ALONE
    return (_jacobian_forward if forward <= backward else jacobian_backward)(f, x, batch_dims, chunk)


def hessian(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None) -> Any:
    """Returns the Hessians of the leaves of f, of shape [*B, *Q, *P, *P].

    They are forward derivatives of gradients, one for each coordinate; through branches and loops, gradients of
    gradients.
    """
    counts: list[int] = []

    def slopes(t: tf.Tensor) -> Any:
        y, path = _repaired(f, t)
        counts[:] = [_count(leaf.shape[batch_dims:]) for leaf in tf.nest.flatten(y)]
        if _has_control_flow(path):
            raise _ControlFlow
        if any(n != 1 for n in counts):
            return jacobian_backward(f, t, batch_dims, chunk)
        return tf.nest.map_structure(
            lambda leaf: _shaped(gradient(None, leaf, t, path), t, batch_dims, leaf.shape[batch_dims:]), y
        )

    try:
        return _jacobian_forward(slopes, x, batch_dims, chunk)
    except _ControlFlow:
        if not x.shape.is_fully_defined() and trace.has_open_lengths(x.graph):
            raise  # the caller traces with known lengths: the second gradient of a loop is then half as large
        return hessian_backward(f, x, batch_dims, chunk, once=counts == [1])


def _jacobian_forward(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None) -> Any:
    shapes: list[tf.TensorShape] = []

    def pushed(v: tf.Tensor) -> Any:
        slopes = _pushed(f, x, v)
        shapes[:] = [c.shape[1 + batch_dims :] for c in tf.nest.flatten(slopes)]
        return slopes

    found = _in_chunks(pushed, axes(x, batch_dims), chunk)
    leaves = [tf.transpose(c, [*range(1, len(c.shape)), 0]) for c in tf.nest.flatten(found)]
    shaped = [_shaped(c, x, batch_dims, inner) for c, inner in zip(leaves, shapes, strict=True)]
    return tf.nest.pack_sequence_as(found, shaped)


def jacobian_backward(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None, *, custom: bool = False) -> Any:
    """Returns the Jacobians of the leaves of f, by a gradient of each number of f(x)."""
    return _pulled(lambda t: _repaired(f, t, custom=custom), x, batch_dims, chunk, 1)


def hessian_backward(
    f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None, *, custom: bool = False, once: bool = False
) -> Any:
    """Returns the Hessians of the leaves of f, by gradients of gradients; `once` if f returns one number per point."""
    path: list[Any] = []

    def right(t: tf.Tensor) -> tuple[Any, list[Any]]:
        y, path[:] = _repaired(f, t, custom=custom)
        return y, path

    return _pulled(lambda t: (_pulled(right, t, batch_dims, chunk, 1, once=once), path), x, batch_dims, chunk, 2)


def hvp_backward(f: Function, x: tf.Tensor, v: tf.Tensor, *, custom: bool = False, persistent: bool = False) -> Any:
    """Returns the products of the Hessians of the leaves of f and v: the gradient of <v, the gradient of a leaf>."""
    with own.GradientTape(persistent=persistent) as outer:
        outer.watch(x)
        # tf.gradients rewrites loops and calls, which the outer tape would not see
        with own.GradientTape(persistent=persistent) as inner:
            inner.watch(x)
            y, path = _repaired(f, x, custom=custom)
        leaves = tf.nest.flatten(y)
        at_once = persistent or len(leaves) == 1
        slopes = [gradient(inner, leaf, x, path) for leaf in leaves] if at_once else []
    if at_once:
        return tf.nest.pack_sequence_as(y, [gradient(outer, slope, x, path, 2, seed=v) for slope in slopes])
    if not any(map(trace.bodies, path)):
        return hvp_backward(f, x, v, custom=custom, persistent=True)
    # One at a time: a persistent tape costs more at each call of a function.
    found = [hvp_backward(lambda t, i=i: tf.nest.flatten(f(t))[i], x, v, custom=custom) for i in range(len(leaves))]
    return tf.nest.pack_sequence_as(y, found)


def _pulled(
    right: Callable[[tf.Tensor], Any],
    x: tf.Tensor,
    batch_dims: int,
    chunk: int | None,
    level: int,
    *,
    once: bool = False,
) -> Any:
    """Returns the Jacobians of y, by a gradient of each of its numbers.

    Args:
        right: returns y, built from ops whose gradients are right, and the ops between x and y.
        x: the points.
        batch_dims: the number of axes of x that index points.
        chunk: the number of gradients to take at a time.
        level: the order of these derivatives, for errors.
        once: whether only one gradient is taken. A persistent tape costs more at each call of a function.
    """
    with own.GradientTape(persistent=not once) as tape:
        tape.watch(x)
        y, path = right(x)
    # TensorFlow cannot vectorize the second gradient of a loop: it has no sum of many lists of tensors.
    each = tf.map_fn if _has_control_flow(path) else tf.vectorized_map

    def pulled(y: tf.Tensor) -> tf.Tensor:
        def rows(seeds: tf.Tensor) -> tf.Tensor:
            return each(lambda u: gradient(tape, y, x, path, level, seed=tf.zeros_like(y) + u), seeds)

        if _count(y.shape[batch_dims:]) == 1:
            return _shaped(gradient(tape, y, x, path, level), x, batch_dims, y.shape[batch_dims:])
        found = _in_chunks(rows, axes(y, batch_dims), chunk)
        found = tf.transpose(found, [*range(1, batch_dims + 1), 0, *range(batch_dims + 1, len(found.shape))])
        return _shaped(found, x, batch_dims, y.shape[batch_dims:])

    return tf.nest.map_structure(pulled, y)


def coefficient(f: Function, x: tf.Tensor, v: tf.Tensor, order: int = 1) -> Any:
    """Returns the Taylor coefficient of one order of s -> f(x + s v); v has the shape of x."""
    x = tf.identity(x)  # belongs to the graph being traced, also in the body of a loop
    return taylor.coefficients(f, x, tf.broadcast_to(v, tf.shape(x)), order, check=False)[order]


def divergence(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None) -> Any:
    """Returns the divergences, of shape [*B, *Q], of the leaves of f, of shape [*B, *Q, *P]."""
    point = len(x.shape) - batch_dims

    def contracted(slopes: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
        rank = len(slopes.shape)
        weights = reshape(v, Axes(v, 0, 1), [1] * (rank - 1 - point), Axes(v, 1))
        return tf.reduce_sum(slopes * tf.cast(weights, slopes.dtype), [0, *range(rank - point, rank)])

    def part(v: tf.Tensor) -> Any:
        return tf.nest.map_structure(lambda slopes: contracted(slopes, v), _pushed(f, x, v))

    return _in_chunks(part, axes(x, batch_dims), chunk, add=True)


def sum_of_derivatives(f: Function, x: tf.Tensor, v: tf.Tensor, order: int, chunk: int | None) -> Any:
    """Returns the derivatives of an order, at least 2, summed over directions: structures like f(x)."""

    def part(v: tf.Tensor) -> Any:
        here = tf.identity(x)
        y = f(here)
        leaves = tf.nest.flatten(y)
        if not collapses(trace.between([here], leaves)):
            return tf.nest.map_structure(lambda c: tf.reduce_sum(c, 0), _one_by_one(f, x, v, order, y))
        bundle = Bundle(here, (_spread(v, here), *[None] * (order - 2)))
        made = collapse({here.name: bundle}, leaves, order)
        tops = [b.top if isinstance(b, Bundle) else None for b in made]
        tops = [tf.zeros_like(t) if c is None else c for c, t in zip(tops, leaves, strict=True)]
        return tf.nest.pack_sequence_as(y, tops)

    found = _in_chunks(part, v, chunk, add=True)
    return tf.nest.map_structure(lambda c: c * tf.constant(math.factorial(order), c.dtype), found)


def divergence_backward(f: Function, x: tf.Tensor, batch_dims: int, chunk: int | None, *, custom: bool) -> Any:
    """Returns the divergences of the leaves of f, by a gradient of each number of f(x)."""
    point = len(x.shape) - batch_dims
    count = _count(x.shape[batch_dims:])

    def contracted(slopes: tf.Tensor) -> tf.Tensor:
        outer = Axes(slopes, 0, len(slopes.shape) - 2 * point)
        return tf.linalg.trace(reshape(slopes, outer, [count, count]))

    return tf.nest.map_structure(contracted, jacobian_backward(f, x, batch_dims, chunk, custom=custom))


def trace_backward(f: Function, x: tf.Tensor, batch_dims: int) -> Any:
    """Returns the sum of the second derivatives by each coordinate, from gradients of entries of gradients."""
    coordinates = range(_count(x.shape[batch_dims:]))

    def flat(t: tf.Tensor) -> list[tf.Tensor]:
        rows = reshape(t, Axes(t, 0, batch_dims), [_count(t.shape[batch_dims:])])
        return tf.unstack(rows, _count(t.shape[batch_dims:]), -1)

    with own.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with own.GradientTape(persistent=True) as inner:
            inner.watch(x)
            y = f(x)
            numbers = [flat(t) for t in tf.nest.flatten(y)]
        slopes = [[flat(gradient(inner, number, x, [], 1)) for number in leaf] for leaf in numbers]
    sums = [
        tf.stack([tf.add_n([flat(gradient(outer, g[i], x, [], 2))[i] for i in coordinates]) for g in leaf], -1)
        for leaf in slopes
    ]
    return tf.nest.map_structure(lambda t, c: reshape(c, Axes(t)), y, tf.nest.pack_sequence_as(y, sums))


def right_backward(f: Function) -> Function:
    """Returns f with its ops repaired, so that gradients of all orders are right or refused; keeps custom gradients."""
    return lambda x: _repaired(f, x, custom=True)[0]


def _repaired(f: Function, x: tf.Tensor, *, custom: bool = False) -> tuple[Any, list[Any]]:
    """Returns f(x) with its ops repaired, so that gradients are right or refused, and the ops between x and f(x)."""
    y = f(x)
    leaves = tf.nest.flatten(y)
    path = trace.between([x], leaves)
    return tf.nest.pack_sequence_as(y, repaired(path, [x], leaves, custom=custom)), path


def _has_control_flow(path: Iterable[Any]) -> bool:
    """Whether a path has branches or loops: gradients of gradients cost less there."""
    return any(op.type in kinds.BRANCHES | kinds.LOOPS for op in trace.with_bodies(path))


class _ControlFlow(Exception):  # noqa: N818  no error: it ends a trace
    """Raised where there are branches or loops between x and f(x)."""


def _pushed(f: Function, x: tf.Tensor, v: tf.Tensor) -> Any:
    """Returns the derivatives of f in several directions, stacked: leaves of shape [R, *B, *Q]."""
    here = tf.identity(x)
    y = f(here)
    leaves = tf.nest.flatten(y)
    if not collapses(trace.between([here], leaves)):
        return _one_by_one(f, x, v, 1, y)
    made = collapse({here.name: Bundle(here, (_spread(v, here),))}, leaves, 2, tops=False)
    found = [b.lower[0] if isinstance(b, Bundle) else None for b in made]

    def zeros(t: tf.Tensor) -> tf.Tensor:
        return tf.zeros(shape(Axes(v, 0, 1), Axes(t)), t.dtype)

    return tf.nest.pack_sequence_as(y, [zeros(t) if c is None else c for c, t in zip(found, leaves, strict=True)])


def _one_by_one(f: Function, x: tf.Tensor, v: tf.Tensor, order: int, like: Any) -> Any:
    """Returns the coefficients of an order in several directions, stacked; one walk each, for lists of tensors."""
    signature = tf.nest.map_structure(_spec, like)
    return tf.map_fn(lambda u: coefficient(f, x, u, order), v, fn_output_signature=signature)


def _in_chunks(compute: Callable[[tf.Tensor], Any], v: tf.Tensor, chunk: int | None, *, add: bool = False) -> Any:
    """Calls `compute` on chunks of directions, to bound the memory; joins or adds the results.

    Zero directions fill the last chunk; all derivatives in them are 0.
    """
    count = v.shape[0]
    if chunk is None or (count is not None and count <= chunk):
        return compute(v)
    missing = tf.math.floormod(-tf.shape(v)[0], chunk)
    filled = tf.concat([v, tf.zeros(tf.concat([[missing], shape(Axes(v, 1))], 0), v.dtype)], 0)
    parts = tf.reshape(filled, shape([-1, chunk], Axes(v, 1)))
    parts.set_shape([None if count is None else -(-count // chunk), chunk, *v.shape[1:]])
    traced = tf.function(compute, autograph=False).get_concrete_function(tf.TensorSpec(parts.shape[1:], v.dtype))
    signature = tf.nest.map_structure(_spec, traced.structured_outputs)
    found = tf.map_fn(compute, parts, parallel_iterations=1, fn_output_signature=signature)
    if add:
        return tf.nest.map_structure(lambda c: tf.reduce_sum(c, 0), found)
    flat = tf.nest.map_structure(lambda c: tf.reshape(c, shape([-1], Axes(c, 2))), found)
    return tf.nest.map_structure(lambda c: c[: tf.shape(v)[0]], flat)


def _spread(v: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Broadcasts directions of one point to all points: shape [R, *B, *P]."""
    batch_dims = len(x.shape) - len(v.shape) + 1
    v = reshape(v, Axes(v, 0, 1), [1] * batch_dims, Axes(v, 1))
    spread = tf.broadcast_to(v, shape(Axes(v, 0, 1), Axes(x)))
    spread.set_shape([v.shape[0], *x.shape])
    return spread


def _shaped(c: tf.Tensor, x: tf.Tensor, batch_dims: int, inner: tf.TensorShape) -> tf.Tensor:
    """Reshapes a Jacobian, its axes in order, to [*B, *Q, *P]."""
    rest: Any = [*inner.as_list(), *x.shape[batch_dims:].as_list()]
    made = reshape(c, Axes(x, 0, batch_dims), rest)
    made.set_shape([*x.shape[:batch_dims], *rest])
    return made


def _spec(t: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec(t.shape, t.dtype)


def _count(shape: tf.TensorShape) -> int:
    count = shape.num_elements()
    assert count is not None
    return count
