"""Weights on the outputs: tf.gradients(..., grad_ys=...), and a forward derivative made of two of them."""

import tensorflow as tf

x = tf.constant([1.0, 2.0, 3.0])
y = tf.stack([x[0] * x[1], tf.square(x[2]) + x[0], tf.sin(x[1])])

rows = [tf.gradients(y, x, grad_ys=tf.one_hot(i, 3))[0] for i in range(3)]
weighted = tf.gradients([y, x[0] * x], [x], grad_ys=[tf.constant([1.0, -2.0, 0.5]), None])

# A vector-Jacobian product is linear in its vector, so differentiating it by that vector gives J v.
u = tf.placeholder_with_default(tf.zeros([3]), [3])
(transposed,) = tf.gradients(y, x, grad_ys=u)
(forward,) = tf.gradients(transposed, u, grad_ys=tf.constant([1.0, 0.0, 2.0]))

with tf.Session() as sess:
    print(sess.run(tf.stack(rows)))
    print(sess.run(weighted))
    print(sess.run(forward))
    print(sess.run(forward, {u: [5.0, 6.0, 7.0]}))
