"""Properties of single ops of TensorFlow 1: kind, name in errors, variables, loops."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

VARIABLES = frozenset({"AutoReloadVariable", "VarHandleOp", "Variable", "VariableV2"})
PASSES = frozenset({"Enter", "Exit", "Identity", "NextIteration", "Switch"})
"""Ops whose outputs equal their first input."""

CUT = "Lift the parts before and after it: give the tensor that follows as an input."
"""Advice for an op that cannot be rebuilt."""

_WRITES = ("Assign", "ResourceApply", "ResourceScatter", "ResourceSparseApply", "ResourceStridedSliceAssign")


def kind(op: Any) -> str:
    """Returns the type of an op, without the prefix of ops on reference variables."""
    name = op.type
    return name[3:] if name.startswith("Ref") else name


def describe(op: Any) -> str:
    """Returns an op's type and name, for errors."""
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
    """Whether a Merge is a loop variable: it joins the initial value and the value of the last iteration."""
    return kind(op) == "Merge" and any(kind(t.op) == "NextIteration" for t in op.inputs)


def frame_name(enter: Any) -> str:
    """Returns the name of the loop that an Enter enters."""
    name = enter.get_attr("frame_name")
    return name.decode() if isinstance(name, bytes) else name


def variable(tensor: tf.Tensor) -> Any:
    """Returns the op of the variable behind a reference or handle, or the last op on the path to it."""
    op = tensor.op
    while kind(op) in PASSES:
        op = op.inputs[0].op
    return op
