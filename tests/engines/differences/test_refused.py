"""What finite_difference refuses: its arguments, its inputs, and outputs of f."""

import math

import numpy as np
import pytest
import tensorflow as tf

import nthgrad
from nthgrad.differences import finite_difference
from nthgrad.errors import ArgumentError, InputError, OutputError

NEGATIVE = "order is -1; derivatives have no negative order. Give an integer of 0 or more."
ORDER = "order is {!r}, a {}. Give an integer of 0 or more."
ACCURACY_OF = "accuracy is {}, and no central difference has that accuracy. Give an even integer from 2 up."
ARGNUM = "argnum is {}. Give the position of an argument of f, or its name."
STEP = "step is {}, and no difference can take that step. Give a finite number above 0."


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"order": -1}, NEGATIVE)]
    + [({"order": order}, ORDER.format(order, type(order).__name__)) for order in (True, 1.0, "2", None)]
    + [({"accuracy": accuracy}, ACCURACY_OF.format(repr(accuracy))) for accuracy in (0, 1, 3, -2, True, 2.0, None)]
    + [({"argnum": argnum}, ARGNUM.format(repr(argnum))) for argnum in (True, 0.0, None)]
    + [({"step": step}, STEP.format(repr(step))) for step in (0, 0.0, -1e-3, math.inf, math.nan, True, "1e-3")],
)
def test_arguments_refused(arguments, message):
    with pytest.raises(ArgumentError) as info:
        finite_difference(tf.sin, **arguments)
    assert str(info.value) == message


@pytest.mark.parametrize("x", [3, np.arange(3), True, "one", 1j, None, tf.sparse.eye(2), np.zeros([0, 3])], ids=str)
def test_inputs_refused_as_by_the_other_engines(x):
    said = []
    for g in (finite_difference(tf.sin), nthgrad.derivative(tf.sin)):
        with pytest.raises(InputError) as info:
            g(x)
        said.append(str(info.value))
    assert said[0] == said[1]
    assert said[0].startswith("x is ")


NOTHING = "f returned nothing (None). Return the tensor, or the structure of tensors, to differentiate."
NOT_REAL = "Output 0 of f is {}, which has no derivative. Return floating-point or complex tensors only."
MIXES = (
    "f maps shape (2, 3) to shape {} (output 0), so it mixes elements of x: a derivative here means that each element of the "
    "output depends on its own element (or row) of x only. Differentiate a function of one element at a time, or use "
    "nthgrad.gradient, nthgrad.jacobian or nthgrad.partials."
)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: None, NOTHING),
        (lambda x: [], NOTHING),
        (lambda x: [x, None], "Output 1 of f is None. Return a tensor there, or leave it out."),
        (lambda x: tf.cast(x, tf.int32), NOT_REAL.format("int32")),
        (lambda x: {"y": tf.strings.as_string(x)}, NOT_REAL.format("string")),
        (tf.reduce_sum, MIXES.format("()")),
        (lambda x: x[:, 0], MIXES.format("(2,)")),
        (tf.transpose, MIXES.format("(3, 2)")),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_outputs_refused(f, message, compiled):
    g = finite_difference(f)
    with pytest.raises(OutputError) as info:
        (tf.function(g) if compiled else g)(tf.ones([2, 3]))
    assert str(info.value) == message


GIVE = "Give a direction of the dtype and the shape of x."


@pytest.mark.parametrize(
    ("direction", "message"),
    [
        (
            np.ones(3),
            "direction is float64 of shape (3,), but x is float32 of shape (3,). " + GIVE,
        ),
        ([1.0, 0.0], "direction is float32 of shape (2,), but x is float32 of shape (3,). " + GIVE),
    ],
)
def test_directions_refused(direction, message):
    with pytest.raises(InputError) as info:
        finite_difference(tf.reduce_sum, direction=direction)(tf.ones([3]))
    assert str(info.value) == message


def test_too_few_arguments_refused():
    with pytest.raises(ArgumentError) as info:
        finite_difference(tf.atan2, argnum=1)(1.0)
    assert str(info.value) == (
        "argnum is 1, but the call has 1 positional arguments and the names [], and f takes ['y', 'x', 'name']. Give the "
        "position or the name of an argument that is there."
    )


def test_step_refused_that_the_dtype_does_not_hold():
    g = finite_difference(tf.sin, step=1e-60)
    with pytest.raises(ArgumentError) as info:
        g(tf.ones([2]))
    assert str(info.value) == "step is 1e-60, which is 0.0 in float32. Give a step that float32 holds, or x in float64."
    np.testing.assert_array_equal(finite_difference(tf.identity, step=1e-60)(tf.zeros([2], tf.float64)), [1, 1])


def test_shapes_known_only_when_run_are_checked():
    specs = [tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.bool)]
    g = tf.function(finite_difference(tf.boolean_mask, step=0.5), input_signature=specs)
    np.testing.assert_allclose(g([5.0, 6.0], [True, True]), [1, 1], rtol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="f mixes elements of x"):
        g([5.0, 6.0], [False, True])


@pytest.mark.parametrize("what", ["x", "y"])
def test_unknown_ranks_refused(what):
    if what == "x":
        f, spec, kind = tf.sin, tf.TensorSpec(None, tf.float32), InputError
        message = "x has a shape of unknown rank. Give it a shape first, with tf.ensure_shape(x, ...)."
    else:
        f, spec, kind = lambda x: tf.reshape(x, tf.cast(x, tf.int32)), tf.TensorSpec([None], tf.float32), OutputError
        message = (
            "The rank of output 0 of f is unknown while tracing, so nothing shows that f does not mix elements of x. Give "
            "it a rank with tf.ensure_shape."
        )
    with pytest.raises(kind) as info:
        tf.function(finite_difference(f), input_signature=[spec])(tf.ones([1]))
    assert str(info.value) == message
