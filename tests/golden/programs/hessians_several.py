"""tf.hessians of several xs at once: a block for each x, shaped x.shape + x.shape."""

import tensorflow as tf

u = tf.constant([0.5, 1.0])
m = tf.constant([[1.0, 2.0], [0.0, -1.0]])
field = tf.reduce_sum(tf.exp(u)) * u[0] + tf.reduce_sum(tf.matmul(m, tf.matmul(m, m)))

blocks = tf.hessians(field, [u, m])
for block in blocks:
    print(block.get_shape().as_list(), block.dtype.name)

with tf.Session() as sess:
    by_u, by_m = sess.run(blocks)
    print(by_u)
    print(by_m.reshape(4, 4))
    print(sess.run(tf.hessians([field, u[0] * u[1] ** 3], u)))
