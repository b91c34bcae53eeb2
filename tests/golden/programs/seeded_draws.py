"""Draws under tf.set_random_seed: the seed of an op is the number of ops that the graph held before it."""

import tensorflow as tf

tf.set_random_seed(1234)
offset = tf.constant(1.0)
normal = tf.random_normal([3])
again = tf.random_normal([3], mean=0.0, stddev=1.0)
cut = tf.truncated_normal([2, 2], stddev=0.5)
own = tf.random_normal([2], seed=7)
shifted = offset + cut
late = tf.random_uniform([3], minval=-1.0, maxval=1.0)
weights = tf.Variable(tf.truncated_normal([2, 3], stddev=0.1), name="weights")
kernel = tf.get_variable("kernel", [3, 2], initializer=tf.glorot_normal_initializer())
(slope,) = tf.gradients(tf.tanh(tf.matmul(weights, kernel)), weights)

with tf.Session() as sess:
    print(sess.run(normal))
    print(sess.run(again))
    print(sess.run([cut, own]))
    print(sess.run(late))
    sess.run(tf.global_variables_initializer())
    print(sess.run(weights))
    print(sess.run(kernel))
    print(sess.run(slope))
    print(sess.run(normal))
