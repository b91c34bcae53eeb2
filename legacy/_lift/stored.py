"""Values of a file's variables, read from its checkpoint without running an op of its graph.

The ops by which `tf.train.Saver` would restore a checkpoint say which variable has which name there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift import harmless
from nthgrad.legacy._lift.ops import VARIABLES, variable

_RESTORES = ("Restore", "RestoreSlice", "RestoreV2")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


class _Place(NamedTuple):
    """Where a checkpoint holds the value of a variable."""

    name: str
    part: str  # of a partitioned variable, as RestoreV2 takes it; empty for all of it
    reshaped: bool


class Stored:
    """The variables of a graph that its Saver restores."""

    def __init__(self, graph: tf.Graph, restore_op: str, prefix: str, where: str):
        """Compares the graph with its checkpoint.

        Args:
            graph: the graph of a file.
            restore_op: the name of the op that restores all variables.
            prefix: the path of the checkpoint.
            where: the file, for errors.

        Raises:
            ValueError: There is no checkpoint, or it does not fit the graph.
            OpError: It cannot be read.
        """
        self._prefix, self._where = prefix, where
        reader = tf.train.load_checkpoint(prefix)
        self._places: dict[Any, _Place] = {}
        held = _held(prefix)
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        try:
            root = graph.get_operation_by_name(restore_op.partition(":")[0])
        except KeyError as error:
            raise ValueError(f"It has no op '{restore_op}' to restore variables.") from error
        for op, place in _assigned(graph, _before(root), {}):
            if place.name not in shapes:
                raise ValueError(f"There is no '{place.name}' in the checkpoint.")
            size = math.prod(shapes[place.name]) * dtypes[place.name].size
            if held is not None and size > held:
                raise ValueError(f"'{place.name}' is larger than the files of the checkpoint.")
            if dtypes[place.name] != op.get_attr("dtype"):
                raise ValueError(
                    f"'{place.name}' is {dtypes[place.name].name}, and the variable {op.get_attr('dtype').name}."
                )
            shape = tf.TensorShape(op.get_attr("shape"))
            if not place.part and not place.reshaped and not shape.is_compatible_with(shapes[place.name]):
                raise ValueError(f"'{place.name}' has the shape {shapes[place.name]}, and the variable {shape}.")
            self._places[shared_key(op)] = place

    def values(self, ops: Sequence[Any]) -> list[np.ndarray]:
        """The values of variables, by the ops that make them.

        Raises:
            LegacyError: The checkpoint does not hold one, or cannot be read.
        """
        return [self._value(op) for op in ops]

    def _value(self, op: Any) -> np.ndarray:
        place = self._places.get(shared_key(op))
        if place is None:
            raise LegacyError(
                f"The checkpoint {self._prefix} holds no value of the variable '{op.name}' of {self._where}, and ops "
                f"that a file names are not run to make one. {harmless.ALLOW}"
            )
        try:
            (value,) = tf.raw_ops.RestoreV2(
                prefix=self._prefix,
                tensor_names=[place.name],
                shape_and_slices=[place.part],
                dtypes=[op.get_attr("dtype")],
            )
            shape: Any = tf.TensorShape(op.get_attr("shape")).as_list() if place.reshaped else value.shape
            return np.reshape(value, shape)
        except (ValueError, tf.errors.OpError) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise LegacyError(
                f"The checkpoint {self._prefix} cannot be read: {said}. Give the one that was saved with {self._where}."
            ) from error


def _held(prefix: str) -> int | None:
    """The bytes of a checkpoint's data, which are not compressed; None of the earlier format, whose are."""
    files = tf.io.gfile.glob(f"{prefix}.data-?????-of-?????")
    return sum(tf.io.gfile.stat(path).length for path in files) if files else None


def shared_key(op: Any) -> tuple[Any, Any]:
    """What ops have in common that make the same variable."""
    return op.get_attr("container"), op.get_attr("shared_name") or op.name.encode()


def _before(op: Any) -> list[Any]:
    """The ops that run before one, by control inputs too, and the op itself."""
    found: dict[str, Any] = {}
    todo = [op]
    while todo:
        one = todo.pop()
        if one.name not in found:
            found[one.name] = one
            todo += [t.op for t in one.inputs] + list(one.control_inputs)
    return list(found.values())


def _assigned(
    graph: Any, ops: Sequence[Any], given: Mapping[str, Any], called: tuple[str, ...] = ()
) -> Iterator[tuple[Any, _Place]]:
    """The variables that some ops restore.

    Args:
        graph: the graph of the ops, or of a function.
        ops: the ops.
        given: of a function, the ops outside that make its arguments, by name.
        called: the functions that are being read.
    """
    for op in ops:
        if op.type in ("Assign", "AssignVariableOp"):
            target = variable(op.inputs[0])
            target = given.get(target.name, target)
            place = _place(op.inputs[1])
            if target.type in VARIABLES and place is not None:
                yield target, place
        elif op.type in _CALLS and (name := op.get_attr("f").name) not in called:
            body = _private.body(graph, name)
            outer = [given.get(one.name, one) for one in (variable(t) for t in op.inputs)]
            if body is not None:
                arguments = {t.op.name: one for t, one in zip(body.inputs, outer, strict=True)}
                yield from _assigned(body, body.get_operations(), arguments, (*called, name))


def _place(value: tf.Tensor) -> _Place | None:
    """Where the value that a variable is assigned comes from, if from a checkpoint."""
    reshaped = False
    while value.op.type in ("Identity", "Reshape"):
        reshaped = reshaped or value.op.type == "Reshape"
        value = value.op.inputs[0]
    if value.op.type not in _RESTORES:
        return None
    names, *parts = [np.ravel(tf.get_static_value(t)).tolist() for t in list(value.op.inputs)[1:]]
    index = value.value_index
    found: list[Any] = [texts[index] if index < len(texts) else None for texts in (names, *parts)]
    if not all(isinstance(text, bytes) for text in found):  # no constants, which no Saver makes
        return None
    name, part = [text.decode() for text in (*found, b"")[:2]]
    return _Place(name, part, reshaped)
