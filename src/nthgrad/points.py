"""What may be given for x and for the arguments beside it, and the tensors that become of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import InputError


def floatx() -> tf.DType:
    """The dtype that Keras gives to Python floats."""
    import keras  # late: importing Keras costs about a second

    return tf.as_dtype(keras.config.floatx())


def as_point(x: Any, name: str = "x") -> tf.Tensor:
    """The tensor at which to differentiate.

    Args:
        x: a real floating-point tensor, variable or NumPy array, whose dtype is kept, or a Python float or a list of
            them, which take Keras's `floatx`.
        name: how errors call it.

    Raises:
        InputError: x is an integer, a string, empty, ragged, sparse, complex, or nothing that becomes a tensor.
    """
    if isinstance(x, (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)):
        raise InputError(f"{name} is a {type(x).__name__}. Give a dense tensor, for example {name}.to_tensor().")
    if type(x).__name__ == "KerasTensor":
        raise InputError(
            f"{name} is a symbolic Keras tensor, which has no value. Build the model first and differentiate that: a "
            "keras.Model is a function here."
        )
    python = is_python(x)
    try:
        tensor = tf.convert_to_tensor(x, dtype_hint=floatx() if python and _has_float(x) else None)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is {type(x).__name__}, which does not become a tensor: {error}. Give a floating-point tensor, "
            "array or number."
        ) from error
    if tensor.dtype.is_complex:
        raise InputError(
            f"{name} is {tensor.dtype.name}. Differentiate by a real variable, its real or imaginary part."
        )
    if not tensor.dtype.is_floating:
        remedy = "Give numbers." if tensor.dtype == tf.string else f"Write tf.cast({name}, tf.float32), or 1.0 for 1."
        raise InputError(f"{name} is {tensor.dtype.name}; derivatives need floating point. {remedy}")
    if tensor.shape.num_elements() == 0:
        raise InputError(f"{name} is empty: its shape is {tensor.shape}. Give at least one point.")
    return tensor


def as_argument(value: Any, like: tf.Tensor) -> Any:
    """An argument beside x, leaf by leaf: floats take x's dtype, arrays become tensors, all else stays as it is."""

    def leaf(v: Any) -> Any:
        if isinstance(v, (np.ndarray, np.generic)):
            return tf.convert_to_tensor(np.asarray(v))
        if isinstance(v, float):
            return tf.constant(v, like.dtype)
        return v

    return tf.nest.map_structure(leaf, value)


def is_python(x: Any) -> bool:
    """Whether x is a Python number, or lists of them."""
    if isinstance(x, (list, tuple)):
        return all(is_python(v) for v in x)
    return isinstance(x, (int, float)) and not isinstance(x, np.generic)


def _has_float(x: Any) -> bool:
    return any(_has_float(v) for v in x) if isinstance(x, (list, tuple)) else isinstance(x, float)
