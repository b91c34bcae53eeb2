"""Custom gradients: the user's, which may differ from the derivative, and nthgrad's, which are the derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from nthgrad.engines import _private
from nthgrad.engines.graph import trace

_SCOPE = "nthgrad_exact_gradient"
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_LOOPS_AND_BRANCHES = ("Case", "If", "StatelessCase", "StatelessIf", "StatelessWhile", "While")


def exact_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A `tf.custom_gradient` that is the derivative of what is computed, so that it may always stay in force."""
    apply = tf.custom_gradient(f)

    @functools.wraps(f)
    def scoped(*inputs: Any) -> Any:
        with tf.name_scope(_SCOPE):  # a name outlives saving, and the graph that a function was traced in
            y = apply(*inputs)
        if not tf.executing_eagerly():
            own(t.op for t in tf.nest.flatten(y)[:1])
        return y

    return scoped


def is_exact(op: tf.Operation) -> bool:
    """Whether an op is the end of an `exact_gradient`."""
    return op.type == "IdentityN" and _SCOPE in op.name and _marked(op)


def is_users(op: tf.Operation) -> bool:
    """Whether the gradient of an op is the user's: of a tf.custom_gradient, or put in by gradient_override_map.

    A tf.custom_gradient ends in an IdentityN that TensorFlow marks. TensorFlow marks its own calls of functions too.
    """
    return op.type not in _CALLS and _SCOPE not in op.name and _marked(op)


def own(operations: Iterable[tf.Operation]) -> None:
    """Makes graphs the owners of the custom gradients of new ops: TensorFlow alone would keep both for ever.

    Loops and branches are entered, because they are traced with the ops around them. The functions that f calls are
    not: they may be older than this trace.
    """
    for op in operations:
        if op.type == "IdentityN":
            _private.own_gradient(op)
        elif op.type in _LOOPS_AND_BRANCHES:
            for graphs in trace.bodies(op).values():
                for graph in graphs:
                    own(graph.get_operations())


def needed_for(op: tf.Operation) -> bool:
    """Whether a user's custom gradient stays in force always: a function is behind it whose ops cannot be seen."""
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
    """The arguments of the function behind a custom gradient.

    Its IdentityN takes the results of the function, then the arguments. Only the results are used by other ops.
    """
    results = max((i for i, t in enumerate(op.outputs) if t.consumers()), default=0)
    return list(op.inputs[results + 1 :])


def _marked(op: tf.Operation) -> bool:
    try:
        return bool(op.get_attr("_gradient_op_type"))
    except ValueError:
        return False
