"""Partial and total derivatives: stop_gradients= holds the named tensors constant, tf.stop_gradient cuts a branch."""

import tensorflow as tf

t = tf.constant(2.0)
inner = 3.0 * t
outer = inner * t + tf.square(t)

total = tf.gradients(outer, [t, inner])
partial = tf.gradients(outer, [t, inner], stop_gradients=[inner])
cut = tf.gradients(tf.stop_gradient(inner) * t, t)
cut_twice = tf.gradients(cut, t)

with tf.Session() as sess:
    print("total  ", sess.run(total))
    print("partial", sess.run(partial))
    print("cut    ", sess.run(cut))
    print("again  ", cut_twice)
