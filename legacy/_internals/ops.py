"""Gradient functions, seeds, known values and moving averages of ops."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import (
    ops,  # tf.RegisterGradient fills its registry of gradient functions; nothing public reads it
    random_seed,  # tf.compat.v1.get_seed is the function as it was imported; the one in here is patched
    tensor_util,  # static values as tf.reduce_sum and others find them
)

# tf.train.ExponentialMovingAverage makes the averages itself; tf.contrib's batch_norm has variables for them.
from tensorflow.python.training.moving_averages import assign_moving_average as assign_moving_average


def get_seed(seed: int | None) -> tuple[int, int]:
    """The two seeds of an op; 0, 0 is a seed that differs from run to run."""
    first, second = random_seed.get_seed(seed)
    return first or 0, second or 0


def constant_value(tensor: tf.Tensor) -> np.ndarray | None:
    """The value of a tensor that is known while the graph is built."""
    return tensor_util.constant_value(tensor)


def gradient_function(op_type: str) -> Callable:
    """Today's gradient function of an op."""
    return ops.gradient_registry.lookup(op_type)


def evaluated(tensor: tf.Tensor) -> Any:
    """The value of an op of constants, whatever it is."""
    return tensor_util.try_evaluate_constant(tensor)


def run_after(update: Any, result: tf.Tensor) -> None:
    """Makes an update wait for a result that reads what it changes, unless the result waits for the update."""
    update = getattr(update, "op", update)
    seen, pending = set(), [result.op]
    while pending:
        op = pending.pop()
        if op not in seen:
            seen.add(op)
            pending.extend([each.op for each in op.inputs] + list(op.control_inputs))
    if update not in seen:
        update._add_control_inputs([result.op])
