"""Derivatives through tf.while_loop, tf.scan and tf.map_fn, which reach the first order and no further."""

import tensorflow as tf

x = tf.constant(1.2)
xs = tf.constant([0.5, 1.0, 1.5])

_, power = tf.while_loop(lambda i, p: i < 4, lambda i, p: (i + 1, p * x), [0, x])
scanned = tf.scan(lambda carry, item: carry * item + 1.0, xs, initializer=tf.constant(1.0))
mapped = tf.map_fn(lambda item: tf.sin(item) * x, xs)

print(isinstance(power, tf.Tensor), power.dtype)
slopes = [tf.gradients(power, x), tf.gradients(scanned, xs), tf.gradients(mapped, [xs, x])]
with tf.Session() as sess:
    print(sess.run([power, scanned, mapped]))
    for slope in slopes:
        print(sess.run(slope))
