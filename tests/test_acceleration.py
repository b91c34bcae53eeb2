"""`ng.accelerated`: which names it replaces, where and for how long, and what it reports."""

import gc
import inspect
import sys
import threading
import types

import numpy as np
import pytest
import tensorflow as tf
from support.gradients import chain, points, weights

import nthgrad as ng

X = tf.constant(points(4, 1))
W, V = weights(1, 5), weights(5, 1)


def net(x):
    return tf.tanh(x @ W) @ V


def third(x):
    return chain(tf.gradients, net(x), x, 3)


def traced(f):
    return tf.function(f, autograph=False)


WANT = traced(third)(X)


def test_a_report_has_a_line_for_each_line_of_the_program():
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            u = net(x)
            (u_x,) = tf.gradients(u, x)
            for _ in range(2):
                (u_x,) = tf.gradients(u_x, x)
            v = tf.nn.softmax(u_x, 0)
        w = tape.gradient(v, x)
        return tf.gradients(w + u_x, x, stop_gradients=[u_x])

    first = inspect.getsourcelines(f.python_function)[1]
    lines = []
    with ng.accelerated(report=lines.append):
        f(X)
        f.get_concrete_function(tf.TensorSpec([None, 1], tf.float64))  # traced again: not a line more
    here, tf_own = f"{__file__}:", "TensorFlow's own gradient: "
    assert lines == [
        f"{here}{first + 5}: {tf_own}it is of first order",
        f"{here}{first + 7}: by series",
        f"{here}{first + 9}: {tf_own}Softmax (named 'Softmax', made at {here}{first + 8}) mixes rows",
        f"{here}{first + 10}: {tf_own}stop_gradients is given",
    ]


def test_a_report_goes_to_stderr(capsys):
    with ng.accelerated(report=True):
        traced(third)(X)
    written = capsys.readouterr()
    assert written.out == ""
    number = inspect.getsourcelines(chain)[1] + 4
    file = inspect.getsourcefile(chain)
    assert [text for text in written.err.splitlines() if text.startswith(file)] == [
        f"{file}:{number}: TensorFlow's own gradient: it is of first order",
        f"{file}:{number}: by series",
    ]


def test_gradients_by_variables_are_not_reported():
    import keras

    variables = [tf.Variable(points(1, 5)), keras.Variable(points(5, 1), dtype="float64")]

    def f(x):
        with tf.GradientTape() as tape:
            u = chain(tf.gradients, tf.tanh(x @ variables[0]) @ tf.convert_to_tensor(variables[1]), x, 2)
        return tape.gradient(u, variables)

    lines = []
    with ng.accelerated(report=lines.append):
        traced(f)(X)
    assert len(lines) == 2


def test_the_numbers_are_the_same_and_stay_fast():
    f = traced(third)
    with ng.accelerated():
        found = f(X)
    np.testing.assert_allclose(found, WANT, rtol=1e-10)
    own = traced(third).get_concrete_function(X).graph
    counts = [[op.type for op in g.get_operations()].count("TanhGrad") for g in (f.get_concrete_function(X).graph, own)]
    assert counts[0] == 1 < counts[1]  # of the gradient of first order; of all orders


def names_of_the_originals():
    return [tf.gradients, tf.GradientTape, tf.compat.v1.gradients, tf.compat.v2.gradients, tf.compat.v1.GradientTape]


def test_names_come_back():
    before = names_of_the_originals()
    with ng.accelerated():
        inside = names_of_the_originals()
        with ng.accelerated():
            assert names_of_the_originals() == inside
        assert names_of_the_originals() == inside
    assert names_of_the_originals() == before
    assert not any(a is b for a, b in zip(before, inside, strict=True))
    with pytest.raises(KeyError), ng.accelerated():
        raise KeyError
    assert names_of_the_originals() == before


def test_inside_is_a_subclass_of_the_original():
    with ng.accelerated():
        assert issubclass(tf.GradientTape, ng.GradientTape)
        with tf.GradientTape() as tape:
            pass
    assert isinstance(tape, tf.GradientTape)


def test_names_that_other_modules_have_imported():
    """From before the block, and from inside of it, where they are the replacements, which do nothing after it."""
    module = types.ModuleType("a_module_of_a_program")
    sys.modules[module.__name__] = module
    code = "from tensorflow import gradients, GradientTape\nfrom tensorflow.compat.v1 import gradients as old\n"
    try:
        exec(code, module.__dict__)
        before = module.gradients, module.GradientTape, module.old
        lines = []
        with ng.accelerated(report=lines.append):
            for gradients in (module.gradients, module.old):
                np.testing.assert_allclose(traced(lambda x, G=gradients: chain(G, net(x), x, 3))(X), WANT, rtol=1e-10)
            late = types.ModuleType("another")
            exec(code, late.__dict__)
        assert len(lines) == 2
        assert (module.gradients, module.GradientTape, module.old) == before
        for gradients in (late.gradients, late.old):
            np.testing.assert_array_equal(traced(lambda x, G=gradients: chain(G, net(x), x, 3))(X), WANT)
        with late.GradientTape() as tape:
            tape.watch(X)
            y = net(X)
        np.testing.assert_allclose(tape.gradient(y, X), traced(lambda x: tf.gradients(net(x), x)[0])(X), rtol=1e-12)
        assert len(lines) == 2
    finally:
        del sys.modules[module.__name__]


def test_another_thread_is_left_alone():
    """It sees the replaced names, which behave there as the originals."""
    found, lines, both = {}, [], threading.Barrier(2)

    def run():
        both.wait()
        found["graph"] = traced(third).get_concrete_function(X).graph
        both.wait()

    thread = threading.Thread(target=run)
    thread.start()
    with ng.accelerated(report=lines.append):
        both.wait()
        both.wait()
    thread.join()
    want = [op.type for op in traced(third).get_concrete_function(X).graph.get_operations()]
    assert [op.type for op in found["graph"].get_operations()] == want
    assert lines == []


def test_blocks_of_two_threads_overlap():
    both, found = threading.Barrier(2), []
    before = names_of_the_originals()

    def run(first):
        lines = []
        block = ng.accelerated(report=lines.append)
        if not first:
            both.wait()
        with block:
            if first:
                both.wait()
                both.wait()  # the other is inside
            else:
                both.wait()
                both.wait()  # the first has left
            if not first:
                traced(third)(X)
                found.append(len(lines))
        if first:
            both.wait()

    threads = [threading.Thread(target=run, args=(first,)) for first in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [2]
    assert names_of_the_originals() == before


def test_the_inner_report_counts():
    outer, inner = [], []
    with ng.accelerated(report=outer.append):
        with ng.accelerated(report=inner.append):
            traced(third)(X)
        assert outer == []
        with ng.accelerated():
            traced(third)(X)
        assert outer == []
        traced(third)(X)
    assert len(outer) == len(inner) == 2


def test_as_a_decorator():
    f = traced(third)
    np.testing.assert_allclose(ng.accelerated()(f)(X), WANT, rtol=1e-10)


def test_a_report_that_raises_leaves_the_names():
    before = names_of_the_originals()

    def show(line):
        raise KeyError(line)

    with pytest.raises(KeyError), ng.accelerated(report=show):
        traced(third)(X)
    assert names_of_the_originals() == before


def test_what_takes_no_gradient_is_left_alone():
    with ng.accelerated(), pytest.raises(TypeError):
        tf.gradients()
    with ng.accelerated():
        assert tf.gradients.__doc__
    with ng.accelerated(), pytest.raises(RuntimeError, match="not supported when eager execution"):
        tf.gradients(X, X)


def test_in_a_graph_of_tensorflow_1():
    v1 = tf.compat.v1

    def run():
        with tf.Graph().as_default(), v1.Session() as session:
            v1.set_random_seed(1)
            x = v1.placeholder(tf.float64, [None, 2])
            w = v1.get_variable("w", [2, 5], tf.float64, v1.random_normal_initializer())
            u = tf.reduce_sum(tf.tanh(x @ w), 1, keepdims=True)
            u_x = v1.gradients(u, x)[0]
            u_xx = v1.gradients(u_x[:, 0:1], x)[0][:, 0:1]
            r = u_x[:, 1:2] + u * u_x[:, 0:1] - 0.1 * u_xx
            step = v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(r**2))
            session.run(v1.global_variables_initializer())
            for _ in range(3):
                session.run(step, {x: points(4, 2)})
            return session.run([u, u_xx, r, w], {x: points(4, 2)})

    want, lines = run(), []
    with ng.accelerated(report=lines.append):
        found = run()
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
    assert [text.split(": ", 1)[1] for text in lines][1:] == ["by series"]


def test_in_a_branch_and_a_loop_of_tensorflow_1():
    """Which share the graph around them: a coefficient of the branch would not be there outside."""
    v1 = tf.compat.v1

    def run():
        was = v1.control_flow_v2_enabled()
        v1.disable_control_flow_v2()
        try:
            with tf.Graph().as_default(), v1.Session() as session:
                x = v1.placeholder(tf.float64, [4, 1])
                w = tf.constant(points(1, 5))
                u = tf.reduce_sum(tf.tanh(x @ w), 1, keepdims=True)
                u_x = v1.gradients(u, x)[0]
                inside = tf.cond(tf.reduce_sum(x) > 0, lambda: v1.gradients(u_x, x)[0], lambda: x)
                after = v1.gradients(u_x, x)[0]
                through = v1.gradients(inside, x)[0]
                return session.run([inside, after, through], {x: points(4, 1)})
        finally:
            if was:
                v1.enable_control_flow_v2()

    want, lines = run(), []
    with ng.accelerated(report=lines.append):
        found = run()
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert "TensorFlow's own gradient: the call is in a branch or a loop of TensorFlow 1" in [
        text.split(": ", 1)[1] for text in lines
    ]


def test_a_keras_model_trains_to_the_same_weights():
    import keras

    class Model(keras.Model):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                with tf.GradientTape() as outer:
                    outer.watch(x)
                    with tf.GradientTape() as inner:
                        inner.watch(x)
                        u = self(x, training=True)
                    u_x = inner.gradient(u, x)
                loss = tf.reduce_mean((outer.gradient(u_x, x) + u - y) ** 2)
            variables = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return {"loss": loss}

    def run():
        keras.utils.set_random_seed(0)
        x = keras.Input([1])
        y = keras.layers.Dense(1)(keras.layers.Dense(8, "tanh")(keras.layers.Dense(8, "silu")(x)))
        model = Model(x, y)
        model.compile("adam")
        data = points(8, 1, dtype="float32")
        history = model.fit(data, data**2, batch_size=4, epochs=2, verbose=0, shuffle=False)
        return [*history.history["loss"], *model.get_weights()]

    want, lines = run(), []
    with ng.accelerated(report=lines.append):
        found = run()
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    assert [text.split(": ", 1)[1] for text in lines] == [
        "TensorFlow's own gradient: it is of first order",
        "by series",
    ]


def columns(x):
    u = tf.reduce_sum(tf.sin(x), 1)
    return tf.gradients(tf.gradients(u, x)[0][:, 0], x)[0][:, 1]


def test_graphs_are_collected():
    def run():
        with ng.accelerated():
            f = traced(lambda x: [third(x), columns(tf.concat([x, x**2], 1))])
            f(X)
            with tf.GradientTape() as tape:
                tape.watch(X)
                y = f(X)
            tape.gradient(y, X)

    def kept():
        gc.collect()
        objects = gc.get_objects()
        return sum(isinstance(o, tf.Graph) for o in objects), sum(isinstance(o, tf.Operation) for o in objects)

    gc.freeze()
    try:
        run()
        before = kept()
        run()
        run()
        assert kept() == before
    finally:
        gc.unfreeze()


def test_eager_gradients_are_reported():
    variable = tf.Variable(points(1, 5))
    lines = []
    with ng.accelerated(report=lines.append):
        for _ in range(2):
            with tf.GradientTape() as tape:
                with tf.GradientTape() as inner:
                    inner.watch(X)
                    y = tf.tanh(X @ variable) @ V
                loss = tf.reduce_mean(inner.gradient(y, X) ** 2)
            tape.gradient(loss, [variable])
    number = inspect.currentframe().f_lineno - 2
    assert lines == [
        f"{__file__}:{number}: TensorFlow's own gradient: it is computed eagerly, outside of a tf.function"
    ]
