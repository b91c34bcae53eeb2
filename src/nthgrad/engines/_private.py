"""TensorFlow's private names that the engines use, each with its reason.

* `op_callbacks`, `context`, `attr_value_pb2`: `each_new_op` and `set_int` change ops as they are created. Checked with
  TensorFlow 2.21.
* `record`: TensorFlow has no public way to see whether a tape is open, nor to give a tape the gradient of an op that is
  built without `tf.custom_gradient`. The same in TensorFlow 2.16 to 2.21.
* `control_flow_util`: TensorFlow has no public way to see whether XLA compiles the graph being traced. The same in
  TensorFlow 2.16 to 2.21.
* `ops.gradient_registry`, `custom_gradient`: `tf.custom_gradient` registers the gradient of each op that it builds
  under a new name, and never removes it. The registered function holds the graph of the op, so no trace would ever be
  freed. TensorFlow has no public way to remove a registered gradient. The registry is the same in TensorFlow 2.16 to
  2.21.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.python.eager import (
    context,
    record,  # type: ignore[attr-defined]
)
from tensorflow.python.framework import (
    op_callbacks,
    ops,  # type: ignore[attr-defined]
)
from tensorflow.python.ops import (
    control_flow_util,  # type: ignore[attr-defined]
    custom_gradient,  # type: ignore[import-not-found]
)

INTERNAL = ("keras.", "nthgrad.", "tensorflow.python.", "tf_keras.")
"""What begins the names of modules that belong to TensorFlow, Keras or nthgrad itself, and not to a program."""

_HELD = "_nthgrad_gradients"


def own_gradient(op: tf.Operation) -> None:
    """Makes a graph the owner of the gradient that `tf.custom_gradient` registered for one of its ops.

    From then on the gradient lives as long as the graph: the two are a cycle, which Python collects. The registry keeps
    a weak reference, and loses its entry when the gradient is collected.

    Args:
        op: an op of the graph; ignored unless it is the end of a `tf.custom_gradient`.
    """
    try:
        name = op.get_attr("_gradient_op_type").decode()
    except ValueError:
        return
    gradient: Any = _registry().get(name, {}).get("type")
    if getattr(gradient, "__module__", None) == custom_gradient.__name__:  # not the user's, loaded, or owned already
        _register(name, gradient, op.graph)


def identity_with_gradient(
    xs: Sequence[tf.Tensor], gradient: Callable[..., Sequence[tf.Tensor | None]]
) -> Sequence[tf.Tensor]:
    """Copies tensors of the graph being traced; their gradients by xs are gradient(*gradients of the copies).

    It builds what `tf.custom_gradient` builds, without a search of the graph for variables, which takes 2 ms.
    """
    name, graph = custom_gradient.generate_name(), tf.compat.v1.get_default_graph()
    _register(name, lambda op, *dys: gradient(*dys), graph)
    with graph.gradient_override_map({"IdentityN": name}):
        copies = tf.identity_n(xs)
    record.record_operation(name, copies, xs, gradient)
    return copies


def _register(name: str, gradient: Callable[..., Any], graph: tf.Graph) -> None:
    """Registers a gradient, which a graph owns."""
    registry = _registry()
    owned(graph, _HELD, list).append(gradient)
    registry[name] = {"type": _Weak(gradient, lambda _: registry.pop(name, None)), "location": None}


def _registry() -> dict[str, dict[str, Any]]:
    return ops.gradient_registry._registry  # pyright: ignore[reportPrivateUsage]


class _Weak:
    """A registered gradient that the graph of its op owns."""

    def __init__(self, gradient: Callable[..., Any], forget: Callable[[Any], Any]):
        self.gradient = weakref.ref(gradient, forget)

    def __call__(self, op: Any, *cotangents: Any) -> Any:
        return self.gradient()(op, *cotangents)  # type: ignore[misc]


@contextlib.contextmanager
def each_new_op(callback: Callable[[str, Sequence[tf.Tensor]], Sequence[tf.Tensor]]) -> Generator[None]:
    """Replaces the outputs of each op that this thread creates in a graph by callback(type, outputs).

    TensorFlow has no public way to see the ops of a branch before their function is finished, nor to change an op
    later. Does nothing eagerly: there a callback changes how TensorFlow executes the ops of all threads.
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


T = TypeVar("T")


def owned(graph: tf.Graph, name: str, make: Callable[[], T]) -> T:
    """Returns an attribute of a graph; makes it at first. It may hold tensors of the graph, and lives as long."""
    if not hasattr(graph, name):
        setattr(graph, name, make())
    return getattr(graph, name)


def in_old_control_flow(graph: tf.Graph) -> bool:
    """Whether ops are now created inside a branch or a loop of TensorFlow 1, which share the graph around them."""
    return graph._get_control_flow_context() is not None  # pyright: ignore[reportAttributeAccessIssue]


def records() -> bool:
    """Whether a tape of this thread may record the ops that are created or executed now."""
    return record.could_possibly_record()


def compiled_by_xla() -> bool:
    """Whether XLA compiles the graph that this thread traces now, or one around it."""
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(ops.get_default_graph())
