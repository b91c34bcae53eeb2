"""`ng.gradients` and `ng.GradientTape` have the meaning of TensorFlow's own, point by point."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.gradients import chain, compare, outcome, points, weights

import nthgrad as ng

W, V = weights(1, 5), weights(5, 1)
VARIABLE = tf.Variable(points(1, 5))
KERAS_VARIABLE = keras.Variable(points(1, 5), dtype="float64")
TABLE = tf.Variable(points(5, 3))


def net(x):
    return tf.tanh(x @ W) @ V


def trained(x):
    return tf.tanh(x @ VARIABLE) @ V + tf.tanh(x @ tf.convert_to_tensor(KERAS_VARIABLE)) @ V


def derivative(T, x, f=net, order=1, **options):
    """A derivative by nested tapes."""
    if not order:
        return f(x)
    with T(**options) as tape:
        tape.watch(x)
        y = derivative(T, x, f, order - 1, **options)
    return tape.gradient(y, x)


def persistent(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        y = net(x)
        g = tape.gradient(y, x)
        h = tape.gradient(g, x)
    return g, h, tape.gradient(h, x), tape.gradient([y, g], x)


def used_twice(T, x):
    with T() as tape:
        tape.watch(x)
        g = derivative(T, x)
    return tape.gradient(g, x), tape.gradient(g, x)


def outside_of_the_tape(T, x):
    with T(persistent=True) as outer:
        outer.watch(x)
        with T() as inner:
            inner.watch(x)
            y = net(x)
    g = inner.gradient(y, x)
    return outer.gradient(g, x), outer.gradient(y, x)


def watched_later(T, x):
    with T() as tape:
        g = derivative(T, x)
        tape.watch(x)
        y = g * x
    return tape.gradient(y, x)


def never_watched(T, x):
    with T() as tape:
        g = derivative(T, x)
    return tape.gradient(g, x)


def stopped(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        with tape.stop_recording():
            g = derivative(T, x)
            y = net(x)
        h = derivative(T, x)
        with tape.stop_recording():
            z = h * x
        u = h * y + g * x
    return [tape.gradient(t, x) for t in (g, y, h, z, u)]


def not_recording(T, x):
    with T() as tape, tape.stop_recording(), tape.stop_recording():
        pass
    return x


def stopped_by_an_error(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        try:
            with tape.stop_recording():
                raise KeyError
        except KeyError:
            g = derivative(T, x)
    return tape.gradient(g, x)


def reset(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        g = derivative(T, x)
        tape.reset()
        y = g * x
        tape.watch(x)
        h = derivative(T, x)
    return [tape.gradient(t, x) for t in (g, y, h)]


def entered_again(T, x):
    tape = T()
    with tape:
        tape.watch(x)
        g = derivative(T, x)
    with tape:
        y = g * x
    return tape.gradient(y, x)


def entered_again_after_use(T, x):
    tape = T()
    with tape:
        tape.watch(x)
        g = derivative(T, x)
    first = tape.gradient(g, x)
    with tape:
        y = derivative(T, x) * x
    return first, tape.gradient(y, x)


def entered_twice(T, x):
    tape = T()
    with tape, tape:
        pass
    return x


def intermediate(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        h = x * 2
        g = derivative(T, h)
    return tape.gradient(g, h), tape.gradient(g, x)


def intermediate_watched(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        h = x * 2
        tape.watch(h)
        g = derivative(T, h)
    return tape.gradient(g, h), tape.gradient(g, x)


def unconnected(how):
    def program(T, x, t):
        with T() as tape:
            tape.watch([x, t])
            with T() as inner:
                inner.watch(x)
                y = 2 * x
            g = inner.gradient(y, x, unconnected_gradients=how) * 1.0
        return tape.gradient(g, [x, t, VARIABLE], unconnected_gradients=how)

    return program


def output_gradients(T, x, t):
    with T(persistent=True) as tape:
        tape.watch([x, t])
        with T(persistent=True) as inner:
            inner.watch(x)
            y = net(x * t)
        g = inner.gradient(y, x, output_gradients=tf.sin(t))
        h = inner.gradient([y], [x], [tf.ones_like(y)])[0]
    return (
        tape.gradient(g**2, {"a": x, "b": [t]}, output_gradients=3 * tf.ones_like(x)),
        tape.gradient([g, h], [x, t], output_gradients=[x, t]),
        tape.gradient([g, h], [x, t], output_gradients=[points(4, 1), np.ones([4, 1])]),
    )


def structures(T, x, t):
    with T(persistent=True) as tape:
        tape.watch([x, t])
        with T() as inner:
            inner.watch({"x": x, "t": t})
            u, v = net(x * t), tf.sin(x + t)
        d = inner.gradient({"u": u, "v": [v]}, {"x": x, "t": (t,)})
        assert set(d) == {"x", "t"}
        assert isinstance(d["t"], tuple)
    return tape.gradient([d["x"], u], [x, t]), tape.gradient(d, {"x": x, "t": (t,)}), tape.gradient(d, [])


def one_source_twice(T, x):
    with T() as tape:
        tape.watch(x)
        g = derivative(T, x)
    return tape.gradient([g, x], [x, x, x * 1])


def training(T, x):
    with T(persistent=True) as tape:
        u = derivative(T, x, trained, 2)
        loss = tf.reduce_mean(u**2)
    return tape.gradient(loss, [VARIABLE, KERAS_VARIABLE]), tape.gradient(loss, VARIABLE)


def training_with_the_residual(T, x):
    """A gradient-enhanced loss: the residual is differentiated too."""
    with T(persistent=True) as tape:
        with T() as inner:
            inner.watch(x)
            r = derivative(T, x, trained, 2) - trained(x) ** 2
        loss = tf.reduce_mean(r**2) + tf.reduce_mean(inner.gradient(r, x) ** 2)
    return tape.gradient(loss, [VARIABLE, KERAS_VARIABLE])


def trained_by_the_original(T, x):
    with tf.GradientTape() as tape:
        u = derivative(T, x, trained, 2)
    return tape.gradient(u, VARIABLE)


def no_variables(T, x):
    with T(watch_accessed_variables=False) as tape:
        u = derivative(T, x, trained)
    return tape.gradient(u, VARIABLE)


def indexed_slices(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        with T() as inner:
            inner.watch(x)
            y = net(x) * tf.gather(TABLE, [1, 2, 3, 1])
        g = inner.gradient(y, x)
    return tape.gradient(g, TABLE), tape.gradient(g, x)


def ragged(T, x):
    rows = tf.RaggedTensor.from_row_splits(x[:, 0], [0, 2, 4])
    with T(persistent=True) as tape:
        tape.watch(rows)
        y = rows * rows
    return tape.gradient(y, rows).flat_values, tape.gradient(y.flat_values, rows.flat_values)


def sparse(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        y = tf.sparse.to_dense(tf.sparse.from_dense(derivative(T, x))) * x
    return tape.gradient(y, x)


def jacobians(T, x):
    with T(persistent=True) as tape:
        tape.watch(x)
        g = derivative(T, x)
        inside = tape.jacobian(g, x), tape.batch_jacobian(g, x)
    after = tape.jacobian(g, x), tape.batch_jacobian(g, x), tape.jacobian(g, x, experimental_use_pfor=False)
    return inside, after, tape.gradient(inside[1][:, :, 0], x)


def jacobian_used_twice(T, x):
    with T() as tape:
        tape.watch(x)
        g = derivative(T, x)
    return tape.batch_jacobian(g, x), tape.gradient(g, x)


def mixed_classes(T, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        u = derivative(T, x, order=2)
    with T() as other:
        other.watch(x)
        v = derivative(tf.GradientTape, x, order=2)
    return tape.gradient(u, x), other.gradient(v, x)


def integers(T, x):
    k = tf.cast(x, tf.int32)
    with T() as tape:
        tape.watch(x)
        g = derivative(T, x)
    return tape.gradient([g, k], [k, x])


def in_a_branch(T, x):
    with T() as tape:
        tape.watch(x)
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: derivative(T, x, order=2), lambda: x)
    return tape.gradient(y, x)


def about_a_loop(T, x):
    with T() as tape:
        tape.watch(x)
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y)), [0, derivative(T, x)])[1]
    return tape.gradient(y, x)


def rows_of_a_batch(T, x):
    return tf.vectorized_map(lambda row: derivative(T, row, tf.sin, 3), x)


# A program of the class of tape and some inputs.
TAPES = {
    "nested tapes": (lambda T, x: derivative(T, x, order=3), 1),
    "a persistent tape": (persistent, 1),
    "a tape used twice": (used_twice, 1),
    "a gradient outside of the tape": (outside_of_the_tape, 1),
    "watched later": (watched_later, 1),
    "never watched": (never_watched, 1),
    "stop_recording": (stopped, 1),
    "stop_recording twice": (not_recording, 1),
    "stop_recording and an error": (stopped_by_an_error, 1),
    "reset": (reset, 1),
    "entered again": (entered_again, 1),
    "entered again after use": (entered_again_after_use, 1),
    "entered twice": (entered_twice, 1),
    "an intermediate tensor": (intermediate, 1),
    "an intermediate tensor, watched": (intermediate_watched, 1),
    **{f"unconnected_gradients={how}": (unconnected(how), 2)
       for how in ("none", "zero", tf.UnconnectedGradients.ZERO, "nothing")},
    "output_gradients": (output_gradients, 2),
    "structures": (structures, 2),
    "one source twice": (one_source_twice, 1),
    "training": (training, 1),
    "training with the residual": (training_with_the_residual, 1),
    "trained by the original": (trained_by_the_original, 1),
    "no variables": (no_variables, 1),
    "IndexedSlices": (indexed_slices, 1),
    "ragged tensors": (ragged, 1),
    "sparse tensors": (sparse, 1),
    "Jacobians": (jacobians, 1),
    "a Jacobian, then a gradient": (jacobian_used_twice, 1),
    "both classes": (mixed_classes, 1),
    "integers": (integers, 1),
    "no target": (lambda T, x: T().gradient(None, x), 1),
    "in a branch": (in_a_branch, 1),
    "about a loop": (about_a_loop, 1),
    "in vectorized_map": (rows_of_a_batch, 1),
}  # fmt: skip
FAILING = {"a tape used twice", "stop_recording twice", "entered twice", "unconnected_gradients=nothing", "no target",
           "a Jacobian, then a gradient"}  # fmt: skip


@pytest.mark.parametrize("name", TAPES)
def test_tapes_have_tensorflows_meaning(name):
    program, count = TAPES[name]
    inputs = [points(4, 1, seed=i) for i in range(count)]
    want = outcome(lambda *xs: program(tf.GradientTape, *xs), inputs)
    assert isinstance(want, str) == (name in FAILING), want
    found = outcome(lambda *xs: program(ng.GradientTape, *xs), inputs)
    compare(found, want)
    if isinstance(want, str):
        assert found == want  # the same error, word for word


EAGER = ["nested tapes", "a persistent tape", "watched later", "never watched", "stop_recording", "reset", "structures",
         "an intermediate tensor", "training", "both classes"]  # fmt: skip


@pytest.mark.parametrize("name", EAGER)
def test_eager_tapes_have_tensorflows_meaning(name):
    program, count = TAPES[name]
    inputs = [tf.constant(points(4, 1, seed=i)) for i in range(count)]
    want, found = (tf.nest.flatten(program(T, *inputs)) for T in (tf.GradientTape, ng.GradientTape))
    assert [v is None for v in found] == [v is None for v in want]
    for v, w in zip(found, want, strict=True):
        assert v is w is None or np.array_equal(v, w)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_tapes(dtype):
    def program(T, x):
        with T(persistent=True) as tape:
            u = derivative(T, x, lambda x: tf.tanh(x @ tf.cast(VARIABLE, x.dtype)), 3)
        return u, tf.cast(tape.gradient(u, VARIABLE), dtype)

    inputs = [points(4, 1, dtype=dtype)]
    want = outcome(lambda x: program(tf.GradientTape, x), inputs)
    compare(outcome(lambda x: program(ng.GradientTape, x), inputs, jit_compile=True), want)


def test_a_tape_from_outside_of_the_function():
    x = tf.constant(points(4, 1))
    for T in (tf.GradientTape, ng.GradientTape):
        with T() as tape:
            tape.watch(x)
            y = tf.function(lambda x, T=T: derivative(T, x, order=2), autograph=False)(x)
        np.testing.assert_allclose(tape.gradient(y, x), derivative(tf.GradientTape, x, order=3), rtol=1e-10)


def second(G, *xs):
    return chain(G, net(xs[0]), xs[0], 2)


# A program of `gradients`, and how many inputs of shape [4, 1] it has.
GRADIENTS = {
    "second derivatives": (second, 1),
    "a list of one": (lambda G, x: G([G((net(x),), [x])[0]], (x,)), 1),
    "by position": (lambda G, x: G(G(net(x), x, None, "name")[0], x, [tf.ones_like(x)], "name", False, None, None, "zero"), 1),
    "gate_gradients": (lambda G, x: G(G(net(x), x)[0], x, gate_gradients=True, aggregation_method=2), 1),
    "stop_gradients": (lambda G, x: (lambda h: [G(G(tf.sin(h) * x, x)[0], x, stop_gradients=h),
                                                G(G(tf.sin(h) * x, x, stop_gradients=[h])[0], x)])(x * 2), 1),
    "unconnected": (lambda G, x, t: [G(G(2 * x, x)[0] * 1.0, [x, t], unconnected_gradients=how)
                                     for how in ("none", "zero", tf.UnconnectedGradients.ZERO)], 2),
    "several ys and xs": (lambda G, x, t: G([G(net(x * t), x)[0], tf.sin(t)], [x, t, x], [t * 0 + 2, None]), 2),
    "variables": (lambda G, x: G(G(trained(x), x)[0], [VARIABLE, x]), 1),
    "a number of grad_ys": (lambda G, x: G(G(net(x), x)[0], x, [points(4, 1)]), 1),
    "IndexedSlices": (lambda G, x: G(G(net(x) * tf.gather(TABLE, [1, 2, 3, 1]), x)[0], [TABLE, x]), 1),
    "no xs": (lambda G, x: [G(G(net(x), x)[0], []), x], 1),
    "no ys": (lambda G, x: [G([], x), x], 1),
    "too few grad_ys": (lambda G, x: G([net(x), net(x)], x, [tf.ones_like(x)]), 1),
    "grad_ys of integers": (lambda G, x: G(G(net(x), x)[0], x, [tf.ones([4, 1], tf.int32)]), 1),
    "unknown unconnected": (lambda G, x: G(G(net(x), x)[0], x, unconnected_gradients="nothing"), 1),
    "an array": (lambda G, x: G(G(net(x), x)[0], points(4, 1)), 1),
    "Hessian by columns": (lambda G, x: tf.stack([G(g, x)[0] for g in tf.unstack(
        G(tf.reduce_sum(tf.sin(x @ W), 1), x)[0], axis=1)], 1), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_have_tensorflows_meaning(name):
    program, count = GRADIENTS[name]
    inputs = [points(4, 1, seed=i) for i in range(count)]
    want, found = (outcome(lambda *xs, G=G: program(G, *xs), inputs) for G in (tf.gradients, ng.gradients))
    compare(found, want)


@pytest.mark.parametrize(
    "name", [name for name in GRADIENTS if name not in ("by position", "variables", "IndexedSlices")]
)
def test_gradients_in_a_graph_of_tensorflow_1(name):
    program, count = GRADIENTS[name]

    def run(G):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            xs = [tf.compat.v1.placeholder(tf.float64, [None, 1]) for _ in range(count)]
            tensors = tf.nest.map_structure(lambda v: v, program(G, *xs))
            found = tf.nest.flatten(tensors)
            feed = {x: points(4, 1, seed=i) for i, x in enumerate(xs)}
            return [None if v is None else session.run(tf.convert_to_tensor(v), feed) for v in found]

    def attempt(G):
        try:
            return run(G)
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    global W, V
    before = W, V
    W, V = W.numpy(), V.numpy()  # a graph of TensorFlow 1 takes no eager tensors
    try:
        compare(attempt(ng.gradients), attempt(tf.compat.v1.gradients))
    finally:
        W, V = before


def test_variables_of_tensorflow_1_train():
    def run(G):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            x = tf.compat.v1.placeholder(tf.float32, [None, 1])
            for use_resource in (False, True):
                with tf.compat.v1.variable_scope(str(use_resource), use_resource=use_resource):
                    w = tf.compat.v1.get_variable("w", initializer=points(1, 5, dtype="float32"))
                    v = tf.compat.v1.get_variable("v", initializer=points(5, 1, dtype="float32"))
                u = tf.tanh(x @ w) @ v
                loss = tf.reduce_mean(chain(G, u, x, 3) ** 2)
                step = tf.compat.v1.train.GradientDescentOptimizer(0.01).minimize(loss)
                session.run(tf.compat.v1.global_variables_initializer())
                for _ in range(3):
                    session.run(step, {x: points(4, 1)})
                yield from session.run([loss, w, v], {x: points(4, 1)})

    compare([*map(np.asarray, run(ng.gradients))], [*map(np.asarray, run(tf.compat.v1.gradients))])


def test_eager_gradients_raise_tensorflows_error():
    x = tf.constant(points(4, 1))
    with pytest.raises(RuntimeError) as want:
        tf.gradients(net(x), x)
    with pytest.raises(RuntimeError) as found:
        ng.gradients(net(x), x)
    assert str(found.value) == str(want.value)


def test_the_signatures_are_tensorflows():
    for own, other in ((ng.gradients, tf.gradients), (ng.GradientTape, tf.GradientTape),
                       (ng.GradientTape.gradient, tf.GradientTape.gradient)):  # fmt: skip
        assert [(p.name, p.kind) for p in inspect.signature(own).parameters.values()] == [
            (p.name, p.kind) for p in inspect.signature(other).parameters.values()
        ]
    assert issubclass(ng.GradientTape, tf.GradientTape)


@pytest.mark.parametrize("kind", ["gradients", "tapes"])
def test_saved_models_load_without_the_code(kind, tmp_path):
    def f(x):
        if kind == "tapes":
            with ng.GradientTape() as tape:
                tape.watch(x)
                g = derivative(ng.GradientTape, x, order=2)
            return tape.gradient(g, x)
        return chain(ng.gradients, net(x), x, 3)

    module = tf.Module()
    module.f = tf.function(f, input_signature=[tf.TensorSpec([None, 1], tf.float64)], autograph=False)
    tf.saved_model.save(module, str(tmp_path / "saved"))
    x = tf.constant(points(4, 1))
    loaded = tf.saved_model.load(str(tmp_path / "saved")).f
    np.testing.assert_allclose(loaded(x), derivative(tf.GradientTape, x, order=3), rtol=1e-10)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = loaded(x)
    np.testing.assert_allclose(tape.gradient(y, x), derivative(tf.GradientTape, x, order=4), rtol=1e-9)


def test_branches_of_autograph():
    @tf.function
    def f(x):
        with ng.GradientTape() as tape:
            tape.watch(x)
            y = ng.gradients(net(x), x)[0] if x.shape[0] else x
            for _ in tf.range(2):
                y = y * x
        return tape.gradient(y, x)

    x = tf.constant(points(4, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = derivative(tf.GradientTape, x) * x * x
    np.testing.assert_allclose(f(x), tape.gradient(y, x), rtol=1e-12)
