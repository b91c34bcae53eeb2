"""A Hessian times a vector from two gradients, without the Hessian; and checked against it."""

import tensorflow as tf

w = tf.constant([1.0, -1.0, 2.0], dtype=tf.float64)
direction = tf.placeholder(tf.float64, [3])


def rosenbrock(z):
    return tf.reduce_sum(100.0 * (z[1:] - z[:-1] ** 2) ** 2 + (1.0 - z[:-1]) ** 2)


(slope,) = tf.gradients(rosenbrock(w), w)
(product,) = tf.gradients(tf.reduce_sum(slope * tf.stop_gradient(direction)), w)
(full,) = tf.hessians(rosenbrock(w), w)
direct = tf.squeeze(tf.matmul(full, direction[:, None]))

with tf.Session() as sess:
    print(sess.run(slope))
    print(sess.run(full))
    for vector in ([1, 0, 0], [0.5, 0.25, -3.0]):
        quick, slow = sess.run([product, direct], {direction: vector})
        print(quick, slow, quick.dtype)
