"""Validates the arguments of `minimize`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call.row_sets import as_rows
from nthgrad.errors import ArgumentError, InputError
from nthgrad.losses import LossAndGradients


def check(loss: Any, method: Any, methods: Collection[str], options: Any, callback: Any, max_seconds: Any) -> None:
    """Raises an ArgumentError for what cannot be a loss, a method, options, a callback or a time."""
    if not callable(loss):
        hint = "Give a function that computes it, such as lambda: tf.reduce_mean(model(x) ** 2)."
        raise ArgumentError(f"loss is a {type(loss).__name__}, which cannot be called. {hint}")
    if not isinstance(method, str) or method not in methods:
        raise ArgumentError(f"method is {method!r}. Give one of {', '.join(map(repr, methods))}.")
    if not (options is None or isinstance(options, Mapping)):
        raise ArgumentError(f'options is {options!r}. Give a dictionary, such as {{"maxiter": 1000}}.')
    if not (callback is None or callable(callback)):
        raise ArgumentError(
            f"callback is {callback!r}, which cannot be called. Give a function of one result, or None."
        )
    number = isinstance(max_seconds, int | float) and not isinstance(max_seconds, bool)
    if not (max_seconds is None or (number and max_seconds > 0)):
        raise ArgumentError(f"max_seconds is {max_seconds!r}. Give a number greater than 0, or None.")
    if not tf.executing_eagerly():
        raise ArgumentError(
            "nthgrad.optimize.minimize was called inside a tf.function, but SciPy runs eagerly only. Call it outside."
        )


def checked_arguments(loss: Callable[..., Any], args: Any) -> tuple[Any, ...]:
    """Returns the arguments of the loss as tensors, to which a graph refers; it would copy arrays."""
    if not isinstance(args, tuple | list):
        raise ArgumentError(f"args is a {type(args).__name__}. Give a tuple of the arguments of loss, such as (x, y).")
    if isinstance(loss, LossAndGradients):
        if not args:
            raise ArgumentError(f"loss is {loss!r}, but args is empty. Give its points, such as args=(points,).")
        return as_rows(tuple(args))
    try:
        signature = inspect.signature(loss)
    except (TypeError, ValueError):
        signature = None
    try:
        if signature is not None:
            signature.bind(*args)
    except TypeError as error:
        raise ArgumentError(
            f"loss cannot be called with {len(args)} arguments: {error}. Give them in a tuple, such as args=(x, y)."
        ) from None
    try:
        return tuple(tf.nest.map_structure(tf.convert_to_tensor, list(args)))
    except (TypeError, ValueError) as error:
        said = str(error).rstrip(".")
        raise InputError(f"args has something that is no tensor: {said}. Give tensors or arrays.") from error


def checked_variables(given: Any) -> list[tf.Variable]:
    """Returns TensorFlow's variables for those of TensorFlow and Keras."""
    if hasattr(given, "trainable_variables"):
        raise InputError(f"variables is a {type(given).__name__}. Give its trainable_variables.")
    leaves = tf.nest.flatten(given)
    if not leaves:
        raise InputError("variables is empty. A model has variables after its first call: call it, or give an Input.")
    found: list[Any] = []
    for i, leaf in enumerate(leaves):
        variable = leaf if isinstance(leaf, tf.Variable) else getattr(leaf, "value", None)  # of Keras 3
        where = "variables" if leaf is given else f"variables[{i}]"
        if not isinstance(variable, tf.Variable):
            raise InputError(
                f"{where} is a {type(leaf).__name__}, which cannot be assigned. Give tf.Variables or Keras variables."
            )
        if variable.dtype not in (tf.float32, tf.float64):
            raise InputError(f"{where} is of {variable.dtype.name}. Give variables of float32 or float64.")
        if not variable.shape.is_fully_defined():
            raise InputError(f"{where} has the shape {variable.shape}. Give variables of known shapes.")
        if any(variable is other for other in found):
            raise InputError(f"{where} is given twice. Give each variable once.")
        found.append(variable)
    if not any(np.prod(v.shape) for v in found):
        raise InputError("variables have no elements. Give variables with at least one.")
    return found
