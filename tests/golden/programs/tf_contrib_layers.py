"""Networks of tf.contrib.layers: fully_connected, batch_norm, layer_norm, arg_scope, regularisers, and their derivatives."""

# tolerance: units=64 (one rounding of `hidden` is worth 14 units of `third`: layers of nearly equal numbers)
import numpy as np
import tensorflow as tf
import tensorflow.contrib.layers as layers
from tensorflow.contrib.framework import arg_scope

tf.set_random_seed(5)

x = tf.placeholder(tf.float32, [None, 3], name="x")
training = tf.placeholder(tf.bool, [], name="training")


def fixed(shape, dtype=None, partition_info=None):
    return tf.reshape(tf.linspace(-0.5, 0.8, int(np.prod(shape))), shape)


with arg_scope([layers.fully_connected], weights_initializer=fixed, weights_regularizer=layers.l2_regularizer(0.1)):
    hidden = layers.fully_connected(x, 4, activation_fn=tf.nn.elu, scope="first")
    out = layers.fully_connected(
        hidden, 1, activation_fn=None, biases_initializer=tf.constant_initializer(0.25), scope="last"
    )
    shared = layers.fully_connected(tf.sin(x), 4, scope="first", reuse=True)

normed = layers.batch_norm(
    hidden, decay=0.9, center=True, scale=True, is_training=training, updates_collections=None, scope="bn"
)
collected = layers.batch_norm(x, decay=0.5, is_training=True, scope="collected")
by_layer = layers.layer_norm(hidden, scope="ln")
stack = layers.stack(x, layers.fully_connected, [4, 2], scope="stack", weights_initializer=tf.ones_initializer())
dropped = layers.dropout(hidden, keep_prob=0.5, is_training=False)
flat = layers.flatten(tf.reshape(x, [-1, 3, 1]))
image = tf.reshape(tf.range(32, dtype=tf.float32) / 32.0, [1, 4, 4, 2])
conv = layers.conv2d(
    image, 2, [3, 3], stride=2, padding="SAME", weights_initializer=tf.constant_initializer(0.1), scope="conv"
)
pooled = layers.avg_pool2d(layers.max_pool2d(image, [2, 2]), [2, 2])
one_hot = layers.one_hot_encoding([1, 0], 3)

kernel = tf.get_variable("kernel", [3, 2], initializer=layers.xavier_initializer(seed=1))
scaled = tf.get_variable("scaled", [3, 2], initializer=layers.variance_scaling_initializer(seed=2))
penalty = layers.apply_regularization(layers.l1_l2_regularizer(0.5, 0.25), [kernel])
sums = layers.sum_regularizer([layers.l1_regularizer(1.0), layers.l2_regularizer(2.0)])(scaled)

slope = tf.gradients(normed, x)[0]
second = tf.gradients(tf.gradients(out, x)[0], x)[0]
third = tf.gradients(tf.gradients(tf.reduce_sum(tf.tanh(by_layer)), x)[0], tf.global_variables("first"))
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
total = tf.losses.get_total_loss(add_regularization_losses=True)
step = tf.train.GradientDescentOptimizer(0.1).minimize(total, tf.train.get_or_create_global_step())

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: [[0.1, 0.2, 0.3], [-1.0, 0.5, 2.0], [0.7, -0.6, 0.4]], training: True}
    print(sess.run([out, shared, second], feed))
    print(sess.run(normed, feed))
    print(sess.run(tf.global_variables("bn")))
    print(sess.run([normed, slope], {x: feed[x], training: False}))
    print(len(updates), sess.run(updates, feed)[0], sess.run(collected, feed)[1])
    print(sess.run(by_layer, feed), sess.run(third, feed))
    print(sess.run([stack, dropped, flat], feed))
    print(sess.run([conv, pooled, one_hot]))
    print(sess.run([kernel, scaled, penalty, sums]))
    before = sess.run(total)
    sess.run(step, feed)
    print(before, sess.run(total), sess.run(tf.train.get_global_step()))
    print([v.name for v in tf.contrib.framework.get_variables("stack")], [v.name for v in tf.model_variables()][:4])
