"""Small functions of `keras.utils`, `keras.engine` and `keras.initializers` that programs use."""

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.arithmetic.weighting import weighted


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """Returns a list unchanged, a tuple as a list if allowed, anything else in a list."""
    if isinstance(x, list):
        return x
    return list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Sequence) -> Any:
    """Returns the only element, or the sequence if it has several or none."""
    return x[0] if len(x) == 1 else x


def is_all_none(x: Any) -> bool:
    """Returns whether x, or every element of x, is None."""
    return all(each is None for each in to_list(x, allow_tuple=True))


def object_list_uid(objects: Any) -> str:
    """Returns a name made of the ids of the objects."""
    return ", ".join(str(abs(id(each))) for each in to_list(objects))


def has_arg(fn: Callable, name: str, accept_all: bool = False) -> bool:
    """Returns whether the function accepts an argument of this name."""
    parameters = inspect.signature(fn).parameters
    if name not in parameters:
        return accept_all and any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return parameters[name].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def transpose_shape(shape: Sequence, target_format: str, spatial_axes: Iterable[int]) -> tuple:
    """Converts a shape with channels last to `target_format`; returns a tuple."""
    if target_format == "channels_last":
        return tuple(shape)
    if target_format != "channels_first":
        raise ValueError(
            f"{target_format!r} is no order of axes. Give 'channels_first' or 'channels_last' to transpose_shape."
        )
    kept = shape[: min(spatial_axes)]
    return (*kept, shape[-1], *(shape[axis] for axis in spatial_axes))


def compute_fans(shape: Sequence[int], data_format: str = "channels_last") -> tuple[float, float]:
    """Returns the numbers of inputs and outputs of weights of this shape."""
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) in (3, 4, 5):
        first = data_format == "channels_first"
        field = math.prod(shape[2:] if first else shape[:-2])
        inwards, outwards = (shape[1], shape[0]) if first else shape[-2:]
        return inwards * field, outwards * field
    size = math.sqrt(math.prod(shape))
    return size, size


def collect_input_shape(input_tensors: Any) -> Any:
    """Returns the shape of one tensor, or a list of shapes of several; None if unknown."""
    backend = tf_keras.interface("backend")

    return unpack_singleton([backend.int_shape(each) for each in to_list(input_tensors)])


def collect_previous_mask(input_tensors: Any) -> Any:
    """Returns the mask of one tensor, or a list of masks of several."""
    return unpack_singleton([getattr(each, "_keras_mask", None) for each in to_list(input_tensors)])


def convert_kernel(kernel: np.ndarray) -> np.ndarray:
    """Flips the spatial axes of a convolution kernel, to or from Theano's convention."""
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError(f"The kernel has the shape {kernel.shape}. Give one of a 1D, 2D or 3D convolution.")
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2))).copy()


def convert_all_kernels_in_model(model: Any) -> None:
    """Flips the kernels of all convolutions of a model, between the conventions of Theano and TensorFlow."""
    backend = tf_keras.interface("backend")

    convolutions = {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"}
    for layer in model.layers:
        if layer.__class__.__name__ in convolutions:
            backend.set_value(layer.kernel, convert_kernel(backend.get_value(layer.kernel)))


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int | None:
    """Returns the length of the output of a transposed convolution."""
    if dim_size is None:
        return None
    reach = kernel_size + (kernel_size - 1) * (dilation - 1)
    if output_padding is None:
        beyond = {"same": 0, "valid": max(reach - stride_size, 0), "full": 2 - stride_size - reach}
        return dim_size * stride_size + beyond[padding]
    overlap = {"same": reach // 2, "valid": 0, "full": reach - 1}[padding]
    return (dim_size - 1) * stride_size + reach - 2 * overlap + output_padding


def clip_norm(g: Any, c: float, n: Any) -> Any:
    """Scales a gradient of norm n to norm c if n is larger; c = 0 does not scale."""
    if c <= 0:
        return g
    shorter = tf.math.scalar_mul(c / n, g)
    clipped = tf.compat.v1.cond(n >= c, lambda: shorter, lambda: g)
    if isinstance(shorter, tf.Tensor):
        clipped.set_shape(shorter.shape)
    return clipped


def check_array_length_consistency(inputs: Sequence, targets: Sequence, weights: Sequence | None = None) -> None:
    """Checks that all arrays have the same number of samples; None has 0.

    Raises:
        ValueError: if they do not.
    """
    lengths = []
    for arrays in (inputs, targets, weights):
        found = {0 if each is None else int(each.shape[0]) for each in ([None] if arrays is None else arrays)}
        if len(found) > 1:
            raise ValueError(f"The arrays have {sorted(found)} samples. Give the same number in each.")
        lengths.append(found)
    for first, second in pairwise(lengths):
        if first and second and first != second:
            counts = first.pop(), second.pop()
            raise ValueError(f"Some arrays have {counts[0]} samples, others {counts[1]}. Give the same number in each.")


def collect_metrics(metrics: Any, output_names: Sequence[str]) -> list[list]:
    """Returns the metrics of each output, from a list for all outputs or a dict by name."""
    if not metrics:
        return [[] for _ in output_names]
    if isinstance(metrics, list):
        return [list(metrics) for _ in output_names]
    if isinstance(metrics, dict):
        return [to_list(metrics.get(name, [])) for name in output_names]
    raise TypeError(f"The metrics are {metrics!r}. Give a list, or a dict by the names of the outputs.")


def weighted_masked_objective(fn: Callable | None) -> Callable | None:
    """Wraps a loss function to apply masks and sample weights; means are over the remaining entries."""
    return None if fn is None else weighted(fn)


def multi_gpu_model(model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False) -> Any:
    """Returns the model itself, which computes the same numbers on one device."""
    return model


def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: tuple[int, ...] = (10,),
    output_shape: tuple[int, ...] = (2,),
    classification: bool = True,
    num_classes: int = 2,
) -> tuple:
    """Draws random test data; the values of a sample are near its class number, or near a random level."""
    total = num_train + num_test
    level = np.random.randint(0, num_classes, size=(total,)) if classification else np.random.random((total,))
    x = np.zeros((total, *input_shape), np.float32)
    y = level if classification else np.zeros((total, *output_shape), np.float32)
    for i in range(total):
        x[i] = np.random.normal(level[i], 0.7, input_shape)
        if not classification:
            y[i] = np.random.normal(level[i], 0.7, output_shape)
    return (x[:num_train], y[:num_train]), (x[num_train:], y[num_train:])
