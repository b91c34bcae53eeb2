"""Validates x and the other arguments; converts them to tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import InputError


def floatx() -> tf.DType:
    """Returns Keras's dtype for Python floats."""
    import keras  # late: importing Keras costs about a second

    return tf.as_dtype(keras.config.floatx())


def as_points(given: Mapping[str, Any], others: Any) -> tuple[tf.Tensor, ...]:
    """Converts the arguments to differentiate by to tensors, as `as_point` does.

    A Python number takes the dtype of the tensors among them, else the one floating-point dtype of the other arguments,
    else Keras's `floatx`.

    Args:
        given: the arguments to differentiate by, each under the name that errors use.
        others: the other arguments, a `tf.nest` structure.
    """
    tensors = {name: as_point(x, name) for name, x in given.items() if not is_python(x)}
    dtypes = {t.dtype for t in tensors.values()} or _dtypes(others)
    dtype = next(iter(dtypes)) if len(dtypes) == 1 else next((t.dtype for t in tensors.values()), None)
    if dtype is None and any(_has_float(x) for x in given.values()):
        dtype = floatx()
    return tuple(tensors[name] if name in tensors else as_point(x, name, dtype) for name, x in given.items())


def spread_scalars(xs: Sequence[tf.Tensor]) -> tuple[tf.Tensor, ...]:
    """Broadcasts tensors of one element to the shape of the first tensor that has more or an open length.

    If all have one element, to the shape with the most axes. A tensor with more axes than that shape is left as it is.
    """
    single = [x.shape.num_elements() == 1 for x in xs]
    longer = [x for x, one in zip(xs, single, strict=True) if not one]
    shaped = longer[0] if longer else max(xs, key=lambda x: len(x.shape))
    most = 0 if shaped.shape.rank is None else shaped.shape.rank
    return tuple(
        tf.broadcast_to(x, tf.shape(shaped)) if one and len(x.shape) <= most and x.shape != shaped.shape else x
        for x, one in zip(xs, single, strict=True)
    )


def as_point(x: Any, name: str = "x", dtype: tf.DType | None = None) -> tf.Tensor:
    """Converts x to the tensor at which to differentiate.

    Args:
        x: a real floating-point tensor, variable or NumPy array, whose dtype is kept. A Python float, or a list of
            them, takes Keras's `floatx`.
        name: its name in errors.
        dtype: the dtype for Python numbers, integers included, instead of `floatx`.

    Raises:
        InputError: x is an integer, a string, empty, ragged, sparse, complex, several tensors, or cannot be converted.
    """
    if isinstance(x, (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)):
        raise InputError(f"{name} is a {type(x).__name__}. Give a dense tensor, for example {name}.to_tensor().")
    if type(x).__name__ == "KerasTensor":
        raise InputError(
            f"{name} is a symbolic Keras tensor, which has no value. Build the model first and differentiate that: a "
            "keras.Model is a function here."
        )
    _refuse_structure(x, name)
    if dtype is None and is_python(x) and _has_float(x):
        dtype = floatx()
    try:
        tensor = tf.convert_to_tensor(x, dtype=dtype if is_python(x) and not _has_bool(x) else None)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is {type(x).__name__}, which does not become a tensor: {error}. Give a floating-point tensor, "
            "array or number."
        ) from error
    if tensor.dtype.is_complex:
        raise InputError(
            f"{name} is {tensor.dtype.name}; derivatives are by real variables. Write f as a function of its real and "
            "its imaginary part, lambda a, b: f(tf.complex(a, b)), and differentiate by one: by a for the derivative "
            "of an analytic f."
        )
    if not tensor.dtype.is_floating:
        remedy = "Give numbers." if tensor.dtype == tf.string else f"Write tf.cast({name}, tf.float32), or 1.0 for 1."
        raise InputError(f"{name} is {tensor.dtype.name}; derivatives need floating point. {remedy}")
    if tensor.shape.num_elements() == 0:
        raise InputError(f"{name} is empty: its shape is {tensor.shape}. Give at least one point.")
    return tensor


def _refuse_structure(x: Any, name: str) -> None:
    """Raises if x is a list, tuple or dict of tensors. A list of scalars, or of arrays of one shape, is one tensor."""
    if not tf.nest.is_nested(x):
        return
    leaves = tf.nest.flatten(x)
    arrays = [v for v in leaves if hasattr(v, "shape") and hasattr(v, "dtype")]
    shapes = [str(tf.TensorShape(v.shape) if hasattr(v, "shape") else ()) for v in leaves]
    several = isinstance(x, Mapping) or len(set(shapes)) > 1
    if not any(several or hasattr(v, "assign") or (tf.is_tensor(v) and v.shape.rank != 0) for v in arrays):
        return
    count = "one tensor" if len(leaves) == 1 else f"{len(leaves)} tensors"
    said = ", ".join([*shapes[:5], *(["..."] if len(shapes) > 5 else [])])
    raise InputError(
        f"{name} is a {type(x).__name__} of {count}, of shape {said}; nthgrad differentiates by one tensor here. By a "
        "structure, use nthgrad.gradient, jacobian, hessian, hvp, jvp, vjp or taylor. Or give their elements as one, "
        "tf.concat([tf.reshape(w, [-1]) for w in weights], 0), and split it in f."
    )


def as_argument(value: Any, like: tf.Tensor) -> Any:
    """Converts the leaves of another argument: floats take x's dtype, arrays become tensors, the rest is kept."""

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


def _has_bool(x: Any) -> bool:
    return any(_has_bool(v) for v in x) if isinstance(x, (list, tuple)) else isinstance(x, bool)


def _dtypes(others: Any) -> set[tf.DType]:
    """Returns the floating-point dtypes of the tensors and arrays in a structure."""
    kinds = (tf.Tensor, tf.Variable, np.ndarray, np.generic)
    found = {tf.as_dtype(v.dtype) for v in tf.nest.flatten(others) if isinstance(v, kinds)}
    return {dtype for dtype in found if dtype.is_floating}


def _has_float(x: Any) -> bool:
    return any(_has_float(v) for v in x) if isinstance(x, (list, tuple)) else isinstance(x, float)
