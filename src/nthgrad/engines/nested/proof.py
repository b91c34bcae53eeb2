"""Proves that the rows of tensors are independent, and that series differentiate them as TensorFlow does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from nthgrad.engines.graph import custom_gradients, kinds, opaque, rows, trace

if TYPE_CHECKING:
    from nthgrad.engines.nested.records import Records
    from nthgrad.engines.nested.sources import Source


class NotProvedError(Exception):
    """Says why a gradient has to be TensorFlow's own."""


def path(records: Records, x: tf.Tensor, y: tf.Tensor) -> list[Any]:
    """Returns the ops on a differentiable path from x to y, each after those that it needs.

    A gradient in `records` needs what was differentiated; how it was computed is left out.
    """
    key = y.name, x.name
    if key not in records.paths:
        varies, found = {x.name}, []
        for op in records.ancestors([y], {x.name}):
            stops = op.type in kinds.CONSTANT and not (trace.is_complex_sign(op) or trace.recenters(op))
            if not stops and any(t.name in varies and trace.carries(t) for t in records.needs(op)):
                found.append(op)
                varies.update(t.name for t in op.outputs if trace.carries(t))
        records.paths[key] = found if y.name in varies else []
    return records.paths[key]


def prove(records: Records, y: tf.Tensor, by: Source) -> list[Any]:
    """Returns the ops between x and y, if the rows of y are independent and series differentiate y as TensorFlow does.

    Raises:
        NotProvedError: there is no proof.
    """
    key = y.name, by.x.name
    if key not in records.proofs:
        try:
            records.proofs[key] = _prove(records, y, by)
        except NotProvedError as error:
            records.proofs[key] = str(error)
    found = records.proofs[key]
    if isinstance(found, str):
        raise NotProvedError(found)
    return found


def _prove(records: Records, y: tf.Tensor, by: Source) -> list[Any]:
    ops = path(records, by.x, y)
    if not ops:
        return []
    if y.shape.rank is None:
        raise NotProvedError(f"the rank of {trace.describe(y.op)} is unknown")
    given: dict[str, Sequence[int]] = {by.x.name: by.row_axes}
    for op in ops:
        gradient = records.get(op)
        if gradient is None:
            _refuse(op)
            _refuse_partial(records, op, by)
            continue
        if not _same_rows(gradient.source, by):
            raise NotProvedError(f"{trace.describe(op)} is a gradient by a tensor with other rows")
        for root in gradient.ys:
            prove(records, root, by)
            for source in {gradient.source, *(records.sources[name] for (name, _), _ in gradient.before)}:
                prove(records, root, source)  # only then is each element of the gradient a derivative
        given |= dict.fromkeys([t.name for t in op.outputs], by.row_axes)
    if not by.row_axes:
        return ops
    (found,) = rows.states(given, [y], [op for op in ops if records.get(op) is None])
    if isinstance(found, rows.Mixed):
        raise NotProvedError(f"{trace.describe(found.op)} mixes rows")
    if isinstance(found, rows.Unknown):
        raise NotProvedError(f"nothing shows that {trace.describe(found.op)} keeps rows independent")
    if found.axes is not None and list(found.axes) != by.row_axes:
        raise NotProvedError(f"{trace.describe(found.op)} moves the rows to another axis")
    return ops


def require_unchanged(ops: Iterable[Any]) -> None:
    """Raises where an op runs a function that reads a variable which was changed since: series read it again."""
    for op in ops:
        handles = [t for t in op.inputs if t.dtype == tf.resource] if op.type in kinds.FUNCTIONAL else []
        users = {user.name: user for t in handles for user in t.consumers()}
        if changing := [user for user in users.values() if any(map(trace.changes, _with_all_bodies([user])))]:
            places = {o.name: i for i, o in enumerate(op.graph.get_operations())}
            for user in changing:
                if places[user.name] > places[op.name]:
                    raise NotProvedError(
                        f"{trace.describe(user)} changes a variable after {trace.describe(op)} read it"
                    )


def _with_all_bodies(ops: Iterable[Any]) -> Iterator[Any]:
    """Yields the ops and, recursively, all ops of each function that they call."""
    for op in ops:
        yield op
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                yield from _with_all_bodies(graph.get_operations())


def _same_rows(a: Source, b: Source) -> bool:
    """Whether the rows of two sources can be the same, as far as their lengths are known."""
    return a.row_axes == b.row_axes and a.x.shape[: a.rows].is_compatible_with(b.x.shape[: b.rows])


_PARTIAL = {"Betainc": (0, 1), "Polygamma": (0,), "ResizeBilinear": (0,), "Zeta": (0,)}
"""Ops by some inputs of which TensorFlow takes a derivative, of first or of second order, to be zero."""


def _refuse_partial(records: Records, op: Any, by: Source) -> None:
    """Raises where series find a derivative that TensorFlow leaves out."""
    for i in _PARTIAL.get(op.type, ()):
        if op.inputs[i].name == by.x.name or path(records, by.x, op.inputs[i]):
            raise NotProvedError(f"TensorFlow leaves out derivatives of {trace.describe(op)}")


def _refuse(op: Any) -> None:
    """Raises for an op that series differentiate unlike TensorFlow, or compute a second time with another value."""
    if op.type in kinds.FUNCTIONAL:
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                _refuse_in_function(graph.get_operations())
    if op.type in opaque.PYTHON or trace.hidden(op):
        raise NotProvedError(f"{trace.describe(op)} runs a function whose ops cannot be seen")
    if custom_gradients.is_users(op) and not custom_gradients.is_swish(op):
        raise NotProvedError(f"{trace.describe(op)} has a custom gradient")
    if trace.changes(op):
        raise NotProvedError(f"{trace.describe(op)} changes state")
    if op.type == "StopGradient":
        raise NotProvedError(f"{trace.describe(op)} is a part of tf.nn.moments")


def _refuse_in_function(ops: Iterable[Any]) -> None:
    for op in ops:
        if op.type in kinds.DRAWS:
            raise NotProvedError(f"{trace.describe(op)} would draw again")
        if trace.recenters(op):
            raise NotProvedError(f"{trace.describe(op)} is a part of tf.nn.moments")
        if op.type in _PARTIAL:
            raise NotProvedError(f"TensorFlow leaves out derivatives of {trace.describe(op)}")
        if op.type != "StopGradient":
            _refuse(op)
