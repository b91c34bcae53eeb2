"""`Lifted`, the result of `legacy.lift`: a function of TensorFlow 2 that holds the old variables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines import grappler
from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import lifting as _private


class Lifted(tf.Module):
    """A TensorFlow 1 graph as a function of TensorFlow 2.

    Call it on tensors, eagerly, inside `tf.function` or under `tf.GradientTape`. Every function of nthgrad accepts it:
    `derivative`, `partials`, the operators. NumPy arrays and Python numbers take the dtype of the input, as in a
    `feed_dict`.

    Attributes:
        specs: a named `tf.TensorSpec` for each argument; the arguments of a call must be compatible with it.
        variables: the old variables on which the outputs depend, as `tf.Variable`s with their old names.
        trainable_variables: the variables that the old program trained.
    """

    def __init__(
        self,
        make: Callable[[Sequence[tf.Tensor]], Any],
        specs: Sequence[tf.TensorSpec],
        variables: Sequence[tf.Variable],
        name: str,
    ):
        super().__init__(name="lifted")
        self._make = make
        self._held = list(variables)
        self._specs = lambda: list(specs)  # tf.Module would track a list
        self._compiled = tf.function(grappler.guarded(lambda *tensors: make(tensors)), autograph=False)
        parameters = [inspect.Parameter(str(s.name), inspect.Parameter.POSITIONAL_OR_KEYWORD) for s in specs]
        self.__signature__ = inspect.Signature(parameters)
        self.__name__ = name

    @property
    def specs(self) -> list[tf.TensorSpec]:
        """A `tf.TensorSpec` for each argument."""
        return self._specs()

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        """The variables, in the order of their names in the old graph."""
        return tuple(self._held)

    @property
    def trainable_variables(self) -> tuple[tf.Variable, ...]:
        """The variables that the old program trained."""
        return tuple(v for v in self._held if v.trainable)

    @property
    def python_function(self) -> Callable[..., Any]:
        """The function that nthgrad traces in place, as for a `tf.function`; AutoGraph leaves it alone."""
        return self.__call__

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the outputs, in the structure given to `lift`.

        Raises:
            LegacyError: if an argument is missing, or has a dtype or shape that the old input does not allow.
        """
        try:
            bound = self.__signature__.bind(*args, **kwargs).arguments
        except TypeError as error:
            names = ", ".join(str(s.name) for s in self.specs)
            raise LegacyError(f"{self.__name__} takes {len(self.specs)} inputs, {names}: {error}.") from None
        tensors = [_fitting(bound[str(s.name)], s) for s in self.specs]
        if tf.inside_function():
            return self._make(tensors)
        if not tf.executing_eagerly():
            raise LegacyError(
                f"{self.__name__} is a function of TensorFlow 2 and was called in a graph of TensorFlow 1. "
                "Call it outside of the legacy session."
            )
        return self._compiled(*tensors)

    def __repr__(self) -> str:
        takes = ", ".join(f"{s.name}: {s.dtype.name}{_lengths(s.shape)}" for s in self.specs)
        return f"<{self.__name__}({takes}), lifted from TensorFlow 1, with {len(self._held)} variables>"


def trace(lifted: Lifted) -> Any:
    """Traces the function for arguments of any length; raises if an op cannot be rebuilt."""
    with _private.eager_mode():
        return lifted._compiled.get_concrete_function(*lifted.specs)


def _fitting(value: Any, spec: tf.TensorSpec) -> tf.Tensor:
    """Converts an argument to a tensor; raises if the old placeholder would have refused it."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        tensor = tf.convert_to_tensor(value)
        if tensor.dtype != spec.dtype:
            raise LegacyError(
                f"The input {spec.name} is {tensor.dtype.name}, but the old graph takes {spec.dtype.name}. "
                f"Cast it: tf.cast({spec.name}, tf.{spec.dtype.name})."
            )
    else:
        tensor = tf.constant(np.asarray(value, spec.dtype.as_numpy_dtype))
    if not tensor.shape.is_compatible_with(spec.shape):
        raise LegacyError(
            f"The input {spec.name} has the shape {_lengths(tensor.shape)}, but the old graph takes "
            f"{_lengths(spec.shape)}. Reshape it."
        )
    if spec.shape.rank is not None and not spec.shape.is_fully_defined() and tensor.shape.rank is None:
        return tf.ensure_shape(tensor, spec.shape)
    if tensor.shape.rank is not None and spec.shape.rank is not None:
        both = tensor.shape.merge_with(spec.shape)
        if both.as_list() != tensor.shape.as_list():
            return tf.ensure_shape(tensor, both)
    return tensor


def _lengths(shape: tf.TensorShape) -> str:
    return " of any rank" if shape.rank is None else str(shape.as_list()).replace("None", "?")
