"""Explains second derivatives through loops, where TensorFlow 1 raised, or returned None for a resource variable."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import tensorflow as tf

from nthgrad import acceleration
from nthgrad.errors import LegacyError
from nthgrad.legacy._tensorflow_1 import randomness

_REFUSAL = "Second-order gradient for while loops not supported"
_V2 = (
    "Use control flow v2, which supports it: legacy.session(control_flow='v2'), or "
    "`nthgrad run --control-flow v2 FILE`. Build all derivatives before the first Session.run."
)
_LATE = "Connecting to invalid output"
BUILT_LATE = (
    "A derivative through a loop or a cond was built after Session.run had run the loop or cond, which control flow v2 "
    "does not support. Build all derivatives before the first Session.run."
)


def built_late(error: Exception) -> bool:
    """Returns whether TensorFlow raised because a derivative was built too late."""
    return _LATE in str(error)


def gradients(function: Callable) -> Callable:
    """Wraps `tf.gradients` to explain missing second derivatives, and to accelerate them where that is switched on."""
    accelerated = _counting_as_before(function)

    @wraps(function)
    def inner(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            found = accelerated(ys, xs, *args, **kwargs)
        except (TypeError, ValueError) as error:
            if _REFUSAL not in str(error):
                raise
            raise LegacyError(f"tf.gradients was asked for a second derivative through a while loop. {_V2}") from error
        if not tf.executing_eagerly() and isinstance(found, list):
            for x, slope in zip(xs if isinstance(xs, list | tuple) else [xs], found, strict=True):
                if slope is None and _is_resource(x) and _through_a_loop(x, ys):
                    raise LegacyError(
                        f"tf.gradients gives None for {x.name!r}, a resource variable that a while loop reads, "
                        f"though the loop's result depends on it. {_V2}"
                    )
        return found

    return inner


def _counting_as_before(function: Callable) -> Callable:
    """Accelerates `tf.gradients`, without the ops that this adds to TensorFlow's own gradients: seeds count ops."""

    @wraps(function)
    def own(*args: Any, **kwargs: Any) -> Any:
        before = randomness.count(graph := tf.compat.v1.get_default_graph())
        found = function(*args, **kwargs)
        counts.append(randomness.count(graph) - before)
        return found

    accelerated, counts = acceleration.accelerated_gradients(own), []

    def inner(*args: Any, **kwargs: Any) -> Any:
        if tf.executing_eagerly():
            return function(*args, **kwargs)
        counts.clear()
        before = randomness.count(graph := tf.compat.v1.get_default_graph())
        found = accelerated(*args, **kwargs)
        if counts:
            randomness.add(before + sum(counts) - randomness.count(graph), graph)
        return found

    return inner


def _is_resource(x: Any) -> bool:
    return isinstance(x, tf.Variable) and getattr(getattr(x, "handle", None), "dtype", None) == tf.resource


def _through_a_loop(variable: Any, ys: Any) -> bool:
    """Returns whether a floating-point path from the variable to some y leaves a loop."""
    pending = [(y.op, False) for y in _flat(ys) if tf.as_dtype(y.dtype).is_floating]
    seen: set[tuple[int, bool]] = set()
    while pending:
        op, looped = pending.pop()
        if op.type == "StopGradient" or (id(op), looped) in seen:
            continue
        seen.add((id(op), looped))
        looped = looped or op.type == "Exit"
        if looped and op is variable.handle.op:
            return True
        sources = _pushed(op) if op.type == "StackPopV2" else op.inputs
        pending += [(each.op, looped) for each in sources if each.dtype.is_floating or each.dtype == tf.resource]
    return False


def _pushed(pop: tf.Operation) -> Iterable[tf.Tensor]:
    """Returns the tensors pushed on the stack that an op pops: values of the loop, used in the gradient's loop."""
    stack = pop.inputs[0]
    while stack.op.type == "Enter":
        stack = stack.op.inputs[0]
    pending, found = [stack], []
    while pending:
        for op in pending.pop().consumers():
            if op.type == "Enter":
                pending += op.outputs
            elif op.type == "StackPushV2":
                found.append(op.inputs[1])
    return found


def _flat(ys: Any) -> Iterable[Any]:
    return [y for y in (ys if isinstance(ys, list | tuple) else [ys]) if hasattr(y, "op")]
