"""States of tensors (the rows that each element depends on) and helpers for the rules of the row analysis."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Place:
    """The index of the row that element i of a tensor depends on: first + i[axis] // every % count.

    Args:
        axis: an axis of the tensor; `LIST` for the index of an element in a list; `FIXED` for `first` alone.
        first: a number, or for `FIXED` the name of a tensor that contains it.
        every: the number of consecutive elements with the same row.
        count: the number of rows after which they repeat; None if they do not.
        reversed: whether rows are counted from the end.
        rolled: the number by which the rows are rolled.
    """

    axis: int
    first: int | str = 0
    every: int = 1
    count: int | None = None
    reversed: bool = False
    rolled: int = 0

    def in_order(self) -> Place:
        """Returns the place. Raises NoProofError where rows are reversed or rolled."""
        if self.reversed or self.rolled:
            raise NoProofError
        return self

    def permuted(self, *, by: int | None = None, count: int | None = None) -> Place:
        """Returns the place after all rows are reversed, or rolled by a number; a second time may undo it.

        Args:
            by: the number; None to reverse them.
            count: how many rows there are, if that is known.
        """
        simple = self.every == 1 and self.count is None and self.first == 0 and self.axis >= 0
        if not simple or (self.rolled if by is None else self.reversed):
            raise NoProofError
        if by is None:
            return dataclasses.replace(self, reversed=not self.reversed)
        rolled = self.rolled + by
        return dataclasses.replace(self, rolled=rolled % count if count else rolled)

    def at(self, axis: int) -> Place:
        """Returns the same place on another axis."""
        return dataclasses.replace(self, axis=axis)

    def moved(self, by: int) -> Place:
        """Returns the place, shifted by a number of elements. Raises NoProofError if rows repeat or are permuted."""
        self.in_order()
        if by and (self.every != 1 or self.count is not None or isinstance(self.first, str)):
            raise NoProofError
        return self if not by else dataclasses.replace(self, first=self.first + by)  # type: ignore[operator]


LIST, FIXED = -1, -2

Role = tuple[Place, ...]
"""The row that an element depends on: a place for each row axis."""

Roles = frozenset[Role]


@dataclasses.dataclass(frozen=True)
class Rows:
    """Each element depends on the rows of all roles, and on no other row.

    Args:
        roles: one if rows are independent or moved; several if an element depends on several rows.
        op: the op that combined or moved the rows.
    """

    roles: Roles
    op: Any = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Mixed:
    """An op makes elements depend on several rows, or on another row than their own."""

    op: Any = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Nothing is proved; `op` is the first op without a proof."""

    op: Any = dataclasses.field(default=None, compare=False)


State = Rows | Mixed | Unknown


class MixError(Exception):
    """Raised by a rule: the op mixes rows."""


class NoProofError(Exception):
    """Raised by a rule: the op may mix rows."""


def renamed(state: State | None, mark: str, names: Mapping[int | str, int | str], other: str | None) -> State | None:
    """Converts a state inside a function to one outside: names of tensors inside become names outside.

    Args:
        state: a state inside.
        mark: the suffix of all names of the function's tensors.
        names: the outside names (or values) of some of its tensors.
        other: the name for all other tensors; if None, their rows are unknown.
    """
    if not isinstance(state, Rows):
        return state

    def outside(place: Place) -> Place | None:
        if not isinstance(place.first, str) or not place.first.endswith(mark):
            return place
        first = names.get(place.first, other)
        return None if first is None else Place(FIXED, first)

    roles = [tuple(outside(place) for place in role) for role in state.roles]
    if any(place is None for role in roles for place in role):
        return Unknown(state.op)
    return Rows(frozenset(roles), state.op)  # type: ignore[arg-type]


Inputs = Sequence[Any]  # Rows, or None for an input that does not vary
Rule = Callable[[Any, Inputs], list[Roles]]


def roles(state: Rows | None) -> Roles:
    """Returns the roles of a state; none for an input that does not vary."""
    return frozenset() if state is None else state.roles


def mapped(state: Rows | None, move: Callable[[Place], Place]) -> Roles:
    """Applies a function to each place that is on an axis; returns the roles."""
    return frozenset(tuple(p if p.axis == FIXED else move(p) for p in role) for role in roles(state))


def static(t: tf.Tensor) -> Any:
    """Returns the value of a tensor. Raises NoProofError if it is unknown while tracing."""
    value = tf.get_static_value(t)
    if value is None and t.op.type in _FOLDED:
        value = _FOLDED[t.op.type](*map(static, t.op.inputs))
        value = value[t.value_index] if len(t.op.outputs) > 1 else value
    if value is None:
        raise NoProofError
    return value


def _offsets(axis: Any, *shapes: Any) -> list[Any]:
    """Returns where each tensor begins in their concatenation along an axis."""
    starts = np.cumsum([0, *(shape[axis] for shape in shapes[:-1])])
    return [np.where(np.arange(len(shapes[0])) == axis, start, 0) for start in starts]


# tf.get_static_value does not evaluate these ops, as in the permutation of tf.nn.softmax(x, 0), in the gradient of
# tf.concat, and in the axes of vectorized ops.
_FOLDED: dict[str, Callable[..., Any]] = {
    "AddV2": np.add,
    "Cast": np.asarray,
    "ConcatOffset": _offsets,
    "ConcatV2": lambda *parts: np.concatenate(parts[:-1], int(parts[-1])),
    "FloorMod": np.mod,
    "GreaterEqual": np.greater_equal,
    "Pack": lambda *parts: np.stack(parts),
    "Range": np.arange,
    "Reshape": np.reshape,
    "Sub": np.subtract,
}


def axes(t: tf.Tensor, rank: int) -> list[int]:
    """Returns the axes that a tensor contains, as nonnegative numbers."""
    return [int(axis) % rank for axis in static(t).ravel()]


def rank(t: tf.Tensor) -> int:
    """Returns the rank of a tensor. Raises NoProofError if it is unknown."""
    if t.shape.rank is None:
        raise NoProofError
    return t.shape.rank


def keeps(place: Place, combined: Iterable[int]) -> Place:
    """Returns a place. Raises MixError if elements on its axis are combined."""
    if place.axis in combined:
        raise MixError
    return place


def require_constant(state: Rows | None) -> None:
    """Raises NoProofError if an input varies."""
    if state is not None:
        raise NoProofError


def chosen(p: Place, at: int | str) -> Place:
    """Returns the place of the element at an index of the axis of a place."""
    p.in_order()
    if p.every != 1 or p.count is not None or isinstance(p.first, str):
        raise NoProofError
    if isinstance(at, int):
        if p.first and (at < 0 or p.first + at < 0):
            raise NoProofError  # x[-1] of a slice, or the zeros of a pad
        return Place(FIXED, p.first + at)
    if p.first:
        raise NoProofError
    return Place(FIXED, at)


def number(t: tf.Tensor) -> int | str:
    """Returns a scalar's value; if it is unknown, a name that is unique among all graphs."""
    while t.op.type in ("Identity", "Pack") and len(t.op.inputs) == 1:
        t = t.op.inputs[0]
    value = tf.get_static_value(t) if t.dtype.is_integer and t.shape.num_elements() == 1 else None
    return f"{t.name}@{id(t.graph)}" if value is None else int(value.ravel()[0])


def each(names: str, rule: Rule) -> dict[str, Rule]:
    """Returns a table with the same rule for several op types."""
    return dict.fromkeys(names.split(), rule)
