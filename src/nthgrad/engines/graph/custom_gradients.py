"""Recognizes and builds custom gradients: the user's may differ from the derivative, nthgrad's are the derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from nthgrad.engines import _private
from nthgrad.engines.graph import kinds, trace

_SCOPE = "nthgrad_exact_gradient"


def exact_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates as `tf.custom_gradient` does; the gradient is the true derivative, so it always stays in force."""
    eager = tf.custom_gradient(f)

    @functools.wraps(f)
    def scoped(*inputs: Any) -> Any:
        if tf.executing_eagerly():
            return eager(*inputs)
        with tf.name_scope(_SCOPE):  # a name survives saving, and the graph where a function was traced
            xs = [tf.convert_to_tensor(x) for x in inputs]
            y, gradient = f(*xs)
            ys = tf.nest.flatten(y)

            def by_all(*dys: tf.Tensor) -> list[tf.Tensor | None]:
                return [None] * len(ys) + tf.nest.flatten(gradient(*dys[: len(ys)]))

            return tf.nest.pack_sequence_as(y, _private.identity_with_gradient([*ys, *xs], by_all)[: len(ys)])

    return scoped


def is_exact(op: tf.Operation) -> bool:
    """Whether an op is the end of an `exact_gradient`."""
    return op.type == "IdentityN" and _SCOPE in op.name and _marked(op)


def is_users(op: tf.Operation) -> bool:
    """Whether the gradient of an op is the user's: from a tf.custom_gradient or gradient_override_map.

    A tf.custom_gradient ends in an IdentityN that TensorFlow marks. TensorFlow marks its own calls of functions too.
    """
    return op.type not in kinds.CALLS and _SCOPE not in op.name and _marked(op)


def is_swish(op: tf.Operation) -> bool:
    """Whether an op is the end of tf.nn.silu, whose custom gradient is the derivative."""
    return any(f.name == "swish" and f.filename.endswith("nn_impl.py") for f in op.traceback or ())


def own(operations: Iterable[tf.Operation]) -> None:
    """Makes graphs the owners of the custom gradients of new ops: otherwise TensorFlow would never free either.

    The bodies of loops and branches are included, because they are traced with the ops around them. The functions that
    f calls are not: they may be older than this trace.
    """
    for op in operations:
        if op.type == "IdentityN":
            _private.own_gradient(op)
        elif op.type in kinds.BRANCHES | kinds.LOOPS:
            for graphs in trace.bodies(op).values():
                for graph in graphs:
                    own(graph.get_operations())


def needed_for(op: tf.Operation) -> bool:
    """Whether a user's custom gradient always stays in force: it wraps a function whose ops are not in the graph."""
    if not (op.type == "IdentityN" and is_users(op)):
        return False
    stop = {t.name for t in arguments(op)}
    seen: set[str] = set()
    todo = [t for t in op.inputs if t.name not in stop]
    while todo:
        t = todo.pop()
        if t.name not in seen and t.name not in stop:
            seen.add(t.name)
            if trace.hidden(t.op):
                return True
            todo += t.op.inputs
    return False


def arguments(op: tf.Operation) -> list[tf.Tensor]:
    """Returns the arguments of the function that a custom gradient wraps.

    The inputs of its IdentityN are the results of the function, then the arguments. Other ops use only the results.
    """
    results = max((i for i, t in enumerate(op.outputs) if t.consumers()), default=0)
    return list(op.inputs[results + 1 :])


def _marked(op: tf.Operation) -> bool:
    try:
        return bool(op.get_attr("_gradient_op_type"))
    except ValueError:
        return False
