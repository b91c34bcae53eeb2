"""Maps a function over the rows of its arguments, all at once or in chunks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call.structures import label, paths, replaced
from nthgrad._call.transform import locate
from nthgrad.engines.graph import kinds, trace
from nthgrad.errors import InputError

Function = Callable[..., Any]


def by_rows(f: Function, g: Function, argnum: int | str, chunk: int | None) -> Function:
    """Returns h with f's arguments: h(x, ...) stacks g(x, ...) at each row of the other arguments, as a batch of one.

    Args:
        f: a function of x and of tensors with rows.
        g: a function with the arguments of f that returns a structure of tensors.
        argnum: the argument of f that is x.
        chunk: how many rows to compute at a time; None for all.
    """

    @tf.autograph.experimental.do_not_convert
    def stacked(*args: Any, **kwargs: Any) -> Any:
        key = locate(f, argnum, args, kwargs)
        x = kwargs[key] if isinstance(key, str) else args[key]
        others = replaced(key, lambda _: None, args, kwargs)
        leaves = tf.nest.flatten(others)
        names = [label("", path[1:]) for path in paths(others)]
        varying = [i for i, leaf in enumerate(leaves) if tf.is_tensor(leaf) and leaf.shape.rank != 0]
        count = _count([leaves[i] for i in varying], [names[i] for i in varying])

        def of_row(row: Sequence[tf.Tensor]) -> Any:
            given = dict(zip(varying, row, strict=True))
            one = [given[i][None] if i in given else leaf for i, leaf in enumerate(leaves)]
            args, kwargs = replaced(key, lambda _: x, *tf.nest.pack_sequence_as(others, one))
            return g(*args, **kwargs)

        rows = [leaves[i] for i in varying]
        signature, looped = _traced(of_row, rows)
        if looped:  # TensorFlow cannot vectorize the gradient of one
            return tf.map_fn(of_row, rows, parallel_iterations=chunk, fn_output_signature=signature)
        if chunk is None:
            return tf.vectorized_map(of_row, rows)
        indices = tf.range(-(-count // chunk) * chunk)  # the last row fills the last chunk
        found = tf.map_fn(
            lambda part: tf.vectorized_map(of_row, [tf.gather(t, part) for t in rows]),
            tf.reshape(tf.minimum(indices, count - 1), [-1, chunk]),
            parallel_iterations=1,
            fn_output_signature=tf.nest.map_structure(lambda t: tf.TensorSpec([chunk, *t.shape], t.dtype), signature),
        )
        whole = isinstance(count, int) and count % chunk == 0
        found = tf.nest.map_structure(lambda t: tf.reshape(t, [-1, *t.shape[2:]]), found)
        return found if whole else tf.nest.map_structure(lambda t: t[:count], found)

    return functools.wraps(f, updated=())(stacked)


def _count(rows: Sequence[tf.Tensor], names: Sequence[str]) -> Any:
    """Returns the number of rows; raises if there are none, or if the lengths differ."""
    if not rows:
        raise InputError(
            "The call has no argument with rows beside x. Give the data as tensors or arrays whose first axis counts "
            "the rows."
        )
    count = rows[0].shape[0]
    opened = trace.has_open_lengths(tf.compat.v1.get_default_graph())
    for t, name in zip(rows, names, strict=True):
        n = t.shape[0]
        if n != count and (opened or None not in (n, count)):
            raise InputError(
                f"{names[0]} has {count} rows, but {name} has {n}. Give the other arguments one row for each example."
            )
    lengths = [tf.shape(t)[0] for t in rows]
    checks = [
        tf.debugging.assert_equal(n, lengths[0], message="The other arguments differ in their number of rows.")
        for n in lengths[1:]
    ]
    with tf.control_dependencies(checks):
        return count or tf.identity(lengths[0])


def _traced(of_row: Function, rows: Sequence[tf.Tensor]) -> tuple[Any, bool]:
    """Returns the specs of a function of one row, and whether it has loops, also in the functions that it calls."""
    specs = [tf.TensorSpec(t.shape[1:], t.dtype) for t in rows]
    traced = tf.function(of_row, autograph=False).get_concrete_function(specs)
    signature = tf.nest.map_structure(lambda t: tf.TensorSpec(t.shape, t.dtype), traced.structured_outputs)
    return signature, any(op.type in kinds.LOOPS for op in trace.with_bodies(traced.graph.get_operations()))
