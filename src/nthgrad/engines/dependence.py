"""Whether and how f(x) depends on x: refused is an f without a differentiable path, or with one out of sight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import trace
from nthgrad.engines.repairs import DISGUISES, WRITES
from nthgrad.errors import DependenceError, UnsupportedOpError

WAYS_OUT = "Write that part of f with other ops, or use nthgrad.finite_difference."


def used(
    xs: Sequence[tf.Tensor], outputs: Sequence[tf.Tensor], names: Sequence[str], axes: Sequence[int]
) -> dict[int, list[Any]]:
    """The coordinates that f uses, and for each the ops on a differentiable path from it to the outputs.

    The derivatives by the others are zero: no path of any kind leads from these to the outputs.

    Args:
        xs: the coordinates, tensors of the graph being traced.
        outputs: what f made of them.
        names: how errors call them.
        axes: the indices of those to differentiate by.

    Raises:
        DependenceError: f uses no coordinate, or one through ops without a derivative only.
        UnsupportedOpError: as `check`.
    """
    kept = [axis for axis in axes if _reaches(xs[axis], outputs)] or axes
    return {axis: check(xs[axis], outputs, names[axis], ", ".join(names)) for axis in kept}


def _reaches(x: tf.Tensor, outputs: Sequence[tf.Tensor]) -> bool:
    """Whether anything of x but its shape may get to an output: through ops of any dtype, variables and functions."""
    reached, wanted = {x.name}, {t.name for t in outputs}
    for op in x.graph.get_operations():  # in the order of their creation
        if op.type not in _OF_SHAPES and any(t.name in reached for t in op.inputs):
            reached.update(t.name for t in op.outputs)
            if op.op_def.is_stateful or op.type.startswith(WRITES):
                reached.update(t.name for t in op.inputs if t.dtype == tf.resource)
    return bool(reached & wanted)


_OF_SHAPES = ("OnesLike", "Rank", "Shape", "ShapeN", "Size", "ZerosLike")


def check(x: tf.Tensor, outputs: Sequence[tf.Tensor], name: str = "x", of: str = "x") -> list[Any]:
    """The ops on a differentiable path from x to the outputs.

    Raises where the graph has no derivative of the outputs by x, whatever the engine.

    Args:
        x: a tensor of the graph being traced.
        outputs: what f made of it.
        name: how errors call x.
        of: how they call what f was given.

    Raises:
        DependenceError: no differentiable path leads from x to any output.
        UnsupportedOpError: a path leads through the state of a variable, or through the bits or text of a number.
    """
    path = trace.between([x], outputs)
    if not path:
        raise DependenceError(_independent(outputs, x, name, of))
    refuse_hidden([x], outputs)
    return path


def refuse_hidden(sources: Iterable[tf.Tensor], outputs: Sequence[tf.Tensor]) -> None:
    """Raises where f(x) depends on x out of every derivative's sight: by a variable's state, by bits, by text."""
    if not outputs:
        return
    used, written = trace.leads_to(outputs), {}
    reached = {t.name for t in sources if trace.carries(t)}
    for op in outputs[0].graph.get_operations():
        needed = any(t.name in used for t in op.outputs)
        for handle in (t.name for t in op.inputs if t.dtype == tf.resource):
            if needed and handle in written:
                raise UnsupportedOpError(
                    f"{trace.describe(op)} reads what {written[handle]} wrote, which depends on x: no derivative goes "
                    "through the state of a variable. Use the value itself."
                )
        if op.type in trace.CONSTANT or not any(t.name in reached for t in op.inputs):
            continue
        if needed and op.type in DISGUISES:
            raise UnsupportedOpError(
                f"{trace.describe(op)} cannot be differentiated: f(x) uses the bits or the text of a number that "
                f"depends on x. {WAYS_OUT}"
            )
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                refuse_hidden(graph.inputs, graph.outputs)
        if op.type.startswith(WRITES):
            written.update((t.name, trace.describe(op)) for t in op.inputs if t.dtype == tf.resource)
        reached.update(t.name for t in op.outputs if trace.carries(t))


def _independent(outputs: Sequence[tf.Tensor], x: tf.Tensor, name: str, of: str) -> str:
    steps = [op for op in trace.between([x], outputs, stop=frozenset()) if op.type in trace.CONSTANT]
    why = (
        f"only {trace.describe(steps[0])} leads there, whose derivative is zero wherever it exists"
        if steps
        else ("no path of floating-point ops leads there")
    )
    return (
        f"f({of}) does not depend on {name} through any differentiable path: {why}. Check that f uses its argument, in "
        "TensorFlow ops and without casts to integers."
    )
