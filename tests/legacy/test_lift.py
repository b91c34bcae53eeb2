"""Old graphs as functions: what TensorFlow 1.15.5 computed on the same files, and what cannot be had."""

import doctest
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import nthgrad as ng
import nthgrad.legacy.keras as old_keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad.errors import LegacyError, NthgradError

R = tf.raw_ops
FILES = Path(__file__).parents[1] / "golden" / "artefacts"
XY = {"inputs": "x", "outputs": "y"}


def recorded(name):
    with np.load(FILES / f"{name}.npz") as file:
        return dict(file)


def lifted(name, **options):
    return legacy.lift(FILES / name, **options)


def compared(found, expected, dtype, slack=1.0):
    eps = np.finfo(dtype).eps
    for order, (one, other) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(one, other, 64 * slack * eps, 64 * slack * eps, err_msg=f"order {order}")


# ---------- values and derivatives, beside TensorFlow 1's own


def each(f, record, order, **options):
    """The derivatives by each element, in a batch."""
    x = record["x"].astype(f.specs[-1].dtype.as_numpy_dtype)
    others = [x**2] if len(f.specs) == 2 else []
    found = ng.derivatives(f, order, argnum=len(others), **options)(*others, x)
    return found, [record[f"d{k}"] for k in range(order + 1)], x.dtype


def scalars(f, record, order, **options):
    """The derivatives of a function of one number, at several."""
    g = ng.derivatives(f, order, **options)
    return np.transpose([np.array(g(x)) for x in record["x"]]), [record[f"d{k}"] for k in range(order + 1)], float


def rows(f, record, order, **options):
    """The derivatives by all columns together: chained tf.gradients gave their parts."""
    x = record["x"].astype(f.specs[0].dtype.as_numpy_dtype)
    found = ng.derivatives(lambda s: f(x + s), order, **options)(np.zeros_like(x[:, :1]))
    sums = [record[f"d{k}"].sum(1, keepdims=True) for k in range(1, order + 1)]
    return found, [record["d0"], *sums], x.dtype


ARTEFACTS = {
    "plain32.pb": ("plain32.pb", {}, each),
    "plain64.pb": ("plain64.pb", XY, each),
    "cond.pb": ("cond.pb", {}, scalars),
    "reference": ("reference.meta", XY, each),
    "resource": ("resource.meta", XY, each),
    "normalized.h5": ("normalized.h5", {}, each),
    "normalized.json": ("normalized.json", {"weights": FILES / "normalized.weights.h5"}, each),
    "normalized.pb": ("normalized.pb", {}, each),
    "recurrent.h5": ("recurrent.h5", {}, rows),
    "dynamic_rnn": ("dynamic_rnn.meta", {"outputs": "y"}, rows),
    "while_loop.pb": ("while_loop.pb", {}, each),
    "arrays.pb": ("arrays.pb", {}, each),
    "functional": ("functional.meta", XY, each),
    "saved_model": ("saved_model", {}, each),
}


@pytest.fixture(scope="module")
def functions():
    """The artefacts, each lifted once."""
    made = {}

    def get(name):
        if name not in made:
            source, options, _ = ARTEFACTS[name]
            made[name] = lifted(source, **options)
        return made[name]

    return get


def of(functions, name, order, **options):
    return ARTEFACTS[name][2](functions(name), recorded(name), order, **options)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_four_derivatives_by_series(functions, name):
    compared(*of(functions, name, 4, method="taylor"))


# Nested tapes make an If or a While of every If and While, at every order.
TAPES = {"plain32.pb": 4, "resource": 4, "normalized.pb": 4, "arrays.pb": 1}


@pytest.mark.parametrize("name", TAPES)
def test_derivatives_by_tapes(functions, name):
    compared(*of(functions, name, TAPES[name], method="tape"))


@pytest.mark.parametrize(("name", "order"), [("normalized.pb", 4), ("dynamic_rnn", 0), ("while_loop.pb", 2)])
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


# ---------- variables


@pytest.mark.parametrize("method", ["taylor", "tape"])
@pytest.mark.parametrize("name", ["reference", "resource"])
def test_variables_are_trained_from_outside(name, method):
    f, record = lifted(f"{name}.meta", **XY), recorded(name)
    names = ["b0", "b1", "b2", "w0", "w1", "w2"] + ["sliced/part_0", "sliced/part_1"] * (name == "reference")
    assert {v.name for v in f.variables} == {f"{n}:0" for n in names}
    assert {v.name for v in f.trainable_variables} == {f"{n}:0" for n in names} - {"b0:0"}
    assert {v.name for v in f.submodules} | {v.name for v in tf.Module.variables.fget(f)} == {f"{n}:0" for n in names}
    by_name = {v.name: v for v in f.variables}
    weights, f_xx = [by_name["w0:0"], by_name["w1:0"]], ng.derivative(f, 2, method=method)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(f_xx(record["x"]) ** 2)
        slopes = tape.gradient(loss, weights)
        before = weights[0].numpy()
        if loss_before := record.pop("loss", None):
            assert loss < loss_before
            break
        compared(slopes, [record["w0"], record["w1"]], float)
        weights[0].assign(before - 0.01 * slopes[0])
        record["loss"] = loss


def test_every_function_has_variables_of_its_own():
    with legacy.session() as sess:
        x, w = tf1.placeholder(tf1.float32, []), tf1.get_variable("w", initializer=2.0)
        sess.run(tf1.global_variables_initializer())
        f, g = legacy.lift(sess, x, w * x), legacy.lift(sess, x, w * x)
    f.variables[0].assign(5.0)
    assert (f(1.0), g(1.0)) == (5.0, 2.0)


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ([("", "w"), ("", "w")], 1),
        ([("", "w"), ("", "v")], 2),
        ([("", ""), ("", "")], 2),
        ([("one", "w"), ("another", "w")], 2),
        ([("", ""), ("", "first")], 1),  # named as the op that has no name to share
    ],
)
@pytest.mark.parametrize("kind", ["Variable", "VariableV2"])
def test_ops_of_one_shared_name_are_one_variable(kind, names, count):
    """TensorFlow 1's session holds one variable for each container and shared name, however many ops read it."""
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        refs = [
            getattr(R, kind)(shape=[], dtype=tf.float32, container=c, shared_name=s, name=op)
            for op, (c, s) in zip(("first", "second"), names, strict=True)
        ]
        for ref, value in zip(refs, (2.0, 3.0), strict=True):
            sess.run(tf.raw_ops.Assign(ref=ref, value=value))
        f = legacy.lift(sess, x, x * refs[0] + refs[1])
    assert len(f.variables) == count
    first = 2.0 if count == 2 else 3.0
    assert f(10.0) == 10 * first + 3
    f.variables[0].assign(5.0)
    assert f(10.0) == 50 + (3 if count == 2 else 5)


# What changes a variable of shape [2], by its op's type: of what is made of a variable and another, both by handle.
WRITES = {
    "AssignAddVariableOp": lambda v, w: R.AssignAddVariableOp(resource=v, value=[1.0, 1.0]),
    "ResourceApplyGradientDescent": lambda v, w: R.ResourceApplyGradientDescent(var=v, alpha=1.0, delta=[1.0, 1.0]),
    "ResourceScatterAdd": lambda v, w: R.ResourceScatterAdd(resource=v, indices=[0], updates=[1.0]),
    "ResourceSparseApplyAdagrad": lambda v, w: R.ResourceSparseApplyAdagrad(
        var=v, accum=w, lr=1.0, grad=[1.0], indices=[0]
    ),
    "ResourceStridedSliceAssign": lambda v, w: R.ResourceStridedSliceAssign(
        ref=v, begin=[0], end=[1], strides=[1], value=[1.0]
    ),
}


@pytest.mark.parametrize("kind", WRITES)
def test_what_changes_a_variable_is_refused(kind):
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [2], name="x")
        v, w = (tf1.get_variable(name, initializer=[2.0, 3.0], use_resource=True) for name in "vw")
        sess.run(tf1.global_variables_initializer())
        with tf1.control_dependencies([WRITES[kind](v.handle, w.handle)]):
            y = tf1.add(v.read_value(), x)
        message = refused(lambda: legacy.lift(sess, x, y))
    assert message == (
        f"{kind} (named '{kind}') changes the variable 'v' while the outputs of the session's graph are computed from it. "
        "Fix the placeholder that decides it, with feed={...}, or lift the parts apart."
    )


@pytest.mark.parametrize("resource", [True, False], ids=["resource", "reference"])
def test_what_changes_a_variable_in_a_branch_is_refused(resource):
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        flag = tf1.placeholder(tf1.bool, [], name="flag")
        v = tf1.get_variable("v", initializer=2.0, use_resource=resource)
        sess.run(tf1.global_variables_initializer())
        update = tf1.cond(flag, lambda: tf1.identity(tf1.assign_add(v, 1.0)), lambda: tf1.constant(0.0))
        with tf1.control_dependencies([update]):
            y = tf1.add(v.read_value(), x)
        message = refused(lambda: legacy.lift(sess, x, y))
        f = legacy.lift(sess, x, y, feed={flag: False})
    assert "changes the variable 'v' while the outputs of the session's graph are computed from it." in message
    assert f(1.0) == 3


def array(size=3, **options):
    return tf1.TensorArray(tf1.float32, size, **{"infer_shape": False, "element_shape": [], **options})


GROWS = {"size": 0, "dynamic_size": True}
# TensorArrays of TensorFlow 1, written from x of shape [3] and read.
ARRAYS = {
    "written and read": lambda x: array(1).write(0, x[1] ** 2).read(0),
    "written beyond its end": lambda x: array(**GROWS).write(1, x[1] ** 2).write(0, x[0]).stack(),
    "unstacked": lambda x: array().unstack(x**2).read(2),
    "stacked": lambda x: array().unstack(x**2).stack(),
    "scattered": lambda x: array().scatter([2, 0, 1], x**2).stack(),
    "scattered beyond its end": lambda x: array(**GROWS).scatter([2, 0, 1], x**2).stack(),
    "scattered into what is written": lambda x: array().write(1, 3 * x[0]).scatter([2, 0], x[:2] ** 2).stack(),
    "scattered into what grows": lambda x: array(**GROWS).write(0, x[0]).scatter([2, 1], x[:2] ** 2).stack(),
    "gathered": lambda x: array().unstack(x**2).gather([2, 0]),
    "its size": lambda x: x * tf1.cast(array().unstack(x).size(), tf1.float32),
    "the size of what grows": lambda x: x * tf1.cast(array(**GROWS).write(4, x[0]).size(), tf1.float32),
    "concatenated": lambda x: array(2, element_shape=[None]).write(0, x[:2] ** 2).write(1, x[2:]).concat(),
    "split": lambda x: array(2, element_shape=[None]).split(x**2, [1, 2]).read(1),
    "of rows": lambda x: array(3, element_shape=[2]).unstack(tf1.stack([x, x**2], 1)).gather([2, 1]),
    "of different lengths": lambda x: array(3, element_shape=None).write(0, x[:2]).write(1, x[2:]).write(2, x).concat(),
    "of different lengths, read": lambda x: array(2, element_shape=None).write(0, x[:2]).write(1, x[2:]).read(1),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_beside_the_session(name):
    value = np.float32([0.5, -2.0, 3.0])
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [3], name="x")
        y = ARRAYS[name](x)
        f = legacy.lift(sess, x, y)
        want = sess.run([y, tf1.gradients(y, x)[0]], {x: value})
    with tf.GradientTape() as tape:
        t = tf.constant(value)
        tape.watch(t)
        found = f(t)
    np.testing.assert_array_equal(found, want[0])
    np.testing.assert_array_equal(tape.gradient(found, t), want[1])


@pytest.mark.parametrize(
    ("writes", "shape"), [([[0, 1], [1, 2]], [None]), ([[0, 2], [1, 3]], [2])], ids=["mixed", "one"]
)
def test_the_shape_of_elements_is_known_from_what_is_written(writes, shape):
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [3], name="x")
        made = array(2, element_shape=None)
        for i, (start, stop) in enumerate(writes):
            made = made.write(i, x[start:stop] if shape == [2] else x[:stop])
        f = legacy.lift(sess, x, made.read(1))
    assert tf.function(f).get_concrete_function(tf.TensorSpec([3])).outputs[0].shape.as_list() == shape
    np.testing.assert_array_equal(f([1.0, 2.0, 3.0]), [2.0, 3.0] if shape == [2] else [1.0, 2.0])


def test_what_does_not_fit_once_a_value_is_known():
    with legacy.session() as sess:
        x, k = tf1.placeholder(tf1.float32, [2, 2], name="x"), tf1.placeholder(tf1.float32, name="k")
        y = tf1.matmul(x, k, name="y")
        message = refused(lambda: legacy.lift(sess, x, y, feed={"k": np.ones((3, 4))}))
    assert message.startswith(
        "BatchMatMulV2 (named 'y') cannot be made of float32 (2, 2), float32 (3, 4): Dimensions must be "
    )
    assert message.endswith(". Lift the parts before and after it: give the tensor that follows as an input.")


def test_the_handle_of_a_variable_goes_round_a_loop():
    def read(handle):
        return tf.reshape(tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32), [])

    def body(i, y, h):
        return i + 1, y * read(h), h

    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        v, w = (
            tf1.get_variable(name, initializer=value, use_resource=True) for name, value in (("v", 2.0), ("w", 3.0))
        )
        sess.run(tf1.global_variables_initializer())
        same = tf1.while_loop(lambda i, *_: i < 3, body, [0, x, v.handle])[1]
        swapped = tf1.while_loop(
            lambda i, *_: i < 3, lambda i, y, h, k: (i + 1, y * read(h), k, h), [0, x, v.handle, w.handle], name="swap"
        )[1]
        f = legacy.lift(sess, x, same)
        message = refused(lambda: legacy.lift(sess, x, swapped))
    assert f(1.0) == 8
    f.variables[0].assign(3.0)
    assert f(1.0) == 27
    assert message == (
        "Merge (named 'swap/Merge_2') is another variable in every round of its loop. Lift the parts before and after it: "
        "give the tensor that follows as an input."
    )


def test_a_tensor_that_grows_in_a_loop():
    shapes = [tf.TensorShape([]), tf.TensorShape([None])]
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [1], name="x")
        y = tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, tf1.concat([y, x * y[:1]], 0)), [0, x], shapes)[1]
        f = legacy.lift(sess, x, y)
    np.testing.assert_array_equal(f([2.0]), [2, 4, 4, 4])


# ---------- live graphs, learning phases, dropout


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
        "QueueDequeueV2 (named 'next') has a state of its own in TensorFlow 1's session. Lift the parts before and after "
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
        "IdentityN (named 'IdentityN') has a gradient of the old program's own (tf.custom_gradient or "
        "gradient_override_map), which is Python code that a graph does not hold, so it has values but no derivatives "
        "here. Lift the parts before and after it: give the tensor that follows as an input."
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


# ---------- refusals


def refused(call):
    with pytest.raises(LegacyError) as caught:
        call()
    return str(caught.value).replace(f"{FILES}/", "")


FORMS = "Give the path of a .pb, .pbtxt, .meta, .h5 or .json, or the folder of a SavedModel."
REFUSED = {
    ("names.pb", ()): "names.pb has several tensors that may be the output: 'net/a:0', 'net/b:0'. Name one, or several, with outputs=...",
    ("names.pb", (("outputs", "net/a"),)): "'net/a:0' of names.pb is made from several placeholders: 'net/scale:0', 'net/x:0'. Name the inputs in order, with inputs=[...]; feed={...} fixes the value of another.",
    ("names.pb", (("inputs", "net/x"), ("outputs", "net/a"))): "The placeholder 'net/scale' has no value. Make it an input, or fix it with feed={'net/scale': value}.",
    ("names.pb", (("outputs", "a"),)): "names.pb has no output 'a'. There is 'net/a'. Name one of those.",
    ("names.pb", (("inputs", "quux"),)): "names.pb has no input 'quux'. Its placeholders are 'net/x', 'net/scale'.",
    ("names.pb", (("outputs", "net/split"),)): "The output 'net/split' of names.pb is an op with 2 outputs: net/split:0, net/split:1. Name one of them.",
    ("names.pb", (("outputs", "net/a:1"),)): "names.pb has no output 'net/a:1': that op's outputs are net/a:0. Name one of them.",
    ("names.pb", (("outputs", 3),)): "The output 3 is neither a name nor a tensor. Give the name of a tensor: 'x:0'.",
    ("names.pb", (("outputs", ()),)): "outputs is empty. Name a tensor, or leave it out.",
    ("names.pb", (("inputs", ("net/x", "net/x")), ("outputs", "net/a"))): "The same tensor is an input twice. Name it once.",
    ("names.pb", (("outputs", "net/a"), ("training", True))): "names.pb has no learning phase of Keras. If a placeholder of its own says whether it is in training, fix that: feed={'is_training': True}.",
    ("names.pb", (("signature", "serve"),)): "signature=... is for a SavedModel, and the source is a frozen graph. Leave it out.",
    ("names.pb", (("weights", "w.h5"),)): "weights=... is for a Keras file, and the source is a frozen graph. Leave it out.",
    ("saved_model", (("signature", "serve"),)): "saved_model has no signature 'serve'. There is 'both', 'serving_default'. Name one of those.",
    ("saved_model", (("tags", ("train",)),)): "saved_model holds graphs with these tags: serve. Choose one of them with tags=[...].",
    ("normalized.json", ()): "normalized.json holds no weights. Give the file that model.save_weights wrote, with weights=...",
    ("nothing.pb", ()): f"There is no file nothing.pb. {FORMS}",
    ("write.py", ()): f"write.py has an ending that says nothing. {FORMS.replace('Give the path of', 'Give')}",
    ("reference.meta", (("checkpoint", "elsewhere"), *XY.items())): "reference.meta holds a graph, and the values of its variables should be in the checkpoint elsewhere, which is not there. Give its path, without the ending, as checkpoint=...",
}  # fmt: skip


@pytest.mark.parametrize(("source", "options"), REFUSED)
def test_refused(source, options):
    assert refused(lambda: lifted(source, **dict(options))) == REFUSED[source, options]


def test_files_that_are_not_what_they_should_be(tmp_path):
    (tmp_path / "junk.pb").write_bytes(b"\xff\xfe nothing")
    (tmp_path / "junk.meta").write_bytes(b"")
    (tmp_path / "junk.h5").write_bytes(b"nothing")
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [], name="x")
        tf.multiply(tf.compat.v1.get_variable("w", [], use_resource=False), x, name="y")
    (tmp_path / "thawed.pb").write_bytes(graph.as_graph_def().SerializeToString())
    shutil.copy(FILES / "normalized.weights.h5", tmp_path / "weights.h5")
    said = {
        "junk.pb": "junk.pb is no GraphDef, as tf.graph_util.convert_variables_to_constants makes it. Give the file that TensorFlow 1 wrote.",
        "junk.meta": "junk.meta is no MetaGraph, as tf.train.Saver writes it. Give the file that TensorFlow 1 wrote.",
        "thawed.pb": "thawed.pb holds the variable 'w' but no values: it was not frozen. Lift the .meta file with its checkpoint, or freeze it with tf.graph_util.convert_variables_to_constants.",
        ".": f". is a folder without a saved_model.pb or a checkpoint. {FORMS}",
        "weights.h5": "weights.h5 holds weights alone. Lift the .json file of the architecture, with weights='weights.h5'.",
        "junk.h5": "junk.h5 is no HDF5 file. Give the file that model.save wrote.",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for name, wanted in said.items():
            options = XY if name == "thawed.pb" else {}
            assert refused(lambda name=name, options=options: legacy.lift(name, **options)) == wanted


def in_a_folder(folder):
    for path in FILES.glob("reference.*"):
        shutil.copy(path, folder)
    (folder / "checkpoint").write_text('model_checkpoint_path: "reference"\n')
    return folder, {}


def as_text(folder):
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString((FILES / "plain64.pb").read_bytes())
    (folder / "plain64.pbtxt").write_text(str(graph))
    return folder / "plain64.pbtxt", {}


# Another way to say where each is: what is given, and the artefact that it is.
OPENED = {
    "a folder with a checkpoint": (in_a_folder, "reference"),
    "a text": (as_text, "plain64.pb"),
    "no ending": (lambda _: (FILES / "reference", {}), "reference"),
    "a word": (lambda _: (str(FILES / "reference.meta"), {}), "reference"),
    "the checkpoint": (lambda _: (FILES / "reference.meta", {"checkpoint": FILES / "reference"}), "reference"),
    "its index": (lambda _: (FILES / "reference.meta", {"checkpoint": f"{FILES}/reference.index"}), "reference"),
    "the file of a SavedModel": (lambda _: (FILES / "saved_model" / "saved_model.pb", {}), "saved_model"),
    "its tags": (lambda _: (FILES / "saved_model", {"tags": ["serve"]}), "saved_model"),
    "its signature": (lambda _: (FILES / "saved_model", {"signature": "serving_default"}), "saved_model"),
}


@pytest.mark.parametrize("name", OPENED)
def test_another_way_to_say_where_it_is(name, functions, tmp_path):
    make, artefact = OPENED[name]
    source, options = make(tmp_path)
    f, g = legacy.lift(source, **{**ARTEFACTS[artefact][1], **options}), functions(artefact)
    x = [np.linspace(0.5, 1.5, 3)[:, None]] * len(g.specs)
    assert [spec.name for spec in f.specs] == [spec.name for spec in g.specs]
    np.testing.assert_array_equal(f(*x), g(*x))


def gone(kind):
    """A graph with an op that TensorFlow does not know."""

    def write(folder):
        graph = tf.compat.v1.GraphDef()
        graph.node.add(name="y", op="NoSuchOp")
        message = graph if kind == "pb" else tf.compat.v1.MetaGraphDef(graph_def=graph)
        (folder / f"gone.{kind}").write_bytes(message.SerializeToString())
        return f"gone.{kind}"

    return write


def cut_off(folder):
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="y", op="Identity", input=["x"]).attr["T"].type = tf.float32.as_datatype_enum
    (folder / "cut.pb").write_bytes(graph.SerializeToString())
    return "cut.pb"


def of_absent_tensors(folder):
    meta = tf.compat.v1.MetaGraphDef()
    meta.graph_def.node.add(name="x", op="NoOp")
    meta.collection_def["losses"].node_list.value.append("absent:0")
    (folder / "absent.meta").write_bytes(meta.SerializeToString())
    return "absent.meta"


def broken(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "saved_model.pb").write_bytes(b"\xff\xfe nothing")
    return "broken"


def of_two_kinds(folder):
    file = saved_model_pb2.SavedModel()
    for tags in (["serve"], ["serve", "gpu"]):
        file.meta_graphs.add().meta_info_def.tags.extend(tags)
    (folder / "two").mkdir()
    (folder / "two" / "saved_model.pb").write_bytes(file.SerializeToString())
    return "two"


def without_variables(folder):
    (folder / "bare").mkdir()
    shutil.copy(FILES / "saved_model" / "saved_model.pb", folder / "bare")
    return "bare"


def another_checkpoint(folder):
    for path in FILES.glob("resource.*"):
        shutil.copy(path, folder)
    shutil.copy(FILES / "reference.meta", folder / "resource.meta")
    return "resource.meta"


def words(folder):
    (folder / "words.json").write_text("no model")
    return "words.json", {"weights": "w.h5"}


GONE = "An op that is gone has to be replaced in the old program."
UNREADABLE = {
    "an unknown op": (gone("pb"), f"TensorFlow {tf.__version__} cannot read the graph in gone.pb: ", f" {GONE}"),
    "an unknown op of a MetaGraph": (
        gone("meta"), f"TensorFlow {tf.__version__} cannot read the graph in gone.meta: ", f" {GONE}"),
    "an op without its input": (
        cut_off, f"TensorFlow {tf.__version__} cannot read the graph in cut.pb: Node 'y': Unknown input node 'x'. ", GONE),
    "a collection of what is not there": (
        of_absent_tensors, f"TensorFlow {tf.__version__} cannot read the graph in absent.meta: ", f" {GONE}"),
    "no SavedModel": (broken, "broken/saved_model.pb is no SavedModel. ", "Write it anew."),
    "a SavedModel of two kinds": (
        of_two_kinds, "two holds graphs with these tags: serve; gpu, serve. ", "Choose one of them with tags=[...]."),
    "a SavedModel without its variables": (without_variables, "bare cannot be loaded: ", ". Write it anew."),
    "another checkpoint": (
        another_checkpoint, "The checkpoint resource does not fit resource.meta: ",
        ". Give the one that was saved with it."),
    "no JSON": (
        words, "words.json cannot be read as a Keras model: ",
        " Perhaps a layer is none of Keras's own: give custom_objects={...}, or build the model in a legacy session, load "
        "its weights and lift it there."),
    "the weights of what holds them": (
        lambda folder: (shutil.copy(FILES / "normalized.h5", folder / "whole.h5").name, {"weights": "w.h5"}),
        "whole.h5 holds its weights itself. ", "Leave out weights=..., or give the .json file."),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write, begin, end = UNREADABLE[name]
    made = write(tmp_path)
    source, options = made if isinstance(made, tuple) else (made, {})
    message = refused(lambda: legacy.lift(source, **options))
    assert message.startswith(begin)
    assert message.endswith(end)


def test_an_interactive_session_and_a_pair_are_sessions():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [], name="x")
        one = legacy.lift((sess.graph, sess), x, 2 * x)
        interactive = tf1.InteractiveSession()
        other = legacy.lift(interactive, x, 2 * x)
        interactive.close()
        model = old_keras.models.Sequential([old_keras.layers.Dense(1, input_shape=(1,))])
        sources = {"a Keras model": model, "a session": sess, "a session ": (sess.graph, sess)}
        said = {kind: refused(lambda what=what: legacy.lift(what, weights="w.h5")) for kind, what in sources.items()}
    assert one(1.0) == other(1.0) == 2
    for kind, message in said.items():
        assert message == f"weights=... is for a Keras file, and the source is {kind.strip()}. Leave it out."


def test_what_a_session_refuses():
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [2], name="x")
        w = tf1.get_variable("w", initializer=2.0)
        empty = refused(lambda: legacy.lift(sess, x, w * x))
        sess.run(tf1.global_variables_initializer())
        with tf1.control_dependencies([tf1.assign_add(w, 1.0)]):
            after = w.read_value() * x
        changed = refused(lambda: legacy.lift(sess, x, after))
        given = refused(lambda: legacy.lift(sess, x, tf1.assign_add(w, 1.0) * x))
        other = refused(lambda: legacy.lift((tf1.Graph(), sess), x, x))
        y = tf1.multiply(w, x, name="y")
        f = legacy.lift(sess, x, y)
    closed = refused(lambda: legacy.lift(sess, x, y))
    assert (
        empty
        == "The variable 'w' of the session's graph has no value in the session. Run its initializer, or restore a checkpoint, before it is lifted."
    )
    for found, name in ((changed, "AssignAdd"), (given, "AssignAdd_1")):
        assert (
            found
            == f"AssignAdd (named '{name}') changes the variable 'w' while the outputs of the session's graph are computed from it. Fix the placeholder that decides it, with feed={{...}}, or lift the parts apart."
        )
    assert (
        other
        == "The input <tf.Tensor 'x:0' shape=(2,) dtype=float32> belongs to another graph than the session's graph. Give its own."
    )
    assert closed == "The session cannot be read: Attempted to use a closed Session. Lift the graph while it is open."
    assert (
        refused(lambda: f(tf.zeros([2], tf.float64)))
        == "The input x is float64, but the old graph takes float32. Cast it: tf.cast(x, tf.float32)."
    )
    assert refused(lambda: f([1.0])) == "The input x has the shape [1], but the old graph takes [2]. Reshape it."
    assert refused(f) == "y takes 1 inputs, x: missing a required argument: 'x'."
    assert (
        refused(lambda: legacy.lift(3))
        == f"The source is 3, a int, which is no graph of TensorFlow 1. Give a session, (graph, session), or the path of {FORMS[17:]}"
    )
    assert repr(f) == "<y(x: float32[2]), lifted from TensorFlow 1, with 1 variables>"


# ---------- at the command line


def test_nthgrad_lift(tmp_path, capsys):
    out = str(tmp_path / "net")
    assert (
        main(["lift", str(FILES / "reference.meta"), "--inputs", "x", "--outputs", "y", "--order", "2", "--out", out])
        == 0
    )
    assert capsys.readouterr().out == (
        f"{out}: serving_default(x: float64[None, 1]) gives output\n"
        f"{out}: derivatives(x: float64[None, 1]) gives output_0, output_1, output_2\n"
    )
    loaded, record = tf.saved_model.load(out), recorded("reference")
    x = tf.constant(record["x"])
    found = loaded.signatures["derivatives"](x=x)
    compared([found[f"output_{k}"] for k in range(3)], [record[f"d{k}"] for k in range(3)], float)
    compared([loaded(x), loaded.signatures["serving_default"](x=x)["output"]], [record["d0"]] * 2, float)
    loaded.lifted_variables[0].assign_add([1.0] * 6)
    assert not np.allclose(loaded(x), record["d0"])

    fields = str(tmp_path / "fields")
    assert main(["lift", str(FILES / "saved_model"), "--partials", ",t,tx", "--feed", "keep=1.0", "--out", fields]) == 0
    record = recorded("saved_model")
    found = tf.saved_model.load(fields).signatures["partials"](
        t=tf.constant(record["x"] ** 2), x=tf.constant(record["x"])
    )
    compared([found["value"], found["t"], found["tx"]], [record["u"], record["t"], record["tx"]], float)


def test_nthgrad_lift_refuses(tmp_path, capsys):
    source, out = str(FILES / "names.pb"), str(tmp_path / "out")
    for typed, status, said in [
        ([], 1, f"{source} has several tensors that may be the output: 'net/a:0', 'net/b:0'. Name one, or several, with outputs=..."),
        (["--coords", "tx"], 2, "--coords goes with --partials, which is not given. Add it, or leave --coords out."),
        (["--order", "1", "--laplacian"], 2, "--order and --laplacian are given together. Give one of --order N, --partials NAMES and --laplacian."),
        (["--feed", "keep=1if"], 2, "--feed keep=1if is not NAME=VALUE with a number. Write --feed keep_prob=1.0."),
        (["--feed", "keep"], 2, "--feed keep is not NAME=VALUE with a number. Write --feed keep_prob=1.0."),
    ]:  # fmt: skip
        assert main(["lift", source, *typed, "--out", out]) == status
        assert capsys.readouterr().err == f"nthgrad: {said}\n"
    assert not Path(out).exists()
    assert issubclass(LegacyError, NthgradError)


def test_nthgrad_lift_fails_in_one_line(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("sys.stderr", open(2, "w", closefd=False))  # noqa: SIM115  as in a process of its own
    assert main(["lift", str(FILES / "own_gradient.pb"), "--out", str(tmp_path / "out")]) == 1
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("nthgrad: IdentityN (named 'IdentityN')")
    assert "has a gradient of the old program's own" in err
    assert not [*tmp_path.iterdir()]
