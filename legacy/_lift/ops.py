"""What lifting has to know of ops of TensorFlow 1, one at a time."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

VARIABLES = frozenset({"AutoReloadVariable", "VarHandleOp", "Variable", "VariableV2"})
PASSES = frozenset({"Enter", "Exit", "Identity", "NextIteration", "Switch"})
"""Ops whose outputs are their first input."""

CUT = "Lift the parts before and after it: give the tensor that follows as an input."
"""What can be done about an op that cannot be had."""

_WRITES = ("Assign", "ResourceApply", "ResourceScatter", "ResourceSparseApply", "ResourceStridedSliceAssign")


def kind(op: Any) -> str:
    """The type of an op; ops on reference variables count as those on values."""
    name = op.type
    return name[3:] if name.startswith("Ref") else name


def describe(op: Any) -> str:
    """An op as errors name it."""
    return f"{op.type} (named '{op.name}')"


def writes(op: Any) -> bool:
    """Whether an op changes a variable."""
    takes_reference = any(arg.is_ref for arg in op.op_def.input_arg)
    reads = kind(op) in PASSES or kind(op) in ("IsVariableInitialized", "Merge")
    return (takes_reference and not reads) or op.type.startswith(_WRITES)


def is_handle(tensor: tf.Tensor) -> bool:
    """Whether a tensor only names a variable or a TensorArray."""
    return tensor.dtype == tf.resource


def is_loop_variable(op: Any) -> bool:
    """Whether a Merge is the variable of a loop: what it starts from, or what the last round made of it."""
    return kind(op) == "Merge" and any(kind(t.op) == "NextIteration" for t in op.inputs)


def frame_name(enter: Any) -> str:
    """The name of the loop that an Enter enters."""
    name = enter.get_attr("frame_name")
    return name.decode() if isinstance(name, bytes) else name


def variable(tensor: tf.Tensor) -> Any:
    """The op that makes the variable which a reference or a handle leads to, or the last op on the way there."""
    op = tensor.op
    while kind(op) in PASSES:
        op = op.inputs[0].op
    return op
