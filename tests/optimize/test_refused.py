"""What `optimize.minimize` refuses, and losses that are NaN, word for word."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors
from nthgrad.optimize.derivatives import whole
from nthgrad.optimize.objective import Objective

X = tf.Variable([1.0, 2.0])
EMPTY = "variables is empty. A model has variables after its first call: call it, or give an Input."
METHODS = "'L-BFGS-B', 'BFGS', 'CG', 'Newton-CG', 'trust-ncg', 'trust-krylov'"


def minimize(*args, **kwargs):
    return ng.optimize.minimize(*args, progress=False, **kwargs)


def loss():
    return tf.reduce_sum(X**2)


CASES = {
    "loss a tensor": (
        lambda: minimize(tf.constant(1.0), X),
        errors.ArgumentError,
        "loss is a EagerTensor, which cannot be called. Give a function that computes it, such as lambda: "
        "tf.reduce_mean(model(x) ** 2).",
    ),
    "loss of arguments": (
        lambda: minimize(lambda x, y, z=1: x, X),
        errors.ArgumentError,
        "loss cannot be called with 0 arguments: missing a required argument: 'x'. Give them in a tuple, such as args=(x, y).",
    ),
    "args a tensor": (
        lambda: minimize(lambda x: x, X, args=tf.ones([3])),
        errors.ArgumentError,
        "args is a EagerTensor. Give a tuple of the arguments of loss, such as (x, y).",
    ),
    "args too many": (
        lambda: minimize(loss, X, args=(1.0, 2.0)),
        errors.ArgumentError,
        "loss cannot be called with 2 arguments: too many positional arguments. Give them in a tuple, such as args=(x, y).",
    ),
    "args an object": (
        lambda: minimize(lambda x: x, X, args=(object,)),
        errors.InputError,
        "args has something that is no tensor: Attempt to convert a value (<class 'object'>) with an unsupported type "
        "(<class 'type'>) to a Tensor. Give tensors or arrays.",
    ),
    "no points": (
        lambda: minimize(ng.loss_and_gradients(lambda x: x * X, X), X),
        errors.ArgumentError,
        "loss is <nthgrad.loss_and_gradients of '<lambda>'>, but args is empty. Give its points, such as args=(points,).",
    ),
    "a set without rows": (
        lambda: minimize(ng.loss_and_gradients(lambda x: x * X, X), X, args=(1.0,)),
        errors.InputError,
        "Argument 0 is of shape (), and has no rows. Give tensors of shape [rows, ...].",
    ),
    "method": (
        lambda: minimize(loss, X, "adam"),
        errors.ArgumentError,
        f"method is 'adam'. Give one of {METHODS}.",
    ),
    "method no text": (
        lambda: minimize(loss, X, ["CG"]),
        errors.ArgumentError,
        f"method is ['CG']. Give one of {METHODS}.",
    ),
    "options": (
        lambda: minimize(loss, X, options=100),
        errors.ArgumentError,
        'options is 100. Give a dictionary, such as {"maxiter": 1000}.',
    ),
    "unknown options": (
        lambda: minimize(loss, X, options={"steps": 3, "maxiter": 2}),
        errors.ArgumentError,
        "options has steps, unknown to SciPy's method 'L-BFGS-B'. "
        "scipy.optimize.show_options(\"minimize\", 'L-BFGS-B') prints the options.",
    ),
    "callback": (
        lambda: minimize(loss, X, callback=3),
        errors.ArgumentError,
        "callback is 3, which cannot be called. Give a function of one result, or None.",
    ),
    **{
        f"max_seconds {given}": (
            lambda given=given: minimize(loss, X, max_seconds=given),
            errors.ArgumentError,
            f"max_seconds is {given!r}. Give a number greater than 0, or None.",
        )
        for given in (0, -1.0, float("nan"), True, "60")
    },
    "inside a tf.function": (
        tf.function(lambda: minimize(loss, X), autograph=False),
        errors.ArgumentError,
        "nthgrad.optimize.minimize was called inside a tf.function, but SciPy runs eagerly only. Call it outside.",
    ),
    "random": (
        lambda: minimize(lambda: loss() * tf.cast(CALLS.assign_add(1), tf.float32), X),
        errors.ArgumentError,
        "loss is 5 and then 10 for the same values of the variables. Draw its random numbers before, once, or from a "
        "fixed seed with tf.random.stateless_uniform, and call layers with training=False.",
    ),
    "a model": (
        lambda: minimize(loss, keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])),
        errors.InputError,
        "variables is a Sequential. Give its trainable_variables.",
    ),
    "no variables": (lambda: minimize(loss, []), errors.InputError, EMPTY),
    "None": (
        lambda: minimize(loss, None),
        errors.InputError,
        "variables is a NoneType, which cannot be assigned. Give tf.Variables or Keras variables.",
    ),
    "a tensor": (
        lambda: minimize(loss, [X, tf.constant(1.0)]),
        errors.InputError,
        "variables[1] is a EagerTensor, which cannot be assigned. Give tf.Variables or Keras variables.",
    ),
    "an array": (
        lambda: minimize(loss, np.ones(2)),
        errors.InputError,
        "variables is a ndarray, which cannot be assigned. Give tf.Variables or Keras variables.",
    ),
    "integers": (
        lambda: minimize(loss, tf.Variable(1)),
        errors.InputError,
        "variables is of int32. Give variables of float32 or float64.",
    ),
    "half precision": (
        lambda: minimize(loss, [X, keras.Variable([1.0], dtype="bfloat16")]),
        errors.InputError,
        "variables[1] is of bfloat16. Give variables of float32 or float64.",
    ),
    "twice": (
        lambda: minimize(loss, [X, X]),
        errors.InputError,
        "variables[1] is given twice. Give each variable once.",
    ),
    "no elements": (
        lambda: minimize(loss, tf.Variable(tf.zeros([0, 3]))),
        errors.InputError,
        "variables have no elements. Give variables with at least one.",
    ),
    "unknown shape": (
        lambda: minimize(loss, tf.Variable([1.0], shape=[None])),
        errors.InputError,
        "variables has the shape (None,). Give variables of known shapes.",
    ),
    "loss a number": (
        lambda: minimize(lambda: 3.0, X),
        errors.OutputError,
        "loss returned 3.0, a float. Return a scalar tensor, computed from the variables.",
    ),
    "loss an integer": (
        lambda: minimize(lambda: tf.constant(3), X),
        errors.OutputError,
        "loss returned a tensor of int32. Return a real, floating-point, scalar tensor.",
    ),
    "loss complex": (
        lambda: minimize(lambda: tf.cast(loss(), tf.complex64), X),
        errors.OutputError,
        "loss returned a tensor of complex64. Return a real, floating-point, scalar tensor.",
    ),
    "loss a vector": (
        lambda: minimize(lambda: X**2, X),
        errors.OutputError,
        "loss returned a tensor of shape (2,), not a scalar. Reduce it, for example by tf.reduce_mean.",
    ),
    "loss of other variables": (
        lambda: minimize(loss, tf.Variable([1.0])),
        errors.DependenceError,
        "loss does not depend on any of the variables through a differentiable path. Check that loss reads these "
        "variables, in TensorFlow ops and without casts to integers.",
    ),
    "NaN at once": (
        lambda: minimize(lambda: tf.reduce_sum(tf.math.log(-X)), X),
        errors.OutputError,
        "loss is nan at the initial values of the variables. Start from values where loss and its gradient are finite.",
    ),
    "infinite gradient at once": (
        lambda: minimize(lambda: tf.sqrt(X[0] - 1.0) + X[1], X),
        errors.OutputError,
        "The gradient of loss has 1 of 2 elements that are NaN or infinite at the initial values of the variables. "
        "Start from values where loss and its gradient are finite.",
    ),
}
CALLS = tf.Variable(0)


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    CALLS.assign(0)
    check_refused(CASES[name], __file__)
    np.testing.assert_array_equal(X.numpy(), [1, 2])


def test_a_loss_that_becomes_nan():
    x = tf.Variable(0.5, dtype=tf.float64)
    with pytest.raises(errors.OutputError) as caught:
        minimize(lambda: -tf.math.log(x) + tf.where(x > 0.9, tf.constant(np.nan, x.dtype), 0), x)
    kept = f"{-np.log(x.numpy()):.6g}"
    assert 0.5 <= x.numpy() <= 0.9
    assert str(caught.value).partition(" in evaluation ")[0] == "loss is nan"
    assert str(caught.value).partition(". ")[2] == (
        f"The variables hold the best values so far, with a loss of {kept}. Minimize again from there, in float64 or by "
        "another method, or keep loss finite where it overflows."
    )


def test_products_and_steps_that_are_nan():
    x = tf.Variable([0.0], dtype=tf.float64)
    objective = Objective(whole(lambda: tf.reduce_sum(tf.abs(x) ** 1.5), ()), [x], jit_compile=None)
    objective(np.zeros(1))
    with pytest.raises(errors.OutputError) as caught:
        objective.product(np.zeros(1), np.ones(1))
    assert str(caught.value) == (
        "A second derivative of loss is NaN or infinite in evaluation 1, where loss is finite. The variables hold the best "
        'values so far, with a loss of 0. Use method="L-BFGS-B", which needs first derivatives only, or avoid operations '
        "such as sqrt at 0."
    )
    with pytest.raises(errors.OutputError) as caught:
        objective(np.array([np.nan]))
    assert str(caught.value) == (
        "SciPy's method asks for the loss at values that are NaN or infinite, after 1 evaluations. The variables hold the "
        "best values so far, with a loss of 0. Use larger tolerances in options, or another method."
    )


def test_the_users_own_exception_is_raised():
    def fails():
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match=r"^mine$"):
        minimize(fails, X)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(errors.ArgumentError) as caught:
        minimize(loss, X)
    assert str(caught.value) == (
        "nthgrad.optimize.minimize needs SciPy, which is not installed. Run pip install 'nthgrad[optimize]'."
    )
