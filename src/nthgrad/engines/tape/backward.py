"""One gradient backward: right where TensorFlow's own is wrong or silent, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.failures import FAILURES, reason
from nthgrad.engines.graph import custom_gradients, dependence, opaque, trace
from nthgrad.engines.graph.walk import ancestors
from nthgrad.engines.tape.repairs import REFUSED_INPUTS, refusal
from nthgrad.engines.tape.replay import Replay, needs_repair
from nthgrad.errors import NthgradError, UnsupportedOpError

_WAYS_OUT = f'Use method="taylor". {dependence.WAYS_OUT}'


def repaired(
    path: list[Any], sources: Sequence[tf.Tensor], targets: Sequence[tf.Tensor], *, custom: bool = True
) -> list[tf.Tensor]:
    """The targets, rebuilt from the sources where an op on the path between them has a bad gradient.

    Args:
        path: the ops between the sources and the targets.
        sources: what the targets are differentiated by.
        targets: the outputs of f.
        custom: whether custom gradients stay in force. Without, the ops that f computes are differentiated.
    """
    refuse(path, sources)
    if not needs_repair(path, custom=custom):
        return list(targets)
    try:
        return Replay({x.name: x for x in sources}, path, custom=custom).run(targets)
    except FAILURES as error:
        raise _unsupported(error, path, 1) from error


def gradient(
    tape: tf.GradientTape | None,
    y: tf.Tensor,
    x: tf.Tensor,
    path: list[Any],
    level: int = 1,
    seed: tf.Tensor | None = None,
) -> tf.Tensor:
    """The gradient of y's sum, or of <seed, y>, by x; zeros only where no differentiable path leads from x to y.

    Args:
        tape: a tape that has recorded how y is computed from x. Without one the graph is read, which is quicker: a tape
            has TensorFlow build a backward function at each call of a function. No tape may be open then that is to
            differentiate again, for reading rewrites loops and calls.
        y: a tensor of the graph being traced; with a tape, of any graph.
        x: a tensor that the tape watches.
        path: the ops between x and f(x), for errors.
        level: the order of the derivative that this is, for errors.
        seed: of the shape of y.
    """
    if any(map(trace.hidden, path)):
        _refuse_hidden(y, x, level)
    try:
        seeds = None if seed is None else [seed]
        dy = tf.gradients([y], x, seeds)[0] if tape is None else tape.gradient([y], x, seeds)
    except FAILURES as error:
        raise _unsupported(error, path, level) from error
    if dy is not None:
        dy = tf.convert_to_tensor(dy)  # IndexedSlices become dense
        dy.set_shape(x.shape)  # a loop forgets it
        return dy
    lost = trace.between([x], [y])
    if lost:
        kinds = ", ".join(sorted({op.type for op in lost}))
        raise UnsupportedOpError(
            f"TensorFlow gives no derivative of order {level}, although ops lead from x to the one of order "
            f"{level - 1}: {kinds}. {_WAYS_OUT}"
        )
    return tf.zeros_like(x)


def _refuse_hidden(y: tf.Tensor, x: tf.Tensor, level: int) -> None:
    """Raises where the path from x to y leads through a function that cannot be seen, unless by a custom gradient.

    TensorFlow differentiates such a function from its serialized form, and finds zeros for some of TensorFlow's own.
    """

    def needs(op: Any) -> Sequence[tf.Tensor]:
        return custom_gradients.arguments(op) if custom_gradients.needed_for(op) else op.inputs

    varying = {x.name}
    for op in ancestors([y], varying, needs):
        if any(t.name in varying for t in needs(op)):
            if trace.hidden(op):
                raise UnsupportedOpError(
                    f"{trace.describe(op)} runs a function whose ops cannot be seen, so the derivative of order "
                    f"{level} is unknown. {dependence.WAYS_OUT}"
                )
            varying.update(t.name for t in op.outputs if trace.carries(t))


def _unsupported(error: Exception, path: list[Any], level: int) -> NthgradError:
    """Names the op of f whose gradient op has no gradient, and the line that made it."""
    if isinstance(error, NthgradError):
        return error
    missing, text = reason(error)
    suspects = [op for op in trace.walk(path) if missing.startswith(op.type)]
    where = trace.describe(max(suspects, key=lambda op: len(op.type))) if suspects else "an op of f"
    return UnsupportedOpError(f"TensorFlow has no derivative of order {level} of {where}: {text}. {_WAYS_OUT}")


def refuse(path: list[Any], sources: Iterable[tf.Tensor]) -> None:
    """Raises where an op between the sources and f(x) would lose a part of the derivative without a word."""
    varying = {t.name for t in sources} | {t.name for op in path for t in op.outputs}
    for op in path:
        if op.type in opaque.PYTHON:
            opaque.check(op, varies=True)
        if reason := refusal(op):
            raise UnsupportedOpError(f"{trace.describe(op)} cannot be differentiated: {reason}. {_WAYS_OUT}")
        for index in REFUSED_INPUTS.get(op.type, ()):
            if op.inputs[index].name in varying:
                raise UnsupportedOpError(
                    f"{trace.describe(op)} cannot be differentiated by its input {index}: TensorFlow gives no gradient "
                    f"there although its output varies with it. {_WAYS_OUT}"
                )
        for graphs in trace.bodies(op).values():
            for graph in graphs:
                refuse(trace.between(graph.inputs, graph.outputs), graph.inputs)
