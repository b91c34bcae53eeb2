"""Rebuilds an op on new inputs; raises if TensorFlow 2 cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from nthgrad.engines.graph import kinds, rebuild
from nthgrad.errors import LegacyError, NthgradError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift import arrays, harmless
from nthgrad.legacy._lift.ops import CUT, PASSES, VARIABLES, describe, kind, writes


class Handle(NamedTuple):
    """The variable that a resource handle refers to."""

    variable: tf.Variable
    value: tf.Tensor


def rebuild_op(
    op: Any,
    inputs: Sequence[Any],
    variables: Mapping[str, tf.Variable],
    constants: Mapping[str, tf.Tensor],
    resolve: Callable[[tf.Tensor], tf.Tensor],
    *,
    safe_mode: bool,
) -> Sequence[Any]:
    """Rebuilds an op and returns its outputs.

    Args:
        op: an op of the old graph that calls no function and joins no branches or loops.
        inputs: tensors, Handles and arrays.Arrays.
        variables: the new variables, by the name of the op of the old one.
        constants: values that exist already, by the name of the op.
        resolve: maps a tensor of the old graph to the tensor of which it is an alias.
        safe_mode: whether to refuse an op that is not known to be harmless.

    Raises:
        LegacyError: if TensorFlow 2 cannot rebuild the op.
    """
    name = kind(op)
    if name in PASSES or name in ("LoopCond", "Print"):
        return list(inputs[:1]) * len(op.outputs)  # not tf.identity: the flow of a TensorArray is a list here
    if name == "Const" and op.name in constants:
        return [tf.convert_to_tensor(constants[op.name])]
    if op.type in VARIABLES:
        value = variables[op.name].read_value()  # once, not in every loop and branch that reads it
        return [Handle(variables[op.name], value) if op.type == "VarHandleOp" else value]
    if name in _READS:
        return [_READS[name](op, *inputs)]
    if name in arrays.OPS:
        return arrays.OPS[name](op, inputs, resolve)
    if safe_mode:
        harmless.check(op)
    _refuse(op)
    values = [as_tensor(x) for x in inputs]
    try:
        if _private.attribute(op, "_gradient_op_type") is not None:
            return _without_gradient(op, values)
        return rebuild.rebuild_op(op, values)
    except (TypeError, ValueError, tf.errors.OpError) as error:
        if isinstance(error, NthgradError):
            raise
        said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise LegacyError(
            f"{describe(op)} cannot be rebuilt on {_listed(values)}: {said.rstrip('.')}. {CUT}"
        ) from error


def _refuse(op: Any) -> None:
    if op.type == "Placeholder":
        raise LegacyError(
            f"The placeholder '{op.name}' has no value. Make it an input, or fix it with feed={{'{op.name}': value}}."
        )
    if "PyFunc" in op.type:
        raise LegacyError(f"{describe(op)} runs Python code of the old program, which a graph does not hold. {CUT}")
    if writes(op):
        raise LegacyError(f"{describe(op)} changes a variable to compute its value. {CUT}")
    if op.op_def.is_stateful and op.type not in kinds.UNCHANGING:
        raise LegacyError(f"{describe(op)} keeps its state in a session of TensorFlow 1. {CUT}")
    if not hasattr(tf.raw_ops, op.type):
        raise LegacyError(f"{describe(op)} is an op that TensorFlow {tf.__version__} does not have. {CUT}")


def shaped(value: Any, old: tf.Tensor) -> Any:
    """Sets the shape that the old graph states for a tensor."""
    stated = isinstance(value, tf.Tensor) and value.dtype != tf.variant and old.shape.rank is not None
    if stated and value.shape.is_compatible_with(old.shape):
        value.set_shape(old.shape)
    return value


def _listed(values: Sequence[tf.Tensor]) -> str:
    return ", ".join(f"{x.dtype.name} {x.shape}" for x in values) or "no inputs"


def as_tensor(value: Any) -> tf.Tensor:
    """Returns the value of a Handle; returns a tensor unchanged."""
    return value.value if isinstance(value, Handle) else value


# Reads go through the tf.Variable, so that tapes watch it.
_READS: dict[str, Callable[..., tf.Tensor]] = {
    "ReadVariableOp": lambda op, v: v.value,
    "VariableShape": lambda op, v: tf.shape(v.value, op.get_attr("out_type")),
    "ResourceGather": lambda op, v, i: tf.gather(v.variable, i, batch_dims=_private.attribute(op, "batch_dims") or 0),
    "ResourceGatherNd": lambda op, v, i: tf.gather_nd(v.variable, i),
}


def _without_gradient(op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Rebuilds an op with a custom gradient, which no graph holds: differentiating it raises."""

    @tf.custom_gradient
    def apply(*inputs: tf.Tensor) -> Any:
        made = rebuild.rebuild_op(op, inputs)

        def gradient(*_: Any) -> Any:
            raise LegacyError(
                f"{describe(op)} has a custom gradient (tf.custom_gradient or gradient_override_map), which is Python "
                f"code that a graph does not hold: tapes cannot differentiate it. {CUT}"
            )

        return made, gradient

    return tf.nest.flatten(apply(*inputs))
