"""tf.train.Saver: some of the variables, restored into a second graph built anew, and what lies in the folder then."""

import numpy as np
import tensorflow as tf


def build(scale):
    x = tf.placeholder(tf.float64, [None], name="x")
    with tf.variable_scope("net"):
        a = tf.get_variable("a", [], tf.float64, tf.constant_initializer(scale))
        b = tf.get_variable("b", [2], tf.float64, tf.constant_initializer([1.0, -0.5]))
    steps = tf.train.get_or_create_global_step()
    y = a * tf.exp(b[0] * x) + b[1]
    loss = tf.reduce_mean(tf.square(y - 1.0), name="loss")
    train = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=steps, gate_gradients=tf.train.Optimizer.GATE_GRAPH)
    return x, y, tf.gradients(tf.gradients(y, x)[0], x)[0], loss, train, steps


points = {"x:0": np.array([0.0, 0.5, 1.0])}
with tf.Graph().as_default() as first, tf.Session() as sess:
    x, y, y_xx, loss, train, steps = build(2.0)
    saver = tf.train.Saver(max_to_keep=2)
    sess.run(tf.global_variables_initializer())
    for _ in range(4):
        sess.run(train, points)
        path = saver.save(sess, "./model.ckpt", global_step=steps, write_meta_graph=False)
    print(path, [p.split("/")[-1] for p in saver.last_checkpoints])
    before = sess.run([y, y_xx, loss, steps], points)
    print(before)
    np.savetxt("fields.txt", np.column_stack(before[:2]), fmt="%.6f")

reader = tf.train.NewCheckpointReader(tf.train.latest_checkpoint("."))
shapes = reader.get_variable_to_shape_map()
print(sorted((name, tuple(shape)) for name, shape in shapes.items()))
print(reader.get_tensor("net/b"), tf.train.checkpoint_exists(path))

with tf.Graph().as_default(), tf.Session() as sess:
    x, y, y_xx, loss, train, steps = build(-7.0)
    tf.train.Saver().restore(sess, tf.train.latest_checkpoint("."))
    print([np.array_equal(old, new) for old, new in zip(before, sess.run([y, y_xx, loss, steps], points))])
    sess.run(train, points)
    print(sess.run([loss, steps], points))

with tf.Graph().as_default(), tf.Session() as sess:
    renamed = tf.Variable(np.zeros(2), name="renamed")
    other = tf.Variable(3.0, name="other")
    tf.train.Saver({"net/b": renamed}).restore(sess, path)
    try:
        sess.run(other)
    except tf.errors.FailedPreconditionError as error:
        print("uninitialised:", "other" in error.message)
    print(sess.run(renamed))
    try:
        tf.train.Saver([other]).restore(sess, path)
    except tf.errors.NotFoundError as error:
        print("NotFoundError", "other" in str(error))

with tf.Graph().as_default(), tf.Session() as sess:
    a = tf.get_variable("mine/a", [], tf.float64)
    b = tf.get_variable("mine/b", [2], tf.float64)
    tf.train.init_from_checkpoint(".", {"net/": "mine/"})
    sess.run(tf.global_variables_initializer())
    print(sess.run([a, b]))
    output = tf.identity(tf.sin(a) * b, name="output")
    tf.saved_model.simple_save(sess, "export", {"a": a}, {"output": output})

with tf.Graph().as_default(), tf.Session() as sess:
    meta = tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING], "export")
    name = meta.signature_def["serving_default"].outputs["output"].name
    graph = tf.get_default_graph()
    output, a = graph.get_tensor_by_name(name), tf.trainable_variables()[0]
    print(name, sess.run(output), sess.run(tf.gradients(output, a)))
