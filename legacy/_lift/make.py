"""Makes one op once more, on what its inputs are now; or says why it cannot be had."""

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
    """What the handle of a resource variable stands for."""

    variable: tf.Variable
    value: tf.Tensor


def again(
    op: Any,
    inputs: Sequence[Any],
    variables: Mapping[str, tf.Variable],
    constants: Mapping[str, tf.Tensor],
    resolve: Callable[[tf.Tensor], tf.Tensor],
    *,
    safe_mode: bool,
) -> Sequence[Any]:
    """The outputs of an op, made anew.

    Args:
        op: of the old graph; none of those that call functions, or join branches or loops.
        inputs: tensors, Handles and arrays.Arrays.
        variables: by the name of the op that makes the old one.
        constants: values that are made already, by the name of the op.
        resolve: the tensor of the old graph that one is another name of.
        safe_mode: whether to refuse an op that is not known to be harmless.

    Raises:
        LegacyError: It cannot be had in TensorFlow 2.
    """
    name = kind(op)
    if name in PASSES or name in ("LoopCond", "Print"):
        return list(inputs[:1]) * len(op.outputs)  # no op: the flow of a TensorArray is a list here
    if name == "Const" and op.name in constants:
        return [tf.convert_to_tensor(constants[op.name])]
    if op.type in VARIABLES:
        value = variables[op.name].read_value()  # here, and not once in every loop and branch that reads it
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
        raise LegacyError(f"{describe(op)} cannot be made of {_listed(values)}: {said.rstrip('.')}. {CUT}") from error


def _refuse(op: Any) -> None:
    """Raises where an op cannot be made again."""
    if op.type == "Placeholder":
        raise LegacyError(
            f"The placeholder '{op.name}' has no value. Make it an input, or fix it with feed={{'{op.name}': value}}."
        )
    if "PyFunc" in op.type:
        raise LegacyError(f"{describe(op)} runs Python code of the old program, which a graph does not hold. {CUT}")
    if writes(op):
        raise LegacyError(f"{describe(op)} changes a variable to give its value. {CUT}")
    if op.op_def.is_stateful and op.type not in kinds.UNCHANGING:
        raise LegacyError(f"{describe(op)} has a state of its own in TensorFlow 1's session. {CUT}")
    if not hasattr(tf.raw_ops, op.type):
        raise LegacyError(f"{describe(op)} is an op that TensorFlow {tf.__version__} cannot make. {CUT}")


def shaped(value: Any, old: tf.Tensor) -> Any:
    """A tensor, with what the old program said of its shape."""
    said = isinstance(value, tf.Tensor) and value.dtype != tf.variant and old.shape.rank is not None
    if said and value.shape.is_compatible_with(old.shape):
        value.set_shape(old.shape)
    return value


def _listed(values: Sequence[tf.Tensor]) -> str:
    return ", ".join(f"{x.dtype.name} {x.shape}" for x in values) or "nothing"


def as_tensor(value: Any) -> tf.Tensor:
    """A tensor, where a variable may be given by its handle."""
    return value.value if isinstance(value, Handle) else value


# What reads a variable goes through the variable, so that tapes know of it.
_READS: dict[str, Callable[..., tf.Tensor]] = {
    "ReadVariableOp": lambda op, v: v.value,
    "VariableShape": lambda op, v: tf.shape(v.value, op.get_attr("out_type")),
    "ResourceGather": lambda op, v, i: tf.gather(v.variable, i, batch_dims=_private.attribute(op, "batch_dims") or 0),
    "ResourceGatherNd": lambda op, v, i: tf.gather_nd(v.variable, i),
}


def _without_gradient(op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """An op whose gradient was the old program's own, which no graph holds."""

    @tf.custom_gradient
    def apply(*inputs: tf.Tensor) -> Any:
        made = rebuild.rebuild_op(op, inputs)

        def gradient(*_: Any) -> Any:
            raise LegacyError(
                f"{describe(op)} has a gradient of the old program's own (tf.custom_gradient or "
                "gradient_override_map), which is Python code that a graph does not hold, so it has values but no "
                f"derivatives here. {CUT}"
            )

        return made, gradient

    return tf.nest.flatten(apply(*inputs))
