"""Layers, normalizations, regularizers and scopes of arguments from tf.contrib, on fixed seeds."""

# tolerance: units=64 (one rounding of `x` is worth 14 units of `h`: a batch of three, whose variance is small)
import numpy as np
import tensorflow as tf
from tensorflow.contrib import layers
from tensorflow.contrib.framework import arg_scope, get_model_variables, get_variables

tf.set_random_seed(3)
x = tf.placeholder(tf.float32, [None, 4])
image = tf.placeholder(tf.float32, [None, 6, 6, 2])
h = layers.fully_connected(x, 5)
with arg_scope([layers.fully_connected], activation_fn=tf.tanh, weights_regularizer=layers.l2_regularizer(0.1)):
    h = layers.fully_connected(h, 3, scope="fc2", normalizer_fn=layers.batch_norm)
out = layers.linear(h, 2)
normal = layers.layer_norm(out)
conv = layers.conv2d(image, 3, 3, normalizer_fn=layers.batch_norm, normalizer_params={"scale": True, "decay": 0.9})
instance = layers.instance_norm(conv)
pooled, mean = layers.max_pool2d(conv, 2), layers.avg_pool2d(conv, [2, 2])
flat = layers.flatten(pooled)
dropped = layers.dropout(flat, 0.5)
stacked = layers.stack(x, layers.fully_connected, [3, 2])
repeated = layers.repeat(image, 2, layers.conv2d, 3, [3, 3], scope="again")
training = tf.placeholder_with_default(True, [])
switched = layers.batch_norm(x, is_training=training, updates_collections=None, scope="switched", center=False)
weights = [v for v in tf.trainable_variables() if "weights" in v.name]
penalty = layers.apply_regularization(layers.l1_l2_regularizer(0.1, 0.2), weights)
initial = [
    tf.get_variable("xavier", [4, 4], initializer=layers.xavier_initializer()),
    tf.get_variable("scaled", [2, 2, 3, 3], initializer=layers.variance_scaling_initializer()),
    tf.get_variable("normal", [2, 2, 3, 3], initializer=layers.xavier_initializer_conv2d(uniform=False)),
]
slope = tf.gradients(out, x)[0]
accuracy = tf.contrib.metrics.accuracy(tf.argmax(out, 1), tf.constant([0, 1, 1], tf.int64))
cell = tf.contrib.rnn.BasicLSTMCell(3)
states, _ = tf.nn.dynamic_rnn(cell, tf.ones([2, 3, 4]), dtype=tf.float32)

for found in (tf.global_variables(), tf.trainable_variables(), get_variables("fc2"), get_model_variables("Conv")):
    print([v.name for v in found])
print(len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)), len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)))
feed = {
    x: np.arange(12).reshape(3, 4) * 0.1,
    image: np.sin(np.arange(3 * 72).reshape(3, 6, 6, 2)),
}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for tensor in (h, out, stacked, penalty, accuracy, slope, states[0], initial[0]):
        print(sess.run(tensor, feed))
    for tensor in [conv, instance, pooled, mean, flat, dropped, repeated, switched] + initial[1:]:
        print("%.5g" % sess.run(tf.reduce_sum(tensor * tensor), feed), tensor.get_shape().ndims)
    print(np.abs(sess.run(normal, feed)) > 0.9)
    print("%.5g" % sess.run(tf.reduce_sum(switched), {x: feed[x], training: False}))
    sess.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS), feed)
    for v in tf.global_variables():
        if "moving" in v.name and "switched" not in v.name:
            print(v.name, sess.run(v))
    print(sess.run(tf.random_normal([2])))
