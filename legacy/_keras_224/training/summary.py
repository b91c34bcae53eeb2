"""`Model.summary`, as Keras 2.2.4 printed it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nthgrad.legacy._keras_224.training.functions import check_trainable_weights

_COLUMNS = ("Layer (type)", "Output Shape", "Param #")


def summary(
    self: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] = print,
) -> None:
    """Prints a line for each layer, and the numbers of parameters.

    Args:
        self: the model.
        line_length: the width; by default 65 for a plain stack of layers, 98 with a column of connections.
        positions: the ends of the columns, as fractions of the width.
        print_fn: receives each line.

    Raises:
        ValueError: if the model has no inputs yet.
    """
    if not self.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling build() or calling fit() with some "
            "data. Or specify input_shape or batch_input_shape in the first layer for automatic build. "
        )
    check_trainable_weights(self)
    plain = _in_a_row(self)
    width = line_length or (65 if plain else 98)
    shares = positions or ([0.45, 0.85, 1.0] if plain else [0.33, 0.55, 0.67, 1.0])
    ends = [int(width * share) for share in shares] if shares[-1] <= 1 else [int(each) for each in shares]
    print_fn("_" * width)
    print_fn(_row(_COLUMNS if plain else (*_COLUMNS, "Connected to"), ends))
    print_fn("=" * width)
    nodes = {id(node) for at in (getattr(self, "_nodes_by_depth", None) or {}).values() for node in at}
    for index, layer in enumerate(self.layers):
        try:
            shape = str(layer.output_shape)
        except AttributeError:
            shape = "multiple"
        kind = type(layer).__name__.replace("Functional", "Model")  # tf_keras's class of functional models
        cells = [f"{layer.name} ({kind})", shape, str(layer.count_params())]
        if plain:
            print_fn(_row(cells, ends))
        else:
            sources = _sources(layer, nodes)
            print_fn(_row([*cells, sources[0] if sources else ""], ends))
            for source in sources[1:]:
                print_fn(_row(["", "", "", source], ends))
        print_fn(("=" if index == len(self.layers) - 1 else "_") * width)
    trained = _count(getattr(self, "_collected_trainable_weights", None) or self.trainable_weights)
    frozen = _count(self.non_trainable_weights)
    print_fn(f"Total params: {trained + frozen:,}")
    print_fn(f"Trainable params: {trained:,}")
    print_fn(f"Non-trainable params: {frozen:,}")
    print_fn("_" * width)


def _row(cells: Any, ends: list[int]) -> str:
    line = ""
    for index, (cell, end) in enumerate(zip(cells, ends, strict=True)):
        line = (f"{line[:-1]} {cell}" if index else cell)[:end].ljust(end)
    return line


def _in_a_row(model: Any) -> bool:
    """Returns whether every layer of the model has one predecessor and one successor."""
    if type(model).__name__ == "Sequential" or not model._is_graph_network:
        return True
    by_depth = model._nodes_by_depth.values()
    if any(len(nodes) > 1 or len(_inputs(nodes[0])) > 1 for nodes in by_depth):
        return False
    nodes = {id(node) for at in by_depth for node in at}
    return all(sum(id(node) in nodes for node in layer._inbound_nodes) <= 1 for layer in model.layers)


def _inputs(node: Any) -> list[Any]:
    tensors = node.input_tensors
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _sources(layer: Any, nodes: set[int]) -> list[str]:
    """Returns the input layers of a layer, each with the indices of its node and its output."""
    inner = [node for node in layer._inbound_nodes if id(node) in nodes and not node.is_input]
    return [f"{each.layer.name}[{each.node_index}][{each.tensor_index}]" for node in inner for each in _history(node)]


def _history(node: Any) -> list[Any]:
    return [tensor._keras_history for tensor in _inputs(node)]


def _count(weights: list[Any]) -> int:
    return sum(int(np.prod(weight.shape.as_list())) for weight in {id(weight): weight for weight in weights}.values())
