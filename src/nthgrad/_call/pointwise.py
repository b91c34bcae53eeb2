"""Builds g for the operators: splits the axes of x into points and coordinates, validates the output of f."""

from __future__ import annotations

import dataclasses
import operator as numbers
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad._call import coordinates
from nthgrad._call.arguments import checked_argnum
from nthgrad._call.block_size import Block
from nthgrad._call.inputs import as_point, is_python
from nthgrad._call.structured import Structured
from nthgrad._call.transform import Computation, transform
from nthgrad.engines import complex_parts, outputs
from nthgrad.engines.graph import dependence
from nthgrad.engines.shapes import equal_lengths
from nthgrad.errors import ArgumentError, InputError, OutputError

Points = tf.Tensor | tf.TensorSpec
Leaf = Callable[[tf.Tensor, Points, int], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operator:
    """Computes an operator from f at each point.

    Attributes:
        name: the name of the operator.
        compute: returns the result inside the graph being traced. Its arguments are f as a function of x, x, and the
            number of axes that count points.
        order: the highest order of differentiation.
        tapes: whether `compute` nests `tf.GradientTape`s.
        backward: whether `compute` differentiates f by one `tf.GradientTape` or more.
        leaf: raises if `compute` cannot take an output of f. Its arguments are the output, x, and the number of axes
            that count points.
        directed: if given, g takes one argument after those of f. This converts it to a tensor for `compute`.
        stacked: whether that argument has several directions, of single points, on its first axis.
        vector: whether f is a vector field, so that a list or tuple that it returns has the components.
        blocks: how many of the last axes of each result are axes of x, where x is a structure.
        refusal: if given, x may not be a structure: why, and what to do.
    """

    name: str
    compute: Callable[..., Any]
    order: int = 1
    tapes: bool = False
    backward: bool = False
    leaf: Leaf | None = None
    directed: Callable[[Any, Points, int], tf.Tensor] | None = None
    stacked: bool = False
    vector: bool = False
    blocks: int = 0
    refusal: str | None = None


def pointwise(
    f: Callable[..., Any],
    operator: Operator,
    *,
    argnum: Any,
    batch_dims: int | None,
    block: Block,
    jit_compile: bool | None,
) -> Callable[..., Any]:
    """Builds g(x, ...) = compute(f as a function of x, x, the number of axes that count points).

    Args:
        f: a callable on tensors.
        operator: what to compute.
        argnum: the argument of f that is x, or a tuple of arguments, one for each coordinate of a point.
        batch_dims: how many axes of x count points; None means 1 for tensors of two or more axes, else 0. For a
            structure None means 0.
        block: the rows of a block, "auto" or None.
        jit_compile: passed to `tf.function`.
    """
    if batch_dims is not None and (isinstance(batch_dims, bool) or not isinstance(batch_dims, int) or batch_dims < 0):
        raise ArgumentError(f"batch_dims is {batch_dims!r}. Give the number of leading axes of x that count points.")

    several = isinstance(argnum, (list, tuple))
    argnums = tuple(map(checked_argnum, argnum if several else [argnum]))
    if several:
        coordinates.refuse_names(argnums, batch_dims)

    def batch(x: Points) -> int:
        if several:
            return len(x.shape) - 1
        return int(len(x.shape) > 1) if batch_dims is None else batch_dims

    def points(xs: Any) -> None:
        x = xs[0]
        if any(x.shape.rank is None for x in xs):
            raise InputError("The rank of x is unknown while tracing. Give it a rank with tf.ensure_shape.")
        if several:
            coordinates.refuse_shapes(xs, [n if isinstance(n, str) else f"argument {n}" for n in argnums])
            return
        if batch_dims is not None and batch_dims > x.shape.rank:
            raise ArgumentError(
                f"batch_dims is {batch_dims}, but x has the shape {x.shape}. Give {x.shape.rank} at most."
            )
        if not x.shape[batch(x) :].is_fully_defined():
            raise InputError(
                f"x has the shape {x.shape}, so the number of coordinates is unknown while tracing. Give x its shape "
                "with tf.ensure_shape."
            )

    def like(x: tf.Tensor) -> Points:
        """Returns the shape and the dtype of the points, given the first of xs."""
        return coordinates.points(x, len(argnums)) if several else x

    def check(x: tf.Tensor, leaves: list[tf.Tensor]) -> None:
        dependence.check(x, leaves)
        outputs.refuse_mixing(leaves, x, batch(x))

    def returned(y: Any, x: tf.Tensor) -> tuple[Any, list[tf.Tensor]]:
        structure, unknown = outputs.tensors(y, x)
        point = like(x)
        for leaf in tf.nest.flatten(structure):
            unknown += _rows(leaf, x, batch(point))
        if operator.vector:
            structure = coordinates.stack(structure, batch(point))
        leaves = tf.nest.flatten(structure)
        for leaf in leaves:
            if operator.leaf is not None:
                operator.leaf(leaf, point, batch(point))
        if not several:
            check(x, leaves)
        return complex_parts.split(structure), unknown

    def compute(at: Callable[..., Any], *tensors: tf.Tensor) -> Any:
        xs, v = tensors[: len(argnums)], tensors[len(argnums) :]
        if not several:
            return operator.compute(at, xs[0], batch(xs[0]), *v)

        def at_points(x: tf.Tensor) -> Any:
            y = at(*coordinates.split(x, xs))
            check(x, tf.nest.flatten(y))
            return y

        x = coordinates.join(xs)
        found = operator.compute(at_points, x, batch(x), *v)
        if not (operator.vector and coordinates.is_column(xs[0])):
            return found
        return tf.nest.map_structure(lambda c: c[..., None] if len(c.shape) == batch(x) else c, found)

    def directed(v: Any, x: tf.Tensor) -> tf.Tensor:
        assert operator.directed is not None
        return operator.directed(v, like(x), batch(like(x)))

    computation = Computation(
        name=operator.name,
        compute=compute,
        order=operator.order,
        tapes=operator.tapes,
        backward=operator.backward,
        points=points,
        returned=returned,
        directed=None if operator.directed is None else directed,
        broadcast=several,
        structured=None
        if several
        else Structured(
            operator.blocks,
            batch_dims or 0,
            stacked=operator.stacked,
            field=operator.vector,
            refusal=operator.refusal,
        ),
    )
    return transform(f, computation, argnums=argnums, block=block, jit_compile=jit_compile)


def _rows(y: tf.Tensor, x: tf.Tensor, batch_dims: int) -> list[tf.Tensor]:
    """Raises if f(x) has not one row for each point; returns the conditions to check at run time."""
    if y.shape.rank is None or not y.shape[batch_dims:].is_fully_defined():
        raise OutputError(
            f"f maps shape {x.shape} to shape {y.shape}; while tracing, only the number of points may be unknown. Give "
            "f(x) its shape with tf.ensure_shape."
        )
    known, wanted = y.shape[:batch_dims], x.shape[:batch_dims]
    if y.shape.rank < batch_dims or not known.is_compatible_with(wanted):
        raise OutputError(
            f"f maps shape {x.shape} to shape {y.shape}, but the first {batch_dims} axes of x count points, and f(x) "
            "has to begin with them. Give batch_dims=0 if all of x is one point."
        )
    if known.is_fully_defined() and wanted.is_fully_defined():
        return []
    return [equal_lengths(y, x, batch_dims)]


def one_number(instead: str) -> Leaf:
    """Returns a `leaf` that refuses more than one number for each point; its error names a function to use instead."""

    def leaf(y: tf.Tensor, x: Points, batch_dims: int) -> None:
        if y.shape[batch_dims:].num_elements() != 1:
            raise OutputError(
                f"f maps shape {x.shape} to shape {y.shape}, not to one number for each point. Use {instead}."
            )

    return leaf


def as_many(operator: str) -> Leaf:
    """Returns a `leaf` that refuses an f with more or fewer components than coordinates."""

    def leaf(y: tf.Tensor, x: Points, batch_dims: int) -> None:
        if y.shape[batch_dims:] != x.shape[batch_dims:]:
            raise OutputError(
                f"f maps shape {x.shape} to shape {y.shape}, but a {operator} requires as many components as "
                "coordinates. Return a tensor of the shape of x, or use nthgrad.jacobian."
            )

    return leaf


def rows_as_long(y: tf.Tensor, x: Points, batch_dims: int) -> None:
    """Refuses an f whose last axes are not those of a point, as a divergence requires."""
    point = x.shape[batch_dims:]
    if y.shape.rank - batch_dims < len(point) or y.shape[y.shape.rank - len(point) :] != point:
        raise OutputError(
            f"f maps shape {x.shape} to shape {y.shape}, but a divergence requires as many components as coordinates. "
            "Return a tensor of the shape of x, or for each point a matrix with rows of that length; or use "
            "nthgrad.jacobian."
        )


def as_directions(v: Any, x: Points, batch_dims: int) -> tf.Tensor:
    """Converts the directions, the same for each point, to a tensor; raises an InputError."""
    v = as_point(tf.constant(v, x.dtype) if is_python(v) else v, "v")
    point = x.shape[batch_dims:]
    if v.dtype != x.dtype or v.shape.rank != len(point) + 1 or not v.shape[1:].is_compatible_with(point):
        raise InputError(
            f"v is {v.dtype.name} of shape {v.shape}, but a point is {x.dtype.name} of shape {point}. Give the "
            "directions on the first axis of v, in the dtype of x."
        )
    return v


def checked_chunk(chunk_size: Any) -> int | None:
    """Returns the number of derivatives to compute at a time; raises an ArgumentError."""
    if chunk_size is None:
        return None
    try:
        chunk = 0 if isinstance(chunk_size, bool) else numbers.index(chunk_size)
    except TypeError:
        chunk = 0
    if chunk < 1:
        raise ArgumentError(f"chunk_size is {chunk_size!r}. Give a number of derivatives, at least 1, or None for all.")
    return chunk
