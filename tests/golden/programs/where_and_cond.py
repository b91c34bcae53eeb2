"""Derivatives through tf.where, tf.cond, tf.case and tf.maximum, on either side of the switch."""

import tensorflow as tf

x = tf.placeholder(tf.float32, [])
v = tf.constant([-1.0, 0.0, 2.0])

bent = tf.cond(x > 0.0, lambda: x**3, lambda: tf.exp(x))
first = tf.gradients(bent, x)[0]
second = tf.gradients(first, x)[0]
pieces = tf.case([(x < -1.0, lambda: 2.0 * x), (x > 1.0, lambda: x * x * x)], default=lambda: tf.square(x))
slope = tf.gradients(pieces, x)[0]

chosen = tf.where(v > 0.5, v**4, 3.0 * v)
by_v = tf.gradients(chosen, v)
twice = tf.gradients(by_v, v)
hinge = tf.gradients(tf.maximum(v, 0.0) + tf.nn.relu(v) + tf.abs(v), v)
clipped = tf.gradients(tf.clip_by_value(v * v, 0.5, 3.0), v)

with tf.Session() as sess:
    for at in (-2.0, 0.5, 3.0):
        print(at, sess.run([bent, first, second, pieces, slope], {x: at}))
    print(sess.run([chosen, by_v, twice]))
    print(sess.run(hinge), sess.run(clipped))
