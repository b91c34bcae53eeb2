"""Small functions of `keras.utils`, `keras.engine` and `keras.initializers` that other people's code used."""

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.arithmetic.weighting import weighted


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """The list itself, a tuple as a list if that is allowed, anything else in a list."""
    if isinstance(x, list):
        return x
    return list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Sequence) -> Any:
    """The only element, or what was given if it has several or none."""
    return x[0] if len(x) == 1 else x


def is_all_none(x: Any) -> bool:
    """Whether everything in it is None, or itself is."""
    return all(each is None for each in to_list(x, allow_tuple=True))


def object_list_uid(objects: Any) -> str:
    """A name for these very objects."""
    return ", ".join(str(abs(id(each))) for each in to_list(objects))


def has_arg(fn: Callable, name: str, accept_all: bool = False) -> bool:
    """Whether the function can be given an argument of this name."""
    parameters = inspect.signature(fn).parameters
    if name not in parameters:
        return accept_all and any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return parameters[name].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def transpose_shape(shape: Sequence, target_format: str, spatial_axes: Iterable[int]) -> tuple:
    """A shape that has its channels last in the order of `target_format`; a list gives a tuple."""
    if target_format == "channels_last":
        return tuple(shape)
    if target_format != "channels_first":
        raise ValueError(
            f"{target_format!r} is no order of axes. Give 'channels_first' or 'channels_last' to transpose_shape."
        )
    kept = shape[: min(spatial_axes)]
    return (*kept, shape[-1], *(shape[axis] for axis in spatial_axes))


def compute_fans(shape: Sequence[int], data_format: str = "channels_last") -> tuple[float, float]:
    """How many values come in and go out through weights of this shape."""
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
    """The shapes of one tensor, or of several in a list; None where there is none."""
    backend = tf_keras.interface("backend")

    return unpack_singleton([backend.int_shape(each) for each in to_list(input_tensors)])


def collect_previous_mask(input_tensors: Any) -> Any:
    """The masks that the layers before gave, for one tensor or a list of them."""
    return unpack_singleton([getattr(each, "_keras_mask", None) for each in to_list(input_tensors)])


def convert_kernel(kernel: np.ndarray) -> np.ndarray:
    """Turns a kernel of a convolution around, which is how Theano counted its places."""
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError(f"The kernel has the shape {kernel.shape}. Give one of a 1D, 2D or 3D convolution.")
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2))).copy()


def convert_all_kernels_in_model(model: Any) -> None:
    """Turns around the kernels of every convolution of a model, between Theano's convention and TensorFlow's."""
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
    """How long the output of a transposed convolution is."""
    if dim_size is None:
        return None
    reach = kernel_size + (kernel_size - 1) * (dilation - 1)
    if output_padding is None:
        beyond = {"same": 0, "valid": max(reach - stride_size, 0), "full": 2 - stride_size - reach}
        return dim_size * stride_size + beyond[padding]
    overlap = {"same": reach // 2, "valid": 0, "full": reach - 1}[padding]
    return (dim_size - 1) * stride_size + reach - 2 * overlap + output_padding


def clip_norm(g: Any, c: float, n: Any) -> Any:
    """Scales a gradient whose norm is n to have the norm c, if n is larger; 0 leaves it alone."""
    if c <= 0:
        return g
    shorter = tf.math.scalar_mul(c / n, g)
    clipped = tf.compat.v1.cond(n >= c, lambda: shorter, lambda: g)
    if isinstance(shorter, tf.Tensor):
        clipped.set_shape(shorter.shape)
    return clipped


def check_array_length_consistency(inputs: Sequence, targets: Sequence, weights: Sequence | None = None) -> None:
    """Refuses arrays that do not have as many samples as one another.

    Raises:
        ValueError: If they have not.
    """
    lengths = []
    for arrays in (inputs, targets, weights or []):
        found = {1 if tf.is_tensor(each) else each.shape[0] for each in arrays or [] if each is not None}
        if len(found) > 1:
            raise ValueError(f"The arrays have {sorted(found)} samples. Give as many in each.")
        lengths.append(found)
    for other in lengths[1:]:
        if lengths[0] and other and lengths[0] != other:
            counts = lengths[0].pop(), other.pop()
            raise ValueError(f"The inputs have {counts[0]} samples and others {counts[1]}. Give as many in each.")


def collect_metrics(metrics: Any, output_names: Sequence[str]) -> list[list]:
    """The metrics of each output, from a list for all of them or a dict by name."""
    if not metrics:
        return [[] for _ in output_names]
    if isinstance(metrics, list):
        return [list(metrics) for _ in output_names]
    if isinstance(metrics, dict):
        return [to_list(metrics.get(name, [])) for name in output_names]
    raise TypeError(f"The metrics are {metrics!r}. Give a list, or a dict by the names of the outputs.")


def weighted_masked_objective(fn: Callable | None) -> Callable | None:
    """A loss function that leaves masked values out and weighs samples, each mean taken over what is left."""
    return None if fn is None else weighted(fn)


def multi_gpu_model(model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False) -> Any:
    """The model itself: parts of a batch on several devices gave the same numbers as the whole batch on one."""
    return model


def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: tuple[int, ...] = (10,),
    output_shape: tuple[int, ...] = (2,),
    classification: bool = True,
    num_classes: int = 2,
) -> tuple:
    """Random data for a test, of values near the number of their class, or near one another."""
    total = num_train + num_test
    level = np.random.randint(0, num_classes, size=(total,)) if classification else np.random.random((total,))
    x = np.zeros((total, *input_shape), np.float32)
    y = level if classification else np.zeros((total, *output_shape), np.float32)
    for i in range(total):
        x[i] = np.random.normal(level[i], 0.7, input_shape)
        if not classification:
            y[i] = np.random.normal(level[i], 0.7, output_shape)
    return (x[:num_train], y[:num_train]), (x[num_train:], y[num_train:])
