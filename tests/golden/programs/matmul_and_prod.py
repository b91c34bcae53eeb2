"""Derivatives through matrix products, determinants, inverses, einsum and products of elements."""

import tensorflow as tf

a = tf.constant([[2.0, 1.0], [0.5, 3.0]], dtype=tf.float64)
b = tf.constant([[1.0, -1.0], [4.0, 0.25]], dtype=tf.float64)
p = tf.constant([1.5, 2.0, -3.0])

quadratic = tf.reduce_sum(tf.matmul(a, tf.matmul(b, a, transpose_b=True)))
print_these = [
    ("matmul", tf.gradients(quadratic, [a, b])),
    ("hessian", tf.reshape(tf.hessians(quadratic, a)[0], [4, 4])),
    ("det", tf.gradients(tf.matrix_determinant(a), a)),
    ("inverse", tf.gradients(tf.matrix_inverse(a), a)),
    ("einsum", tf.gradients(tf.einsum("ij,jk,ik->", a, b, a), b)),
    ("prod", [tf.reduce_prod(p)] + tf.gradients(tf.reduce_prod(p), p)),
    ("prod twice", tf.hessians(tf.reduce_prod(p), p)),
    ("cumprod", tf.gradients(tf.cumprod(p), p)),
    ("mean, max", tf.gradients([tf.reduce_mean(p), tf.reduce_max(p)], p)),
    ("logsumexp", tf.gradients(tf.reduce_logsumexp(p), p)),
]
with tf.Session() as sess:
    for title, tensors in print_these:
        print(title)
        print(sess.run(tensors))
