"""`tf.contrib.layers`: layers as functions, with variables in the current variable scope."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from nthgrad.legacy._contrib.framework import add_arg_scope
from nthgrad.legacy._contrib.normalization import batch_norm as batch_norm
from nthgrad.legacy._contrib.normalization import instance_norm as instance_norm
from nthgrad.legacy._contrib.normalization import layer_norm as layer_norm
from nthgrad.legacy._contrib.variables import collect, named, variable_getter
from nthgrad.legacy._contrib.weights import apply_regularization as apply_regularization
from nthgrad.legacy._contrib.weights import l1_l2_regularizer as l1_l2_regularizer
from nthgrad.legacy._contrib.weights import l1_regularizer as l1_regularizer
from nthgrad.legacy._contrib.weights import l2_regularizer as l2_regularizer
from nthgrad.legacy._contrib.weights import sum_regularizer as sum_regularizer
from nthgrad.legacy._contrib.weights import variance_scaling_initializer as variance_scaling_initializer
from nthgrad.legacy._contrib.weights import xavier_initializer as xavier_initializer
from nthgrad.legacy._contrib.weights import xavier_initializer_conv2d as xavier_initializer_conv2d
from nthgrad.legacy._internals import tf_keras as _tf_keras
from nthgrad.legacy._runtime import dialect as _dialect

v1 = tf.compat.v1


def _weighted(
    layer_class: str,
    default_scope: str,
    inputs: Any,
    arguments: dict[str, Any],
    activation_fn: Any,
    normalizer_fn: Any,
    normalizer_params: Any,
    weights_initializer: Any,
    weights_regularizer: Any,
    biases_initializer: Any,
    biases_regularizer: Any,
    reuse: Any,
    variables_collections: Any,
    outputs_collections: Any,
    trainable: bool,
    scope: Any,
) -> tf.Tensor:
    """Applies a layer with weights and biases, a normalization and an activation."""
    getter = variable_getter({"bias": "biases", "kernel": "weights"})
    with (
        _dialect.tf_keras_115(),
        v1.variable_scope(scope, default_scope, [inputs], reuse=reuse, custom_getter=getter) as within,
    ):
        inputs = tf.convert_to_tensor(inputs)
        layer = getattr(_tf_keras.keras_module(_tf_keras.TF_LAYERS), layer_class)(
            **arguments,
            activation=None,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer or xavier_initializer(),
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            name=within.name,
            dtype=inputs.dtype.base_dtype,
            _scope=within,
            _reuse=reuse,
        )
        outputs = layer.apply(inputs)
        collect(layer.kernel, variables_collections, "weights")
        if layer.use_bias:
            collect(layer.bias, variables_collections, "biases")
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return named(outputs_collections, outputs)


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Any = tf.nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = v1.zeros_initializer(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> tf.Tensor:
    """Applies a dense layer; the default activation is ReLU, None is no activation."""
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be one of [<class 'int'>], got {type(num_outputs)}.")
    rest = (weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse)
    ends = (variables_collections, outputs_collections, trainable, scope)
    functions = (activation_fn, normalizer_fn, normalizer_params)
    return _weighted("Dense", "fully_connected", inputs, {"units": num_outputs}, *functions, *rest, *ends)


@add_arg_scope
def convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Any = tf.nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = v1.zeros_initializer(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    conv_dims: int | None = None,
) -> tf.Tensor:
    """Applies a convolution over one, two or three axes, by the rank of the inputs; the default activation is ReLU."""
    if data_format not in (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW"):
        raise ValueError(f"Invalid data_format: {data_format!r}")
    inputs = tf.convert_to_tensor(inputs)
    rank = inputs.get_shape().ndims
    if conv_dims is not None and conv_dims + 2 != rank:
        raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
    if rank not in (3, 4, 5):
        raise ValueError("Convolution not supported for input with rank", rank)
    arguments = {
        "filters": num_outputs,
        "kernel_size": kernel_size,
        "strides": stride,
        "padding": padding,
        "data_format": "channels_first" if (data_format or "").startswith("NC") else "channels_last",
        "dilation_rate": rate,
    }
    rest = (weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse)
    ends = (variables_collections, outputs_collections, trainable, scope)
    functions = (activation_fn, normalizer_fn, normalizer_params)
    return _weighted(f"Conv{rank - 2}D", "Conv", inputs, arguments, *functions, *rest, *ends)


convolution1d = conv1d = convolution2d = conv2d = convolution3d = conv3d = convolution
relu = partial(fully_connected, activation_fn=tf.nn.relu)
relu6 = partial(fully_connected, activation_fn=tf.nn.relu6)
linear = partial(fully_connected, activation_fn=None)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> tf.Tensor:
    """Flattens each example to one row."""
    with _dialect.tf_keras_115(), v1.name_scope(scope, "Flatten", [inputs]):
        outputs = _tf_keras.keras_module(_tf_keras.TF_LAYERS).flatten(tf.convert_to_tensor(inputs))
        return named(outputs_collections, outputs)


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> tf.Tensor:
    """Keeps each element with probability `keep_prob` and divides it by `keep_prob`."""
    with (
        _dialect.tf_keras_115(),
        v1.variable_scope(scope, "Dropout", [inputs], custom_getter=variable_getter()) as within,
    ):
        layer = _tf_keras.keras_module(_tf_keras.TF_LAYERS).Dropout(
            rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=within.name, _scope=within
        )
        outputs = layer.apply(tf.convert_to_tensor(inputs), training=is_training)
        return named(outputs_collections, outputs)


def _pooling(layer_class: str, default_scope: str) -> Callable:
    @add_arg_scope
    def pool(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Any = None,
        scope: Any = None,
    ) -> tf.Tensor:
        if data_format not in ("NCHW", "NHWC"):
            raise ValueError("data_format has to be either NCHW or NHWC.")
        with _dialect.tf_keras_115(), v1.name_scope(scope, default_scope, [inputs]) as within:
            layer = getattr(_tf_keras.keras_module(_tf_keras.TF_LAYERS), layer_class)(
                pool_size=kernel_size,
                strides=stride,
                padding=padding,
                data_format="channels_first" if data_format == "NCHW" else "channels_last",
                _scope=within,
            )
            return named(outputs_collections, layer.apply(tf.convert_to_tensor(inputs)))

    return pool


max_pool2d = _pooling("MaxPooling2D", "MaxPool2D")
avg_pool2d = _pooling("AveragePooling2D", "AvgPool2D")


@add_arg_scope
def one_hot_encoding(
    labels: Any,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    scope: Any = None,
) -> tf.Tensor:
    """Encodes integer labels as rows with one `on_value`."""
    with v1.name_scope(scope, "OneHotEncoding", [labels, num_classes]):
        labels = tf.convert_to_tensor(labels)
        if labels.dtype == tf.int32:
            labels = tf.cast(labels, tf.int64)
        return named(outputs_collections, tf.one_hot(labels, num_classes, on_value, off_value))


def repeat(inputs: Any, repetitions: int, layer: Callable, *args: Any, **kwargs: Any) -> tf.Tensor:
    """Applies a layer several times in sequence."""
    scope = kwargs.pop("scope", None)
    with v1.variable_scope(scope, "Repeat", [inputs]):
        inputs = tf.convert_to_tensor(inputs)
        if scope is None:
            scope = getattr(layer, "__name__", None) or layer.func.__name__  # pyright: ignore[reportFunctionMemberAccess]
        for at in range(repetitions):
            inputs = layer(inputs, *args, **{**kwargs, "scope": f"{scope}_{at + 1}"})
        return inputs


def stack(inputs: Any, layer: Callable, stack_args: Sequence[Any], **kwargs: Any) -> tf.Tensor:
    """Applies a layer in sequence, once for each of `stack_args`."""
    scope = kwargs.pop("scope", None)
    with v1.variable_scope(scope, "Stack", [inputs]):
        inputs = tf.convert_to_tensor(inputs)
        if scope is None:
            scope = getattr(layer, "__name__", None) or layer.func.__name__  # pyright: ignore[reportFunctionMemberAccess]
        for at, each in enumerate(stack_args):
            given = each if isinstance(each, list | tuple) else [each]
            inputs = layer(inputs, *given, **{**kwargs, "scope": f"{scope}_{at + 1}"})
        return inputs
