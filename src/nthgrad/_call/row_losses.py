"""Analysis of a loss of rows: the set that each leaf belongs to, and the bytes that a row keeps in memory."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call import tracebacks
from nthgrad._call.block_size import kept_bytes
from nthgrad._call.blocks import Part
from nthgrad._call.row_sets import ROWS, by_set
from nthgrad._call.variables import Watching
from nthgrad.engines.graph import row_cuts, rows, trace
from nthgrad.errors import DependenceError, InputError, MixingError, OutputError


@dataclasses.dataclass(frozen=True)
class Plan:
    """Results of the analysis of a loss.

    Attributes:
        owners: the index of the set of each leaf; None for a penalty.
        row_bytes: the bytes a row of each set that are kept in memory.
        dtype: the dtype of the loss.
    """

    owners: list[int | None]
    row_bytes: list[int]
    dtype: tf.DType

    def loss(self, y: Any, parts: Sequence[Part], rows_of_block: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns the part of the mean loss that a block adds, times the number of blocks.

        Args:
            y: the losses of the rows of a block: what f returns.
            parts: a block of each set.
            rows_of_block: the mean number of rows of a block of each set.
        """
        found = tf.zeros([], self.dtype)
        for leaf, owner in zip(leaves_of(y), self.owners, strict=True):
            found += _mean(tf.cast(leaf, self.dtype), owner, parts, rows_of_block)
        return found


def specs_of(arguments: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Returns the signature for the analysis of a loss: the lengths of the sets differ.

    Args:
        arguments: structures of tensors of rows.
        places: the index of the set of each.
    """
    return [
        tf.nest.map_structure(lambda t, n=ROWS[place]: tf.TensorSpec([n, *t.shape[1:]], t.dtype), argument)
        for argument, place in zip(arguments, places, strict=True)
    ]


def analyzed(
    f: Callable[..., Any], variables: Sequence[Any], specs: Sequence[Any], places: Sequence[int], *, split: bool
) -> Plan:
    """Traces a loss in a new graph, and analyzes it.

    Args:
        f: the loss.
        variables: TensorFlow's variables to differentiate by.
        specs: what `specs_of` returns.
        places: the index of the set of each argument.
        split: whether rows have to be independent.

    Raises:
        InputError: f combines rows of two sets.
        OutputError: a leaf is no real tensor, or has not the rows of one set.
        MixingError: rows are not proved independent.
        DependenceError: the loss depends on no variable.
    """
    found: list[Plan] = []

    def probe(*arguments: Any) -> None:
        flat = by_set(arguments, places)
        graph = flat[0][0].graph
        with Watching(variables) as tape:
            leaves = leaves_of(_of_sets(f, arguments, flat))
            loss = tf.add_n([tf.reduce_sum(tf.cast(leaf, tf.float64)) for leaf in leaves])
        forward = graph.get_operations()
        if all(g is None for g in tape.gradient(loss, variables)):
            raise DependenceError(
                "The loss depends on none of the variables. Check that f uses them, in TensorFlow ops and without "
                "casts to integers."
            )
        backward = graph.get_operations()[len(forward) :]
        lengths: list[Any] = [tensors[0].shape[0] for tensors in flat]
        owners: list[int | None] = [None] * len(leaves)
        if split:
            owners = [_owner(leaf, i, flat, lengths) for i, leaf in enumerate(leaves)]
        wide = any(leaf.dtype == tf.float64 for leaf in leaves)
        found.append(Plan(owners, kept_bytes(forward, backward, lengths), tf.float64 if wide else tf.float32))

    tf.function(probe, autograph=False).get_concrete_function(*specs)
    return found[-1]


def _of_sets(f: Callable[..., Any], arguments: Sequence[Any], sets: Sequence[Sequence[tf.Tensor]]) -> Any:
    """Calls f; raises an InputError where the lengths of two sets do not fit."""
    try:
        return f(*arguments)
    except Exception as caught:
        error = tracebacks.shorter(caught)  # AutoGraph replaces errors of nthgrad
    lengths = [tensors[0].shape[0] for tensors in sets]
    last = str(error).strip().split("\n")[-1].strip()  # in converted code, the lines of f come before
    numbers = set(map(int, re.findall(r"\d+", last)))
    involved = [i for i, n in enumerate(lengths) if n in numbers]
    if len(involved) < 2 or not isinstance(error, (ValueError, InputError, tf.errors.InvalidArgumentError)):
        raise error
    said = " and ".join(f"set {i} has {lengths[i]} rows" for i in involved)
    raise InputError(
        f"f combines points of different sets. In its analysis, {said}: {last.removesuffix('.')}. Give the points of "
        "one set with the same number of rows, in one argument if the caller's graph does not know it, such as "
        "g((t, x), boundary)."
    ) from error


def leaves_of(y: Any) -> list[tf.Tensor]:
    """Converts the losses to a list of real tensors; raises an OutputError."""
    found = tf.nest.flatten(y)
    if not found or all(leaf is None for leaf in found):
        raise OutputError("f returned nothing (None). Return the losses of the rows.")
    made = []
    for i, leaf in enumerate(found):
        try:
            t = tf.convert_to_tensor(leaf)
        except (TypeError, ValueError) as error:
            raise OutputError(
                f"Output {i} of f is a {type(leaf).__name__}, which does not become a tensor. Return the losses of "
                "the rows."
            ) from error
        if not t.dtype.is_floating:
            raise OutputError(f"Output {i} of f is {t.dtype.name}. Return real floating-point losses.")
        made.append(t)
    return made


def _owner(leaf: tf.Tensor, index: int, sets: Sequence[Sequence[tf.Tensor]], lengths: Sequence[int]) -> int | None:
    """Returns the index of the set that a leaf belongs to, or None for a penalty; raises if rows are not independent.

    Args:
        leaf: an output of f.
        index: its index.
        sets: the tensors of each set.
        lengths: the number of rows of each set; all differ.
    """
    verdicts = [
        row_cuts.states({t.name: 0 for t in tensors}, [leaf], n, each_block=True)[0]
        for tensors, n in zip(sets, lengths, strict=True)
    ]
    for found in verdicts:
        if isinstance(found, rows.Mixed):
            raise MixingError(
                f"f mixes the rows of a batch: {trace.describe(found.op)} combines them, so that no row has a loss of "
                "its own. Take it out of f, or compute all rows at once: block=None."
            )
        if isinstance(found, rows.Unknown):
            raise MixingError(
                f"Nothing shows that {trace.describe(found.op)} keeps the rows of a batch independent. Write that part "
                "of f with other ops, or compute all rows at once: block=None."
            )
    owner = next((i for i, n in enumerate(lengths) if leaf.shape.rank and leaf.shape[0] == n), None)
    varies = [i for i, found in enumerate(verdicts) if isinstance(found, rows.Independent) and found.axes is not None]
    moved = any(found.axes not in (None, (0,)) for found in verdicts if isinstance(found, rows.Independent))
    if moved or any(i != owner for i in varies) or (owner is None and leaf.shape.rank):
        names: dict[Any, str] = {n: f"rows of set {i}" for i, n in enumerate(lengths)}
        shape = [names.get(n, n) for n in leaf.shape]
        said = ", ".join(map(str, shape))
        raise OutputError(
            f"Output {index} of f has the shape [{said}]. Return a loss for each row of one set, of shape [rows, ...]."
        )
    return owner


def _mean(leaf: tf.Tensor, owner: int | None, parts: Sequence[Part], rows_of_block: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the part of a leaf's mean that a block adds, times the number of blocks.

    Args:
        leaf: the losses of the rows of a block.
        owner: the index of the set that they belong to.
        parts: a block of each set.
        rows_of_block: the mean number of rows of a block of each set.
    """
    if owner is None:
        return tf.reduce_mean(leaf)  # a penalty, or a leaf of all rows
    columns = tf.reduce_prod(tf.shape(leaf)[1:])
    return parts[owner].sum(leaf) / rows_of_block[owner] / tf.cast(columns, leaf.dtype)
