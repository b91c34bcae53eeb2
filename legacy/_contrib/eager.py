"""`tf.contrib.eager`: compiled functions, derivatives of functions, and names that moved to `tf`."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import ops
from nthgrad.legacy._tensorflow_1.functions import defun as defun

v1 = tf.compat.v1
Checkpoint, Variable = v1.train.Checkpoint, ops.ResourceVariable
GradientTape, TensorSpec, custom_gradient, function = tf.GradientTape, tf.TensorSpec, tf.custom_gradient, tf.function
enable_eager_execution, make_template, py_func = v1.enable_eager_execution, v1.make_template, tf.py_function
in_eager_mode = executing_eagerly = v1.executing_eagerly


def num_gpus() -> int:
    """Returns the number of GPUs."""
    return len(tf.config.list_logical_devices("GPU"))


def list_devices() -> list[str]:
    """Returns the names of the devices."""
    return [device.name for device in tf.config.list_logical_devices()]


def gradients_function(f: Callable, params: Any = None) -> Callable[..., list]:
    """Returns a function of f's arguments that returns the gradients by them.

    Args:
        f: a function that returns a tensor.
        params: the numbers or names of some arguments; None is all of them.
    """
    return ops.backprop.gradients_function(f, params)


def value_and_gradients_function(f: Callable, params: Any = None) -> Callable[..., tuple[Any, list]]:
    """Returns a function of f's arguments that returns f's value and the gradients; see `gradients_function`."""
    return ops.backprop.val_and_grad_function(f, params)


def implicit_gradients(f: Callable) -> Callable[..., list[tuple[Any, Any]]]:
    """Returns a function of f's arguments that returns pairs of a gradient and the variable that f reads."""
    return ops.backprop.implicit_grad(f)


def implicit_value_and_gradients(f: Callable) -> Callable[..., tuple[Any, list[tuple[Any, Any]]]]:
    """Returns a function of f's arguments that returns f's value and what `implicit_gradients` returns."""
    return ops.backprop.implicit_val_and_grad(f)
