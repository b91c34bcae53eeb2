"""Custom gradients: the user's, which may differ from the derivative, and nthgrad's, which are the derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_SCOPE = "nthgrad_exact_gradient"
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def exact_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A `tf.custom_gradient` that is the derivative of what is computed, so that it may always stay in force."""
    apply = tf.custom_gradient(f)

    @functools.wraps(f)
    def scoped(*inputs: Any) -> Any:
        with tf.name_scope(_SCOPE):  # a name outlives saving, and the graph that a function was traced in
            return apply(*inputs)

    return scoped


def is_exact(op: tf.Operation) -> bool:
    """Whether an op is the end of an `exact_gradient`."""
    return op.type == "IdentityN" and _SCOPE in op.name and _marked(op)


def is_users(op: tf.Operation) -> bool:
    """Whether the gradient of an op is the user's: of a tf.custom_gradient, or put in by gradient_override_map.

    A tf.custom_gradient ends in an IdentityN that TensorFlow marks. TensorFlow marks its own calls of functions too.
    """
    return op.type not in _CALLS and _SCOPE not in op.name and _marked(op)


def _marked(op: tf.Operation) -> bool:
    try:
        return bool(op.get_attr("_gradient_op_type"))
    except ValueError:
        return False
