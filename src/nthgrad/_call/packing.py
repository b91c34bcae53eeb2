"""Joins the tensors of a structure to one tensor, and splits results into blocks again."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call.structures import Key, described, form, label, parts, paths, replaced
from nthgrad.engines import outputs
from nthgrad.engines.graph import trace
from nthgrad.errors import OutputError


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
        return form(self.skeleton), self.shapes, self.batch_dims, self.order

    def joined(self, leaves: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns the tensor of all coordinates, of shape [*B, N]; of tensors with other axes L before P, [*L, N]."""
        rows = [_reshaped(t, len(t.shape) - len(s), (math.prod(s),)) for t, s in zip(leaves, self.shapes, strict=True)]
        return rows[0] if len(rows) == 1 else tf.concat([rows[i] for i in self.order], -1)

    def field(self, y: Any, x: tf.Tensor) -> tf.Tensor:
        """Returns f(x), of the structure of x, as one tensor of shape [*B, *Q, N].

        Args:
            y: the structure f(x).
            x: the tensor of all coordinates.

        Raises:
            OutputError: y has another structure, or a tensor that does not end with the axes of the one in x.
        """
        try:
            leaves = parts(y, self.skeleton)
        except TypeError:
            raise OutputError(
                f"f(x) is {described(y)}, but x is {described(self.skeleton)}. Return a component for each "
                "coordinate: the structure of x."
            ) from None
        names = [label("", path) for path in paths(self.skeleton)]
        leaves, _ = outputs.tensors(leaves, x)
        first = leaves[0]
        before = (first.shape.rank or 0) - len(self.shapes[0])
        for t, s, name in zip(leaves, self.shapes, names, strict=True):
            if before < self.batch_dims or t.shape.rank != before + len(s) or t.shape[before:] != s:
                raise OutputError(
                    f"f(x){name} has the shape {t.shape}, but a point in x{name} the shape {tf.TensorShape(s)}. Return "
                    "a component for each coordinate: the shapes of x."
                )
            if t.dtype != first.dtype:
                raise OutputError(
                    f"f(x){names[0]} is {first.dtype.name} and f(x){name} is {t.dtype.name}. Return one dtype."
                )
        return self.joined(leaves)

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
        blocks = [self.blocks(pieces[self.order.index(i)], count - 1, (*shapes, s)) for i, s in enumerate(self.shapes)]
        return tf.nest.pack_sequence_as(self.skeleton, blocks)

    def split(self, f: Callable[..., Any], key: Key, *, field: bool = False) -> Callable[..., Any]:
        """Returns f as a function of the tensor of all coordinates, in the place of the structure.

        Args:
            f: a function of the structure.
            key: the position or the name of the structure among its arguments.
            field: whether f(x) has the structure of x, and is joined as well.
        """
        called = trace.converted(getattr(f, "python_function", f))

        @tf.autograph.experimental.do_not_convert
        def of_one_tensor(*args: Any, **kwargs: Any) -> Any:
            x = kwargs[key] if isinstance(key, str) else args[key]
            args, kwargs = replaced(key, lambda x: self.blocks(x, 1), args, kwargs)
            y = called(*args, **kwargs)
            return self.field(y, x) if field else y

        return functools.wraps(f, updated=())(of_one_tensor)


def _reshaped(t: tf.Tensor, kept: int, shape: tuple[int, ...]) -> tf.Tensor:
    """Reshapes a tensor after the first axes, which are kept."""
    if t.shape.rank == kept + len(shape) and tuple(t.shape[kept:].as_list()) == shape:
        return t
    lengths = t.shape[:kept].as_list()
    if lengths.count(None) > 1:
        return tf.reshape(t, tf.concat([tf.shape(t)[:kept], tf.constant(shape, tf.int32)], 0))
    return tf.reshape(t, [*(-1 if n is None else n for n in lengths), *shape])
