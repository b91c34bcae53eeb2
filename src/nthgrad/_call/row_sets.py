"""Sets of rows: validates the arguments that hold them, and groups their tensors by length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.errors import InputError

ROWS = (1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061, 1063, 1069, 1087, 1091, 1093, 1097)
"""The lengths of the sets in the analysis: primes, which no layer is wide."""


def as_rows(sets: tuple[Any, ...]) -> tuple[Any, ...]:
    """Converts the arguments of g to tensors of rows; raises an InputError."""
    if not sets:
        raise InputError("No set of points is given. Give g a tensor of rows, or a structure of them, for each set.")
    if len(sets) > len(ROWS):
        raise InputError(f"{len(sets)} sets of points are given. Give at most {len(ROWS)}; a set may be a structure.")
    made = []
    for i, given in enumerate(sets):
        try:
            tensors = tf.nest.map_structure(tf.convert_to_tensor, given)
        except (TypeError, ValueError) as error:
            raise InputError(f"Argument {i} is no structure of tensors: {error}. Give tensors or arrays.") from error
        flat = tf.nest.flatten(tensors)
        if not flat or any(not t.shape.rank for t in flat):
            what = f"of shape {next(t for t in flat if not t.shape.rank).shape}" if flat else "empty"
            raise InputError(f"Argument {i} is {what}, and has no rows. Give tensors of shape [rows, ...].")
        lengths = {t.shape[0] for t in flat} - {None}
        if len(lengths) > 1:
            said = " and ".join(map(str, sorted(lengths)))
            raise InputError(
                f"The tensors of argument {i} have {said} rows. Give tensors of one length, or two arguments."
            )
        if 0 in lengths:
            raise InputError(f"Argument {i} has no rows: its shape is {flat[0].shape}. Give at least one point.")
        made.append(tensors)
    return tuple(made)


def groupings(arguments: Sequence[Any]) -> list[tuple[int, ...]]:
    """Returns the ways to group arguments into sets: for each, the index of the set of each argument.

    Arguments of the same known length are one set. Those of unknown lengths may be a set each, or one set.
    """
    lengths = [tf.nest.flatten(argument)[0].shape[0] for argument in arguments]
    apart = [(n, i if n is None else 0) for i, n in enumerate(lengths)]
    together = [(n, 0) for n in lengths]
    found = [tuple(list(dict.fromkeys(keys)).index(key) for key in keys) for keys in (apart, together)]
    return list(dict.fromkeys(found))


def lengths_of(sets: Sequence[Sequence[tf.Tensor]]) -> list[Any]:
    """Returns the number of rows of each set: a number if the graph knows it, else a tensor, which checks the set."""
    return [_length(tensors) for tensors in sets]


def _length(tensors: Sequence[tf.Tensor]) -> Any:
    if tensors[0].shape[0] is not None and all(t.shape[0] == tensors[0].shape[0] for t in tensors):
        return tensors[0].shape[0]
    found = [tf.shape(t)[0] for t in tensors]
    if len(found) == 1:
        return found[0]
    same = tf.reduce_all(tf.equal(tf.stack(found), found[0]))
    message = (
        "The tensors of a set of points have different numbers of rows, unknown to the graph of the caller. Give the "
        "tensors of each set as one argument, such as g((t, x), boundary)."
    )
    with tf.control_dependencies([tf.debugging.Assert(same, [message, tf.stack(found)])]):
        # XLA ignores an assertion. It refuses to concatenate tensors of different lengths; these have no elements.
        empty = [tf.zeros(tf.stack([n, 0]), tf.bool) for n in found]
        return tf.shape(tf.concat(empty, 1))[0]


def by_set(arguments: Sequence[Any], places: Sequence[int]) -> list[list[tf.Tensor]]:
    """Returns the tensors of each set."""
    found: list[list[tf.Tensor]] = [[] for _ in range(max(places) + 1)]
    for argument, place in zip(arguments, places, strict=True):
        found[place] += tf.nest.flatten(argument)
    return found


def as_arguments(tensors: Sequence[list[tf.Tensor]], like: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Returns the arguments of f from the tensors of each set; the inverse of `by_set`."""
    rest = [iter(found) for found in tensors]
    return [
        tf.nest.pack_sequence_as(argument, [next(rest[place]) for _ in tf.nest.flatten(argument)])
        for argument, place in zip(like, places, strict=True)
    ]
