"""Rebuilds the TensorArray ops of TensorFlow 1 with tensor lists.

In TensorFlow 1 the contents are state outside of the graph, a handle names the array, and a number called the flow
orders reads and writes. Here the flow is the list itself.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

Resolve = Callable[[tf.Tensor], tf.Tensor]
_ops = tf.raw_ops


_trying = contextvars.ContextVar("trying", default=False)


@contextlib.contextmanager
def trying() -> Iterator[None]:
    """Ignores the shapes of elements in the block: a trial trace may use too narrow ones."""
    token = _trying.set(True)
    try:
        yield
    finally:
        _trying.reset(token)


@dataclasses.dataclass
class Array:
    """The array that a handle names, without its contents."""

    dtype: tf.DType
    shape: tf.TensorShape  # of an element, as far as it is known
    size: tf.Tensor
    grows: bool  # on a write beyond the end
    mixed: bool = False  # whether its elements have different shapes

    def holds(self, shape: tf.TensorShape) -> None:
        """Notes the shape of an element."""
        if not _trying.get():
            self.mixed = self.mixed or not self.shape.is_compatible_with(shape)
            fits = self.shape.most_specific_compatible_shape if self.mixed else self.shape.merge_with
            self.shape = fits(shape)

    @property
    def element(self) -> Any:
        """The shape of an element as a tensor, with -1 for unknown lengths."""
        if self.shape.rank is None:
            return tf.constant(-1)
        return tf.constant([-1 if n is None else n for n in self.shape.as_list()], tf.int32)


def _make(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    (size,) = inputs
    array = Array(op.get_attr("dtype"), tf.TensorShape(op.get_attr("element_shape")), size, op.get_attr("dynamic_size"))
    return [array, _ops.TensorListReserve(element_shape=array.element, num_elements=size, element_dtype=array.dtype)]


def _write(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, index, value, flow = inputs
    array.holds(value.shape)
    if array.grows:
        flow = _grown(flow, index)
    return [_ops.TensorListSetItem(input_handle=flow, index=index, item=value)]


def _read(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, index, flow = inputs
    return [
        _ops.TensorListGetItem(
            input_handle=flow, index=index, element_shape=array.element, element_dtype=op.get_attr("dtype")
        )
    ]


def _scatter(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, indices, value, flow = inputs
    array.holds(value.shape[1:])
    if _is_new(op, resolve) and _counts(op.inputs[1], resolve, "Shape", op.inputs[2]):  # TensorArray.unstack
        return [_ops.TensorListFromTensor(tensor=value, element_shape=array.element)]
    if array.grows:
        flow = _grown(flow, tf.reduce_max(indices))
    return [_ops.TensorListScatterIntoExistingList(input_handle=flow, tensor=value, indices=indices)]


def _gather(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, indices, flow = inputs
    array.holds(tf.TensorShape(op.get_attr("element_shape")))
    if _counts(op.inputs[1], resolve, "TensorArraySizeV3", op.inputs[0]):  # TensorArray.stack
        return [_ops.TensorListStack(input_handle=flow, element_shape=array.element, element_dtype=array.dtype)]
    return [
        _ops.TensorListGather(
            input_handle=flow, indices=indices, element_shape=array.element, element_dtype=array.dtype
        )
    ]


def _size(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, flow = inputs
    return [_ops.TensorListLength(input_handle=flow) if array.grows else array.size]


def _concat(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, flow = inputs
    made = _ops.TensorListConcatV2(
        input_handle=flow,
        element_shape=array.element,
        leading_dims=tf.constant([], tf.int64),
        element_dtype=array.dtype,
    )
    return [made.tensor, made.lengths]


def _split(op: Any, inputs: Sequence[Any], resolve: Resolve) -> list[Any]:
    array, value, lengths, _ = inputs
    array.holds(tf.TensorShape([None]).concatenate(value.shape[1:]))
    return [_ops.TensorListSplit(tensor=value, element_shape=array.element, lengths=tf.cast(lengths, tf.int64))]


def _grown(flow: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Returns the list, long enough for an index; compiled by XLA, TensorListSetItem silently drops such a write."""
    return _ops.TensorListResize(
        input_handle=flow, size=tf.maximum(_ops.TensorListLength(input_handle=flow), index + 1)
    )


def _is_new(op: Any, resolve: Resolve) -> bool:
    """Whether an op is the first to write to an array, and the array has no other elements."""
    maker = resolve(op.inputs[3]).op
    if maker.type != "TensorArrayV3":
        return False
    return not maker.get_attr("dynamic_size") or tf.get_static_value(maker.inputs[0]) == 0


def _counts(indices: tf.Tensor, resolve: Resolve, kind: str, of: tf.Tensor) -> bool:
    """Whether indices are range(length), where an op of this kind computes the length of a tensor."""
    op = resolve(indices).op
    if op.type != "Range" or [tf.get_static_value(op.inputs[i]) for i in (0, 2)] != [0, 1]:
        return False
    length = resolve(op.inputs[1]).op
    if length.type == "StridedSlice":  # shape[0]
        if [_list(length.inputs[i]) for i in (1, 2, 3)] != [[0], [1], [1]] or not length.get_attr("shrink_axis_mask"):
            return False
        length = resolve(length.inputs[0]).op
    return length.type == kind and resolve(length.inputs[0]).name == resolve(of).name


def _list(tensor: tf.Tensor) -> Any:
    value = tf.get_static_value(tensor)
    return None if value is None else value.tolist()


OPS: dict[str, Callable[..., list[Any]]] = {
    "TensorArrayV3": _make,
    "TensorArrayWriteV3": _write,
    "TensorArrayReadV3": _read,
    "TensorArrayScatterV3": _scatter,
    "TensorArrayGatherV3": _gather,
    "TensorArraySizeV3": _size,
    "TensorArrayConcatV3": _concat,
    "TensorArraySplitV3": _split,
}
