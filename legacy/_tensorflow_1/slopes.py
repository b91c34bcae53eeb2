"""Gradient functions that make as many ops as TensorFlow 1's, so that later seeds are the same.

Today's omit sums over no axes and reshapes to the same shape. The values are equal, except for cumprod.
"""

import weakref
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import ops
from nthgrad.legacy._tensorflow_1 import randomness

raw = tf.raw_ops
v1 = tf.compat.v1


_today: dict[str, Callable] = {}  # TensorFlow's own functions, before those of this module take their places


def of(kind: str) -> Callable[[Callable], Callable]:
    """Returns the `Patch.make` of an op type's gradient function in TensorFlow's registry.

    It replaces the entry itself: programs read entries, call them and put their own in their places.
    """

    def make(today: Callable) -> Callable:
        _today[kind] = today
        return FUNCTIONS[kind]

    return make


def _static(tensor: tf.Tensor) -> Any:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def _same_shapes(*tensors: Any) -> bool:
    shapes = [_static(each) for each in tensors]
    return shapes[0] is not None and None not in shapes[0] and shapes.count(shapes[0]) == len(shapes)


def _skipped(op: tf.Operation) -> Any:
    """Returns the indices of inputs whose gradients are not needed."""
    return getattr(op, "skip_input_indices", None) or ()


def _only_first(op: tf.Operation) -> bool:
    return 1 in _skipped(op) and op.inputs[1].shape.rank == 0


class _Broadcast:
    """The two inputs of an op that broadcasts; sums gradients over the axes that were broadcast."""

    def __init__(self, op: tf.Operation, grad: Any = None) -> None:
        """Takes `grad` for ops that omitted the sums if the shapes were known."""
        self.skipped = _skipped(op)
        x, y = self.inputs = list(op.inputs)
        known = _static(x), _static(y)
        if isinstance(grad, tf.Tensor) and all(shape is not None and None not in shape for shape in known):
            axes, shapes = _axes(*known), known
            self._summed = [shape != _static(grad) for shape in known]
        else:
            shapes = [tf.shape(each) for each in self.inputs]
            axes = raw.BroadcastGradientArgs(s0=shapes[0], s1=shapes[1])
            self._summed = [True, True]
        self._places = list(zip(axes, shapes, strict=True))

    def conjugates(self) -> list[Any]:
        return [tf.math.conj(each) for each in self.inputs]

    def sum(self, slope: Callable[[], Any], at: int) -> Any:
        """Sums over the axes over which input `at` was broadcast; returns None if its gradient is not needed."""
        if at in self.skipped:
            return None
        axes, shape = self._places[at]
        if not self._summed[at]:
            return slope()
        total = tf.reduce_sum(slope(), axes)
        return tf.reshape(total, shape if isinstance(shape, tf.Tensor) else tf.constant(shape, tf.int32))


_known: "weakref.WeakKeyDictionary[tf.Graph, dict]" = weakref.WeakKeyDictionary()


def _axes(x: Any, y: Any) -> tuple[Any, Any]:
    """Returns the axes over which shapes x and y are broadcast; the first call for a graph makes ops."""
    found = _known.setdefault(v1.get_default_graph(), {})
    if (x, y) not in found:
        axes = raw.BroadcastGradientArgs(s0=tf.constant(x, tf.int32), s1=tf.constant(y, tf.int32))
        found[x, y] = tuple(ops.evaluated(each).tolist() for each in axes)
    return found[x, y]


def _add(op: tf.Operation, grad: Any, sign: int = 1) -> Any:
    if _only_first(op):
        return grad, None
    other = (lambda: grad) if sign > 0 else (lambda: -grad)
    if isinstance(grad, tf.Tensor) and _same_shapes(*op.inputs, grad):
        return grad, other()
    both = _Broadcast(op, grad)
    return both.sum(lambda: grad, 0), both.sum(other, 1)


def _multiply(op: tf.Operation, grad: Any) -> Any:
    x, y = op.inputs
    if _only_first(op):
        return raw.Mul(x=grad, y=tf.math.conj(y)), None
    if isinstance(grad, tf.Tensor) and _same_shapes(x, y, grad) and grad.dtype in (tf.int32, tf.float32):
        return raw.Mul(x=grad, y=y), raw.Mul(x=grad, y=x)
    both = _Broadcast(op, grad)
    x, y = both.conjugates()
    return both.sum(lambda: raw.Mul(x=grad, y=y), 0), both.sum(lambda: raw.Mul(x=x, y=grad), 1)


def _divide(op: tf.Operation, grad: Any, divide: Callable) -> Any:
    both = _Broadcast(op)
    both.skipped = ()
    x, y = both.conjugates()
    return both.sum(lambda: divide(x=grad, y=y), 0), both.sum(lambda: grad * divide(x=divide(x=-x, y=y), y=y), 1)


def _power(op: tf.Operation, grad: Any) -> Any:
    if _only_first(op):
        x, y = map(tf.math.conj, op.inputs)
        return grad * y * tf.pow(x, y - 1), None
    both = _Broadcast(op, grad)
    x, y = both.conjugates()

    def by_exponent() -> Any:
        z = tf.math.conj(op.outputs[0])
        mask = tf.not_equal(x, 0) if x.dtype.is_complex else x > 0
        safe = v1.where(mask, x, v1.ones_like(x))
        return grad * z * v1.where(mask, tf.math.log(safe), v1.zeros_like(x))

    return both.sum(lambda: grad * y * tf.pow(x, y - 1), 0), both.sum(by_exponent, 1)


def _extreme(op: tf.Operation, grad: Any, first: Callable) -> Any:
    """Differentiates Maximum and Minimum; of two equal inputs, the first has the whole gradient."""
    x, y = op.inputs
    if _only_first(op):
        zeros = v1.zeros_like(grad)
        return v1.where(first(x, y), grad, zeros), None
    zeros = tf.zeros(tf.shape(grad), grad.dtype)
    mask = first(x, y)
    both = _Broadcast(op)
    return both.sum(lambda: v1.where(mask, grad, zeros), 0), both.sum(lambda: v1.where(mask, zeros, grad), 1)


def _squared_difference(op: tf.Operation, grad: Any) -> Any:
    x, y = op.inputs
    with tf.control_dependencies([grad]):
        slope = v1.scalar_mul(2.0, grad) * (x - y)
    if isinstance(grad, tf.Tensor) and _same_shapes(x, y, grad):
        return slope, -slope
    both = _Broadcast(op, grad)
    other = both.sum(lambda: slope, 1)
    return both.sum(lambda: slope, 0), None if other is None else -other


def _parts(whole: Any, part: Any) -> Any:
    return whole // tf.maximum(part, 1)


def _kept(shape: Any, axes: Any) -> Any:
    """Computes the output shape of a reduction with `keepdims=True`."""
    shape, axes = tf.cast(shape, tf.int32), tf.cast(axes, tf.int32)
    rank = tf.size(shape)
    axes = (axes + rank) % rank
    ones = tf.fill(tf.shape(axes), 1)
    return tf.dynamic_stitch([tf.range(rank), axes], [shape, ones])


def _sum(op: tf.Operation, grad: Any) -> Any:
    known = _static(op.inputs[0])
    axes = ops.constant_value(op.inputs[1])
    if known is not None and axes is not None:
        everything = np.array_equal(axes, np.arange(len(known)))
        if everything or None not in known:
            return _sum_of_known_shape(op, grad, None if everything else (known, tuple(axes.ravel().tolist())))
    shape = tf.shape(op.inputs[0])
    kept = _kept(shape, op.inputs[1])
    repeats = _parts(shape, kept)
    return [tf.tile(tf.reshape(grad, kept), repeats), None]


def _sum_of_known_shape(op: tf.Operation, grad: Any, key: Any) -> Any:
    found = _known.setdefault(v1.get_default_graph(), {})
    if key is not None and key not in found:
        found[key] = True
        randomness.add(12)  # ops of the shape with `keepdims=True`, once in a graph
    return _today["Sum"](op, grad)


def _mean(op: tf.Operation, grad: Any) -> Any:
    slope = _sum(op, grad)[0]
    x, y = op.inputs[0], op.outputs[0]
    if x.shape.is_fully_defined() and y.shape.is_fully_defined():
        size = tf.constant(x.shape.num_elements() // max(y.shape.num_elements(), 1), slope.dtype)
    else:
        shapes = tf.shape(x), tf.shape(y)
        size = _parts(*map(tf.reduce_prod, shapes))
    return tf.truediv(slope, tf.cast(size, slope.dtype)), None


def _largest(op: tf.Operation, grad: Any) -> Any:
    """Differentiates Max and Min; equal elements share the gradient equally."""
    x, axes = op.inputs
    kept = _kept(tf.shape(x), axes)
    y, grad = tf.reshape(op.outputs[0], kept), tf.reshape(grad, kept)
    chosen = tf.cast(tf.equal(y, x), grad.dtype)
    number = tf.reshape(tf.reduce_sum(chosen, axes), kept)
    return [tf.divide(chosen, number) * grad, None]


def _slice(op: tf.Operation, grad: Any) -> Any:
    begin, end, strides = op.inputs[1:]
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    shape = tf.shape(op.inputs[0], out_type=begin.dtype)
    known = {name: op.get_attr(name) for name in masks}
    return raw.StridedSliceGrad(shape=shape, begin=begin, end=end, strides=strides, dy=grad, **known), None, None, None


def _cumulative_product(op: tf.Operation, grad: Any) -> Any:
    """Divides by x, so that a zero gives nan; today's function silently returns a wrong 0 there."""
    x, axis = op.inputs
    exclusive, reverse = op.get_attr("exclusive"), op.get_attr("reverse")
    product = tf.math.cumprod(x, axis, exclusive=exclusive, reverse=reverse)
    return [tf.cumsum(product * grad, axis, exclusive=exclusive, reverse=not reverse) / x, None]


def _as_today(op: tf.Operation, grad: Any, *others: Any, more: int) -> Any:
    randomness.add(more)
    return _today[op.type](op, grad, *others)


@cache
def _gather_casts() -> bool:
    """Returns whether today's gradient of a gather casts a shape, as TensorFlow 1's did; true in 2.16, not in 2.21."""
    with tf.Graph().as_default() as graph:
        y = raw.GatherV2(params=tf.zeros([2]), indices=[0], axis=0)
        _today["GatherV2"](y.op, y)
    return any(op.type == "Cast" for op in graph.get_operations())


def _gather(op: tf.Operation, grad: Any) -> Any:
    return _as_today(op, grad, more=0 if _gather_casts() else 1)


FUNCTIONS: dict[str, Callable] = {
    "Add": _add,
    "AddV2": _add,
    "Sub": partial(_add, sign=-1),
    "Mul": _multiply,
    "Div": partial(_divide, divide=raw.Div),
    "RealDiv": partial(_divide, divide=raw.RealDiv),
    "DivNoNan": partial(_divide, divide=raw.DivNoNan),
    "Pow": _power,
    "Maximum": partial(_extreme, first=tf.greater_equal),
    "Minimum": partial(_extreme, first=tf.less_equal),
    "SquaredDifference": _squared_difference,
    "Sum": _sum,
    "Mean": _mean,
    "Max": _largest,
    "Min": _largest,
    "Prod": partial(_as_today, more=3),  # a tile; today's broadcasts
    **dict.fromkeys(("ReluGrad", "Relu6Grad", "LeakyReluGrad"), partial(_as_today, more=2)),  # zeros of a shape
    "GatherV2": _gather,
    "Gather": partial(_as_today, more=1),  # the cast of a shape
    "Cumprod": _cumulative_product,
    "StridedSlice": _slice,
    "SparseSoftmaxCrossEntropyWithLogits": partial(_as_today, more=1),  # an op that forbade a second derivative
}
