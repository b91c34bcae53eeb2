"""Structures as x: joins the tensors of a `tf.nest` structure to one tensor, and splits results into blocks again."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call.inputs import as_points, is_python
from nthgrad.engines.graph import trace
from nthgrad.errors import ArgumentError, InputError

Key = int | str  # the position or the name of an argument in a call


@dataclasses.dataclass(frozen=True)
class Structured:
    """How a computation takes a structure as x.

    Attributes:
        blocks: how many of the last axes of each result are axes of x: 1 for a gradient, 2 for a Hessian.
        batch_dims: how many leading axes of each tensor in x count points.
        like_x: whether the direction has the structure of x.
        keys: if given, the order of the tensors of a dict.
    """

    blocks: int
    batch_dims: int = 0
    like_x: bool = True
    keys: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Packing:
    """Joins tensors to one tensor `[*B, N]`, and splits it: the axes B count points, N coordinates are one point.

    Attributes:
        skeleton: the structure, with zeros for its tensors.
        shapes: the shape of one point in each tensor.
        batch_dims: how many axes count points.
        order: the positions of the tensors in the structure, in the order in which they are joined.
    """

    skeleton: Any
    shapes: tuple[tuple[int, ...], ...]
    batch_dims: int
    order: tuple[int, ...]

    @property
    def signature(self) -> Any:
        """A hashable value, the same for equal packings."""
        return _form(self.skeleton), self.shapes, self.batch_dims, self.order

    def joined(self, leaves: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns the tensor of all coordinates, of shape [*B, N]."""
        rows = [_reshaped(t, self.batch_dims, (math.prod(s),)) for t, s in zip(leaves, self.shapes, strict=True)]
        return rows[0] if len(rows) == 1 else tf.concat([rows[i] for i in self.order], -1)

    def blocks(self, t: tf.Tensor, count: int, shapes: tuple[tuple[int, ...], ...] = ()) -> Any:
        """Splits each of the last axes of a result, of length N each; nests the structure once for each axis.

        Args:
            t: the result, of shape `[*L, N, ..., N]`.
            count: how many axes to split.
            shapes: the shapes of one point on the axes that are split already.

        Returns:
            a structure of structures, of tensors of shape `[*L, *P, ..., *P']`.
        """
        if not count:
            return _reshaped(t, len(t.shape) - len(shapes), sum(shapes, ()))
        pieces = tf.split(t, [math.prod(self.shapes[i]) for i in self.order], -count)
        parts = [self.blocks(pieces[self.order.index(i)], count - 1, (*shapes, s)) for i, s in enumerate(self.shapes)]
        return tf.nest.pack_sequence_as(self.skeleton, parts)

    def split(self, f: Callable[..., Any], key: Key) -> Callable[..., Any]:
        """Returns f as a function of the tensor of all coordinates, in the place of the structure."""
        called = trace.converted(getattr(f, "python_function", f))

        @tf.autograph.experimental.do_not_convert
        def of_one_tensor(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = replaced(key, lambda x: self.blocks(x, 1), args, kwargs)
            return called(*args, **kwargs)

        return functools.wraps(f, updated=())(of_one_tensor)


def is_structure(x: Any) -> bool:
    """Whether x is a dict, or a list or a tuple that holds a tensor, an array or a variable.

    NumPy's scalars count as numbers: a list of them is one tensor.
    """
    if isinstance(x, Mapping):
        return True
    if not isinstance(x, (list, tuple)):
        return False
    leaves = [v for v in tf.nest.flatten(x) if not isinstance(v, np.generic)]
    return any(hasattr(v, "shape") and hasattr(v, "dtype") for v in leaves)


def tensors(x: Any, name: str, how: Structured, others: Any) -> tuple[Packing, list[tf.Tensor]]:
    """Converts the structure x to tensors, as `as_points` does; returns them and their packing.

    Args:
        x: the structure.
        name: its name in errors.
        how: which axes of the tensors count points, and in which order they are joined.
        others: the other arguments, a `tf.nest` structure.

    Raises:
        ArgumentError: batch_dims is larger than a rank.
        InputError: x holds no tensor, or one that `as_point` refuses. Or the tensors differ in dtype or in the number
            of points.
    """
    names = [label(name, path) for path in paths(x)]
    if not names:
        raise InputError(f"{name} is a {type(x).__name__} that holds no tensor. Give at least one.")
    batch_dims, order = how.batch_dims, tuple(range(len(names)))
    if how.keys is not None and isinstance(x, Mapping):
        if set(x) != set(how.keys):
            raise InputError(
                f"{name} is {_described(x)}, but coords names {', '.join(how.keys)}. Give one tensor for each, by its "
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
    try:
        parts = _parts(v, x)
    except TypeError:
        raise InputError(
            f"v is {_described(v)}, but {name} is {_described(x)}. Give a direction of the structure of {name}."
        ) from None
    names = [(label("v", path), label(name, path)) for path in paths(x)]
    given = [tf.constant(a, t.dtype) if is_python(a) else a for a, t in zip(parts, leaves, strict=True)]
    found = as_points({n: a for (n, _), a in zip(names, given, strict=True)}, ())
    for a, t, (n, m) in zip(found, leaves, names, strict=True):
        if a.dtype != t.dtype or not a.shape.is_compatible_with(t.shape):
            raise InputError(
                f"{n} is {a.dtype.name} of shape {a.shape}, but {m} is {t.dtype.name} of shape {t.shape}. Give a "
                f"direction of the dtypes and the shapes of {name}."
            )
    return list(found)


def replaced(
    key: Key, change: Callable[[Any], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments of a call with one of them changed."""
    if isinstance(key, str):
        return args, {**kwargs, key: change(kwargs[key])}
    return (*args[:key], change(args[key]), *args[key + 1 :]), kwargs


def paths(structure: Any) -> list[tuple[Any, ...]]:
    """Returns the path to each leaf, in the order of `tf.nest.flatten`: keys, positions, fields of namedtuples."""
    return list(_paths(structure))


def label(name: str, path: tuple[Any, ...]) -> str:
    """Returns the name of a leaf in errors.

    Example:
        >>> from nthgrad._call.structures import label
        >>> label("data", (0, "x"))
        "data[0]['x']"
    """
    return name + "".join(f"[{key!r}]" for key in path)


def _paths(structure: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = _children(structure)
    if children is None:
        yield path
    else:
        for key, value in children:
            yield from _paths(value, (*path, key))


def _children(structure: Any) -> list[tuple[Any, Any]] | None:
    """Returns the keys and values of one level of a structure; None for a leaf."""
    if isinstance(structure, Mapping):
        return [(key, structure[key]) for key in sorted(structure)]
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return list(zip(structure._fields, structure, strict=True))  # type: ignore[attr-defined]
    return list(enumerate(structure)) if isinstance(structure, (tuple, list)) else None


def _form(structure: Any) -> Any:
    """Returns a hashable description of a structure: its types and keys."""
    children = _children(structure)
    return None if children is None else (type(structure), tuple((key, _form(value)) for key, value in children))


def _parts(v: Any, x: Any) -> list[Any]:
    """Returns the parts of v in the places of x's leaves; raises a TypeError if there are others."""
    wanted, given = _children(x), _children(v)
    if wanted is None:
        return [v]
    if given is None or [key for key, _ in given] != [key for key, _ in wanted]:
        raise TypeError
    return [part for (_, a), (_, b) in zip(given, wanted, strict=True) for part in _parts(a, b)]


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


def _described(x: Any) -> str:
    """Describes a structure in errors: its type and the names of its leaves."""
    if not tf.nest.is_nested(x):
        return f"a {type(x).__name__}"
    names = [label("", path) for path in paths(x)]
    return f"a {type(x).__name__} with {', '.join([*names[:5], *(['...'] if len(names) > 5 else [])]) or 'nothing'}"


def _reshaped(t: tf.Tensor, kept: int, shape: tuple[int, ...]) -> tf.Tensor:
    """Reshapes a tensor after the first axes, which are kept."""
    if t.shape.rank == kept + len(shape) and tuple(t.shape[kept:].as_list()) == shape:
        return t
    lengths = t.shape[:kept].as_list()
    if lengths.count(None) > 1:
        return tf.reshape(t, tf.concat([tf.shape(t)[:kept], tf.constant(shape, tf.int32)], 0))
    return tf.reshape(t, [*(-1 if n is None else n for n in lengths), *shape])
