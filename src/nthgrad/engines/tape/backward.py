"""Computes gradients backward; repairs or refuses ops whose TensorFlow gradient is wrong or silently lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import own
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
    """Returns the targets, rebuilt where an op on the path has a wrong gradient.

    Args:
        path: the ops between the sources and the targets.
        sources: the tensors to differentiate by.
        targets: the outputs of f.
        custom: whether custom gradients stay in force. If not, the ops of f are differentiated.
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
    """Returns the gradient of y's sum, or of <seed, y>, by x; zeros only if there is no differentiable path.

    Args:
        tape: a tape that has recorded how y is computed from x. Without one, tf.gradients is used, which is faster: for
            a tape, TensorFlow builds a backward function at each call of a function. But tf.gradients rewrites loops
            and calls, so no open tape may differentiate the result.
        y: a tensor of the graph being traced; with a tape, of any graph.
        x: a tensor that the tape watches.
        path: the ops between x and f(x), for errors.
        level: the order of this derivative, for errors.
        seed: a tensor of the shape of y.
    """
    return gradients(tape, y, [x], path, level, seed)[0]


def gradients(
    tape: tf.GradientTape | None,
    y: tf.Tensor,
    xs: Sequence[tf.Tensor],
    path: list[Any],
    level: int = 1,
    seed: tf.Tensor | None = None,
) -> list[tf.Tensor]:
    """Returns the gradients of y's sum, or of <seed, y>, by several tensors: `gradient` by each, in one pass."""
    if any(map(trace.hidden, path)):
        for x in xs:
            _refuse_hidden(y, x, level)
    try:
        seeds = None if seed is None else [seed]
        found = own.gradients([y], xs, seeds) if tape is None else tape.gradient([y], xs, seeds)
    except FAILURES as error:
        raise _unsupported(error, path, level) from error
    return [_dense(dy, y, x, level) for dy, x in zip(found, xs, strict=True)]


def _dense(dy: Any, y: tf.Tensor, x: tf.Tensor, level: int) -> tf.Tensor:
    """Converts what TensorFlow returned for the gradient of y by x; raises where a path was lost."""
    if dy is not None:
        dy = tf.convert_to_tensor(dy)  # IndexedSlices become dense
        dy.set_shape(x.shape)  # a loop loses it
        return dy
    lost = trace.between([x], [y])
    if lost:
        kinds = ", ".join(sorted({op.type for op in lost}))
        raise UnsupportedOpError(
            f"TensorFlow returns no derivative of order {level}, although that of order {level - 1} depends on x "
            f"through these ops: {kinds}. {_WAYS_OUT}"
        )
    return tf.zeros_like(x)


def _refuse_hidden(y: tf.Tensor, x: tf.Tensor, level: int) -> None:
    """Raises where the path from x to y has a function without a graph, unless a custom gradient wraps it.

    TensorFlow differentiates such a function from its serialized form, and gets zeros for some of its own functions.
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
    """Returns an error that names the op of f whose gradient has no gradient, and the user's line."""
    if isinstance(error, NthgradError):
        return error
    missing, text = reason(error)
    suspects = [op for op in trace.with_bodies(path) if missing.startswith(op.type)]
    where = trace.describe(max(suspects, key=lambda op: len(op.type))) if suspects else "an op of f"
    return UnsupportedOpError(f"TensorFlow has no derivative of order {level} of {where}: {text}. {_WAYS_OUT}")


def refuse(path: list[Any], sources: Iterable[tf.Tensor]) -> None:
    """Raises where an op between the sources and f(x) would silently lose a part of the derivative."""
    varying = {t.name for t in sources} | {t.name for op in path for t in op.outputs}
    for op in path:
        if op.type in opaque.PYTHON:
            raise opaque.python_error(op)
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
