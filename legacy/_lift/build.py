"""Builds the function of a source: finds tensors, creates variables, traces once to find errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.export.describe import identifier
from nthgrad.legacy._lift.emit import Emitter
from nthgrad.legacy._lift.lifted import Lifted, trace
from nthgrad.legacy._lift.names import Names
from nthgrad.legacy._lift.ops import VARIABLES, describe, variable, writes
from nthgrad.legacy._lift.sources import Source, values
from nthgrad.legacy._lift.stored import shared_key
from nthgrad.legacy._lift.structure import Structure

_LARGE = 1024  # elements; a larger constant is created once, not in every graph


def lifted(source: Source, inputs: Any, outputs: Any, feed: Mapping[Any, Any], *, training: bool) -> Lifted:
    names = Names(source.graph, source.where, {**source.inputs, **source.outputs})
    phases = names.learning_phases()
    if training and not phases and not source.keras:
        raise LegacyError(
            f"{source.where} has no learning phase of Keras. If another placeholder turns training on, fix its value: "
            "feed={'is_training': True}."
        )
    known: dict[str, Any] = {t.name: np.asarray(training, t.dtype.as_numpy_dtype) for t in phases}
    for name, value in feed.items():
        fed = names.find(name, "placeholder to feed")
        known[fed.name] = np.asarray(value, fed.dtype.as_numpy_dtype)

    taken = None if inputs is None else tf.nest.map_structure(lambda n: names.find(n, "input"), _nest(inputs, "inputs"))
    if outputs is None and source.outputs:
        asked: Any = {key: names.find(name, "output") for key, name in source.outputs.items()}
        asked = next(iter(asked.values())) if len(asked) == 1 else asked
    elif outputs is None:
        (asked,) = names.default_outputs([] if taken is None else tf.nest.flatten(taken))
    else:
        asked = tf.nest.map_structure(lambda n: names.find(n, "output"), _nest(outputs, "outputs"))
    targets = tf.nest.flatten(asked)
    if taken is None and source.inputs:
        taken = {key: names.find(name, "input") for key, name in source.inputs.items()}
    elif taken is None:
        taken = names.default_inputs(targets, known)
    arguments = _arguments(taken)
    known = {name: value for name, value in known.items() if name not in {t.name for t in arguments.values()}}

    structure = Structure(targets, [t.name for t in arguments.values()], known)
    variables = _variables(source, structure)
    emitter = Emitter(structure, variables, _constants(structure), safe_mode=source.safe_mode)

    def make(tensors: Sequence[tf.Tensor]) -> Any:
        env = {t.name: value for t, value in zip(arguments.values(), tensors, strict=True)}
        made = [tf.identity(value) for value in emitter.make(env, targets)]  # y may be x itself, which is no op
        return tf.nest.pack_sequence_as(asked, made)

    specs = [tf.TensorSpec(t.shape, t.dtype.base_dtype, name) for name, t in arguments.items()]
    made = Lifted(make, specs, list({id(v): v for v in variables.values()}.values()), identifier(targets[0].op.name))
    trace(made)
    return made


def _nest(value: Any, what: str) -> Any:
    if isinstance(value, list | tuple | Mapping) and not value:
        raise LegacyError(f"{what} is empty. Name a tensor, or leave it out.")
    return value


def _arguments(taken: Any) -> dict[str, tf.Tensor]:
    """Names the arguments: by the last part of a tensor's name, if these parts differ."""
    if isinstance(taken, Mapping):
        found = {identifier(key): t for key, t in taken.items()}
    else:
        tensors = tf.nest.flatten(taken)
        found = {identifier(t.op.name.rpartition("/")[2]): t for t in tensors}
        if len(found) < len(tensors):
            found = {identifier(t.name): t for t in tensors}
        if len(found) < len(tensors):
            raise LegacyError("The same tensor is an input twice. Name it once.")
    return found


def _variables(source: Source, structure: Structure) -> dict[str, tf.Variable]:
    """Creates the variables on which the outputs depend, by the name of the op of the old one."""
    needed = {t.op.name: t.op for t in structure.before(structure.targets).values() if t.op.type in VARIABLES}
    for op in filter(writes, structure.running()):
        changed = variable(op.inputs[0])
        if changed.name in needed:
            raise LegacyError(
                f"{describe(op)} changes the variable '{changed.name}' while the outputs of {source.where} are "
                "computed from it. Fix the placeholder that decides it, with feed={...}, or lift the parts separately."
            )
    shared: dict[tuple[Any, Any], tf.Variable] = {}
    found = {}
    ops = sorted(needed.values(), key=lambda op: op.name)
    for op, value in zip(ops, values(source, ops), strict=True):
        key = shared_key(op)
        if key not in shared:
            trained = op.get_attr("dtype").is_floating and (source.trainable is None or op.name in source.trainable)
            start: Any = value
            shared[key] = tf.Variable(start, trainable=trained, name=op.name, dtype=op.get_attr("dtype"))
        found[op.name] = shared[key]
    return found


def _constants(structure: Structure) -> dict[str, tf.Tensor]:
    """Creates the large constants; small ones may be shapes and axes, whose values a graph needs."""
    found = {}
    for op in structure.ops:
        if op.type == "Const" and (op.outputs[0].shape.num_elements() or 0) > _LARGE:
            found[op.name] = tf.constant(tf.make_ndarray(op.get_attr("value")))
    return found
