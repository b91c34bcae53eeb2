"""What partials refuses: its arguments, mixed rows, and a dependence on a coordinate that has no derivative."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.keras_models import model_of_two
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

METHODS = pytest.mark.parametrize("method", ["tape", "taylor"])
COMPILED = pytest.mark.parametrize("jit_compile", [None, True], ids=["plain", "compiled"])
POINTS = np.array([(0.0, 0.0), (0.25, -0.5), (1.0, 0.75)])
T, X = np.ones((4, 1)), np.ones((4, 1))


def heat(t, x):
    return tf.exp(-t) * tf.sin(2 * x)


def network(*layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input([2]), keras.layers.Dense(4, "tanh"), *layers, keras.layers.Dense(1)])


@METHODS
@COMPILED
def test_rows_that_are_mixed_are_refused_inside_a_graph(jit_compile, method):
    g = ng.partials(lambda t, x: tf.sin(x) - tf.reduce_mean(t * x, 0), ["xx"], method=method)
    with pytest.raises(errors.MixingError, match=r"^f mixes the rows of a batch: Mean"):
        tf.function(g, autograph=False, jit_compile=jit_compile)(*(tf.constant(c) for c in np.split(POINTS, 2, 1)))


def fused(x):
    image = tf.reshape(x**2, [-1, 1, 1, 1])
    one, zero = tf.ones([1]), tf.zeros([1])
    normal, *_ = tf.raw_ops.FusedBatchNormV3(x=image, scale=one, offset=zero, mean=zero, variance=one, is_training=True)
    return tf.reshape(normal, tf.shape(x))


@pytest.mark.quick
@METHODS
def test_rows_that_are_mixed_are_refused(method):
    z = POINTS.astype("float32")
    model = network(keras.layers.BatchNormalization())
    inference = ng.partials(lambda z: model(z, training=False), ["xx"], coords="tx", method=method)
    assert np.all(np.isfinite(inference(z)["xx"]))
    training = ng.partials(lambda z: model(z, training=True), ["xx"], coords="tx", method=method)
    with pytest.raises(
        errors.MixingError, match=r"^f mixes the rows of a batch: Mean \(named '.*', made at .*\) combines"
    ):
        training(z)
    with pytest.raises(errors.MixingError):
        ng.derivatives(lambda x: x - tf.reduce_mean(x), 2, method=method)(z[:, 0])
    with pytest.raises(errors.MixingError, match="FusedBatchNormV3"):
        ng.derivative(fused, method=method)(z[:, 1:])


@tf.function
def whole(t):
    return tf.cast(tf.cast(t, tf.int32), t.dtype)


STATE = tf.Variable(np.zeros((3, 1)))


def through_state(t, x):
    STATE.assign(t)
    return tf.sin(x) + STATE


LOST = {
    "floor": (lambda t, x: tf.sin(x) + tf.floor(t), errors.DependenceError, "only through Floor"),
    "sign": (lambda t, x: tf.sin(x) * tf.sign(t), errors.DependenceError, "only through Sign"),
    "stop_gradient": (lambda t, x: x + tf.stop_gradient(t), errors.DependenceError, "only through StopGradient"),
    "a cast": (
        lambda t, x: x + tf.cast(tf.cast(t, tf.int32), x.dtype),
        errors.DependenceError,
        "no path of floating-point ops",
    ),
    "a comparison": (lambda t, x: tf.where(t > 0, x, x**2), errors.DependenceError, "no path of floating-point ops"),
    "a cast in a function": (lambda t, x: x + whole(t), errors.DependenceError, "no path of floating-point ops"),
    "a cast in a branch": (
        lambda t, x: tf.cond(x[0, 0] > 0, lambda: x + whole(t), lambda: x),
        errors.DependenceError,
        "no path of floating-point ops",
    ),
    "a branch": (
        lambda t, x: tf.cond(t[0, 0] > 0, lambda: x, lambda: x**2),
        errors.DependenceError,
        "no path of floating-point ops",
    ),
    "a variable": (through_state, errors.DependenceError, "no path of floating-point ops"),
    "a variable, rounded": (lambda t, x: through_state(tf.floor(t), x), errors.DependenceError, "does not depend on t"),
    "all of them": (lambda t, x: tf.ones_like(x), errors.DependenceError, "does not depend on t"),
}


@METHODS
@pytest.mark.parametrize("name", LOST)
def test_a_dependence_that_is_lost_is_refused(name, method):
    f, kind, text = LOST[name]
    with pytest.raises(kind, match=text):
        ng.partials(f, ["t", "x"], method=method)(*np.split(POINTS, 2, axis=1))


CASES = {
    "an unknown coordinate": (
        lambda: ng.partials(heat, ["t", "xy"]),
        errors.ArgumentError,
        "'xy' in names asks for the coordinate 'y', but the parameters of f are t, x. Name one of those.",
    ),
    "an unknown column": (
        lambda: ng.partials(heat, ["z"], coords="tx"),
        errors.ArgumentError,
        "'z' in names asks for the coordinate 'z', but the columns named by coords are t, x. Name one of those.",
    ),
    "a long name as letters": (
        lambda: ng.partials(lambda theta: theta, ["theta"]),
        errors.ArgumentError,
        "'theta' in names asks for the coordinate 't', but the parameters of f are theta. Write ('theta',) for the "
        "coordinate 'theta'.",
    ),
    "a string": (
        lambda: ng.partials(heat, "xx"),
        errors.ArgumentError,
        """names is 'xx', a str. Give a list, for example ["t", "xx"].""",
    ),
    "no names": (
        lambda: ng.partials(heat, []),
        errors.ArgumentError,
        """names is empty. Give the partials to compute, for example ["t", "xx"].""",
    ),
    "no coordinate": (
        lambda: ng.partials(heat, [""]),
        errors.ArgumentError,
        "names is [''], which names no coordinate. Call f itself, or add a name.",
    ),
    "a number": (
        lambda: ng.partials(heat, [2]),
        errors.ArgumentError,
        """2 in names is a int. Write a partial as a string of letters, "xx", or as a tuple of coordinates, """
        """("theta", "theta").""",
    ),
    "a column twice": (
        lambda: ng.partials(heat, ["t"], coords="tt"),
        errors.ArgumentError,
        "coords is 'tt', which has 't' twice. Give each column a name of its own.",
    ),
    "no columns": (
        lambda: ng.partials(heat, ["t"], coords=""),
        errors.ArgumentError,
        """coords is ''. Give one name a column: letters, as in "tx", or a list of names.""",
    ),
    "no parameters": (
        lambda: ng.partials(lambda *points: points[0], ["t"]),
        errors.ArgumentError,
        "f has no named parameters, which would name the coordinates. Write it as def u(t, x), or name the columns of its "
        """argument with coords, for example coords="tx".""",
    ),
    "no function": (
        lambda: ng.partials(3, ["t"]),
        errors.ArgumentError,
        "f is 3, a int, which cannot be called. Give a function.",
    ),
    "the method": (
        lambda: ng.partials(heat, ["t"], method="jet"),
        errors.ArgumentError,
        "method is 'jet'. The methods are 'auto', 'tape', 'taylor'.",
    ),
    "other batch sizes": (
        lambda: ng.partials(heat, ["tx"])(T, X[:2]),
        errors.InputError,
        "t has the shape (4, 1) and x the shape (2, 1). Nothing is broadcast for you: give both the same shape, one "
        "element for each point, for example by tf.broadcast_to.",
    ),
    "other ranks": (
        lambda: ng.partials(heat, ["tx"])(T, X[:, 0]),
        errors.InputError,
        "t has the shape (4, 1) and x the shape (4,). Nothing is broadcast for you: give both the same shape, one "
        "element for each point, for example by tf.broadcast_to.",
    ),
    "other dtypes": (
        lambda: ng.partials(heat, ["tx"])(T, X.astype("float32")),
        errors.InputError,
        "t is float64 and x is float32. Nothing is cast for you: cast one to the dtype of the other.",
    ),
    "a column too many": (
        lambda: ng.partials(lambda z: z, ["tx"], coords="tx")(np.ones((4, 3))),
        errors.InputError,
        "x has the shape (4, 3), but coords names 2 columns: t, x. Give a tensor of shape [batch, 2], or name all the "
        "columns.",
    ),
    "other dtypes of scalars": (
        lambda: ng.partials(heat, ["tx"])(tf.constant(1.0), X),
        errors.InputError,
        "t is float32 and x is float64. Nothing is cast for you: cast one to the dtype of the other.",
    ),
    "an integer alone": (
        lambda: ng.partials(heat, ["t", "x"])(0, 1),
        errors.InputError,
        "t is int32; derivatives need floating point. Write tf.cast(t, tf.float32), or 1.0 for 1.",
    ),
    "a bool": (
        lambda: ng.partials(heat, ["t", "x"])(True, X),
        errors.InputError,
        "t is bool; derivatives need floating point. Write tf.cast(t, tf.float32), or 1.0 for 1.",
    ),
    "integers": (
        lambda: ng.partials(heat, ["tx"])(np.ones((4, 1), int), X),
        errors.InputError,
        "t is int64; derivatives need floating point. Write tf.cast(t, tf.float32), or 1.0 for 1.",
    ),
    "an argument missing": (
        lambda: ng.partials(heat, ["tx"])(T),
        errors.ArgumentError,
        "argnum is 'x', but the call has 1 positional arguments and the names [], and f takes ['t', 'x']. Give the position "
        "or the name of an argument that is there.",
    ),
    "columns of a model of several inputs": (
        lambda: ng.partials(model_of_two(keras, "list")[0], ["t"], coords="tx"),
        errors.ArgumentError,
        "coords is 'tx', but f is a model of several inputs, which name the coordinates: t, x. Leave out coords.",
    ),
    "no input of a model": (
        lambda: ng.partials(model_of_two(keras, "list")[0], ["y"]),
        errors.ArgumentError,
        "'y' in names asks for the coordinate 'y', but the parameters of f are t, x. Name one of those.",
    ),
    "an input missing": (
        lambda: ng.partials(model_of_two(keras, "list")[0], ["t"])(T),
        errors.ArgumentError,
        "The model 'u' takes one tensor for each of its inputs, t, x, but the call has 1. Give one for each.",
    ),
    "f does not depend on one": (
        lambda: ng.partials(lambda t, x: tf.sin(t) + 0 * tf.round(x), ["t", "tx"])(T, X),
        errors.DependenceError,
        "f(t, x) does not depend on x through any differentiable path: only through Round (named 'Round', made at HERE), "
        "whose derivative is zero wherever it exists. Check that f uses its argument, in TensorFlow ops and without casts "
        "to integers.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)
