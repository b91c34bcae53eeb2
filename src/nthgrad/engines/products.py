"""Computes products with Jacobians and Gauss-Newton matrices. Functions map x to any `tf.nest` structure of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import norms, own, taylor
from nthgrad.engines.graph import dependence, trace
from nthgrad.engines.tape.backward import gradient, gradients, repaired
from nthgrad.errors import DependenceError

Function = Callable[[tf.Tensor], Any]


def pushed(f: Function, x: tf.Tensor, v: tf.Tensor) -> Any:
    """Returns the derivative of f in the direction v: a structure like f(x)."""
    return taylor.coefficients(f, tf.identity(x), v, 1)[1]


def pushed_backward(f: Function, x: tf.Tensor, v: tf.Tensor) -> Any:
    """Returns the derivative of f in the direction v, by gradients that are linear in their seeds.

    Custom gradients stay in force.
    """
    x = tf.identity(x)
    with own.GradientTape(persistent=True) as inner:
        inner.watch(x)
        y = f(x)
        leaves = tf.nest.flatten(y)
        path = dependence.check(x, leaves)
        leaves = repaired(path, [x], leaves)
    found = []
    for leaf in leaves:
        with own.GradientTape() as outer:
            outer.watch(seed := tf.zeros_like(leaf))
            slopes = gradient(inner, leaf, x, path, seed=seed)
        found.append(gradient(outer, slopes, seed, path, seed=v))
    return tf.nest.pack_sequence_as(y, found)


def pulled(
    seeded: Callable[[tf.Tensor], tuple[list[tf.Tensor], list[tf.Tensor]]], x: tf.Tensor, *, custom: bool
) -> tf.Tensor:
    """Returns the gradient of <v, y> by x.

    Args:
        seeded: returns the tensors y, and a tensor v of the shape and dtype of each.
        x: the tensor.
        custom: whether custom gradients stay in force.
    """
    x = tf.identity(x)
    leaves, seeds = seeded(x)
    path = dependence.check(x, leaves)
    return _pulled(repaired(path, [x], leaves, custom=custom), x, path, seeds)


def slopes(f: Callable[[list[tf.Tensor]], Any], xs: Sequence[tf.Tensor], *, custom: bool) -> list[Any]:
    """Returns the gradients of the numbers that f returns, by one tensor after the other: structures like f(xs).

    The tensors are not joined: of a batch of gradients, that would copy each one twice.

    Args:
        f: a function of several tensors that returns a structure of real tensors of one element.
        xs: the tensors.
        custom: whether custom gradients stay in force.
    """
    xs = [tf.identity(x) for x in xs]
    y = f(xs)
    leaves = norms.smooth(xs, tf.nest.flatten(y), 1, backward=True)
    path = dependence.check(xs, leaves)
    leaves = repaired(path, xs, leaves, custom=custom)
    found = zip(*(gradients(None, leaf, xs, path) for leaf in leaves), strict=True)
    return [tf.nest.pack_sequence_as(y, by_x) for by_x in found]


def gauss_newton(f: Function, loss: Callable[[Any], tf.Tensor], x: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """Returns J^T H J v, with the Jacobian J of f and the Hessian H of the loss at f(x)."""
    x = tf.identity(x)
    y = f(x)
    leaves = tf.nest.flatten(y)
    path = dependence.check(x, leaves)
    direction = taylor.coefficients(lambda _: leaves, x, v, 1)[1]

    def slopes(s: tf.Tensor) -> list[tf.Tensor]:
        """Returns the gradients of the loss at f(x) + s J v."""
        zs = [t + tf.cast(s, t.dtype) * u for t, u in zip(leaves, direction, strict=True)]
        (value,) = norms.smooth(zs, [loss(tf.nest.pack_sequence_as(y, zs))], 2, backward=True)
        between = trace.between(zs, [value])
        if not between:
            raise DependenceError(
                "loss(f(x)) does not depend on f(x) through any differentiable path. Check that the loss uses its "
                "argument, in TensorFlow ops and without casts to integers."
            )
        (value,) = repaired(between, zs, [value], custom=False)
        return gradients(None, value, zs, between)

    s = tf.identity(tf.zeros([], x.dtype))
    seeds = taylor.coefficients(slopes, s, tf.ones_like(s), 1, check=False)[1]
    return _pulled(repaired(path, [x], leaves, custom=False), x, path, seeds)


def _pulled(leaves: Sequence[tf.Tensor], x: tf.Tensor, path: list[Any], seeds: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the sum of the gradients of <seed, leaf> by x; the seeds are constant."""
    parts = [gradient(None, t, x, path, seed=tf.reshape(v, tf.shape(t))) for t, v in zip(leaves, seeds, strict=True)]
    return tf.add_n(parts)
