"""Points given by one argument for each coordinate: joins them to one tensor, and splits it for f."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.errors import ArgumentError, InputError, OutputError


def refuse_names(argnums: Sequence[int | str], batch_dims: int | None) -> None:
    """Raises an ArgumentError if the arguments do not name the coordinates of a point."""
    if not argnums or len(set(argnums)) < len(argnums):
        raise ArgumentError(f"argnum is {tuple(argnums)!r}. Name each coordinate of a point once.")
    if batch_dims is not None:
        raise ArgumentError(
            f"batch_dims is {batch_dims}, but argnum is {tuple(argnums)!r}: of coordinates given one by one, all axes "
            "count points. Leave out batch_dims."
        )


def refuse_shapes(xs: Sequence[tf.Tensor], names: Sequence[int | str]) -> None:
    """Raises an InputError if the coordinates differ in shape or dtype."""
    first = xs[0]
    for x, name in zip(xs[1:], names[1:], strict=True):
        if x.dtype != first.dtype:
            raise InputError(
                f"{names[0]} is {first.dtype.name} and {name} is {x.dtype.name}. Nothing is cast for you: cast one "
                "to the dtype of the other."
            )
        if x.shape.rank != first.shape.rank or not x.shape.is_compatible_with(first.shape):
            raise InputError(
                f"{names[0]} has the shape {first.shape} and {name} the shape {x.shape}. Nothing is broadcast for you: "
                "give both the same shape, one element for each point, for example by tf.broadcast_to."
            )


def is_column(x: tf.Tensor) -> bool:
    """Whether a coordinate has the shape [..., 1], so that its last axis does not count points."""
    return len(x.shape) > 1 and x.shape[-1] == 1


def points(x: tf.Tensor, count: int) -> tf.TensorSpec:
    """Returns the shape and the dtype of points with a number of coordinates like x."""
    return tf.TensorSpec([*(x.shape[:-1] if is_column(x) else x.shape), count], x.dtype)


def join(xs: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns points of shape [..., d] from their d coordinates, each of shape [...] or [..., 1]."""
    return tf.concat(xs, -1) if is_column(xs[0]) else tf.stack(xs, -1)


def split(x: tf.Tensor, like: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Returns the coordinates of points, of the shape of those that `join` was given."""
    return tf.split(x, len(like), -1) if is_column(like[0]) else tf.unstack(x, len(like), -1)


def stack(y: Any, batch_dims: int) -> Any:
    """Stacks the components of a vector field, given as a list or tuple, on the first axis after those of the points.

    A component of shape [*B, 1] is one number for each point. Lists of lists have the rows of matrices.
    """
    if not isinstance(y, (list, tuple)) or not y:
        return y
    parts = [stack(part, batch_dims) for part in y]
    shapes: list[Any] = [getattr(t, "shape", None) for t in parts]
    if any(s is None or s != shapes[0] or t.dtype != parts[0].dtype for s, t in zip(shapes, parts, strict=True)):
        said = ", ".join(str(s) for s in shapes)
        raise OutputError(
            f"f returns the {len(parts)} components of a vector field as tensors of shapes {said}. Give them one shape "
            "and one dtype."
        )
    if len(shapes[0]) == batch_dims + 1 and shapes[0][-1] == 1:
        parts = [tf.squeeze(t, -1) for t in parts]
    return tf.stack(parts, batch_dims)
