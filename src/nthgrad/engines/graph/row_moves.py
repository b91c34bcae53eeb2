"""Rules of the row analysis: ops that move, repeat or select elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph.places import (
    FIXED,
    Inputs,
    MixError,
    NoProofError,
    Place,
    Roles,
    Rule,
    chosen,
    each,
    mapped,
    number,
    rank,
    require_constant,
    static,
)


def expand(op: Any, states: Inputs) -> list[Roles]:
    """ExpandDims."""
    at = int(static(op.inputs[1])) % (rank(op.inputs[0]) + 1)
    return [mapped(states[0], lambda p: p.at(p.axis + (p.axis >= at)))]


def squeeze(op: Any, states: Inputs) -> list[Roles]:
    """Squeeze."""
    n = rank(op.inputs[0])
    gone = [axis % n for axis in op.get_attr("squeeze_dims")]
    if not gone:
        if not op.inputs[0].shape.is_fully_defined():
            raise NoProofError
        gone = [axis for axis, length in enumerate(op.inputs[0].shape) if length == 1]

    def move(p: Place) -> Place:
        if p.axis in gone:
            raise NoProofError  # squeezing requires a single row
        return p.at(p.axis - sum(axis < p.axis for axis in gone))

    return [mapped(states[0], move)]


def transpose(op: Any, states: Inputs) -> list[Roles]:
    """Transpose."""
    order = [int(axis) for axis in static(op.inputs[1])]
    return [mapped(states[0], lambda p: p.at(order.index(p.axis)))]


def tile(op: Any, states: Inputs) -> list[Roles]:
    """Tile."""
    times = _lengths(op.inputs[1])

    def move(p: Place) -> Place:
        if p.axis >= len(times) or times[p.axis] != 1:
            raise NoProofError
        return p

    return [mapped(states[0], move)]


def broadcast_to(op: Any, states: Inputs) -> list[Roles]:
    """BroadcastTo."""
    by = rank(op.outputs[0]) - rank(op.inputs[0])
    return [mapped(states[0], lambda p: p.at(p.axis + by))]


def pad(op: Any, states: Inputs) -> list[Roles]:
    """Pad, PadV2, MirrorPad: padding before a row moves it."""
    widths = static(op.inputs[1])

    def move(p: Place) -> Place:
        before, after = widths[p.axis]
        if op.type == "MirrorPad" and (before or after):
            raise NoProofError
        return p.moved(-int(before))

    for s in states[2:]:
        require_constant(s)
    return [mapped(states[0], move)]


def reshape(op: Any, states: Inputs) -> list[Roles]:
    """Reshape."""
    rank(op.inputs[0])
    rank(op.outputs[0])
    x = list(op.inputs[0].shape)
    y = list(op.outputs[0].shape)
    if len(found := _lengths(op.inputs[1])) == len(y):
        y = [m if n is None else n for n, m in zip(y, found, strict=True)]
    return [mapped(states[0], lambda p: _reshaped(p, x, y))]


def _lengths(t: tf.Tensor) -> list[int | None]:
    """Returns the known lengths of a shape tensor, also of one computed as in tf.tensordot."""
    op, value = t.op, tf.get_static_value(t)
    if value is not None:
        return [None if n < 0 else int(n) for n in value.ravel()]
    if op.type == "Shape" and op.inputs[0].shape.rank is not None:
        return list(op.inputs[0].shape)
    if op.type == "GatherV2":
        found, indices = _lengths(op.inputs[0]), tf.get_static_value(op.inputs[1])
        if indices is not None:
            return [found[i] for i in indices.ravel()]
    if op.type == "Prod":
        return [_product(_lengths(op.inputs[0]))]
    if op.type == "OnesLike":
        return [1] * (t.shape.num_elements() or 0)
    if op.type == "Reshape" and t.shape.rank == 1:
        return _lengths(op.inputs[0])
    if op.type in ("ConcatV2", "Pack"):
        parts = op.inputs[:-1] if op.type == "ConcatV2" else op.inputs
        return [n for part in parts for n in _lengths(part)]
    return [None] * (t.shape.num_elements() or 0)


def _reshaped(p: Place, x: Sequence[int | None], y: Sequence[int | None]) -> Place:
    """Returns a place after a reshape.

    If n is the index of an element in row-major order, its row is first + n // step % count.
    """
    above, length = _product(x[: p.axis]), x[p.axis]
    step, count = _product(x[p.axis + 1 :]), p.count
    if step is None:
        raise NoProofError
    if count is None and above != 1:
        if length is None or length % p.every:
            raise NoProofError
        count = length // p.every
    step *= p.every
    for axis, n in enumerate(y):
        inner, outermost = _product(y[axis + 1 :]), _product(y[:axis]) == 1
        if inner is None or not inner or step % inner or n == 1 or not (outermost or n):
            continue
        every = step // inner
        if outermost and count is None:
            return _at(p, axis, every, None)
        if count is not None and n is not None and n % (every * count) == 0:
            return _at(p, axis, every, None if n == every * count else count)
        if count is not None and outermost:
            return _at(p, axis, every, count)
    raise NoProofError


def _at(p: Place, axis: int, every: int, count: int | None) -> Place:
    p.in_order()
    if p.first and (every, count) != (p.every, p.count):
        raise NoProofError
    return Place(axis, p.first, every, count)


def _product(lengths: Sequence[int | None]) -> int | None:
    return None if None in lengths else math.prod(lengths)  # type: ignore[arg-type]


def concat(op: Any, states: Inputs) -> list[Roles]:
    """Concat, ConcatV2: on the concatenated axis, each part has to be at the position of its rows."""
    where = 0 if op.type == "Concat" else len(op.inputs) - 1
    parts = [t for i, t in enumerate(op.inputs) if i != where]
    n = rank(op.outputs[0])
    axis = int(static(op.inputs[where])) % n
    return _joined([s for i, s in enumerate(states) if i != where], axis, [t.shape[axis] for t in parts], shift=False)


def pack(op: Any, states: Inputs) -> list[Roles]:
    """Pack: tf.stack."""
    axis = op.get_attr("axis") % rank(op.outputs[0])
    return _joined(states, axis, [1] * len(states), shift=True)


def _joined(states: Inputs, axis: int, lengths: Sequence[int | None], *, shift: bool) -> list[Roles]:
    found: set[Roles] = set()
    before: int | None = 0
    for state, n in zip(states, lengths, strict=True):
        if state is not None:

            def put(p: Place, before: int | None = before, n: int | None = n) -> Place:
                if p.axis == FIXED and n == 1 and before is not None and p.first == before:
                    return Place(axis)
                if p.axis == FIXED:
                    return p
                if p.axis == axis and not shift:
                    if before is None:
                        raise NoProofError
                    return p.moved(-before)
                return p.at(p.axis + (shift and p.axis >= axis))

            found.add(frozenset(tuple(map(put, role)) for role in state.roles))
        before = None if before is None or n is None else before + n
    if len(found) > 1:
        raise NoProofError  # a later op may separate the parts
    return [*found] or [frozenset()]


def unpack(op: Any, states: Inputs) -> list[Roles]:
    """Unpack: tf.unstack."""
    axis = op.get_attr("axis") % rank(op.inputs[0])

    def move(p: Place, i: int) -> Place:
        return chosen(p, i) if p.axis == axis else p.at(p.axis - (p.axis > axis))

    return [mapped(states[0], lambda p, i=i: move(p, i)) for i in range(len(op.outputs))]


def split(op: Any, states: Inputs) -> list[Roles]:
    """Split, SplitV."""
    where, x = (0, op.inputs[1]) if op.type == "Split" else (2, op.inputs[0])
    axis = int(static(op.inputs[where])) % rank(x)
    (state,) = [s for s in states if s is not None]
    starts: list[int | None] = [0]
    for t in op.outputs[:-1]:
        n = t.shape[axis]
        starts.append(None if n is None or starts[-1] is None else starts[-1] + n)

    def move(p: Place, start: int | None) -> Place:
        if p.axis != axis:
            return p
        if any(t.shape[axis] is None for t in op.outputs):
            raise NoProofError  # perhaps a single row
        return p.moved(start or 0)

    return [mapped(state, lambda p, start=start: move(p, start)) for start in starts]


def cut(op: Any, states: Inputs) -> list[Roles]:
    """Slice: the begin index moves the rows."""
    y = op.outputs[0]
    begin, size = (tf.get_static_value(t, partial=True) for t in op.inputs[1:])
    if begin is None and op.inputs[1].op.type == "ConcatOffset":  # the gradient of a concat
        begin = static(op.inputs[1])

    def move(p: Place) -> Place:
        if begin is None or begin[p.axis] is None:
            raise NoProofError
        start, length = int(begin[p.axis]), None if size is None else size[p.axis]
        if length == 1 and p.every == 1 and p.count is None:
            return chosen(p, start)
        if y.shape[p.axis] is None and not (start == 0 and length == -1):
            raise NoProofError  # perhaps a single row
        return p.moved(start)

    return [mapped(states[0], move)]


def _sliced_axes(op: Any, n: int, count: int) -> tuple[dict[int, tuple[int | None, int | None]], Any]:
    """Returns for each axis of x its axis in x[...] and its entry of the slice; and whether an entry has a mask.

    Args:
        op: a StridedSlice, or its gradient.
        n: the rank of x.
        count: the number of entries of the slice.
    """
    bits = {name: op.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}

    def has(name: str, i: int) -> bool:
        return bool(bits[name] >> i & 1)

    news = sum(has("new_axis", i) and not has("ellipsis", i) for i in range(count))
    taken = count - news - any(has("ellipsis", i) for i in range(count))
    to: dict[int, tuple[int | None, int | None]] = {}  # for each old axis: the new axis, the entry of the slice
    axis = new = 0
    for i in range(count):
        if has("ellipsis", i):
            for _ in range(n - taken):
                to[axis] = (new, None)
                axis, new = axis + 1, new + 1
        elif has("new_axis", i):
            new += 1
        else:
            gone = has("shrink_axis", i)
            to[axis] = (None if gone else new, i)
            axis, new = axis + 1, new + (not gone)
    for rest in range(axis, n):
        to[rest] = (new + rest - axis, None)
    return to, has


def strided_slice_gradient(op: Any, states: Inputs) -> list[Roles]:
    """StridedSliceGrad: zeros, with the gradient in place of the slice."""
    for s in states[:4]:
        require_constant(s)
    to, has = _sliced_axes(op, rank(op.outputs[0]), len(static(op.inputs[3])))
    whole = {at: axis for axis, (at, i) in to.items() if i is None or (has("begin", i) and has("end", i))}

    def move(p: Place) -> Place:
        i = to[whole[p.axis]][1] if p.axis in whole else None
        if p.axis not in whole or (i is not None and int(static(op.inputs[3])[i]) != 1):
            raise NoProofError
        return p.at(whole[p.axis])

    return [mapped(states[4], move)]


def strided_slice(op: Any, states: Inputs) -> list[Roles]:
    """StridedSlice: x[...]."""
    x = op.inputs[0]
    n = rank(x)
    begin, end, strides = (tf.get_static_value(t, partial=True) for t in op.inputs[1:])
    if strides is None or begin is None or end is None:
        raise NoProofError
    to, has = _sliced_axes(op, n, len(strides))

    def move(p: Place) -> Place:
        at, i = to[p.axis]
        if i is None:
            return p.at(at)  # type: ignore[arg-type]
        known = begin[i] is not None
        if at is None:
            if known:
                return chosen(p, int(begin[i]))
            source = op.inputs[1].op
            if source.type == "Pack":
                return chosen(p, number(source.inputs[i]))
            raise NoProofError
        if strides[i] is None or int(strides[i]) != 1:
            if strides[i] is not None and int(strides[i]) == -1 and has("begin", i) and has("end", i):
                return p.permuted().at(at)  # x[::-1]
            raise NoProofError
        start = 0 if has("begin", i) else int(begin[i]) if known else None
        length = x.shape[p.axis]
        if start is not None and start < 0:
            start = None if length is None else max(0, start + length)
        if start is None:
            raise NoProofError
        if op.outputs[0].shape[at] is None and not (start == 0 and has("end", i)):
            if end[i] is not None and int(end[i]) == start + 1 and not has("end", i):
                return chosen(p, start)  # x[:1] of an open length
            raise NoProofError  # perhaps a single row
        return p.moved(start).at(at)

    return [mapped(states[0], move)]


def gather(op: Any, states: Inputs) -> list[Roles]:
    """Gather, GatherV2: consecutive indices move rows; decreasing or repeated ones mix them."""
    x, indices = op.inputs[:2]
    axis = int(static(op.inputs[2])) % rank(x)
    batch = op.get_attr("batch_dims")
    taken = rank(indices)
    require_constant(states[1])
    batch += taken if batch < 0 else 0

    def move(p: Place) -> Place:
        if p.axis != axis:
            return p.at(p.axis + (taken - batch - 1) * (p.axis > axis))
        if not taken:
            return chosen(p, number(indices))
        found = tf.get_static_value(indices)
        if found is None or batch or taken != 1 or not found.size:
            raise NoProofError
        if (np.diff(found) == 1).all() and found[0] >= 0:
            return p.moved(int(found[0]))
        if (np.diff(found) > 0).all():
            raise NoProofError
        raise MixError

    return [mapped(states[0], move)]


def gather_nd(op: Any, states: Inputs) -> list[Roles]:
    """GatherNd: the axes that are not indexed are kept."""
    depth, n = op.inputs[1].shape[-1], rank(op.inputs[1])
    require_constant(states[1])

    def move(p: Place) -> Place:
        if depth is None or p.axis < depth:
            raise NoProofError
        return p.at(p.axis - depth + n - 1)

    return [mapped(states[0], move)]


def diagonal_part(op: Any, states: Inputs) -> list[Roles]:
    """MatrixDiagPart, V2, V3, of the main diagonal."""
    n = rank(op.inputs[0])
    for t in op.inputs[1:2]:
        if np.any(static(t) != 0):
            raise NoProofError
    for s in states[1:]:
        require_constant(s)
    return [mapped(states[0], lambda p: p.at(min(p.axis, n - 2)))]


def diagonal(op: Any, states: Inputs) -> list[Roles]:
    """MatrixDiag, V2, V3, of the main diagonal."""
    for t in op.inputs[1:2]:
        if np.any(static(t) != 0):
            raise NoProofError
    for s in states[1:]:
        require_constant(s)
    last = rank(op.inputs[0]) - 1

    def move(p: Place) -> Place:
        if p.axis == last:
            raise NoProofError  # the rows are on both axes
        return p

    return [mapped(states[0], move)]


RULES: dict[str, Rule] = {
    "BroadcastTo": broadcast_to,
    "ExpandDims": expand,
    "GatherNd": gather_nd,
    "GatherV2": gather,
    "Pack": pack,
    "Reshape": reshape,
    "Slice": cut,
    "Squeeze": squeeze,
    "StridedSlice": strided_slice,
    "StridedSliceGrad": strided_slice_gradient,
    "Tile": tile,
    "Transpose": transpose,
    "Unpack": unpack,
    **each("Concat ConcatV2", concat),
    **each("MatrixDiag MatrixDiagV2 MatrixDiagV3", diagonal),
    **each("MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3", diagonal_part),
    **each("MirrorPad Pad PadV2", pad),
    **each("Split SplitV", split),
}
