"""Batch, layer and instance normalization of `tf.contrib.layers`."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.errors import LegacyError
from nthgrad.legacy._contrib.framework import add_arg_scope, model_variable
from nthgrad.legacy._contrib.variables import chosen, collect, named, variable_getter
from nthgrad.legacy._internals import ops, tf_keras
from nthgrad.legacy._runtime import dialect

v1 = tf.compat.v1
_UPDATES = v1.GraphKeys.UPDATE_OPS


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = _UPDATES,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> tf.Tensor:
    """Normalizes by the mean and variance of the batch; if not `is_training`, by their moving averages."""
    if batch_weights is not None or renorm or adjustment is not None:
        raise LegacyError(
            "tf.contrib.layers.batch_norm was called with batch_weights, renorm or adjustment, which are not "
            "supported. Leave them out, or use tf.layers.batch_normalization."
        )
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    inputs = tf.convert_to_tensor(inputs)
    rank = inputs.get_shape().ndims
    initializers, regularizers = param_initializers or {}, param_regularizers or {}
    own = zero_debias_moving_mean or rank == 2 or updates_collections is not _UPDATES
    if own:
        if rank not in (2, 4) or fused is False:
            raise LegacyError(
                f"tf.contrib.layers.batch_norm was called with inputs of rank {rank} and fused={fused}, and with "
                "zero_debias_moving_mean or other updates_collections, which require fused inputs of rank 2 or 4. "
                "Use tf.layers.batch_normalization."
            )
        with v1.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as within:
            return _fused(
                inputs,
                within,
                *(decay, center, scale, epsilon, activation_fn, initializers, regularizers),
                *(updates_collections, is_training, variables_collections, outputs_collections, trainable),
                *(data_format, zero_debias_moving_mean),
            )
    names = {"beta": v1.zeros_initializer, "gamma": v1.ones_initializer}
    names |= {"moving_mean": v1.zeros_initializer, "moving_variance": v1.ones_initializer}
    with (
        dialect.tf_keras_115(),
        v1.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=variable_getter()) as within,
    ):
        layer = tf_keras.keras_module(tf_keras.TF_LAYERS).BatchNormalization(
            axis=1 if data_format == "NCHW" else -1,
            momentum=decay,
            epsilon=epsilon,
            center=center,
            scale=scale,
            **{f"{name}_initializer": initializers.get(name, default()) for name, default in names.items()},
            beta_regularizer=regularizers.get("beta"),
            gamma_regularizer=regularizers.get("gamma"),
            trainable=trainable,
            name=within.name,
            _scope=within,
            _reuse=reuse,
            fused=True if fused is None else fused,
        )
        outputs = layer.apply(inputs, training=is_training)
        for name in names:
            if getattr(layer, name, None) is not None:
                collect(getattr(layer, name), variables_collections, name)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return named(outputs_collections, outputs)


def _fused(
    inputs: tf.Tensor,
    within: Any,
    decay: float,
    center: bool,
    scale: bool,
    epsilon: float,
    activation_fn: Any,
    initializers: dict[str, Any],
    regularizers: dict[str, Any],
    updates_collections: Any,
    is_training: Any,
    variables_collections: Any,
    outputs_collections: Any,
    trainable: bool,
    data_format: str,
    zero_debias: bool,
) -> tf.Tensor:
    """Normalizes by one fused op, which uses the unbiased variance of the batch."""
    original = inputs
    if inputs.get_shape().ndims == 2:
        channels = v1.Dimension(inputs.get_shape()[-1]).value
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        inputs = tf.reshape(inputs, [-1, 1, 1, channels] if data_format == "NHWC" else [-1, channels, 1, 1])
    shape = inputs.get_shape()[-1:] if data_format == "NHWC" else inputs.get_shape()[1:2]
    if not shape.is_fully_defined():
        raise ValueError(f"Inputs {inputs.name} has undefined `C` dimension {shape}.")

    def parameter(name: str, default: Any, **kwargs: Any) -> Any:
        found = initializers.get(name, default())
        return model_variable(
            name, shape, tf.float32, found, collections=chosen(variables_collections, name) or None, **kwargs
        )

    beta, gamma = (
        parameter(name, default, trainable=trainable, regularizer=regularizers.get(name))
        if wanted
        else tf.constant(value, tf.float32, shape)
        for name, default, wanted, value in (
            ("beta", v1.zeros_initializer, center, 0.0),
            ("gamma", v1.ones_initializer, scale, 1.0),
        )
    )
    mean = parameter("moving_mean", v1.zeros_initializer, trainable=False)
    variance = parameter("moving_variance", v1.ones_initializer, trainable=False)

    def training() -> Any:
        return v1.nn.fused_batch_norm(inputs, gamma, beta, epsilon=epsilon, data_format=data_format)

    def inference() -> Any:
        return v1.nn.fused_batch_norm(
            inputs, gamma, beta, mean, variance, epsilon=epsilon, is_training=False, data_format=data_format
        )

    outputs, batch_mean, batch_variance = _switch(is_training, training, inference)
    known = is_training if isinstance(is_training, bool | int) else tf.get_static_value(is_training)
    if known is None or known:

        def updated() -> tuple[Any, Any]:
            return (
                ops.assign_moving_average(mean, batch_mean, decay, zero_debias=zero_debias),
                ops.assign_moving_average(variance, batch_variance, decay, zero_debias=False),
            )

        if updates_collections is None:

            def at_once() -> tf.Tensor:
                with tf.control_dependencies(updated()):
                    return tf.identity(outputs)

            outputs = _switch(is_training, at_once, lambda: outputs)
        else:
            for update in _switch(is_training, updated, lambda: (tf.identity(mean), tf.identity(variance))):
                v1.add_to_collections(updates_collections, update)
    outputs.set_shape(inputs.get_shape())
    if original.get_shape().ndims == 2:
        outputs = tf.reshape(outputs, tf.shape(original))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return named(outputs_collections, outputs)


def _switch(condition: Any, yes: Callable, no: Callable) -> Any:
    known = condition if isinstance(condition, bool | int) else tf.get_static_value(condition)
    return v1.cond(condition, yes, no) if known is None else yes() if known else no()


def _offset_and_scale(
    shape: Any, dtype: Any, initializers: Any, collections: Any, *, center: bool, scale: bool, trainable: bool
) -> list[Any]:
    return [
        model_variable(
            name,
            shape,
            dtype,
            initializers.get(name, default()),
            collections=chosen(collections, name),
            trainable=trainable,
        )
        if wanted
        else None
        for name, wanted, default in (("beta", center, v1.zeros_initializer), ("gamma", scale, v1.ones_initializer))
    ]


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> tf.Tensor:
    """Normalizes each example by its own mean and variance."""
    with v1.variable_scope(scope, "LayerNorm", [inputs], reuse=reuse):
        inputs = tf.convert_to_tensor(inputs)
        shape, rank = inputs.shape, inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        first = begin_norm_axis % rank if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= rank or first >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({first}) must be < rank(inputs) ({rank})"
            )
        params = shape[begin_params_axis:]
        if not params.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: {shape}")
        dtype = inputs.dtype.base_dtype
        beta, gamma = _offset_and_scale(
            params, dtype, {}, variables_collections, center=center, scale=scale, trainable=trainable
        )
        mean, variance = v1.nn.moments(inputs, list(range(first, rank)), keep_dims=True)
        smallest = 1e-12 if dtype != tf.float16 else 1e-3
        outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, smallest)
        outputs.set_shape(shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return named(outputs_collections, outputs)


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> tf.Tensor:
    """Normalizes each channel of each example by its own mean and variance."""
    inputs = tf.convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with v1.variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse):
        channels = 1 if data_format == "NCHW" else rank - 1
        params = inputs.shape[channels : channels + 1]
        if not params.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {params}.")
        dtype, initializers = inputs.dtype.base_dtype, param_initializers or {}
        pair: list[Any] = _offset_and_scale(
            params, dtype, initializers, variables_collections, center=center, scale=scale, trainable=trainable
        )
        if data_format == "NCHW":
            wide = [1, params[0].value, *([1] * (rank - 2))]
            pair = [each if each is None else tf.reshape(each, wide) for each in pair]
        axes = [axis for axis in range(1, rank) if axis != channels]
        mean, variance = v1.nn.moments(inputs, axes, keep_dims=True)
        outputs = tf.nn.batch_normalization(inputs, mean, variance, pair[0], pair[1], epsilon, name="instancenorm")
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return named(outputs_collections, outputs)
