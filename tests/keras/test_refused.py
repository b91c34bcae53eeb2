"""Derivatives inside Keras 3 models: what is refused, word for word."""

from __future__ import annotations

import re

import keras
import pytest
import tensorflow as tf
import tf_keras
from keras import layers, ops
from support.keras_models import Custom, column

from nthgrad import legacy
from nthgrad.errors import (
    ArgumentError,
    DependenceError,
    InputError,
    MixingError,
    NthgradError,
    OutputError,
    UnsupportedOpError,
)
from nthgrad.keras import Grad, grad

# Keras's own, when it saves weights
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def numbers(text):
    """A message without the numbers that Keras puts into names."""
    return re.sub(r"keras_tensor_?\d*", "keras_tensor", text)


REMEDY = (
    " A derivative here is one number for each element of y, by its own element (or row) of x. By one column of x, give "
    "column. Or make each coordinate a keras.Input of its own, of shape [batch, 1], or differentiate the model with "
    "nthgrad.partials."
)


def inputs(*shapes, dtype="float32"):
    return [keras.Input(shape, name="xyz"[i], dtype=dtype) for i, shape in enumerate(shapes)]


def mixing(shape, layer):
    (x,) = inputs(shape)
    return grad(layer(x), x)


def a_dense_layer():
    return mixing((2,), layers.Dense(2, name="mixing", kernel_initializer="zeros"))


BESIDE = (
    "y ('keras_tensor') does not depend on x ('keras_tensor'): both depend on 'x', and there is no path of layers from x to "
    "y. Create x before the layers of y, and call these on x: t, x = tx[:, :1], tx[:, 1:], then "
    "y = net(keras.ops.concatenate([t, x], axis=1)). Or make each coordinate a keras.Input."
)


def beside(make):
    """By a tensor that is made from the layers' input, and is none of theirs."""
    (x,) = inputs((2,))
    y = layers.Dense(1)(layers.Dense(3, "tanh")(x))
    return grad(y, make(x))


def in_a_session():
    with legacy.session():
        from nthgrad.legacy import keras

        x = keras.Input(shape=(1,))
        grad(x, x)


OLD = (
    " is a tensor of tf_keras or of a TensorFlow graph; nthgrad.keras.grad is for functional models of Keras 3. "
    "Differentiate a tf_keras model with nthgrad.derivative, or run the old program with its K.gradients under "
    "nthgrad.legacy."
)
REFUSED = {
    "no tensor": (
        lambda: grad(tf.constant(1.0), keras.Input((1,))),
        InputError,
        "y is a tensor with a value, and nothing records how y was computed from x. In the `call` of a layer or a model, "
        "decorate `call` with tf.function (fit and predict trace it anyway). Elsewhere, differentiate a function with "
        "nthgrad.derivative.",
    ),
    "a tensor of no model": (
        lambda: grad(keras.Input((1,)), keras.KerasTensor((None, 1))),
        InputError,
        "x is KerasTensor, not a tensor of a Keras 3 functional model. Give the output of keras.Input or of a layer "
        "called on it, or differentiate a function with nthgrad.derivative.",
    ),
    "tf_keras": (lambda: grad(tf_keras.Input((1,)), tf_keras.Input((1,))), InputError, "y" + OLD),
    "TensorFlow 1": (in_a_session, InputError, "y" + OLD),
    "integers": (
        lambda: grad(ops.cast((x := inputs((1,), dtype="int32")[0]), "float32"), x),
        InputError,
        "x ('x') is int32; derivatives need dense real floating point. Convert it by a layer, or give keras.Input the "
        'dtype "float32".',
    ),
    "sparse": (
        lambda: grad(layers.Dense(1)(x := keras.Input((3,), sparse=True, name="x")), x),
        InputError,
        "x ('x') is sparse; derivatives need dense real floating point. Convert it by a layer, or give keras.Input the "
        'dtype "float32".',
    ),
    "order": (
        lambda: grad(ops.sin(x := keras.Input((1,))), x, -1),
        ArgumentError,
        "order is -1; derivatives have no negative order. Give an integer of 0 or more.",
    ),
    "independent": (
        lambda: grad(*inputs((1,), (1,))),
        DependenceError,
        "y ('x') does not depend on x ('y'): there is no path of layers from x to y. Differentiate by a tensor that y "
        "depends on.",
    ),
    "upside down": (
        lambda: grad(x := keras.Input((1,), name="x"), ops.sin(x)),
        DependenceError,
        "y ('x') does not depend on x ('keras_tensor'): x depends on y, and not y on x. Exchange the two.",
    ),
    "sliced after the layers": (lambda: beside(lambda x: x[:, :1]), DependenceError, BESIDE),
    "a copy": (lambda: beside(lambda x: x + 0), DependenceError, BESIDE),
    "reshaped after the layers": (
        lambda: beside(lambda x: layers.Reshape((1, 2))(x)[:, :, 0]),
        DependenceError,
        BESIDE,
    ),
    "split after the layers": (lambda: beside(lambda x: ops.split(x, 2, axis=1)[1]), DependenceError, BESIDE),
    "unstacked after the layers": (lambda: beside(lambda x: ops.unstack(x, 2, axis=1)[0]), DependenceError, BESIDE),
    "another layer's output": (lambda: beside(layers.Dense(1)), DependenceError, BESIDE),
    "shapes": (
        lambda: mixing((2,), layers.Dense(1, name="mixing")),
        OutputError,
        "x ('x') has shape (None, 2), but y ('keras_tensor') has shape (None, 1), which does not begin with it: y mixes "
        "elements of x." + REMEDY,
    ),
    "a Dense layer": (
        a_dense_layer,
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a sequence": (
        lambda: mixing((None, 1), layers.LSTM(1, return_sequences=True)),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a running sum from the end": (
        lambda: mixing((None, 1), Custom("running sum from the end")),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a long running sum": (
        lambda: mixing((None, 1), Custom("running sum of five or more")),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "a running sum": (
        lambda: mixing((4, 1), Custom("running sum")),
        OutputError,
        "y ('keras_tensor') mixes the elements of a row of x ('x')." + REMEDY,
    ),
    "rows in another order": (
        lambda: mixing((1,), Custom("reverse rows")),
        MixingError,
        "y ('keras_tensor') mixes the rows of the batch of x ('x')." + REMEDY,
    ),
    "the largest row": (
        lambda: mixing((1,), Custom("largest")),
        MixingError,
        "y ('keras_tensor') mixes the rows of the batch of x ('x')." + REMEDY,
    ),
    "called again": (
        lambda: keras.Model(x := keras.Input((1,)), grad(ops.sin(x), x)).layers[-1]([ops.sin(x), x]),
        ArgumentError,
        "is one derivative in one model and cannot be called again. Call nthgrad.keras.grad.",
    ),
    "by hand, without what is held": (
        lambda: Grad(1, name="g")([ops.add(*(xd := inputs((1,), (1,)))), xd[0]]),
        ArgumentError,
        "The layer 'g' was not given ['y'], on which y depends too. Call nthgrad.keras.grad, which finds them.",
    ),
    "by hand, on values": (
        lambda: Grad(1, name="g")([tf.ones([1, 1]), tf.ones([1, 1])]),
        ArgumentError,
        "The layer 'g' belongs to no model. Call nthgrad.keras.grad.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert numbers(message) in numbers(str(error.value))


def test_a_step_has_no_derivative():
    (x,) = inputs((1,))
    with pytest.raises(
        DependenceError, match=r"From x to keras_tensor.*: .*only through Floor .*, whose derivative is zero"
    ):
        grad(Custom("floor")(x), x)


def test_a_model_cut_between():
    (x,) = inputs((1,))
    h = ops.sin(x)
    model = keras.Model([x, h], grad(h**2, x))
    with pytest.raises(UnsupportedOpError, match=r"computed another value in a second run .* the model was cut"):
        model([column(1.0), column(5.0)])
    with pytest.raises(NthgradError, match="does not depend on x"):
        tf.function(model, autograph=False)([tf.constant(column(1.0)), tf.constant(column(5.0))])


def test_another_backend(monkeypatch):
    x = keras.Input((1,))
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    for call in (lambda: grad(x, x), lambda: Grad(1)):
        with pytest.raises(InputError) as error:
            call()
        assert str(error.value) == (
            "Keras runs on jax, and nthgrad differentiates TensorFlow. Set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )
