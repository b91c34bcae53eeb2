"""A loss with its gradients, and its Hessian-vector products: of all data at once, or averaged over blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call import tracebacks
from nthgrad.engines import grappler, own
from nthgrad.engines.graph import trace
from nthgrad.errors import DependenceError, OutputError
from nthgrad.losses import LossAndGradients, OfLoss

Over = Callable[[OfLoss, Sequence[tf.TensorSpec]], list[tf.Tensor]]
"""Takes a function of a loss, and the shapes and dtypes of what it returns; returns tensors like these."""


def whole(loss: Callable[..., Any], arguments: Sequence[Any]) -> Over:
    """Calls a function with a loss of some arguments."""
    converted = trace.converted(loss)
    return grappler.guarded(lambda compute, like: compute(lambda: converted(*arguments)))


def in_blocks(g: LossAndGradients, sets: Sequence[Any], *, jit_compile: bool | None) -> Over:
    """Averages over blocks of rows."""
    return lambda compute, like: g.over_blocks(sets, compute, like, jit_compile=jit_compile)


def in_shards(g: LossAndGradients, sets: Sequence[Any]) -> bool:
    """Whether blocks that XLA compiles are shared out among the cores; raises what is wrong with the loss."""
    try:
        return g.in_shards(sets)
    except Exception as error:
        raise tracebacks.shorter(error) from error.__cause__


def gradients(loss: Callable[[], Any], variables: Sequence[tf.Variable]) -> list[tf.Tensor]:
    """Returns the loss, in float64, and its gradients."""
    with own.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        value = _scalar(loss())
    return [tf.cast(value, tf.float64), *_dense(tape.gradient(value, variables), variables, required=True)]


def products(
    loss: Callable[[], Any], variables: Sequence[tf.Variable], directions: Sequence[tf.Tensor]
) -> list[tf.Tensor]:
    """Returns the Hessian of the loss times a vector: the gradients of <gradient, vector>."""
    with own.GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(variables)
        with own.GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(variables)
            value = _scalar(loss())
        slopes = _dense(inner.gradient(value, variables), variables, required=True)
        along = tf.add_n([tf.cast(tf.reduce_sum(s * d), tf.float64) for s, d in zip(slopes, directions, strict=True)])
    return _dense(outer.gradient(along, variables), variables, required=False)


def _dense(slopes: Sequence[Any], variables: Sequence[tf.Variable], *, required: bool) -> list[tf.Tensor]:
    """Returns gradients as tensors, zeros where the loss does not depend on a variable."""
    if required and all(s is None for s in slopes):
        raise DependenceError(
            "loss does not depend on any of the variables through a differentiable path. Check that loss reads these "
            "variables, in TensorFlow ops and without casts to integers."
        )
    return [
        tf.zeros(v.shape, v.dtype) if s is None else tf.convert_to_tensor(s)
        for s, v in zip(slopes, variables, strict=True)
    ]


def _scalar(value: Any) -> tf.Tensor:
    """Returns the loss, if it is a real scalar tensor."""
    if not tf.is_tensor(value) or isinstance(value, tf.Variable):
        raise OutputError(
            f"loss returned {value!r}, a {type(value).__name__}. Return a scalar tensor, computed from the variables."
        )
    if not isinstance(value, tf.Tensor) or not value.dtype.is_floating:
        raise OutputError(
            f"loss returned a tensor of {value.dtype.name}. Return a real, floating-point, scalar tensor."
        )
    if value.shape.rank != 0:
        raise OutputError(
            f"loss returned a tensor of shape {value.shape}, not a scalar. Reduce it, for example by tf.reduce_mean."
        )
    return value
