"""Rebuilds an op of a traced graph on new inputs: finds the `tf.raw_ops` call that created a `tf.Operation`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def rebuild_op(op: tf.Operation, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Rebuilds an op on new inputs; active tapes record it."""
    return rebuilder(op)(inputs)


def rebuild_same_shapes(op: tf.Operation, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Rebuilds an op on inputs of the same shapes; the outputs keep the shapes that the program has set."""
    outputs = rebuild_op(op, inputs)
    for new, old in zip(outputs, op.outputs, strict=True):
        if new.shape.is_compatible_with(old.shape):
            new.set_shape(old.shape)
    return outputs


def rebuilder(op: tf.Operation) -> Callable[[Sequence[Any]], list[tf.Tensor]]:
    """Returns a function that rebuilds an op on given inputs; the attributes are read once."""
    if op.type == "Const":
        value, dtype = tf.make_ndarray(op.get_attr("value")), op.outputs[0].dtype
        return lambda inputs: [tf.constant(value, dtype=dtype)]
    inferred: set[str] = set()
    places: list[tuple[str, int | slice]] = []
    start = 0
    for arg in op.op_def.input_arg:
        inferred |= {arg.type_attr, arg.number_attr, arg.type_list_attr}
        if arg.number_attr or arg.type_list_attr:
            count = op.get_attr(arg.number_attr) if arg.number_attr else len(op.get_attr(arg.type_list_attr))
            places.append((arg.name, slice(start, start + count)))
            start += count
        else:
            places.append((arg.name, start))
            start += 1
    attributes = {attr.name: op.get_attr(attr.name) for attr in op.op_def.attr if attr.name not in inferred}
    names = _python_names(op.type, (*(name for name, _ in places), *attributes))
    places = [(names[name], place) for name, place in places]
    attributes = {names[name]: value for name, value in attributes.items()}
    make = getattr(tf.raw_ops, op.type)

    def made(inputs: Sequence[Any]) -> list[tf.Tensor]:
        inputs = list(inputs)
        outputs = make(**{name: inputs[place] for name, place in places}, **attributes)
        return [] if outputs is None or isinstance(outputs, tf.Operation) else tf.nest.flatten(outputs)

    return made


@functools.cache
def _python_names(kind: str, names: tuple[str, ...]) -> dict[str, str]:
    """Returns the names of an op's arguments in tf.raw_ops, which renames a few (Sum's reduction_indices is axis)."""
    taken = [name for name in inspect.signature(getattr(tf.raw_ops, kind)).parameters if name != "name"]
    renamed = (name for name in taken if name not in names)
    return {name: name if name in taken else next(renamed) for name in names}
