"""keras.grad by a column of an input, and in the `call` of layers and models, against closed forms."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from support.keras_models import ways

from nthgrad import errors
from nthgrad.keras import Grad, grad

# Keras's own, when it saves weights
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

RNG = np.random.default_rng(0)
TX = RNG.normal(size=(5, 2))
T, X = TX[:, :1], TX[:, 1:]
A, B, C = RNG.normal(size=(2, 4)), RNG.normal(size=4), RNG.normal(size=(4, 1))
Y = np.tanh(TX @ A + B)
TANH = [Y, 1 - Y**2, -2 * Y * (1 - Y**2), (1 - Y**2) * (6 * Y**2 - 2)]


def exact(*orders):
    """The derivative of tanh((t, x) A + B) C by t and x."""
    return TANH[sum(orders)] * np.prod(A ** np.array(orders)[:, None], axis=0) @ C


def network(dtype="float64"):
    hidden, last = layers.Dense(4, "tanh", dtype=dtype), layers.Dense(1, use_bias=False, dtype=dtype)
    hidden.build((None, 2))
    last.build((None, 4))
    hidden.set_weights([A, B])
    last.set_weights([C])
    return hidden, last


def of_columns(dtype="float64"):
    """A functional model of [batch, 2] whose outputs are partial derivatives."""
    tx = keras.Input((2,), dtype=dtype)
    hidden, last = network(dtype)
    u = last(hidden(tx))
    u_x = grad(u, tx, column=1)
    return keras.Model(tx, [u, grad(u, tx, column=0), u_x, grad(u_x, tx, column=-1), grad(u_x, tx, column=0),
                            grad(u, tx, 3, column=1)])  # fmt: skip


WANT = [exact(0, 0), exact(1, 0), exact(0, 1), exact(0, 2), exact(1, 1), exact(0, 3)]


def compared(got, want, dtype="float64"):
    tolerance = 5000 * np.finfo(dtype).eps  # sums of four products, of derivatives up to 20
    for a, b in zip(got, want, strict=True):
        assert (a.dtype, a.shape) == (dtype, b.shape)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.quick
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns(dtype):
    model = of_columns(dtype)
    made = [(layer.order, layer.column) for layer in model.layers if isinstance(layer, Grad)]
    assert sorted(made) == [(1, 0), (1, 0), (1, 1), (2, 1), (3, 1)]
    for got in ways(model, TX.astype(dtype)):
        compared(got, WANT, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_rows(dtype):
    """0, 1 and more rows: eagerly and with an open length; of a model and in a layer."""
    spec = [tf.TensorSpec([None, 2], dtype)]
    model, layer = of_columns(dtype), Residual(dtype=dtype)
    runs = [(model, WANT), (tf.function(layer, input_signature=spec), RESIDUAL)]
    if dtype == "float64":
        runs.append((tf.function(model, input_signature=spec), WANT))
    for run, want in runs:
        for count in (0, 1, 5):
            compared(run(tf.constant(TX[:count], dtype)), [y[:count] for y in want], dtype)


def test_columns_are_saved_and_trained(tmp_path):
    model = of_columns()
    model.save(tmp_path / "model.keras")
    compared(keras.models.load_model(tmp_path / "model.keras")(TX), WANT)

    slopes = keras.Model(model.input, model.outputs[3])

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(slopes(TX))
        return tape.gradient(loss, model.trainable_variables[-1])

    for run in (step, tf.function(step), tf.function(step, jit_compile=True)):
        np.testing.assert_allclose(run(), (TANH[2] * A[1] ** 2).sum(0)[:, None], rtol=1e-12)


def test_columns_of_tensors_between_layers():
    """By a column of the output of a layer, of points with several axes; the last output has no row of its own kind."""
    z = keras.Input((3, 2), dtype="float64")
    h = ops.sin(z)
    y = h[..., 0] ** 2 * h[..., 1]
    model = keras.Model(z, [grad(y, h, column=0), grad(y, z, column=1), grad(h, z, column=0)])
    values = RNG.normal(size=(4, 3, 2))
    s, c = np.sin(values), np.cos(values)
    want = [2 * s[..., 0] * s[..., 1], s[..., 0] ** 2 * c[..., 1], c * [1.0, 0.0]]
    for got in ways(model, values):
        compared(got, want)


class Residual(layers.Layer):
    """Returns partial derivatives of a network that it holds, by tensors of its own `call`."""

    def __init__(self, dtype="float64", **options):
        super().__init__(dtype=dtype, **options)
        self.hidden, self.last = network(dtype)

    def call(self, tx):
        t, x = tx[:, :1], tx[:, 1:]
        h = self.hidden(tf.concat([t, x], 1))
        u = self.last(h)
        both = self.last(self.hidden(tx))
        return [grad(u, t), grad(grad(u, x), x), grad(grad(u, x), t), grad(both, tx, 2, column=1), grad(h**2, h)]


RESIDUAL = [exact(1, 0), exact(0, 2), exact(1, 1), exact(0, 2), 2 * Y]


class Model(keras.Model):
    def __init__(self):
        super().__init__(dtype="float64")
        self.residual = Residual()

    def call(self, tx):
        return self.residual(tx)


class Traced(Residual):
    call = tf.function(Residual.call)


def in_a_functional_model():
    tx = keras.Input((2,), dtype="float64")
    return keras.Model(tx, Residual()(tx))


@pytest.mark.parametrize("make", [Residual, Model, in_a_functional_model, Traced], ids=lambda make: make.__name__)
def test_in_the_call_of_a_layer_or_a_model(make):
    model = make()
    runs = {Traced: [model], Residual: [tf.function(model), tf.function(model, jit_compile=True)]}
    for run in runs.get(make, [tf.function(model)]):
        compared(run(tf.constant(TX)), RESIDUAL)
    if isinstance(model, keras.Model):
        data = tf.data.Dataset.from_tensors((tf.constant(TX),))
        compared(model.predict(data, verbose=0), RESIDUAL)


class Slope(keras.Model):
    """u' of u = w x**3 / 3, by its own `call`."""

    def __init__(self):
        super().__init__(dtype="float64")
        self.dense = layers.Dense(1, use_bias=False, kernel_initializer="zeros", dtype="float64")

    def call(self, x):
        return grad(self.dense(x**3 / 3), x)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_a_model_whose_call_differentiates(jit_compile):
    model = Slope()
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit_compile)
    x = np.linspace(-1, 1, 8)[:, None]
    data = tf.data.Dataset.from_tensors((x, 2 * x**2))
    loss = model.fit(data, epochs=60, verbose=0, shuffle=False).history["loss"]
    assert loss[-1] < 1e-6 < loss[0]
    np.testing.assert_allclose(model.dense.kernel, [[2.0]], rtol=1e-3)


def numbers(text):
    """A message without the numbers and the places in graphs that Keras puts into names."""
    return re.sub(r"keras_tensor_?\d*", "keras_tensor", text)


def input_of(*shape):
    return keras.Input(shape, name="x")


def in_a_call(f):
    """Traces f of a tensor."""
    return lambda: tf.function(f, autograph=False).get_concrete_function(tf.TensorSpec([None, 2], name="x"))


REMEDY = (
    " A derivative here is one number for each element of y, by its own element (or row) of x. By one column of x, give "
    "column. Or make each coordinate a keras.Input of its own, of shape [batch, 1], or differentiate the model with "
    "nthgrad.partials."
)
EAGER = (
    "y is a tensor with a value, and nothing records how y was computed from x. In the `call` of a layer or a model, "
    "decorate `call` with tf.function (fit and predict trace it anyway). Elsewhere, differentiate a function with "
    "nthgrad.derivative."
)
CASES = {
    "a column too far": (
        lambda: grad(ops.sum(x := input_of(2), 1), x, column=2),
        errors.ArgumentError,
        "column is 2, but x ('x') has the shape (None, 2). Give an index from 0 to 1.",
    ),
    "no index": (
        lambda: grad(x := input_of(2), x, column="t"),
        errors.ArgumentError,
        "column is 't', a str. Give the index of a column of x.",
    ),
    "no columns": (
        lambda: grad(x := keras.Input(batch_shape=(None,), name="x"), x, column=0),
        errors.ArgumentError,
        "column is 0, but x ('x') has the shape (None,). Give x of shape [batch, d].",
    ),
    "mixed rows": (
        lambda: grad(ops.cumsum(x := input_of(2), 0), x, column=0),
        errors.MixingError,
        "y ('keras_tensor') mixes the rows of the batch of x ('x')." + REMEDY,
    ),
    "no rows": (
        lambda: grad(ops.sum(x := input_of(3, 2), 1), x, column=0),
        errors.OutputError,
        "x ('x') has shape (None, 3, 2), but y ('keras_tensor') has shape (None, 2), which does not begin with its rows: y "
        "mixes elements of x." + REMEDY,
    ),
    "in a call, no column": (
        in_a_call(lambda x: grad(tf.reduce_sum(x, 1, keepdims=True), x)),
        errors.OutputError,
        "x ('x:0') has shape (None, 2), but y ('Sum:0') has shape (None, 1), which does not begin with it: y mixes elements "
        "of x." + REMEDY,
    ),
    "in a call, mixed rows": (
        in_a_call(lambda x: grad(tf.cumsum(x, 0), x, column=0)),
        errors.MixingError,
        "f mixes the rows of a batch: Cumsum (named 'Cumsum', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "in a call, no dependence": (
        in_a_call(lambda x: grad(tf.ones(tf.shape(x)), x)),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
    "in a call, integers": (
        in_a_call(lambda x: grad(x, tf.cast(x, tf.int32, name="cast"))),
        errors.InputError,
        "x ('cast:0') is int32; derivatives need real floating point. Cast it.",
    ),
    "in a call, another graph": (
        in_a_call(lambda x: tf.cond(x[0, 0] > 0, lambda: grad(x**2, x), lambda: x)),
        errors.InputError,
        "x ('x:0') belongs to another graph than the one being traced, such as that around a tf.cond, a loop or a "
        "tf.function. Call nthgrad.keras.grad there, or compute y from x here.",
    ),
    "in a call that is not traced": (lambda: Residual()(TX), errors.InputError, EAGER),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    call, kind, text = CASES[name]
    with pytest.raises(kind) as caught:
        call()
    found = re.sub(re.escape(__file__) + r":\d+", "HERE", numbers(str(caught.value)))
    assert text in found
