"""Finds the tensors that depend on the learning phase (Keras 2.2.4's `_uses_learning_phase`) in the graph."""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras


def uses_learning_phase(tensors: Iterable[Any]) -> bool:
    """Returns whether any of the tensors depends on the learning phase's placeholder."""
    tensors = [each for each in tensors if tf.is_tensor(each)]
    if not tensors:
        return False
    graph: Any = getattr(tensors[0], "graph", None)
    phase = tf_keras.learning_phase_tensor(graph)
    if not isinstance(phase, tf.Tensor):
        return False
    return reaches([tensor.op for tensor in tensors], {phase.op}) or any(map(_after_model_with_phase, tensors))


def _after_model_with_phase(tensor: Any) -> bool:
    """Returns whether a tensor depends on an output of a model whose outputs depend on the phase, some or all."""
    seen: set[int] = set()
    pending = [tensor]
    while pending:
        layer, index, _ = getattr(pending.pop(), "_keras_history", (None, 0, 0))
        nodes = getattr(layer, "_inbound_nodes", [])
        if index >= len(nodes) or id(nodes[index]) in seen:
            continue
        seen.add(id(nodes[index]))
        if hasattr(layer, "_is_graph_network") and model_uses_learning_phase(layer):
            return True
        pending += nodes[index].keras_inputs
    return False


def reaches(ops: Iterable[Any], wanted: set[Any]) -> bool:
    """Returns whether any of the ops is, or depends on, one of `wanted`."""
    seen, pending = set(), list(ops)
    while pending:
        op = pending.pop()
        if op in wanted:
            return True
        if op not in seen:
            seen.add(op)
            pending.extend(each.op for each in op.inputs)
    return False


def model_uses_learning_phase(model: Any) -> bool:
    """Returns whether an output of the model depends on the phase; cached."""
    outputs = model.outputs or []
    known = model.__dict__.get("_phase_of_outputs")
    if known is None or known[0] != [id(each) for each in outputs]:
        known = model.__dict__["_phase_of_outputs"] = ([id(each) for each in outputs], False)  # while it looks
        known = model.__dict__["_phase_of_outputs"] = (known[0], uses_learning_phase(outputs))
    return known[1]


def phase_of(model: Any) -> list[Any]:
    """Returns the phase's placeholder in a list; empty if the model does not use it, or the program set it."""
    phase = tf_keras.keras_backend().learning_phase()
    return [] if isinstance(phase, int) or not model_uses_learning_phase(model) else [phase]


def dynamic(model: Any) -> bool:
    """Returns whether the phase is fed to the model."""
    return bool(phase_of(model))
