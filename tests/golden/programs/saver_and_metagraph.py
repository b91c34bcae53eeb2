"""A graph saved with its variables, read back into an empty one, and differentiated there."""

import os
import shutil
import tempfile

import tensorflow as tf

folder = tempfile.mkdtemp()
path = os.path.join(folder, "model.ckpt")

x = tf.placeholder(tf.float32, [None], name="x")
amplitude = tf.get_variable("amplitude", initializer=1.5)
y = tf.multiply(amplitude, tf.sin(x), name="y")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(amplitude.assign(2.5))
    saved = tf.train.Saver(max_to_keep=1).save(sess, path, global_step=7)
    print(os.path.basename(saved), sorted(os.listdir(folder)))
    frozen = tf.graph_util.convert_variables_to_constants(sess, tf.get_default_graph().as_graph_def(), ["y"])

tf.reset_default_graph()
restorer = tf.train.import_meta_graph(saved + ".meta")
graph = tf.get_default_graph()
x, y = graph.get_tensor_by_name("x:0"), graph.get_tensor_by_name("y:0")
second = tf.gradients(tf.gradients(y, x), x)[0]
with tf.Session() as sess:
    restorer.restore(sess, tf.train.latest_checkpoint(folder))
    print(sess.run([y, second], {x: [0.0, 1.0]}), [v.op.name for v in tf.trainable_variables()])
    print(sess.run(tf.gradients(y, tf.trainable_variables()), {x: [0.0, 1.0]}))

with tf.Graph().as_default():
    x, y = tf.import_graph_def(frozen, return_elements=["x:0", "y:0"], name="old")
    third = tf.gradients(tf.gradients(tf.gradients(y, x), x), x)[0]
    with tf.Session() as sess:
        print(x.name, y.op.name, sess.run([y, third], feed_dict={"old/x:0": [0.0, 1.0]}))
print(tf.train.load_variable(folder, "amplitude"), tf.train.list_variables(folder))
shutil.rmtree(folder)
