"""Summaries written and read back, collections, names, control dependencies, and walking a graph by its ops."""

import glob

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 2], name="inputs")
with tf.name_scope("model"):
    w = tf.Variable([[1.0], [-2.0]], name="w")
    out = tf.matmul(x, w, name="out")
    loss = tf.reduce_mean(tf.nn.softplus(out), name="loss")
grads = tf.gradients(loss, [w, x])
tf.summary.scalar("loss", loss)
tf.summary.histogram("w_grad", grads[0])
with tf.name_scope("images"):
    tf.summary.image("map", tf.reshape(tf.nn.sigmoid(x), [1, 2, 2, 1]), max_outputs=1)
merged = tf.summary.merge_all()
tf.add_to_collection("losses", loss)
tf.add_to_collection("losses", 0.5 * tf.nn.l2_loss(w))
tf.get_default_graph().add_to_collections(["both", "losses2"], w)

total = tf.add_n(tf.get_collection("losses"), name="total")
counter = tf.Variable(0, trainable=False, name="counter")
with tf.control_dependencies([tf.assign_add(counter, 1)]):
    counted = tf.identity(total, name="counted")
check = tf.Assert(tf.reduce_all(x < 10.0), [x], name="check")
with tf.control_dependencies([check]):
    checked = tf.identity(loss)

print(tf.get_collection("losses")[0] is loss, len(tf.get_collection("losses")), tf.get_collection("nothing"))
print([v.name for v in tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)], tf.get_collection_ref("both") == [w])
print([t.op.name for t in tf.get_collection(tf.GraphKeys.SUMMARIES)])
print([op.name for op in tf.get_default_graph().get_operations() if op.type in ("Placeholder", "MatMul", "Softplus")])
print(out.op.type, [i.name for i in out.op.inputs], [c.op.type for c in [loss]], out.op.get_attr("transpose_a"))
print(tf.get_default_graph().get_tensor_by_name("model/loss:0") is loss, loss.graph is tf.get_default_graph())
print(len(tf.get_default_graph().as_graph_def().node) == len(tf.get_default_graph().get_operations()))

with tf.Session() as sess:
    writer = tf.summary.FileWriter("logs", sess.graph)
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        feed = {x: np.full((2, 2), 0.25 * step)}
        summary, value = sess.run([merged, counted], feed_dict=feed)
        writer.add_summary(summary, step)
        print(step, value)
    by_hand = tf.Summary(value=[tf.Summary.Value(tag="by_hand", simple_value=1.5)])
    writer.add_summary(by_hand, 3)
    writer.close()
    print(sess.run(counter), sess.run([checked] + grads, feed))
    try:
        sess.run(checked, {x: [[11.0, 0.0]]})
    except tf.errors.InvalidArgumentError as error:
        print("assertion failed" in str(error))

for event in tf.train.summary_iterator(glob.glob("logs/events*")[0]):
    for value in event.summary.value:
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            print(event.step, value.tag, "%.6f" % value.simple_value)
        elif kind == "histo":
            print(event.step, value.tag, "%.4f %.4f %.0f" % (value.histo.min, value.histo.max, value.histo.num))
        else:
            print(event.step, value.tag, value.image.height, value.image.width)
