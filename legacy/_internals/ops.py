"""Private functions for seeds, static values and moving averages of ops."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import backprop as backprop  # derivatives of functions, which tf.contrib.eager had
from tensorflow.python.framework import (
    ops,  # the class of the tensors of graphs, which was tf.Tensor
    random_seed,  # its get_seed is patched; tf.compat.v1.get_seed still points to the original
    tensor_util,  # the same static values as in tf.reduce_sum
)
from tensorflow.python.ops import custom_gradient
from tensorflow.python.ops.resource_variable_ops import ResourceVariable as ResourceVariable  # tf.contrib.eager's

# tf.train.ExponentialMovingAverage creates its own averages; tf.contrib's batch_norm has variables for them.
from tensorflow.python.training.moving_averages import assign_moving_average as assign_moving_average


def get_seed(seed: int | None) -> tuple[int, int]:
    """Returns the two seeds of an op; (0, 0) means a different seed in every run."""
    first, second = random_seed.get_seed(seed)
    return first or 0, second or 0


def constant_value(tensor: tf.Tensor) -> np.ndarray | None:
    """Returns the value of a tensor if it is known while the graph is built."""
    return tensor_util.constant_value(tensor)


def evaluated(tensor: tf.Tensor) -> Any:
    """Evaluates an op of constants; supports every op type, unlike `constant_value`."""
    return tensor.numpy() if tf.executing_eagerly() else tensor_util.try_evaluate_constant(tensor)


def dependent_variables(inputs: list[tf.Tensor], outputs: list[tf.Tensor]) -> list[Any]:
    """Returns the variables between tensors; the function had no underscore, and took nested tensors."""
    return custom_gradient._get_dependent_variables(inputs, outputs)


def run_after(update: Any, result: tf.Tensor) -> None:
    """Runs an update after a result that reads the updated variable, unless the result depends on the update."""
    update = getattr(update, "op", update)
    seen, pending = set(), [result.op]
    while pending:
        op = pending.pop()
        if op not in seen:
            seen.add(op)
            pending.extend([each.op for each in op.inputs] + list(op.control_inputs))
    if update not in seen:
        update._add_control_inputs([result.op])


def update_input(op: tf.Operation, index: int, tensor: tf.Tensor) -> None:
    """Replaces an input of an op; tf.contrib.graph_editor did so, and no public function does."""
    op._update_input(index, tensor)


def add_control_inputs(op: tf.Operation, before: list[tf.Operation]) -> None:
    """Lets an op run after others; tf.control_dependencies does so for new ops only."""
    op._add_control_inputs(before)


def tensor_class() -> type:
    """Returns the exact class of tensors here and now."""
    return tf.Tensor if tf.executing_eagerly() else ops.SymbolicTensor
