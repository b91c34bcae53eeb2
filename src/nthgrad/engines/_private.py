"""Names that TensorFlow does not publish, and why the engines need them.

The one place for private imports. Checked with TensorFlow 2.21.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2  # the type of an attribute's value
from tensorflow.python.eager import context  # the callbacks of this thread
from tensorflow.python.framework import op_callbacks  # called for every op of every graph traced in a thread


@contextlib.contextmanager
def each_new_op(callback: Callable[[str, Sequence[tf.Tensor]], Sequence[tf.Tensor]]) -> Iterator[None]:
    """Replaces the outputs of each op that this thread creates in a graph by callback(type, outputs).

    TensorFlow has no public way to see the ops of a branch before their function is finished, nor to change an op
    later. Does nothing eagerly, where TensorFlow would execute each op of all threads in another way.
    """

    def call(kind: str, inputs: Any, attributes: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> Any:
        if graph is None:  # tf.init_scope executes eagerly
            return None
        return list(callback(kind, outputs))

    if tf.executing_eagerly():
        yield
        return
    op_callbacks.add_op_callback(call)
    try:
        yield
    finally:
        context.context().remove_op_callback(call)  # pyright: ignore[reportOptionalMemberAccess]


def set_int(op: tf.Operation, name: str, value: int) -> None:
    """Changes an attribute of an op whose graph is being traced."""
    op._set_attr(name, attr_value_pb2.AttrValue(i=value))  # pyright: ignore[reportAttributeAccessIssue]
