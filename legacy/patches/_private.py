"""The names that TensorFlow does not publish and that the patches of this folder call."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

# tf.RegisterGradient puts gradient functions there; to take one out there is no public way.
# What an op's seed is made of: tf.compat.v1.get_seed is the function as it was imported, this the one that is patched.
# tf.reduce_sum and others take apart what they are given; this is the same in one place for 1.15's static shapes.
from tensorflow.python.framework import ops, random_seed, tensor_util


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
