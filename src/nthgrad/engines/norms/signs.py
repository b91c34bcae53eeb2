"""Proves, from the ops of a graph, that a tensor is a sum of squares or always positive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

# Ops that copy or sum elements of their first input.
_FIRST = frozenset({
    "BroadcastTo", "Cast", "EnsureShape", "ExpandDims", "Gather", "GatherNd", "GatherV2", "Identity", "MatrixDiagPart",
    "MatrixDiagPartV2", "MatrixDiagPartV3", "Mean", "Real", "Reshape", "Reverse", "ReverseV2", "Slice", "Split",
    "Squeeze", "StridedSlice", "Sum", "Tile", "Transpose", "Unpack",
})  # fmt: skip
_ALL = frozenset({"Add", "AddN", "AddV2", "ConcatV2", "Div", "Mul", "Pack", "RealDiv"})
_POSITIVE = frozenset({"Cosh", "Exp", "Sigmoid", "Softplus"})


def of_squares(t: tf.Tensor) -> bool:
    """Whether a tensor consists of squares and positive numbers: its derivative is zero where it is zero."""
    op = t.op
    if op.type == "Const":
        return _constant(op, lambda v: v >= 0)
    return op.type == "L2Loss" or op.type in _POSITIVE or _squares(op) or _of_inputs(op, of_squares)


def positive(t: tf.Tensor) -> bool:
    """Whether the ops that compute a tensor show that all its elements are positive."""
    op = t.op
    if op.type == "Const":
        return _constant(op, lambda v: v > 0)
    if op.type == "Maximum":
        return any(map(positive, op.inputs))
    if op.type in ("Add", "AddN", "AddV2"):
        return any(map(positive, op.inputs)) and all(map(_never_negative, op.inputs))
    return op.type in _POSITIVE or _of_inputs(op, positive)


def _never_negative(t: tf.Tensor) -> bool:
    return t.op.type in ("Abs", "ComplexAbs", "EuclideanNorm", "Relu", "Sqrt") or positive(t) or of_squares(t)


def _of_inputs(op: Any, holds: Callable[[tf.Tensor], bool]) -> bool:
    """Whether a property holds for the output of an op because it holds for its inputs."""
    if op.type in _FIRST:
        return holds(op.inputs[0])
    return op.type in _ALL and all(holds(x) for x in op.inputs if not x.dtype.is_integer)


def _squares(op: Any) -> bool:
    """Whether an op computes squares, or z times its conjugate."""
    inputs = list(op.inputs)
    if op.type == "SquaredDifference":
        return True
    if op.type == "Square":
        return not inputs[0].dtype.is_complex
    if op.type == "Mul":
        a, b = inputs
        conjugates = any(s.op.type == "Conj" and s.op.inputs[0].name == t.name for s, t in ((a, b), (b, a)))
        return conjugates or (a.name == b.name and not a.dtype.is_complex)
    if op.type == "Pow":
        p = tf.get_static_value(inputs[1])
        return p is not None and not inputs[0].dtype.is_complex and bool(np.all((np.mod(p, 2) == 0) & (p > 0)))
    return False


def _constant(op: Any, holds: Callable[[Any], Any]) -> bool:
    values = tf.make_ndarray(op.get_attr("value"))
    return values.dtype.kind in "fiu" and bool(np.all(holds(values)))
