"""Attributes of `Node`, the record of a call of a layer: lists, also of one tensor or layer.

tf_keras has no list where there is one of them only. Its own code accepts both.
"""

from collections.abc import Callable
from typing import Any

from nthgrad.legacy._keras_224.training.attributes import keras_shape
from nthgrad.legacy._runtime import dialect


def listed(today: Any) -> Any:
    """Returns the value of a property in a list, unless it is one."""

    def get(node: Any) -> Any:
        value = today.__get__(node)
        if not dialect.keras_224(node.layer):
            return value
        return value if isinstance(value, list) else list(value) if isinstance(value, tuple) else [value]

    return property(get)


def _of_each(tensors: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Computes a value of each input or output of a node."""

    def make(today: Any) -> Any:
        def get(node: Any) -> Any:
            if today is not None and not dialect.keras_224(node.layer):
                return today.__get__(node)
            return [function(each) for each in getattr(node, tensors)]

        return property(get)

    return make


def _mask(tensor: Any) -> Any:
    return getattr(tensor, "_keras_mask", None)


OF_EACH = {
    "input_masks": _of_each("input_tensors", _mask),
    "input_shapes": _of_each("input_tensors", keras_shape),
    "node_indices": _of_each("input_tensors", lambda tensor: tensor._keras_history.node_index),
    "output_masks": _of_each("output_tensors", _mask),
    "output_shapes": _of_each("output_tensors", keras_shape),
    "tensor_indices": _of_each("input_tensors", lambda tensor: tensor._keras_history.tensor_index),
}


def arguments(node: Any) -> dict[str, Any]:
    """`Node.arguments`: the keyword arguments of the call."""
    return node.call_kwargs


def get_config(node: Any) -> dict[str, Any]:
    """`Node.get_config`: the names of the layers, and the indices of the inputs."""
    return {
        "outbound_layer": node.outbound_layer.name,
        "inbound_layers": [layer.name for layer in node.inbound_layers],
        "node_indices": node.node_indices,
        "tensor_indices": node.tensor_indices,
    }
