"""TensorFlow's private names that the engines use, each with its reason: the registry of gradient functions.

`tf.custom_gradient` registers the gradient of each op that it builds, under a name of its own, and never removes it.
The function registered holds the graph of the op: each trace would stay in memory for ever. TensorFlow has no public
way to remove a registered gradient. The registry is the same in TensorFlow 2.16 to 2.21.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops  # type: ignore[attr-defined]
from tensorflow.python.ops import custom_gradient  # type: ignore[import-not-found]

_HELD = "_nthgrad_gradients"


def own_gradient(op: tf.Operation) -> None:
    """Makes a graph the owner of the gradient that `tf.custom_gradient` registered for one of its ops.

    From then on the gradient lives as long as the graph: the two are a cycle, which Python collects. The registry keeps
    a weak reference, and loses its entry when the gradient is collected.

    Args:
        op: an op of the graph; nothing happens unless a `tf.custom_gradient` ends in it.
    """
    try:
        name = op.get_attr("_gradient_op_type").decode()
    except ValueError:
        return
    registry = ops.gradient_registry._registry
    gradient = registry.get(name, {}).get("type")
    if getattr(gradient, "__module__", None) != custom_gradient.__name__:  # the user's, loaded, or owned already
        return
    if not hasattr(op.graph, _HELD):
        setattr(op.graph, _HELD, [])
    getattr(op.graph, _HELD).append(gradient)
    registry[name]["type"] = _Weak(gradient, lambda _: registry.pop(name, None))


class _Weak:
    """A registered gradient that the graph of its op owns."""

    def __init__(self, gradient: Callable[..., Any], forget: Callable[[Any], Any]):
        self.gradient = weakref.ref(gradient, forget)

    def __call__(self, op: Any, *cotangents: Any) -> Any:
        return self.gradient()(op, *cotangents)  # type: ignore[misc]
