"""Sums of derivatives for operators: in each coordinate, or in directions given with each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad._call.arguments import Method, checked_engine
from nthgrad._call.pointwise import Operator, as_directions, checked_chunk
from nthgrad.engines import directions as engine
from nthgrad.errors import ArgumentError

Function = Callable[..., Any]


def sum_of_seconds(method: Method, chunk_size: Any) -> Function:
    """Returns `compute` of the Laplacian."""
    checked_engine(method)
    chunk = checked_chunk(chunk_size)
    if method == "tape":
        return engine.trace_backward
    return lambda at, x, b: engine.sum_of_derivatives(at, x, engine.axes(x, b), 2, chunk)


def twice(laplacian: Function) -> Function:
    """Returns `compute` of the Laplacian of the Laplacian."""
    return lambda at, x, b: laplacian(lambda t: laplacian(at, t, b), x, b)


def estimated(order: int, divisor: int, method: Method, chunk_size: Any) -> Function:
    """Returns `compute` of the mean derivative of an order in the given directions, divided by a divisor."""
    checked_engine(method)
    if method == "tape":
        raise ArgumentError('method is "tape", which has no estimate=True. Leave out one of the two.')
    chunk = checked_chunk(chunk_size)

    def compute(at: Function, x: tf.Tensor, b: int, v: tf.Tensor) -> Any:
        found = engine.sum_of_derivatives(at, x, v, order, chunk)
        return tf.nest.map_structure(lambda c: c / tf.cast(divisor * tf.shape(v)[0], c.dtype), found)

    return compute


def summing_operator(name: str, order: int, compute: Function, method: Method, *, estimate: bool) -> Operator:
    """Returns the operator that sums derivatives in each coordinate, or in directions given with each call."""
    tapes = method == "tape"
    return Operator(
        name=name,
        compute=lambda at, x, b, *v: compute(engine.right_backward(at) if tapes else at, x, b, *v),
        order=order,
        tapes=tapes,
        directed=as_directions if estimate else None,
        stacked=estimate,
    )
