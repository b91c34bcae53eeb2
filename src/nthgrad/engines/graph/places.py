"""The states of tensors: where an element finds the row that it depends on. What rules are written with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Place:
    """The index of a row, for the element i of a tensor: first + i[axis] // every % count.

    Args:
        axis: an axis of the tensor; `LIST` for the number of an element in a list; `FIXED` for `first` alone.
        first: a number, or for `FIXED` the name of a tensor that holds it.
        every: how many elements in sequence have the same row.
        count: the number of rows after which they begin anew; None if they do not.
        reversed: whether rows are counted from the end.
        rolled: by how many the rows are rolled.
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
        """Returns the same on another axis."""
        return dataclasses.replace(self, axis=axis)

    def moved(self, by: int) -> Place:
        """Returns the place of an element `by` further on. Raises NoProofError where rows repeat or are permuted."""
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
    """Each element depends on the rows of all roles, and on no other.

    Args:
        roles: one if rows are independent or moved, several if an element depends on several rows.
        op: the op that combined or moved them.
    """

    roles: Roles
    op: Any = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Mixed:
    """Elements depend on several rows, or on another row than theirs, because of an op."""

    op: Any = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Nothing is proved, because of an op."""

    op: Any = dataclasses.field(default=None, compare=False)


State = Rows | Mixed | Unknown


class MixError(Exception):
    """Raised by a rule: the op mixes rows."""


class NoProofError(Exception):
    """Raised by a rule: the op may mix rows."""


def renamed(state: State | None, mark: str, names: Mapping[int | str, int | str], other: str | None) -> State | None:
    """Returns a state outside of a function: rows that a tensor inside numbers are named by one outside.

    Args:
        state: a state inside.
        mark: the end of all names of the function's tensors.
        names: what some of its tensors are outside.
        other: the name of rows that other tensors number; if None, nothing is known of them.
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


Inputs = Sequence[Any]  # of Rows, or None where an input does not vary
Rule = Callable[[Any, Inputs], list[Roles]]


def roles(state: Rows | None) -> Roles:
    """Returns the roles of a state, none of one that does not vary."""
    return frozenset() if state is None else state.roles


def mapped(state: Rows | None, move: Callable[[Place], Place]) -> Roles:
    """Returns the roles after each place on an axis has been moved."""
    return frozenset(tuple(p if p.axis == FIXED else move(p) for p in role) for role in roles(state))


def static(t: tf.Tensor) -> Any:
    """Returns the value of a tensor, which has to be known while tracing."""
    value = tf.get_static_value(t)
    if value is None and t.op.type in _FOLDED:
        value = _FOLDED[t.op.type](*map(static, t.op.inputs))
    if value is None:
        raise NoProofError
    return value


# Arithmetic of axes that TensorFlow does not evaluate while tracing, as in the permutation of tf.nn.softmax(x, 0).
_FOLDED: dict[str, Callable[..., Any]] = {
    "AddV2": np.add,
    "ConcatV2": lambda *parts: np.concatenate([np.asarray(part).ravel() for part in parts[:-1]]),
    "Pack": lambda *parts: np.stack(parts),
    "Range": np.arange,
    "Sub": np.subtract,
}


def axes(t: tf.Tensor, rank: int) -> list[int]:
    """Returns axes that a tensor holds, as numbers of 0 or more."""
    return [int(axis) % rank for axis in static(t).ravel()]


def rank(t: tf.Tensor) -> int:
    """Returns the rank of a tensor, which has to be known."""
    if t.shape.rank is None:
        raise NoProofError
    return t.shape.rank


def keeps(place: Place, combined: Iterable[int]) -> Place:
    """Returns a place unless elements along its axis are combined."""
    if place.axis in combined:
        raise MixError
    return place


def needs(state: Rows | None) -> None:
    """Raises where an input varies for which there is no rule."""
    if state is not None:
        raise NoProofError


def chosen(p: Place, at: int | str) -> Place:
    """Returns the place of the one element of a number along the axis of another."""
    p.in_order()
    if p.every != 1 or p.count is not None or isinstance(p.first, str):
        raise NoProofError
    if isinstance(at, int):
        if p.first and (at < 0 or p.first + at < 0):
            raise NoProofError  # x[-1] of a part, or the zeros of a pad
        return Place(FIXED, p.first + at)
    if p.first:
        raise NoProofError
    return Place(FIXED, at)


def number(t: tf.Tensor) -> int | str:
    """Returns a scalar's value, or if that is unknown, its name in its graph."""
    while t.op.type in ("Identity", "Pack") and len(t.op.inputs) == 1:
        t = t.op.inputs[0]
    value = tf.get_static_value(t) if t.dtype.is_integer and t.shape.num_elements() == 1 else None
    return f"{t.name}@{id(t.graph)}" if value is None else int(value.ravel()[0])


def each(names: str, rule: Rule) -> dict[str, Rule]:
    """Returns a rule under several names."""
    return dict.fromkeys(names.split(), rule)
