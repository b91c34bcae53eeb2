"""Validates structures as x and as directions; converts them to tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call.inputs import as_points, is_python
from nthgrad._call.packing import Packing
from nthgrad._call.structures import described, label, parts, paths
from nthgrad.errors import ArgumentError, InputError


@dataclasses.dataclass(frozen=True)
class Structured:
    """How a computation takes a structure as x.

    Attributes:
        blocks: how many of the last axes of each result are axes of x: 1 for a gradient, 2 for a Hessian.
        batch_dims: how many leading axes of each tensor in x count points.
        like_x: whether the direction has the structure of x.
        stacked: whether there are several directions, of single points, on the first axis of each tensor of v.
        keys: if given, the order of the tensors of a dict.
        field: whether f(x) has the structure of x as well.
        refusal: if given, why x may not be a structure, and what to do.
    """

    blocks: int
    batch_dims: int = 0
    like_x: bool = True
    stacked: bool = False
    keys: tuple[str, ...] | None = None
    field: bool = False
    refusal: str | None = None


def tensors(x: Any, name: str, how: Structured, others: Any) -> tuple[Packing, list[tf.Tensor]]:
    """Converts the structure x to tensors, as `as_points` does; returns them and their packing.

    Args:
        x: the structure.
        name: its name in errors.
        how: which axes of the tensors count points, and in which order they are joined.
        others: the other arguments, a `tf.nest` structure.

    Raises:
        ArgumentError: batch_dims is larger than a rank.
        InputError: x may not be a structure. Or it holds no tensor, or one that `as_point` refuses. Or its tensors
            differ in dtype or in the number of points.
    """
    if how.refusal is not None:
        raise InputError(f"{name} is {described(x)}. {how.refusal}")
    names = [label(name, path) for path in paths(x)]
    if not names:
        raise InputError(f"{name} is a {type(x).__name__} that holds no tensor. Give at least one.")
    batch_dims, order = how.batch_dims, tuple(range(len(names)))
    if how.keys is not None and isinstance(x, Mapping):
        if set(x) != set(how.keys):
            raise InputError(
                f"{name} is {described(x)}, but coords names {', '.join(how.keys)}. Give one tensor for each, by its "
                "name."
            )
        order = tuple(sorted(x).index(key) for key in how.keys)
    leaves = as_points(dict(zip(names, tf.nest.flatten(x), strict=True)), others)
    first = leaves[0]
    for n, t in zip(names, leaves, strict=True):
        _check(t, n, batch_dims)
        if t.dtype != first.dtype:
            raise InputError(
                f"{names[0]} is {first.dtype.name} and {n} is {t.dtype.name}. Nothing is cast for you: cast one to the "
                "dtype of the other."
            )
        if not t.shape[:batch_dims].is_compatible_with(first.shape[:batch_dims]):
            raise InputError(
                f"{names[0]} has the shape {first.shape} and {n} the shape {t.shape}, but batch_dims is {batch_dims}: "
                "these axes count the same points in all tensors. Give each tensor one row for each point, or "
                f"batch_dims=0 if all of {name} is one point."
            )
    shapes: Any = tuple(tuple(t.shape[batch_dims:].as_list()) for t in leaves)
    return Packing(tf.nest.map_structure(lambda _: 0, x), shapes, batch_dims, order), list(leaves)


def direction(v: Any, x: Any, leaves: Sequence[tf.Tensor], name: str, how: Structured) -> list[tf.Tensor]:
    """Converts a direction, or several on the first axis of each tensor, as `like` does."""
    if not how.stacked:
        return like(v, x, leaves, name)
    found = _in_places(v, x, leaves, name)
    labels = [label("v", path) for path in paths(x)]
    for a, t, n, path in zip(found, leaves, labels, paths(x), strict=True):
        point = t.shape[how.batch_dims :]
        if a.dtype != t.dtype or a.shape.rank != len(point) + 1 or not a.shape[1:].is_compatible_with(point):
            raise InputError(
                f"{n} is {a.dtype.name} of shape {a.shape}, but a point in {label(name, path)} is {t.dtype.name} of "
                f"shape {point}. Give the directions on the first axis of {n}, in the dtype of {name}."
            )
        if not a.shape[:1].is_compatible_with(found[0].shape[:1]):
            raise InputError(
                f"{labels[0]} has {found[0].shape[0]} directions, but {n} has {a.shape[0]}. Give the same number in "
                "each tensor, on its first axis."
            )
    return found


def like(v: Any, x: Any, leaves: Sequence[tf.Tensor], name: str) -> list[tf.Tensor]:
    """Converts a direction to tensors, one for each tensor of the structure x.

    Args:
        v: the direction.
        x: the structure.
        leaves: the tensors of x.
        name: the name of x in errors.

    Raises:
        InputError: v has another structure, or tensors of other shapes or dtypes.
    """
    found = _in_places(v, x, leaves, name)
    for a, t, path in zip(found, leaves, paths(x), strict=True):
        if a.dtype != t.dtype or not a.shape.is_compatible_with(t.shape):
            raise InputError(
                f"{label('v', path)} is {a.dtype.name} of shape {a.shape}, but {label(name, path)} is {t.dtype.name} "
                f"of shape {t.shape}. Give a direction of the dtypes and the shapes of {name}."
            )
    return found


def _in_places(v: Any, x: Any, leaves: Sequence[tf.Tensor], name: str) -> list[tf.Tensor]:
    """Converts the parts of v in the places of x's tensors; raises an InputError if v has another structure."""
    try:
        given = parts(v, x)
    except TypeError:
        raise InputError(
            f"v is {described(v)}, but {name} is {described(x)}. Give a direction of the structure of {name}."
        ) from None
    given = [tf.constant(a, t.dtype) if is_python(a) else a for a, t in zip(given, leaves, strict=True)]
    return list(as_points({label("v", path): a for path, a in zip(paths(x), given, strict=True)}, ()))


def _check(t: tf.Tensor, name: str, batch_dims: int) -> None:
    """Raises if a tensor does not have known coordinates after the axes that count points."""
    if t.shape.rank is None:
        raise InputError(f"The rank of {name} is unknown while tracing. Give it a rank with tf.ensure_shape.")
    if batch_dims > t.shape.rank:
        raise ArgumentError(
            f"batch_dims is {batch_dims}, but {name} has the shape {t.shape}. Give {t.shape.rank} at most."
        )
    if not t.shape[batch_dims:].is_fully_defined():
        raise InputError(
            f"{name} has the shape {t.shape}, so the number of coordinates is unknown while tracing. Give it its shape "
            "with tf.ensure_shape."
        )
