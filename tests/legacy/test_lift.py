"""Old graphs as functions: what TensorFlow 1.15.5 computed on the same files, and what a live session has."""

import doctest
import math

import numpy as np
import pytest
import tensorflow as tf
from support.lifting import ARTEFACTS, R, compared, lifted, recorded

import nthgrad as ng
import nthgrad.legacy.keras as old_keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.errors import LegacyError, NthgradError


def of(functions, name, order, **options):
    return ARTEFACTS[name][2](functions(name), recorded(name), order, **options)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_four_derivatives_by_series(functions, name):
    compared(*of(functions, name, 4, method="taylor"))


# Nested tapes make an If or a While of every If and While, at every order: one graph to order 4.
TAPES = {"plain32.pb": 4, "resource": 2, "normalized.pb": 2, "arrays.pb": 1}


@pytest.mark.parametrize("name", TAPES)
def test_derivatives_by_tapes(functions, name):
    compared(*of(functions, name, TAPES[name], method="tape"))


@pytest.mark.parametrize(("name", "order"), [("normalized.pb", 2), ("dynamic_rnn", 0), ("while_loop.pb", 2)])
def test_compiled_with_xla(functions, name, order):
    compared(*of(functions, name, order, jit_compile=True))


def test_xla_does_not_compile_an_array_that_grows():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [2])
        f = legacy.lift(sess, x, tf1.TensorArray(tf1.float32, 0, dynamic_size=True).write(1, x).read(1))
    assert f([1.0, 2.0]).numpy().tolist() == [1.0, 2.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="TensorListResize"):
        tf.function(f, jit_compile=True)(tf.ones([2]))


def test_a_branch_by_tapes_to_the_fourth():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float64, [])
        y = tf1.cond(x > 0, lambda: tf1.sqrt(x), lambda: tf1.exp(x))
        f = legacy.lift((sess.graph, sess), x, y)
    g = ng.derivatives(f, 4, method="tape")
    compared(g(np.float64(4.0)), [2, 1 / 4, -1 / 32, 3 / 256, -15 / 2048], float)
    compared(g(np.float64(-1.0)), [math.exp(-1)] * 5, float)


def test_beyond_the_fourth():
    """x**6 by a loop, with a loop in a branch of it."""
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float64, [None])

        def twice(y):
            return tf1.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, y * x), [0, y])[1]

        def body(i, y):
            return i + 1, tf1.cond(tf1.equal(i, 1), lambda: twice(y), lambda: y * x)

        y = tf1.while_loop(lambda i, _: i < 5, body, [0, tf1.ones_like(x)])[1]
        f = legacy.lift(sess, x, y)
    points = np.array([-1.5, 0.0, 2.0])
    found = ng.derivatives(f, 7)(points)
    compared(found, [math.perm(6, k) * points ** max(6 - k, 0) * (k < 7) for k in range(8)], float)


@pytest.mark.parametrize("length", [0, 1, 7])
def test_a_batch_of_any_length(functions, length):
    for name, width in (("normalized.h5", 1), ("dynamic_rnn", 4)):
        x = np.ones((length, width))
        y = functions(name)(x)
        assert y.shape == (length, 1)
        if length:
            np.testing.assert_allclose(y, functions(name)(x[:1]).numpy().repeat(length, 0), 1e-6)


def test_partials_and_operators(functions):
    f, record = functions("saved_model"), recorded("saved_model")
    points = record["x"] ** 2, record["x"]
    found = ng.partials(f, ["", "t", "tx", "xxxx"])(*points)
    compared(found.values(), [record[key] for key in ("u", "t", "tx", "d4")], float)
    both = lifted("saved_model", signature="both")(*points)
    compared([both["u"], both["square"]], [record["u"], record["square"]], float)
    net = lifted("names.pb", inputs="net/x", outputs="net/a", feed={"net/scale": 2.0})
    x = recorded("names.pb")["x"].astype(np.float32)
    np.testing.assert_allclose(net(x), recorded("names.pb")["d0"], 1e-6)
    laplacian = ng.laplacian(lambda x: net(x)[:, 0], batch_dims=1)(x)
    np.testing.assert_allclose(laplacian, 8 * np.cos(2 * x[:, 0]), 1e-5, 1e-5)


@pytest.mark.parametrize("name", ["keras_learning_phase", "keras_learning_phase_1", "a/b/keras_learning_phase_12"])
@pytest.mark.parametrize("default", [True, False], ids=["with a default", "without"])
def test_the_learning_phase_is_known_by_its_name(name, default):
    """Keras numbers the second of a graph; an imported graph has the name of the import before it."""
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        phase = (
            tf1.placeholder_with_default(False, [], name=name) if default else tf1.placeholder(tf1.bool, [], name=name)
        )
        y = tf1.cond(phase, lambda: 2 * x, lambda: 3 * x)
        inference, training = legacy.lift(sess, x, y), legacy.lift(sess, x, y, training=True)
    assert (inference(1.0), training(1.0)) == (3, 2)


@pytest.mark.parametrize("name", ["keras_learning_phase_two", "my_keras_learning_phase", "keras_learning_phase/x"])
def test_a_placeholder_of_another_name_is_no_learning_phase(name):
    with legacy.session() as sess:
        x, z = tf1.placeholder(tf1.float32, [], name="x"), tf1.placeholder_with_default(3.0, [], name=name)
        with pytest.raises(LegacyError, match="has no learning phase of Keras"):
            legacy.lift(sess, x, x * z, training=True)


ARGUMENTS = {
    ("x",): ["x"],
    ("scope/x",): ["x"],
    ("a/b/x", "a/b/y"): ["x", "y"],
    ("a/x", "b/x"): ["a_x_0", "b_x_0"],
    ("a/lambda",): ["lambda_"],
    ("a/x-1.y",): ["x_1_y"],
}


@pytest.mark.quick
@pytest.mark.parametrize("names", ARGUMENTS, ids=", ".join)
def test_arguments_have_the_last_parts_of_the_names(names):
    with legacy.session() as sess:
        xs = [tf1.placeholder(tf1.float32, [], name=name) for name in names]
        f = legacy.lift(sess, xs, sum(xs[1:], 2 * xs[0]))
    assert [spec.name for spec in f.specs] == ARGUMENTS[names]
    assert f(**dict.fromkeys(ARGUMENTS[names], 1.0)) == 1 + len(names)


def test_a_keras_model_in_a_session():
    with legacy.session() as sess:
        x = old_keras.layers.Input((1,))
        y = old_keras.layers.Dense(1, kernel_initializer="ones")(x)
        normalized = old_keras.layers.BatchNormalization(epsilon=0.0)(y)
        dropped = old_keras.layers.Dropout(0.5)(y)
        model = old_keras.models.Model(x, normalized)
        old_keras.backend.get_session()
        model.set_weights([*model.get_weights()[:-2], np.array([1.0]), np.array([4.0])])
        inference, training = legacy.lift(model), legacy.lift(model, training=True)
        f = legacy.lift(sess, x, dropped, training=True)
        kept = legacy.lift(sess, x, dropped)
        with pytest.raises(LegacyError) as caught:
            inference(np.ones((1, 1)))
        assert str(caught.value).endswith("a graph of TensorFlow 1. Call it outside of the legacy session.")
    x = np.float32([[1.0], [3.0]])
    np.testing.assert_allclose(inference(x), (x - 1) / 2, 1e-6)
    np.testing.assert_allclose(training(x), [[-1.0], [1.0]], 1e-6)
    assert len(inference.variables) == 6
    assert len(inference.trainable_variables) == 4
    assert {f(np.float32([[1.0]])).numpy().item() for _ in range(40)} == {0.0, 2.0}
    np.testing.assert_allclose(kept(x), x)


def test_a_probability_that_is_fed():
    f = lifted("saved_model", feed={"keep": 0.5})
    t = np.ones((1, 1))
    assert len({f(t, t).numpy().item() for _ in range(20)}) > 1


def test_cut_anywhere():
    """What cannot be lifted is left out by naming the tensor that follows it."""
    with legacy.session() as sess:
        queue = tf1.FIFOQueue(2, [tf1.float32], shapes=[[]])
        x = queue.dequeue(name="next")
        y = tf1.log(x + 2.0)
        f = legacy.lift(sess, {"z": x}, [y, (x * x, x)])
        with pytest.raises(LegacyError) as caught:
            legacy.lift(sess, queue.queue_ref, y)
    assert str(caught.value) == (
        "QueueDequeueV2 (named 'next') keeps its state in a session of TensorFlow 1. Lift the parts before and after "
        "it: give the tensor that follows as an input."
    )
    log, (square, same) = f(1.0)
    np.testing.assert_allclose([log, square, same], [math.log(3), 1, 1], 1e-6)
    np.testing.assert_allclose(ng.derivative(lambda x: f(x)[0], 4)(1.0), -6 / 81, 1e-6)
    np.testing.assert_allclose(f(z=1.0)[0], math.log(3), 1e-6)


def test_a_gradient_of_the_programs_own(functions):
    f, record = lifted("own_gradient.pb"), recorded("own_gradient.pb")
    x = record["x"].astype(np.float32)
    np.testing.assert_allclose(f(x), record["d0"], 1e-6)
    # What counts for power series is what f computes; nested tapes would keep the program's own.
    np.testing.assert_allclose(ng.derivative(f, method="taylor")(x), np.cos(x), 1e-6)
    with pytest.raises(LegacyError) as caught:
        ng.derivative(f, method="tape")(x)
    assert str(caught.value) == (
        "IdentityN (named 'IdentityN') has a custom gradient (tf.custom_gradient or gradient_override_map), which is "
        "Python code that a graph does not hold: tapes cannot differentiate it. Lift the parts before and after it: give the tensor that follows as an input."
    )


def test_an_op_is_said_to_be_made_where_the_function_was_called():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        f = legacy.lift(sess, x, R.LinSpace(start=x, stop=1.0, num=3))
    with pytest.raises(NthgradError) as caught:
        ng.derivative(lambda x: f(x) * x, method="tape")(0.5)
    assert f"made at {__file__}:" in str(caught.value)


def test_the_example():
    (test,) = (t for t in doctest.DocTestFinder().find(legacy.lift) if t.examples)
    assert not doctest.DocTestRunner().run(test).failed
