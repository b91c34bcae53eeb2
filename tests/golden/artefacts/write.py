"""Writes the old models that `legacy.lift` is tested on, and what TensorFlow 1.15.5 itself computes on each.

It runs on the old TensorFlow, in the environment that `record.py` describes: `old/bin/python write.py [NAME ...]`.

Every NAME gives a file or folder of that name, and NAME.npz with the points `x` and the derivatives `d0` to `d4` there,
by chained tf.gradients, of the model's output by its input. TensorFlow 1 has no second derivative through a loop, so for
those models the same arithmetic is unrolled beside them, with the same weights, and it must give the same d0 and d1.
"""

import os
import shutil
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import backend as K  # noqa: N812 as every program of the time says

HERE = os.path.dirname(os.path.abspath(__file__))
DRAWS = np.random.RandomState(0)
LINE = np.linspace(-1.0, 1.0, 5)[:, None]


def at(name):
    return os.path.join(HERE, name)


def weights(*shape):
    return DRAWS.uniform(-1.0, 1.0, shape)


def chain(y, x, order=4):
    """The output and its derivatives by x, each the gradient of the last."""
    tower = [y]
    for _ in range(order):
        (slope,) = tf.gradients(tower[-1], x)
        tower.append(tf.zeros_like(x) if slope is None else slope)
    return tower


def save(name, x, tower, **more):
    arrays = {f"d{order}": value for order, value in enumerate(tower)}
    np.savez_compressed(at(name + ".npz"), x=x, **dict(arrays, **more))


def frozen(session, name, outputs):
    graph = tf.graph_util.convert_variables_to_constants(session, session.graph.as_graph_def(), outputs)
    with open(at(name), "wb") as file:
        file.write(graph.SerializeToString())


def checkpoint(session, name, variables=None):
    tf.train.Saver(variables).save(session, at(name), write_state=False)


def network(x, widths=(1, 6, 6, 1), make=tf.constant):
    """A tanh network; `make` makes its weights."""
    for index, (n, m) in enumerate(zip(widths[:-1], widths[1:])):  # noqa: B905, RUF007 Python 3.7
        w = make(weights(n, m).astype(x.dtype.as_numpy_dtype), name=f"w{index}")
        b = make(weights(m).astype(x.dtype.as_numpy_dtype), name=f"b{index}")
        x = tf.nn.bias_add(tf.matmul(x, w), b)
        x = tf.tanh(x) if index < len(widths) - 2 else x
    return x


def plain(dtype):
    def write(name):
        x = tf.placeholder(dtype, [None, 1], name="x")
        y = tf.identity(network(x), name="y")
        with tf.Session() as session:
            frozen(session, name, ["y"])
            save(name, LINE, session.run(chain(y, x), {x: LINE}))

    return write


def cond(name):
    """Branches that are no numbers where they are not taken; one inside another; two outputs; constants."""
    x = tf.placeholder(tf.float64, [], name="x")
    w = tf.Variable(np.float64(1.5), name="w")
    inner = lambda: tf.cond(x > 1.0, lambda: (tf.log(x - 1.0), w * x), lambda: (tf.sqrt(1.0 - x) * x, x**3))  # noqa: E731
    left, right = tf.cond(x * w > 0.0, inner, lambda: (tf.log(-x) * w, tf.constant(2.0, tf.float64)))
    again = tf.cond(left > right, lambda: tf.sin(left), lambda: left * right)
    y = tf.identity(again, name="y")
    points = np.array([-2.0, -0.3, 0.5, 1.5, 9.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        frozen(session, name, ["y"])
        rows = [session.run(chain(y, x), {x: point}) for point in points]
        save(name, points, np.transpose(rows))


def variables(resource):
    def write(name):
        made = []

        def make(value, name):
            made.append(tf.get_variable(name, initializer=value, use_resource=resource, trainable=name != "b0"))
            return made[-1]

        x = tf.placeholder(tf.float64, [None, 1], name="x")
        y = network(x, make=make)
        if not resource:
            # Saved in slices, and put together again.
            uniform = tf.random_uniform_initializer(-1.0, 1.0, seed=0)
            sliced = tf.get_variable("sliced", [4, 1], x.dtype, uniform, partitioner=tf.fixed_size_partitioner(2))
            sliced = tf.convert_to_tensor(sliced)
            y += tf.reduce_sum(tf.sin(x * tf.transpose(sliced)), 1, keepdims=True)
        y = tf.identity(y, "y")
        # The optimizer's variables, ops and collections are in the file too.
        tf.train.AdamOptimizer().minimize(tf.reduce_mean(y), tf.train.get_or_create_global_step(), made[:1])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            checkpoint(session, name)
            tower = chain(y, x)
            slopes = tf.gradients(tf.reduce_mean(tower[2] ** 2), [made[0], made[2]])
            values, (w0, w1) = session.run((tower, slopes), {x: LINE})
            save(name, LINE, values, w0=w0, w1=w1)

    return write


def keras_model():
    model = keras.models.Sequential([
        keras.layers.Dense(6, activation="tanh", input_shape=(1,)),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(4, activation="softplus"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(1),
    ])  # fmt: skip
    model.set_weights([np.abs(weights(*w.shape)) + 0.5 for w in model.get_weights()])
    return model


def keras_file(name):
    K.set_session(tf.Session())
    model = keras_model()
    tower = K.get_session().run(chain(model.output, model.input), {model.input: LINE, K.learning_phase(): 0})
    if name.endswith(".h5"):
        model.compile("adam", "mse")
        model.save(at(name))
    elif name.endswith(".json"):
        with open(at(name), "w") as file:
            file.write(model.to_json())
        model.save_weights(at(name.replace(".json", ".weights.h5")))
    else:
        frozen(K.get_session(), name, [model.output.op.name])
    save(name, LINE, tower)


def recurrent(name):
    """Keras's LSTM and GRU; their cells once more, unrolled."""
    K.set_session(tf.Session())

    def build(unroll):
        return keras.models.Sequential([
            keras.layers.Reshape((3, 1), input_shape=(3,)),
            keras.layers.LSTM(4, return_sequences=True, unroll=unroll),
            keras.layers.GRU(3, unroll=unroll, go_backwards=True),
            keras.layers.Dense(1),
        ])  # fmt: skip

    rolled, unrolled = build(False), build(True)
    rolled.set_weights([weights(*w.shape) for w in rolled.get_weights()])
    unrolled.set_weights(rolled.get_weights())
    rolled.save(at(name))
    points = np.hstack([LINE, LINE**2, LINE + 0.5])
    loop(name, points, rolled.input, rolled.output, unrolled.input, unrolled.output, K.get_session())


def loop(name, points, x, y, x_unrolled, y_unrolled, session, first=None):
    tower = session.run(chain(y_unrolled, x_unrolled), {x_unrolled: points})
    for one, other in zip(session.run(first or chain(y, x, 1), {x: points}), tower):  # noqa: B905 Python 3.7
        np.testing.assert_allclose(one, other, 1e-5, 1e-6)
    save(name, points, tower)


def dynamic_rnn(name):
    """An LSTM cell by tf.nn.dynamic_rnn and, with the same variables, by tf.nn.static_rnn."""
    x = tf.placeholder(tf.float64, [None, 4], name="x")
    series = tf.stack([x, tf.sin(x)], axis=2)
    cell = tf.nn.rnn_cell.BasicLSTMCell(3, dtype=tf.float64)
    with tf.variable_scope("rnn"):
        outputs, state = tf.nn.dynamic_rnn(cell, series, dtype=tf.float64)
    static, last = tf.nn.static_rnn(cell, tf.unstack(series, axis=1), dtype=tf.float64)
    y = tf.reduce_sum(outputs, [1, 2])[:, None] * tf.reduce_sum(state.c, 1, keepdims=True)
    same = tf.reduce_sum(tf.add_n(static), 1, keepdims=True) * tf.reduce_sum(last.c, 1, keepdims=True)
    y = tf.identity(y, "y")
    with tf.Session() as session:
        for variable in tf.global_variables():
            variable.load(weights(*variable.shape.as_list()), session)
        checkpoint(session, name)
        loop(name, np.hstack([LINE, LINE**2, -LINE, LINE + 0.5]), x, y, x, same, session)


def while_loop(name):
    """A loop of a number of rounds that the input gives, with a branch in each and a loop in that."""
    x = tf.placeholder(tf.float64, [None], name="x")
    w = tf.Variable(np.float64(0.75), name="w")

    def inner(y):
        return tf.while_loop(lambda j, z: j < 2, lambda j, z: (j + 1, z * tf.sin(w * z)), (0, y))[1]

    def body(i, y, done):
        y = tf.cond(tf.equal(i % 2, 0), lambda: inner(y) + x, lambda: tf.exp(-y) * w)
        return i + 1, y, done + tf.cast(i, tf.float64)

    rounds = tf.size(x)
    _, y, total = tf.while_loop(lambda i, *_: i < rounds, body, (0, tf.cos(x), tf.constant(0.5, tf.float64)))
    y = tf.multiply(y, total, "y")
    points = LINE[:, 0]
    z, done = tf.cos(x), 0.5
    for i in range(len(points)):
        z = z * tf.sin(w * z) if i % 2 == 0 else tf.exp(-z) * w
        z = z * tf.sin(w * z) + x if i % 2 == 0 else z
        done += i
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        frozen(session, name, ["y"])
        loop(name, points, x, y, x, z * done, session)


def arrays(name):
    """tf.map_fn, tf.scan, and a tf.TensorArray that grows."""
    x = tf.placeholder(tf.float64, [None], name="x")
    mapped = tf.map_fn(lambda t: tf.sin(t) * t, x)
    scanned = tf.scan(lambda a, t: tf.tanh(a + t), tf.stack([x, x * x]), tf.zeros_like(x))
    grows = tf.TensorArray(tf.float64, 0, dynamic_size=True)
    _, grown = tf.while_loop(
        lambda i, _: i < 3, lambda i, a: (i + 1, a.write(i, tf.sin(x * tf.cast(i, x.dtype)))), (0, grows)
    )
    pieces = tf.TensorArray(tf.float64, 2).split(tf.concat([x, tf.exp(x)], 0), tf.size(x) * tf.ones([2], tf.int32))
    y = tf.add_n([mapped, tf.reduce_sum(scanned, 0), tf.reduce_sum(grown.stack(), 0), pieces.read(1)], "y")
    one = tf.tanh(x)
    same = tf.add_n([tf.sin(x) * x, one + tf.tanh(one + x * x), tf.sin(x) + tf.sin(2.0 * x), tf.exp(x)])
    with tf.Session() as session:
        frozen(session, name, ["y"])
        loop(name, LINE[:, 0], x, y, x, same, session)


def functional(name):
    """TensorFlow 1 with the control flow of TensorFlow 2: ops that call functions."""
    tf.enable_control_flow_v2()
    try:
        x = tf.placeholder(tf.float64, [None], name="x")
        w = tf.get_variable("w", initializer=np.float64(0.75), use_resource=True)
        branch = tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * w, lambda: tf.sin(x))
        _, y = tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, tf.sin(z * w) + x), (0, branch))
        y = tf.identity(y, "y")
        points = LINE[:, 0] + 0.25
        z = x * w
        for _ in range(3):
            z = tf.sin(z * w) + x
        first = chain(y, x, 1)  # after a run it would be too late: the ops would need more outputs
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            checkpoint(session, name)
            loop(name, points, x, y, x, z, session, first)
    finally:
        tf.disable_control_flow_v2()


def saved_model(name):
    """Two signatures, of two inputs and of one, one of them with two outputs; dropout with a probability to feed."""
    t, x = tf.placeholder(tf.float64, [None, 1], name="t"), tf.placeholder(tf.float64, [None, 1], name="x")
    w = tf.get_variable("w", initializer=weights(2, 5))
    table = tf.get_variable("table", initializer=weights(3, 5), use_resource=True)
    hidden = tf.tanh(tf.concat([t, x], 1) @ w) * tf.gather(table, [1])
    keep = tf.placeholder_with_default(tf.constant(1.0, tf.float64), [], name="keep")
    u = tf.reduce_sum(tf.nn.dropout(hidden, keep_prob=keep), 1, keepdims=True)
    square = u**2
    info, signature = tf.saved_model.build_tensor_info, tf.saved_model.build_signature_def
    shutil.rmtree(at(name), ignore_errors=True)
    builder = tf.saved_model.Builder(at(name))
    inputs = {"t": info(t), "x": info(x)}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {
                "serving_default": signature(inputs, {"u": info(u)}),
                "both": signature(inputs, {"u": info(u), "square": info(square)}),
            },
        )
        builder.save()
        (u_t,) = tf.gradients(u, t)
        asked = {"u": u, "t": u_t, "tx": tf.gradients(u_t, x)[0], "square": square}
        found = session.run(asked, {t: LINE**2, x: LINE})
        save(name, LINE, session.run(chain(u, x), {t: LINE**2, x: LINE}), **found)


def names(name):
    """Several inputs, several outputs, and an op with two of them."""
    x, scale = tf.placeholder(tf.float32, [None, 2], name="net/x"), tf.placeholder(tf.float32, [], name="net/scale")
    left, _ = tf.split(tf.sin(x) * scale, 2, axis=1, name="net/split")
    tf.square(left, name="net/a")
    tf.negative(x, name="net/b")
    with open(at(name), "wb") as file:
        file.write(tf.get_default_graph().as_graph_def().SerializeToString())
    with tf.Session() as session:
        points = np.hstack([LINE, LINE])
        save(name, points, session.run(["net/a:0"], {x: points, scale: 2.0}))


def own_gradient(name):
    """A gradient of the program's own, of which the file has only the name."""
    x = tf.placeholder(tf.float32, [None], name="x")

    @tf.custom_gradient
    def f(x):
        return tf.sin(x), lambda dy: 2.0 * dy

    y = tf.identity(f(x), "y")
    with tf.Session() as session:
        frozen(session, name, ["y"])
        save(name, LINE[:, 0], session.run(chain(y, x, 1), {x: LINE[:, 0]}))


ARTEFACTS = {
    "plain32.pb": plain(tf.float32),
    "plain64.pb": plain(tf.float64),
    "cond.pb": cond,
    "reference": variables(False),
    "resource": variables(True),
    "normalized.h5": keras_file,
    "normalized.json": keras_file,
    "normalized.pb": keras_file,
    "recurrent.h5": recurrent,
    "dynamic_rnn": dynamic_rnn,
    "while_loop.pb": while_loop,
    "arrays.pb": arrays,
    "functional": functional,
    "saved_model": saved_model,
    "names.pb": names,
    "own_gradient.pb": own_gradient,
}


def main(chosen):
    """Writes the artefacts named, or all of them; each alone gives the same as all."""
    for name in chosen or sorted(ARTEFACTS):
        K.clear_session()
        tf.reset_default_graph()
        DRAWS.seed(sum(map(ord, name)))
        ARTEFACTS[name](name)
        print("wrote", name)
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
