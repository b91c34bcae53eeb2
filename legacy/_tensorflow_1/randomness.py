"""Counts ops as TensorFlow 1 did, so that programs draw the same random numbers.

The seed of an op without one is the number of ops in the graph. Hence every earlier call must count as many ops as in
TensorFlow 1. The functions here correct calls that make more or fewer ops today.
"""

import numbers
import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import ops

v1 = tf.compat.v1
_more: "weakref.WeakKeyDictionary[tf.Graph, int]" = weakref.WeakKeyDictionary()


def count(graph: tf.Graph) -> int:
    """Returns the number of ops that the graph would have in TensorFlow 1."""
    return graph.num_operations() + _more.get(graph, 0)  # pyright: ignore[reportAttributeAccessIssue]


def add(ops: int, graph: Any = None) -> None:
    """Adds to the graph's count of ops; subtracts if negative."""
    if graph is None:
        if tf.executing_eagerly():
            return
        graph = v1.get_default_graph()
    _more[graph] = _more.get(graph, 0) + ops


def making(ops: int) -> Callable[[Callable], Callable]:
    """Returns a wrapper that adds a fixed number to the count in each call."""

    def patched(function: Callable) -> Callable:
        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            made = function(*args, **kwargs)
            add(ops)
            return made

        return inner

    return patched


def get_seed(function: Callable) -> Callable:
    """Computes the seeds of an op from TensorFlow 1's count."""

    @wraps(function)
    def inner(op_seed: int | None) -> tuple[int | None, int | None]:
        if op_seed is None and not tf.executing_eagerly():
            graph = v1.get_default_graph()
            if graph.seed is not None:
                op_seed = count(graph)
        return function(op_seed)

    return inner


def random_uniform(function: Callable) -> Callable:
    """Scales and shifts even a draw from 0 to 1, which adds ops."""

    @wraps(function)
    def inner(
        shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = tf.float32, seed: Any = None, name: Any = None
    ) -> tf.Tensor:
        if isinstance(minval, int) and minval == 0 and tf.as_dtype(dtype).is_floating:
            minval = 0.0
        return function(shape, minval, maxval, dtype, seed, name)

    return inner


def random_gamma(function: Callable) -> Callable:
    """Broadcasts its parameters by adding zeros."""

    @wraps(function)
    def inner(
        shape: Any, alpha: Any, beta: Any = None, dtype: Any = tf.float32, seed: Any = None, name: Any = None
    ) -> tf.Tensor:
        if tf.executing_eagerly():
            return function(shape, alpha, beta, dtype, seed, name)
        with v1.name_scope(name, "random_gamma", [shape, alpha, beta]):
            shape = tf.convert_to_tensor(shape, tf.int32, name="shape")
            alpha = tf.convert_to_tensor(alpha, dtype, name="alpha")
            beta = tf.convert_to_tensor(1 if beta is None else beta, dtype, name="beta")
            alpha = alpha + v1.zeros_like(beta)
            first, second = ops.get_seed(seed)
            drawn = tf.raw_ops.RandomGamma(shape=shape, alpha=alpha, seed=first, seed2=second)
            return tf.maximum(np.finfo(alpha.dtype.as_numpy_dtype).tiny, drawn / beta)

    return inner


def dropout(function: Callable) -> Callable:
    """Multiplies by the mask and by 1 / (1 - rate); today's function selects instead."""

    @wraps(function)
    def inner(
        x: Any, rate: Any, noise_shape: Any, uniform_sampler: Any, dummy_rng_step: Any, name: Any, default_name: Any
    ) -> tf.Tensor:
        number = isinstance(rate, numbers.Real)
        if tf.executing_eagerly() or (number and not 0 <= rate < 1):  # pyright: ignore[reportOperatorIssue]
            return function(x, rate, noise_shape, uniform_sampler, dummy_rng_step, name, default_name)
        with v1.name_scope(name, "dropout", [x]):
            x = tf.convert_to_tensor(x, name="x")
            if not x.dtype.is_floating:
                raise ValueError(
                    "x has to be a floating point tensor since it's going to be scaled. "
                    f"Got a {x.dtype} tensor instead."
                )
            if number and rate == 0:
                return x
            rate = tf.convert_to_tensor(rate, x.dtype, name="rate")  # pyright: ignore[reportArgumentType]
            rate.get_shape().assert_has_rank(0)
            if ops.constant_value(rate) == 0:
                return x
            drawn = uniform_sampler(shape=_noise_shape(x, noise_shape), dtype=x.dtype)
            scale = 1 / (1 - rate)
            kept = x * scale * tf.cast(drawn >= rate, x.dtype)
            kept.set_shape(x.get_shape())
            return kept

    return inner


def _noise_shape(x: tf.Tensor, shape: Any) -> Any:
    """Returns the shape of the mask; `None` in `shape` means the size of x."""
    if shape is None:
        return tf.shape(x)
    try:
        sizes = tf.TensorShape(shape).as_list()
    except (TypeError, ValueError):
        return shape
    if None in sizes and x.shape.ndims == len(sizes):
        known = x.shape.as_list()
        sizes = [known[at] if size is None else size for at, size in enumerate(sizes)]
    return shape if None in sizes else sizes


def linspace(function: Callable) -> Callable:
    """Makes one op, if there is one axis."""

    @wraps(function)
    def inner(start: Any, stop: Any, num: Any, name: Any = None, axis: int = 0) -> tf.Tensor:
        start = tf.convert_to_tensor(start, name="start")
        stop = tf.convert_to_tensor(stop, start.dtype, name="stop")
        if tf.executing_eagerly() or start.shape.ndims != 0 or stop.shape.ndims != 0 or not start.dtype.is_floating:
            return function(start, stop, num, name, axis)
        return tf.raw_ops.LinSpace(start=start, stop=stop, num=num, name=name or "LinSpace")

    return inner


def matrix_diag(function: Callable) -> Callable:
    """Makes one op, for the main diagonal."""

    @wraps(function)
    def inner(diagonal: Any, name: str = "diag", **kwargs: Any) -> tf.Tensor:
        if kwargs or tf.executing_eagerly():
            return function(diagonal, name, **kwargs)
        return tf.raw_ops.MatrixDiag(diagonal=diagonal, name=name)

    return inner


def matrix_diag_part(function: Callable) -> Callable:
    """Makes one op, for the main diagonal."""

    @wraps(function)
    def inner(input: Any, name: str = "diag_part", **kwargs: Any) -> tf.Tensor:  # noqa: A002
        if kwargs or tf.executing_eagerly():
            return function(input, name, **kwargs)
        return tf.raw_ops.MatrixDiagPart(input=input, name=name)

    return inner


def matrix_set_diag(function: Callable) -> Callable:
    """Makes one op, for the main diagonal."""

    @wraps(function)
    def inner(input: Any, diagonal: Any, name: str = "set_diag", **kwargs: Any) -> tf.Tensor:  # noqa: A002
        if kwargs or tf.executing_eagerly():
            return function(input, diagonal, name, **kwargs)
        return tf.raw_ops.MatrixSetDiag(input=input, diagonal=diagonal, name=name)

    return inner


def reduction_dims(function: Callable) -> Callable:
    """Computes the axes of a sum over all: a constant for tensors of known rank, ops for variables."""

    @wraps(function)
    def inner(x: Any, axis: Any) -> Any:
        if axis is not None or tf.executing_eagerly():
            return function(x, axis)
        if isinstance(x, tf.Tensor) and x.shape.rank is not None:
            return tf.constant(np.arange(x.shape.rank, dtype=np.int32))
        return tf.range(0, tf.rank(x))

    return inner


def split(function: Callable) -> Callable:
    """Adds an unused constant, the number of parts."""

    @wraps(function)
    def inner(value: Any, num_or_size_splits: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(num_or_size_splits, int | v1.Dimension):
            add(1)
        return function(value, num_or_size_splits, *args, **kwargs)

    return inner


def size(function: Callable) -> Callable:
    """Makes an op that reads the size of the TensorArray, even if it is known."""

    @wraps(function)
    def inner(self: Any, name: str | None = None) -> tf.Tensor:
        return tf.raw_ops.TensorArraySizeV3(handle=self._handle, flow_in=self._flow, name=name)

    return inner


def convolution(function: Callable) -> Callable:
    """Adds a constant, the dilation rate."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> tf.Tensor:
        add(1)
        return function(*args, **kwargs)

    return inner


def get_single_variable(function: Callable) -> Callable:
    """Regularizes a variable of tf.get_variable once, in its own name scope, when it is created."""

    @wraps(function)
    def inner(self: Any, name: str, *args: Any, regularizer: Any = None, **kwargs: Any) -> Any:
        new = name not in self._vars
        variable = function(self, name, *args, **kwargs)
        if regularizer and new and not tf.executing_eagerly():
            with v1.colocate_with(variable), v1.name_scope(name + "/Regularizer/"), tf.init_scope():
                loss = regularizer(variable)
            if loss is not None:
                v1.add_to_collection(v1.GraphKeys.REGULARIZATION_LOSSES, loss)
        return variable

    return inner


def upsampling(function: Callable) -> Callable:
    """Adds the ops for the shape of a transposed convolution, computed twice."""

    @wraps(function)
    def inner(self: Any, inputs: Any) -> Any:
        made = function(self, inputs)
        add(10 if self.padding == "same" else 14)
        return made

    return inner


def flatten(function: Callable) -> Callable:
    """Adds the ops that read an unknown batch size."""

    @wraps(function)
    def inner(self: Any, inputs: Any) -> Any:
        made = function(self, inputs)
        if inputs.shape.rank and inputs.shape[0].value is None and inputs.shape[1:].is_fully_defined():
            add(6)
        return made

    return inner


def flip(function: Callable) -> Callable:
    """Adds the ops that check an unknown image shape at run time."""

    @wraps(function)
    def inner(image: Any, *args: Any, **kwargs: Any) -> Any:
        image = tf.convert_to_tensor(image, name="image")
        made = function(image, *args, **kwargs)
        if not image.shape.is_fully_defined():
            add(22)
        return made

    return inner


def polynomial_decay(function: Callable) -> Callable:
    """Adds a constant, and a cond if `cycle` is set."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        add(5 if kwargs.get("cycle", len(args) > 5 and args[5]) else 1)
        return made

    return inner


def fused_batch_norm(function: Callable) -> Callable:
    """Adds constants, unless `training` is a tensor of unknown value."""

    @wraps(function)
    def inner(self: Any, inputs: Any, mask: Any, training: Any) -> Any:
        made = function(self, inputs, mask, training)
        known = tf.get_static_value(training) if isinstance(training, tf.Tensor) else training
        add(0 if known is None else 2 if known else 1)
        return made

    return inner
