"""get_variable under scopes, the initialiser, and every kind of structure that Session.run takes."""

import collections

import tensorflow as tf

with tf.variable_scope("model"):
    gain = tf.get_variable("gain", shape=[2], initializer=tf.constant_initializer([1.0, 2.0]))
    power = tf.get_variable("power", initializer=tf.constant(3.0), trainable=False)
with tf.variable_scope("model", reuse=True):
    again = tf.get_variable("gain", [2])

x = tf.constant([0.5, 1.5])
y = gain * x**power
grads = dict(zip(["gain", "x", "power"], tf.gradients(y, [gain, x, power])))
Pair = collections.namedtuple("Pair", "value slope")

with tf.Session() as sess:
    print(sess.run(tf.report_uninitialized_variables()))
    sess.run(tf.global_variables_initializer())
    print(gain is again, [v.name for v in tf.global_variables()], len(tf.trainable_variables()))
    print(sess.run(y))
    print(sess.run([y, [gain, (power, y[0])]]))
    got = sess.run({"y": y, "nested": {"g": grads["gain"], "list": [grads["x"]]}})
    print(got["y"], got["nested"]["g"], got["nested"]["list"])
    print(sess.run(Pair(y, grads["power"])))
    print(sess.run("model/gain:0"), sess.run(gain.assign_add([1.0, 1.0])), sess.run(tf.assign(power, 2.0)))
    print(sess.run([gain.initializer, power]), power.eval())
    print(sess.run([]), sess.run(()), tf.get_default_graph() is sess.graph)
