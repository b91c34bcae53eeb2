"""Old graphs as functions: variables that are trained or shared, and arrays and loops of the session's graph."""

import numpy as np
import pytest
import tensorflow as tf
from support.lifting import XY, R, compared, lifted, recorded, refused

import nthgrad as ng
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy


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
        "Fix the placeholder that decides it, with feed={...}, or lift the parts separately."
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
        "BatchMatMulV2 (named 'y') cannot be rebuilt on float32 (2, 2), float32 (3, 4): Dimensions must be "
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
        "Merge (named 'swap/Merge_2') is another variable in every iteration of its loop. Lift the parts before and after "
        "it: give the tensor that follows as an input."
    )


def test_a_tensor_that_grows_in_a_loop():
    shapes = [tf.TensorShape([]), tf.TensorShape([None])]
    with legacy.session() as sess:
        x = tf1.placeholder(tf1.float32, [1], name="x")
        y = tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, tf1.concat([y, x * y[:1]], 0)), [0, x], shapes)[1]
        f = legacy.lift(sess, x, y)
    np.testing.assert_array_equal(f([2.0]), [2, 4, 4, 4])
