"""Keeps TensorFlow's graph optimizer, grappler, from changing the results of the functions that nthgrad traces.

Four of its rewrites do (TensorFlow 2.21, without XLA):

* `ReplacePackWithTileReshape`: a tf.stack of equal tensors of known shape becomes a tf.tile of output 0 of the op that
  computed them, even if they are another output of it. After `t, x = tf.unstack(p, axis=-1)`, `tf.stack([x, x])` is
  `[t, t]`. It also applies to tensors that become equal while the graph is optimized.
* `OptimizeMaxOrMinOfMonotonic`: the maximum or minimum of a monotonic function of such an output becomes the function
  of the maximum of output 0. `tf.reduce_max(tf.exp(x))` is `tf.exp(tf.reduce_max(t))`.
* `RemoveRedundantReshapeOrBroadcastTo`: a tf.reshape that keeps the rank, with an unknown length, becomes an
  identity. It does not fail where it should. `tf.reshape(x, [7])` of three numbers is these three.
* The remapper, with oneDNN: `tf.maximum(x, a * x)` becomes a leaky ReLU, also where `a` is greater than 1. Then
  `tf.maximum(x, 2.0 * x)` is x.

The form of the graph avoids them, so they stay avoided where the function is inlined into another or saved. nthgrad
cannot change three graphs: a tf.function that was traced before, the ops around a call of nthgrad, and the gradient
that an outer tape takes of such a call. There `tf.config.optimizer.set_experimental_options(
{"arithmetic_optimization": False})` prevents the first two. The third needs `"constant_folding": False` too, because
constant folding has the same rewrite. The fourth needs `"remapping": False`. XLA has none of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from nthgrad.engines import _private
from nthgrad.engines.graph import rebuild, trace

F = TypeVar("F", bound=Callable[..., Any])


class FixedLengthError(Exception):
    """Raised where a graph with open lengths has a reshape that fits one length only: known lengths are needed."""


def guarded(f: F) -> F:
    """Decorates a function to trace: keeps grappler from rewriting its ops, also in branches and loops."""

    @functools.wraps(f)
    def guarding(*args: Any, **kwargs: Any) -> Any:
        with _private.each_new_op(_guard), trace.variable_scope_kept():
            return f(*args, **kwargs)

    return guarding  # type: ignore[return-value]


_EXTREMES = frozenset({
    "ArgMax", "ArgMin", "Max", "MaxPool", "MaxPool3D", "MaxPoolV2", "MaxPoolWithArgmax", "Min", "SegmentMax",
    "SegmentMin", "UnsortedSegmentMax", "UnsortedSegmentMin",
})  # fmt: skip


def _guard(kind: str, outputs: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
    if kind == "Pack":
        _count_axis_from_the_end(outputs[0].op)
    elif kind == "Reshape":
        _require_open_lengths(outputs[0].op)
    elif kind in _EXTREMES:
        return _behind_a_barrier(outputs[0].op)
    elif kind == "Maximum":
        return _no_leaky_relu(outputs[0].op)
    return outputs


def _no_leaky_relu(op: tf.Operation) -> Sequence[tf.Tensor]:
    """Rebuilds a maximum of a tensor and its multiple on an ensure_shape, which grappler does not remove."""
    a, b = op.inputs
    x, y = _source(a), _source(b)
    if any(_source(t) is x for t in y.op.inputs) or any(_source(t) is y for t in x.op.inputs):
        return rebuild.rebuild_op(op, [a, tf.ensure_shape(b, b.shape)])
    return op.outputs


def _source(t: tf.Tensor) -> tf.Tensor:
    """Returns the tensor that an identity copies; grappler removes identities."""
    while t.op.type in ("Identity", "PreventGradient", "StopGradient"):
        t = t.op.inputs[0]
    return t


def _behind_a_barrier(op: tf.Operation) -> Sequence[tf.Tensor]:
    """Rebuilds a maximum that depends on an output other than 0, on an ensure_shape, which grappler does not remove."""
    x, *others = op.inputs
    t = x
    while t.op.inputs and t.value_index == 0:
        t = t.op.inputs[0]
    if t is x or t.value_index == 0:
        return op.outputs
    return rebuild.rebuild_op(op, [tf.ensure_shape(x, x.shape), *others])


def _count_axis_from_the_end(op: tf.Operation) -> None:
    """Makes the axis of a stack negative, which the rewrite does not handle; it leaves the last axis alone, too.

    Stacked scalars keep axis 0: TensorFlow infers shapes from them. So do stacks with a constant: it infers paddings
    from them. There the rewrite is harmless: tensors equal to a constant come from ops with one output.
    """
    axis, rank = op.get_attr("axis"), op.outputs[0].shape.rank
    if rank is not None and 0 <= axis < rank - 1 and not any(t.op.type == "Const" for t in op.inputs):
        _private.set_int(op, "axis", axis - rank)


def _require_open_lengths(op: tf.Operation) -> None:
    """Refuses a reshape to known lengths in a graph for all lengths: for other lengths it would not fail."""
    x, y = op.inputs[0].shape, op.outputs[0].shape
    if x.rank is not None and not x.is_fully_defined() and y.is_fully_defined() and trace.has_open_lengths(op.graph):
        raise FixedLengthError(f"{trace.describe(op)} reshapes {x} to {y}.")
