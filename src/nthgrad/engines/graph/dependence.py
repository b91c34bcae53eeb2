"""Finds the differentiable paths from x to f(x); refuses an f without one, or with one that no engine can follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import kinds, trace
from nthgrad.errors import DependenceError, UnsupportedOpError

_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "Case", "If", "StatelessCase", "StatelessIf")
WAYS_OUT = "Write that part of f with other ops, or use nthgrad.finite_difference."


def used(
    xs: Sequence[tf.Tensor], outputs: Sequence[tf.Tensor], names: Sequence[str], axes: Sequence[int]
) -> dict[int, list[Any]]:
    """Returns the coordinates that the outputs depend on, and for each the ops on a differentiable path.

    The derivatives by the other coordinates are zero: there is no path of any kind.

    Args:
        xs: the coordinates, tensors of the graph being traced.
        outputs: the outputs of f.
        names: the names of the coordinates in errors.
        axes: the indices of the coordinates to differentiate by.

    Raises:
        DependenceError: f uses no coordinate, or one through ops without a derivative only.
        UnsupportedOpError: as `check`.
    """
    kept = [axis for axis in axes if _reaches([xs[axis]], outputs)] or axes
    return {axis: check(xs[axis], outputs, names[axis], ", ".join(names)) for axis in kept}


def _reaches(xs: Sequence[tf.Tensor], outputs: Sequence[tf.Tensor], stop: Collection[str] = kinds.SHAPE_ONLY) -> bool:
    """Whether an output depends on one of xs through ops of types other than `stop`."""
    reached = _reached(xs[0].graph, {x.name for x in xs}, stop)
    return any(y.name in reached for y in outputs)


def _reached(graph: tf.Graph, reached: set[str], stop: Collection[str]) -> set[str]:
    """Returns the names of the tensors, variables included, that depend on some tensors of a graph.

    Functions that the graph calls are walked. If `stop` is `kinds.CONSTANT`, only differentiable paths count.
    """
    slopes = stop is kinds.CONSTANT
    for op in graph.get_operations():  # creation order is a topological order
        stops = op.type in stop and not (slopes and (trace.recenters(op) or trace.is_complex_sign(op)))
        if stops or not any(t.name in reached and (trace.carries(t) or not slopes) for t in op.inputs):
            continue
        graphs = [g for graphs in trace.bodies(op).values() for g in graphs]
        chosen = op.type not in _CALLS[:2] and op.inputs[0].name in reached and not slopes
        if graphs and op.type in _CALLS and not chosen:
            for body in graphs:
                given = list(op.inputs)[len(op.inputs) - len(body.inputs) :]
                inside = {i.name for i, t in zip(body.inputs, given, strict=True) if t.name in reached}
                inside = _reached(body, inside, stop)
                reached.update(t.name for i, t in zip(body.inputs, given, strict=True) if i.name in inside)
                # TensorFlow appends outputs to a body whose gradient it was asked for.
                reached.update(t.name for o, t in zip(body.outputs, op.outputs, strict=False) if o.name in inside)
            continue
        reached.update(t.name for t in op.outputs)
        if op.op_def.is_stateful and op.type not in kinds.UNCHANGING:
            reached.update(t.name for t in op.inputs if t.dtype == tf.resource)
    return reached


def check(x: tf.Tensor | list[tf.Tensor], outputs: Sequence[tf.Tensor], name: str = "x", of: str = "x") -> list[Any]:
    """Returns the ops on a differentiable path from x to the outputs.

    Raises where no engine can differentiate the outputs by x.

    Args:
        x: a tensor of the graph being traced; or the tensors of a structure, of which one has to have a path.
        outputs: the outputs of f.
        name: the name of x in errors.
        of: the names of all arguments of f in errors.

    Raises:
        DependenceError: there is no differentiable path from x to any output.
        UnsupportedOpError: a path goes through the state of a variable, or through the bits or text of a number.
    """
    xs = x if isinstance(x, list) else [x]
    path = trace.between(xs, outputs)
    if path:
        refuse_hidden(xs, outputs)
    if not path or not _reaches(xs, outputs, kinds.CONSTANT):  # the path may end in a called function
        raise DependenceError(_independent(outputs, xs, name, of))
    return path


def refuse_hidden(sources: Iterable[tf.Tensor], outputs: Sequence[tf.Tensor]) -> None:
    """Raises where f(x) depends on x through a variable's state, bits or text, which no engine can differentiate."""
    if not outputs:
        return
    used, written = trace.dependencies(outputs), {}
    reached = {t.name for t in sources if trace.carries(t)}
    for op in outputs[0].graph.get_operations():
        needed = any(t.name in used for t in op.outputs)
        for handle in (t.name for t in op.inputs if t.dtype == tf.resource):
            if needed and handle in written:
                raise UnsupportedOpError(
                    f"{trace.describe(op)} reads a value written by {written[handle]}, which depends on x: no "
                    "derivative goes through the state of a variable. Use the value itself."
                )
        if op.type in kinds.CONSTANT or not any(t.name in reached for t in op.inputs):
            continue
        if needed and op.type in kinds.ENCODINGS:
            raise UnsupportedOpError(
                f"{trace.describe(op)} cannot be differentiated: f(x) uses the bits or the text of a number that "
                f"depends on x. {WAYS_OUT}"
            )
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                refuse_hidden(graph.inputs, graph.outputs)
        if trace.changes(op):
            written.update((t.name, trace.describe(op)) for t in op.inputs if t.dtype == tf.resource)
        reached.update(t.name for t in op.outputs if trace.carries(t))


def _independent(outputs: Sequence[tf.Tensor], xs: Sequence[tf.Tensor], name: str, of: str) -> str:
    steps = [op for op in trace.between(xs, outputs, stop=frozenset()) if op.type in kinds.CONSTANT]
    why = (
        f"only through {trace.describe(steps[0])}, whose derivative is zero wherever it exists"
        if steps
        else "there is no path of floating-point ops"
    )
    return (
        f"f({of}) does not depend on {name} through any differentiable path: {why}. Check that f uses its argument, in "
        "TensorFlow ops and without casts to integers."
    )
