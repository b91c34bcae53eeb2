"""Reads the values of variables from a checkpoint, without running an op of the graph.

The graph's restore ops, which `tf.train.Saver` would run, map variables to names in the checkpoint.
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
    """The place of a variable's value in a checkpoint."""

    name: str
    part: str  # the slice of a partitioned variable, in the format of RestoreV2; empty for the whole
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
            ValueError: if there is no checkpoint, or it does not fit the graph.
            OpError: if it cannot be read.
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
        """Returns the values of variables, given their ops.

        Raises:
            LegacyError: if the checkpoint lacks a value, or cannot be read.
        """
        return [self._value(op) for op in ops]

    def _value(self, op: Any) -> np.ndarray:
        place = self._places.get(shared_key(op))
        if place is None:
            raise LegacyError(
                f"The checkpoint {self._prefix} holds no value of the variable '{op.name}' of {self._where}, and "
                f"initializers of a file are not run. {harmless.ALLOW}"
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
    """Returns the bytes of a checkpoint's data; None for the earlier format, which is compressed."""
    files = tf.io.gfile.glob(f"{prefix}.data-?????-of-?????")
    return sum(tf.io.gfile.stat(path).length for path in files) if files else None


def shared_key(op: Any) -> tuple[Any, Any]:
    """Returns a key that is equal for ops of the same variable."""
    return op.get_attr("container"), op.get_attr("shared_name") or op.name.encode()


def _before(op: Any) -> list[Any]:
    """Returns an op and all ops that run before it, control inputs included."""
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
    """Yields the variables that some ops restore, with their places.

    Args:
        graph: the graph of the ops, or of a function.
        ops: the ops.
        given: for a function, the outer op of each argument, by the argument's name.
        called: the functions that are being read, to stop recursion.
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
    """Returns the place in the checkpoint of an assigned value; None if it is not restored."""
    reshaped = False
    while value.op.type in ("Identity", "Reshape"):
        reshaped = reshaped or value.op.type == "Reshape"
        value = value.op.inputs[0]
    if value.op.type not in _RESTORES:
        return None
    names, *parts = [np.ravel(tf.get_static_value(t)).tolist() for t in list(value.op.inputs)[1:]]
    index = value.value_index
    found: list[Any] = [texts[index] if index < len(texts) else None for texts in (names, *parts)]
    if not all(isinstance(text, bytes) for text in found):  # a Saver writes constants
        return None
    name, part = [text.decode() for text in (*found, b"")[:2]]
    return _Place(name, part, reshaped)
