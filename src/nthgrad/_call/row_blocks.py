"""Decides whether a call is computed in blocks of rows, and computes it so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call.block_size import Block, live_bytes, rows_of_block, rows_that_pay
from nthgrad._call.blocks import concatenated, spread
from nthgrad.engines import _private
from nthgrad.engines.graph import row_cuts, rows, trace
from nthgrad.errors import MixingError

REMEDY = "or compute all rows at once: block=None."


@dataclasses.dataclass(frozen=True, eq=False)
class Cut:
    """How a function is computed in blocks of rows.

    Attributes:
        rows: the number of rows of a block, at most.
        structure: the structure of the results, with a number for each tensor.
        like: the shapes and dtypes of the results.
        axes: the axis of the rows of each; None for one that is the same for any rows.
    """

    rows: int
    structure: Any
    like: tuple[tf.TensorSpec, ...]
    axes: tuple[int | None, ...]


class RowBlocks:
    """The blocks of a function, for each signature.

    Attributes:
        block: the rows of a block at most, "auto" or None.
    """

    def __init__(self, block: Block, *, jit_compile: bool | None, tapes: bool):
        self.block: Block = block
        self._xla, self._automatic = jit_compile, jit_compile and not tapes
        self._rows: dict[Any, tuple[int | None, int]] = {}
        self._cuts: dict[Any, Cut | None] = {}

    def considered(self) -> bool:
        """Whether a call may be computed in blocks.

        A gradient of XLA's loop keeps all rows, and runs only where the same function compiles both. So under a tape
        all rows are computed at once. By choice also in a caller's graph, which a tape may differentiate later.
        """
        if self.block is None or (self.block == "auto" and not (self._automatic and tf.executing_eagerly())):
            return False
        return not tf.config.functions_run_eagerly() and not (self._xla and _private.records())

    def cut(self, signature: Any, opened: Any, batch: int | None, prove: Callable[[], Any]) -> Cut | None:
        """Returns how to compute a call in blocks; None for all rows at once.

        Args:
            signature: a hashable value, the same for the same trace.
            opened: the trace with an open number of rows; None if there is none.
            batch: the number of rows, if it is known.
            prove: traces the function with `row_cuts.ROWS` rows; returns None on failure.

        Raises:
            MixingError: `block` is a number, and rows are not proved independent.
        """
        if signature not in self._rows:
            row_bytes = live_bytes([] if opened is None else opened.graph.outputs)
            self._rows[signature] = rows_of_block(self.block, row_bytes), rows_that_pay(self.block, row_bytes)
        most, whole = self._rows[signature]
        if most is None or (batch is not None and batch <= max(most, whole)):
            return None
        if signature not in self._cuts:
            self._cuts[signature] = self._proved(most, None if opened is None else prove())
        return self._cuts[signature]

    def _proved(self, most: int, proof: Any) -> Cut | None:
        """Returns how to compute a function in blocks, from its trace with `row_cuts.ROWS` rows."""
        if proof is None or proof.structured_outputs[1]:
            return self._refused(
                "f needs the number of rows while it is traced, so nothing shows that the rows of a batch are "
                "independent. Write f for any number of rows, "
            )
        found, _ = proof.structured_outputs
        names = {t.name: 0 for t in proof.graph.inputs if t.dtype != tf.resource and _has_rows(t)}
        outputs = proof.graph.outputs
        verdicts = row_cuts.states(names, outputs)
        for verdict in verdicts:
            if isinstance(verdict, rows.Mixed):
                return self._refused(
                    f"f mixes the rows of a batch: {trace.describe(verdict.op)} combines them, so that blocks of rows "
                    "have other results. Take it out of f, "
                )
            if isinstance(verdict, rows.Unknown):
                return self._refused(
                    f"Nothing shows that {trace.describe(verdict.op)} keeps the rows of a batch independent. Write "
                    "that part of f with other ops, "
                )
        axes = tuple(v.axes[0] if isinstance(v, rows.Independent) and v.axes else None for v in verdicts)
        like = tuple(_open(t, axis) for t, axis in zip(outputs, axes, strict=True))
        return Cut(most, tf.nest.map_structure(lambda _: 0, found), like, axes)

    def _refused(self, text: str) -> None:
        if self.block != "auto":
            raise MixingError(text + REMEDY)


def in_blocks(compute: Callable[..., Any], arguments: Any, batch: int | None, cut: Cut) -> Any:
    """Returns compute(arguments) block by block, in the graph being traced.

    Args:
        compute: takes arguments of the same structure, with the rows of a block; returns a structure of tensors.
        arguments: a `tf.nest` structure.
        batch: the first length of the tensors that have rows; None if it is open.
        cut: how to compute it.
    """
    of_block, tensors = _of_rows(compute, arguments, batch)
    return tf.nest.pack_sequence_as(cut.structure, concatenated(of_block, tensors, cut.rows, cut.like, cut.axes))


def in_shards(compute: Callable[..., Any], arguments: Any, batch: int | None, cut: Cut, shards: int) -> Any:
    """Returns compute(arguments) of shards of the rows, side by side, in the graph being traced; see `in_blocks`."""
    of_shard, tensors = _of_rows(compute, arguments, batch)
    return tf.nest.pack_sequence_as(cut.structure, spread(of_shard, tensors, shards, cut.axes))


def _of_rows(
    compute: Callable[..., Any], arguments: Any, batch: int | None
) -> tuple[Callable[[list[tf.Tensor]], list[tf.Tensor]], list[tf.Tensor]]:
    """Returns compute as a function of the tensors that have rows, and these."""
    leaves = tf.nest.flatten(arguments)
    places = [i for i, t in enumerate(leaves) if isinstance(t, tf.Tensor) and t.shape.rank and t.shape[0] == batch]

    def of_part(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        given = dict(zip(places, tensors, strict=True))
        rows_of = [given.get(i, leaf) for i, leaf in enumerate(leaves)]
        return tf.nest.flatten(compute(*tf.nest.pack_sequence_as(arguments, rows_of)))

    return of_part, [leaves[i] for i in places]


def _has_rows(t: tf.Tensor) -> bool:
    return bool(t.shape.rank) and t.shape[0] == row_cuts.ROWS


def _open(t: tf.Tensor, axis: int | None) -> tf.TensorSpec:
    """Returns the shape and dtype of a result, with an open number of rows."""
    return tf.TensorSpec([None if i == axis else n for i, n in enumerate(t.shape)], t.dtype)
