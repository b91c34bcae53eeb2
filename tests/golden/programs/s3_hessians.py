"""Second derivatives by tf.hessians: of a scalar, and the 3 x 3 matrix of a function of three variables."""

import tensorflow as tf

s = tf.constant(1.0)
log_s = tf.log(s + 2.0)

v = tf.constant([1.0, 2.0, 3.0])
p, q, r = tf.unstack(v)
cubes = tf.reduce_sum(tf.pow(v, 3)) + p * q * r

twice = tf.gradients(tf.gradients(log_s, s), s)
(matrix,) = tf.hessians(cubes, v)

with tf.Session() as sess:
    print("scalar", sess.run(tf.hessians(log_s, s)))
    print("the long way", sess.run(twice))
    print("gradient", sess.run(tf.gradients(cubes, v)))
    print("matrix")
    print(sess.run(matrix))
    print("trace", sess.run(tf.trace(matrix)), matrix.dtype, matrix.shape)
