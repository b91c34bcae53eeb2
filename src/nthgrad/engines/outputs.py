"""Validates the outputs of f for every engine: tensors whose rows depend on the same rows of x."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import complex_parts
from nthgrad.engines.graph import rows as graph_rows
from nthgrad.engines.graph import trace
from nthgrad.engines.shapes import Axes, equal_lengths, reshape
from nthgrad.errors import MixingError, OutputError

MIXES = (
    "f mixes elements of x: the shape of f(x) does not begin with the shape of x, as it has to where each element of "
    "the output depends on its own element (or row) of x only. Differentiate a function of one element at a time."
)

_NOTHING = "f returned nothing (None). Return the tensor, or the structure of tensors, to differentiate."


def same(y: tf.Tensor, x: tf.Tensor) -> bool:
    """Whether y is elementwise in x: the same shape, as far as it is known, and the same dtype."""
    return y.dtype == x.dtype and y.shape.rank == x.shape.rank and y.shape.is_compatible_with(x.shape)


def row_rank(x: tf.Tensor) -> int:
    """Returns the number of axes of x that index rows: all but the trailing ones of length 1."""
    dims = x.shape.as_list()
    while dims and dims[-1] == 1:
        dims.pop()
    return len(dims)


def sum_rows(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Sums over the axes of y that follow the rows: y of shape [*rows, ...] becomes a tensor of x's shape."""
    if y.shape.rank == x.shape.rank and y.shape.is_compatible_with(x.shape):
        return y
    return reshape(tf.reduce_sum(y, list(range(row_rank(x), y.shape.rank))), Axes(x))


def spread(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Reshapes a tensor of x's shape so that each row broadcasts against its row of f(x)."""
    if y.shape.rank == x.shape.rank and y.shape.is_compatible_with(x.shape):
        return x
    rows = row_rank(x)
    ones = [1] * (y.shape.rank - rows)
    return reshape(x, Axes(x, 0, rows), ones)


def checked(y: Any, x: tf.Tensor) -> tuple[Any, list[tf.Tensor]]:
    """Converts every leaf of f(x) to a tensor, or raises.

    Args:
        y: the output of f, any `tf.nest` structure.
        x: the input of f.

    Returns:
        the structure of tensors, the complex ones split as by `complex_parts`, and the checks left for run time: for a
        leaf of unknown lengths, whether its leading lengths are those of x.

    Raises:
        OutputError: a leaf is None, not floating point, or of a shape that shows that f mixes elements of x.
    """
    leaves = tf.nest.flatten(y)
    if not leaves or all(leaf is None for leaf in leaves):
        raise OutputError(_NOTHING)
    pairs = [_leaf(leaf, i, x) for i, leaf in enumerate(leaves)]
    unknown = [
        equal_lengths(tensor, x, rank)
        for tensor, rank in pairs
        if any(n is None for n in [*tensor.shape[:rank], *x.shape[:rank]])
    ]
    return complex_parts.split(tf.nest.pack_sequence_as(y, [tensor for tensor, _ in pairs])), unknown


def tensors(y: Any, x: tf.Tensor) -> tuple[Any, list[tf.Tensor]]:
    """Converts every leaf of f(x) to a differentiable tensor of any shape, or raises as `checked`."""
    leaves = tf.nest.flatten(y)
    if not leaves or all(leaf is None for leaf in leaves):
        raise OutputError(_NOTHING)
    made = []
    for i, leaf in enumerate(leaves):
        if leaf is None:
            raise OutputError(_none(i))
        tensor = _tensor(leaf, i, x)
        made.append(tf.identity(x) if tensor is x else tensor)
    return tf.nest.pack_sequence_as(y, made), []


def _none(index: int) -> str:
    return f"Output {index} of f is None. Return a tensor there, or leave it out."


def _tensor(leaf: Any, index: int, x: tf.Tensor) -> tf.Tensor:
    """Converts an output of f to a floating-point or complex tensor, or raises an OutputError."""
    tensor = None
    try:
        if not isinstance(leaf, (tf.RaggedTensor, tf.SparseTensor)):
            tensor = tf.convert_to_tensor(leaf, dtype_hint=x.dtype)
    except (TypeError, ValueError):
        pass
    if tensor is not None:
        if tensor.dtype.is_floating or tensor.dtype.is_complex:
            return tensor
        raise OutputError(
            f"Output {index} of f is {tensor.dtype.name}, which has no derivative. Return floating-point or complex "
            "tensors only."
        )
    if inspect.iscoroutine(leaf):
        leaf.close()  # else Python warns that nobody awaited it
    remedy = next(remedy for holds, remedy in _REMEDIES if holds(leaf))
    raise OutputError(f"Output {index} of f is a {type(leaf).__name__}, which does not become a tensor. {remedy}")


# For an output that is no tensor; the first condition that holds selects the remedy.
_REMEDIES: list[tuple[Callable[[Any], bool], str]] = [
    (lambda y: isinstance(y, tf.RaggedTensor), "Return its flat_values, or y.to_tensor()."),
    (lambda y: isinstance(y, tf.SparseTensor), "Return its values, or tf.sparse.to_dense(y)."),
    (inspect.isgenerator, "Return a list of tensors: write return [...] for yield."),
    (inspect.iscoroutine, "Define f without async."),
    (dataclasses.is_dataclass, "It is a dataclass: return its tensors in a dict, a tuple or a NamedTuple."),
    (lambda y: True, "Return tensors, in dicts, lists and tuples if there are several."),
]


def _leaf(leaf: Any, index: int, x: tf.Tensor) -> tuple[tf.Tensor, int]:
    """Converts a leaf to a tensor; returns it and the number of leading axes that it shares with x."""
    if leaf is None:
        raise OutputError(_none(index))
    tensor = _tensor(leaf, index, x)
    if tensor is x:
        tensor = tf.identity(x)  # a path needs an op between x and f(x)
    if x.shape.rank is None or tensor.shape.rank is None:
        what = "x" if x.shape.rank is None else f"output {index} of f"
        raise OutputError(
            f"The rank of {what} is unknown while tracing, so nothing shows that f does not mix elements of x. Give "
            "it a rank with tf.ensure_shape."
        )
    rows = row_rank(x)
    if tensor.shape.rank == x.shape.rank and tensor.shape.is_compatible_with(x.shape):
        return tensor, x.shape.rank
    if tensor.shape.rank >= rows and tensor.shape[:rows].is_compatible_with(x.shape[:rows]):
        return tensor, rows
    raise OutputError(
        f"f maps shape {x.shape} to shape {tensor.shape} (output {index}), so it mixes elements of x: a derivative "
        "here means that each element of the output depends on its own element (or row) of x only. Differentiate a "
        "function of one element at a time, or use nthgrad.gradient, nthgrad.jacobian or nthgrad.partials."
    )


def lengths_match(unknown: list[tf.Tensor]) -> bool:
    """Whether all lengths left unknown by `checked` match those of x; eager."""
    return all(bool(fits) for fits in unknown)


def assert_lengths_match(unknown: list[tf.Tensor]) -> list[tf.Operation]:
    """Returns the same checks as assertions in a graph, to run before the result is used."""
    return [tf.debugging.assert_equal(fits, True, message=MIXES) for fits in unknown]


def refuse_mixing(ys: Sequence[tf.Tensor], x: tf.Tensor, rows: int) -> None:
    """Raises where an output surely mixes rows of x.

    An output without a proof is accepted, unless the shapes show a sum: its input has an open length, its output has
    none.

    Args:
        ys: tensors of the graph of x that depend on x.
        x: the tensor.
        rows: the number of leading axes of x that index rows.
    """
    axes = [axis for axis in range(rows) if x.shape[axis] != 1]
    if not axes:
        return
    for y, found in zip(ys, graph_rows.states({x.name: axes}, ys), strict=True):
        op = getattr(found, "op", None)
        if isinstance(found, graph_rows.Independent):
            op = None if found.axes is None or list(found.axes) == axes else op
        elif isinstance(found, graph_rows.Unknown):
            op = _sum(trace.between([x], [y]), x)
        if op is not None:
            raise MixingError(
                f"f mixes the rows of a batch: {trace.describe(op)} combines them, so that no row has a derivative of "
                "its own. Take it out of f (a BatchNormalization: call the model with training=False)."
            )


def _sum(path: list[Any], x: tf.Tensor) -> Any:
    """Returns an op on the path that sums over the open first axis of x, as its shapes show; or None."""
    if x.shape[0] is not None:
        return None
    varies = {t.name for op in path for t in op.outputs} | {x.name}
    for op in path:
        sums = op.type in _SUMS and op.outputs[0].shape.is_fully_defined()
        if (sums and any(t.name in varies and not t.shape.is_fully_defined() for t in op.inputs)) or _in_training(op):
            return op
    return None


_SUMS = ("BatchMatMulV2", "Einsum", "EuclideanNorm", "L2Loss", "MatMul", "Max", "Mean", "Min", "Prod", "Sum")


def _in_training(op: tf.Operation) -> bool:
    return op.type.startswith("FusedBatchNorm") and op.type[-4:] != "Grad" and op.get_attr("is_training")
