"""First and second derivatives of a function of each row, for a whole batch in one call."""

import numpy as np
import tensorflow as tf

rows = tf.placeholder(tf.float32, [None, 2])
energy = tf.reduce_sum(tf.square(rows), axis=1) ** 2 + tf.cos(rows[:, 0]) * rows[:, 1]
force = -tf.gradients(energy, rows)[0]
stiffness = tf.stack([tf.gradients(force[:, k], rows)[0] for k in range(2)], axis=1)

batch = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [-1.0, 2.0]], dtype=np.float32)
with tf.Session() as sess:
    e, f, k = sess.run([energy, force, stiffness], feed_dict={rows: batch})
    print(e)
    print(f)
    print(k)
    print(k.shape, np.allclose(k, np.transpose(k, (0, 2, 1))))
    print(stiffness.shape.as_list(), force.shape[0].value, force.shape[1].value)
    print(sess.run(stiffness, {rows: batch[:1]}))
    print(sess.run(energy, {rows: np.zeros([0, 2])}).shape)
