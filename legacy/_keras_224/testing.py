"""`keras.utils.test_utils.layer_test`: checks a layer, as Keras's own tests and those of other packages do."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.functions import has_arg


def layer_test(
    layer_cls: Any,
    kwargs: Mapping[str, Any] | None = None,
    input_shape: Any = None,
    input_dtype: Any = None,
    input_data: Any = None,
    expected_output: Any = None,
    expected_output_dtype: Any = None,
    fixed_batch_size: bool = False,
) -> np.ndarray:
    """Checks that a layer predicts, is saved as a configuration, keeps its weights, and trains.

    Args:
        layer_cls: the class of the layer.
        kwargs: its arguments.
        input_shape: the shape of random data, batch size included; None stands for a random size.
        input_dtype: their dtype, by default `K.floatx()`.
        input_data: the data, in the place of random ones.
        expected_output: the output to expect, to three digits.
        expected_output_dtype: its dtype, by default `input_dtype`.
        fixed_batch_size: whether the model knows the batch size.

    Returns:
        the output of the layer.

    Raises:
        AssertionError: if a check fails.
    """
    arguments = dict(kwargs or {})
    if input_data is None:
        assert input_shape, "layer_test was given no data. Give input_shape or input_data."
        input_dtype = input_dtype or tf_keras.keras_backend().floatx()
        sizes = [np.random.randint(1, 4) if size is None else size for size in input_shape]
        input_data = (10 * np.random.random(sizes)).astype(input_dtype)
    input_shape = input_data.shape if input_shape is None else input_shape
    input_dtype = input_data.dtype if input_dtype is None else input_dtype

    layer = layer_cls(**arguments)
    weights = layer.get_weights()
    layer.set_weights(weights)
    if weights and has_arg(layer_cls.__init__, "weights"):
        layer = layer_cls(**{**arguments, "weights": weights})

    at = {"batch_shape": input_shape} if fixed_batch_size else {"shape": input_shape[1:]}
    shape = layer.compute_output_shape(input_shape)
    x = tf_keras.interface("layers").Input(dtype=tf.as_dtype(input_dtype).name, **at)
    y = layer(x)
    wanted = tf.as_dtype(expected_output_dtype or input_dtype)
    assert y.dtype.base_dtype == wanted, f"The output is {y.dtype.name}, {wanted.name} is expected."
    output = _checked(tf_keras.interface("models").Model(x, y), layer, input_data, shape, expected_output)
    type(layer).from_config({**layer.get_config(), "batch_input_shape": input_shape})
    return output


def _checked(model: Any, layer: Any, data: Any, shape: Any, expected: Any) -> np.ndarray:
    """Predicts, copies by configuration and trains a model of one layer; returns the output."""
    output = model.predict(data)
    for wanted, found in zip(shape, output.shape, strict=False):
        assert wanted is None or wanted == found, f"The output has shape {output.shape}, {shape} is expected."
    if expected is not None:
        np.testing.assert_allclose(output, expected, rtol=1e-3)
    copy = type(model).from_config(model.get_config())
    if model.weights:
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose(copy.predict(data), output, rtol=1e-3)
    if has_arg(layer.call, "training"):
        model.compile("rmsprop", "mse")
        model.train_on_batch(data, output)
    return output
