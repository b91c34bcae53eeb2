"""tf.get_variable: scopes, sharing, custom getters, regularisers and partitioners, and gradients by what is shared."""

import numpy as np
import tensorflow as tf


def layer(x, units, name="layer", reuse=None):
    with tf.variable_scope(name, reuse=reuse):
        n = x.get_shape()[1].value
        W = tf.get_variable("W", [n, units], initializer=tf.constant_initializer(np.arange(n * units) / 10.0))
        b = tf.get_variable("b", [units], initializer=tf.ones_initializer())
        return tf.tanh(tf.matmul(x, W) + b, name="out")


x = tf.placeholder(tf.float32, [None, 2])
first = layer(x, 2)
again = layer(first, 2, reuse=True)
try:
    layer(x, 2)
except ValueError as error:
    print("ValueError:", str(error).split(".")[0])
try:
    with tf.variable_scope("elsewhere", reuse=True):
        tf.get_variable("W", [1])
except ValueError as error:
    print("ValueError:", str(error).split(",")[0])

with tf.variable_scope("outer", initializer=tf.constant_initializer(0.5), regularizer=tf.nn.l2_loss) as outer:
    a = tf.get_variable("a", [2])
    with tf.variable_scope("inner") as inner:
        b = tf.get_variable("b", [2], trainable=False, collections=["mine", tf.GraphKeys.GLOBAL_VARIABLES])
        c = a * b
    with tf.variable_scope(outer, reuse=True):
        same = tf.get_variable("a")
    with tf.variable_scope("inner"):
        d = tf.add(c, 1.0, name="d")
with tf.variable_scope(inner, reuse=tf.AUTO_REUSE):
    e = tf.get_variable("b", [2])
    f = tf.get_variable("f", shape=(), initializer=tf.zeros_initializer)
print(same is a, e is b, c.op.name, d.op.name, inner.name, inner.original_name_scope)
print(tf.get_collection("mine") == [b], [t.op.name for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)])

with tf.variable_scope(None, default_name="unnamed"):
    one = tf.get_variable("v", initializer=tf.constant([1.0, 2.0]))
with tf.variable_scope(None, default_name="unnamed"):
    two = tf.get_variable("v", initializer=lambda: tf.constant(3.0))
with tf.name_scope("names"):
    three = tf.get_variable("not_in_names", [], initializer=tf.constant_initializer(4.0))
    four = tf.Variable(5.0, name="in_names")
print([v.name for v in (one, two, three, four)])


def halved(getter, name, *args, **kwargs):
    return 0.5 * getter(name, *args, **kwargs)


with tf.variable_scope("custom", custom_getter=halved):
    g = tf.get_variable("g", [2], initializer=tf.constant_initializer(3.0))
average = tf.train.ExponentialMovingAverage(0.5)


def averaged(getter, name, *args, **kwargs):
    return average.average(getter(name, *args, **kwargs))


update = average.apply(tf.trainable_variables("layer"))
with tf.variable_scope("", reuse=True, custom_getter=averaged):
    smooth = layer(x, 2)
with tf.variable_scope("split", partitioner=tf.fixed_size_partitioner(2)):
    parts = tf.get_variable("parts", [4], initializer=tf.zeros_initializer())

template = tf.make_template(
    "template", lambda z: z * tf.get_variable("k", [], initializer=tf.constant_initializer(2.0))
)
twice = template(template(x))

W = tf.trainable_variables()[0]
by_shared = tf.gradients(again, W)[0]
by_second = tf.gradients(tf.gradients(tf.reduce_sum(again), x)[0], W)[0]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: [[0.1, 0.2], [0.3, -0.4]]}
    print(sess.run([again, by_shared, by_second], feed))
    print(
        sess.run(tf.gradients(tf.reduce_sum(d**2), [a, b])), sess.run(tf.gradients(g**2, tf.global_variables("custom")))
    )
    print(sess.run(W.assign(W + 1.0)).tolist())
    sess.run(update)
    print(sess.run(smooth, feed), sess.run(average.average(W)))
    print(sess.run(twice, feed), sess.run(tf.gradients(twice, tf.global_variables("template")), feed))
    print(len(list(parts)), parts.get_shape(), sess.run(tf.convert_to_tensor(parts)))
    print(sess.run(tf.report_uninitialized_variables()).tolist(), [v.op.name for v in tf.trainable_variables()])
