"""Tensors to differentiate by: their rows, their columns, and directions along the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs
from nthgrad.engines.nested.proof import NotProvedError

MOST_COLUMNS = 8
"""A gradient by more columns than this is TensorFlow's own: it takes one pass backward, and series one for each."""

Axis = tuple[str, int]
"""A variable of series: the name of a source, and one of its columns."""


@dataclass(frozen=True, eq=False)
class Source:
    """A tensor x to differentiate by.

    Attributes:
        x: the tensor.
        rows: the number of leading axes that index rows.
        columns: the number of elements in a row.
    """

    x: tf.Tensor
    rows: int
    columns: int

    @property
    def axes(self) -> list[Axis]:
        """One variable for each column."""
        return [(self.x.name, j) for j in range(self.columns)]

    @property
    def row_axes(self) -> list[int]:
        """The axes that index several rows."""
        return [axis for axis in range(self.rows) if self.x.shape[axis] != 1]

    def direction(self, column: int) -> tf.Tensor:
        """Returns ones in a column of x, zeros elsewhere."""
        ones = tf.ones_like(self.x)
        return ones if self.columns == 1 else ones * tf.one_hot(column, self.columns, dtype=self.x.dtype)

    def column(self, slopes: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns a column of a gradient of some tensors from their derivatives by it, which have their shapes.

        It has the shape of the rows; that of x, if x has one column.
        """
        parts = [self._summed(c) for c in slopes]
        return parts[0] if len(parts) == 1 else tf.add_n(parts)

    def gradient(self, columns: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns a gradient, which has the shape of x, from its columns."""
        if self.columns == 1:
            return columns[0]
        # Grappler replaces a slice of a stack by the part, so that nothing computes a column that nobody reads.
        return tf.stack(columns, self.rows)

    def _summed(self, c: tf.Tensor) -> tf.Tensor:
        rows, x = self.rows, self.x
        if self.columns == 1 and c.shape.is_fully_defined() and c.shape == x.shape:
            return c
        rank = c.shape.rank
        assert rank is not None
        if rank > rows:
            c = tf.reduce_sum(c, list(range(rows, rank)))
        for axis in range(rows):
            c = _fitted(c, x, axis)
        if self.columns == 1 and rows != x.shape.rank:
            c = tf.reshape(c, tf.shape(x))
            c.set_shape(x.shape)
        return c


def _fitted(c: tf.Tensor, x: tf.Tensor, axis: int) -> tf.Tensor:
    """Returns derivatives by the rows of x on an axis, from the derivatives of some rows by their own rows of x.

    A single row of x may be broadcast to many, whose derivatives add up. Of several rows, the first may be selected, or
    others, which do not vary, may follow.
    """
    n, m = x.shape[axis], c.shape[axis]
    if n is not None and n == m:
        return c
    if n == 1:
        return tf.reduce_sum(c, axis, keepdims=True)
    rank, static = len(c.shape), c.shape.as_list()
    static[axis] = n
    length = tf.shape(x)[axis] if n is None else n
    have = tf.shape(c)[axis] if m is None else m
    used = tf.minimum(have, length)
    if n is None:
        used = tf.where(tf.equal(length, 1), have, used)
    size: list[Any] = [-1] * rank
    size[axis] = used
    c = tf.slice(c, [0] * rank, size)
    after: list[Any] = [0] * rank
    after[axis] = tf.maximum(length - used, 0)
    c = tf.pad(c, tf.stack([[0] * rank, after], 1))
    if n is None:
        shape = tf.shape(c)
        parts = [shape[:axis], [length, shape[axis] // tf.maximum(length, 1)], shape[axis + 1 :]]
        c = tf.reduce_sum(tf.reshape(c, tf.concat(parts, 0)), axis + 1)
    c.set_shape(static)
    return c


def source(x: tf.Tensor) -> Source:
    """Returns x as a source.

    Raises:
        NotProvedError: x is no source of rows with few columns.
    """
    if is_weight(x):
        raise NotProvedError("a variable is no tensor of rows")
    if x.dtype not in (tf.float32, tf.float64, tf.float16, tf.bfloat16):
        raise NotProvedError(f"x is {x.dtype.name}")
    if x.shape.rank is None:
        raise NotProvedError("the rank of x is unknown")
    width = x.shape[1] if x.shape.rank == 2 else None
    if width is not None and 1 < width <= MOST_COLUMNS:
        if x.shape[0] == 1:
            raise NotProvedError("x has one row")
        return Source(x, 1, width)
    return Source(x, outputs.row_rank(x), 1)


def is_weight(x: Any) -> bool:
    """Whether x is a variable, of TensorFlow or Keras, or was read from one."""
    if not isinstance(x, tf.Tensor) or isinstance(x, tf.Variable):
        return True
    return getattr(getattr(x, "op", None), "type", None) in _WEIGHTS


def same_rows(sources: Sequence[Source]) -> tf.Tensor | None:
    """Returns 1 if some sources have equal numbers of rows, else -1; None if their shapes show that they have.

    A single row of one may be broadcast to many of another. Then a gradient by it adds up what depends on these.
    """
    shapes = [s.x.shape[: s.rows] for s in sources]
    if len(sources) == 1 or all(shape.is_fully_defined() for shape in shapes):
        return None
    first, *others = (tf.shape(s.x)[: s.rows] for s in sources)
    same = tf.reduce_all([tf.reduce_all(tf.equal(first, other)) for other in others])
    names = ", ".join(s.x.name for s in sources)
    message = f"The tensors to differentiate by, {names}, have different numbers of rows. Broadcast them before."
    with tf.control_dependencies([tf.debugging.Assert(same, [message])]):  # XLA ignores an assertion
        return tf.where(same, 1, -1)


_WEIGHTS = frozenset({"ReadVariableOp", "VarHandleOp", "Variable", "VariableV2", "ResourceGather"})
