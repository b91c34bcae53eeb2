"""Initializers and regularizers."""

import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None, dtype: Any = tf.float32
) -> Callable[..., tf.Tensor]:
    """Returns an initializer of mean 0 and variance `factor` / n; n is the number of inputs, outputs, or their mean."""
    if not dtype.is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError("Unknown mode %s [FAN_IN, FAN_OUT, FAN_AVG]", mode)

    def initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> tf.Tensor:
        sizes = [float(size) for size in v1.TensorShape(shape).as_list()] or [1.0]
        others = math.prod(sizes[:-2])
        inputs, outputs = others * sizes[-2 if len(sizes) > 1 else -1], others * sizes[-1]
        number = {"FAN_IN": inputs, "FAN_OUT": outputs, "FAN_AVG": (inputs + outputs) / 2}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / number)
            return tf.random.uniform(shape, -limit, limit, dtype, seed)
        # 1.3 compensates for the smaller variance of the truncated distribution.
        return tf.random.truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / number), dtype, seed)

    return initializer


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = tf.float32) -> Callable:
    """Returns an initializer of mean 0 and variance 1 / n; n is the mean of the numbers of inputs and outputs."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def _regularizer(name: str, penalty: Callable[[Any], Any], scale: Any, scope: str | None) -> Callable:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"scale cannot be an integer: {scale}")
    if not tf.is_tensor(scale):
        if scale < 0.0:
            raise ValueError(
                f"Setting a scale less than 0 on a regularizer: {scale:g}" + ("." if name[1] == "2" else "")
            )
        if scale == 0.0:
            v1.logging.info("Scale of 0 disables regularizer.")
            return lambda _: None

    def regularizer(weights: Any) -> tf.Tensor:
        with v1.name_scope(scope, name, [weights]) as scoped:
            factor = tf.convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return tf.multiply(factor, penalty(weights), name=scoped)

    return regularizer


def l1_regularizer(scale: float, scope: str | None = None) -> Callable:
    """Returns the regularizer scale * sum(abs(w))."""
    return _regularizer("l1_regularizer", lambda weights: tf.reduce_sum(tf.abs(weights)), scale, scope)


def l2_regularizer(scale: float, scope: str | None = None) -> Callable:
    """Returns the regularizer scale * sum(w**2) / 2."""
    return _regularizer("l2_regularizer", tf.nn.l2_loss, scale, scope)


def sum_regularizer(regularizer_list: Iterable[Any], scope: str | None = None) -> Callable | None:
    """Returns the sum of several regularizers."""
    regularizers = [each for each in regularizer_list if each is not None]
    if not regularizers:
        return None

    def total(weights: Any) -> tf.Tensor | None:
        with v1.name_scope(scope, "sum_regularizer", [weights]) as scoped:
            found = [each(weights) for each in regularizers]
            found = [each for each in found if each is not None]
            if len(found) < 2:
                return found[0] if found else None
            return tf.add_n(found, name=scoped)

    return total


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Callable | None:
    """Returns the sum of the l1 and the l2 regularizer."""
    for name, scale in (("scale_l1", scale_l1), ("scale_l2", scale_l2)):
        if isinstance(scale, numbers.Integral):
            raise ValueError(f"{name} cannot be an integer: {scale}")
    scope = scope or "l1_l2_regularizer"
    return sum_regularizer([each for each in (l1_regularizer(scale_l1), l2_regularizer(scale_l2)) if each], scope)


def apply_regularization(regularizer: Callable, weights_list: Sequence[Any] | None = None) -> tf.Tensor:
    """Returns the penalty of all weights, and adds it to the collection of regularization losses."""
    weights = weights_list or v1.get_collection(v1.GraphKeys.WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with v1.name_scope("get_regularization_penalty", values=weights) as scope:
        penalties = [regularizer(each) for each in weights]
        penalties = [tf.constant(0.0) if each is None else each for each in penalties]
        for each in penalties:
            if each.get_shape().ndims != 0:
                raise ValueError(
                    f"regularizer must return a scalar Tensor instead of a Tensor with rank {each.get_shape().ndims}."
                )
        total = tf.add_n(penalties, name=scope)
        v1.add_to_collection(v1.GraphKeys.REGULARIZATION_LOSSES, total)
        return total
