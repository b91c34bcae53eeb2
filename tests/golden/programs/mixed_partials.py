"""A field u(t, x) on columns of points, and its partial derivatives as a physics-informed network takes them."""

# tolerance: rtol=2e-6 atol=5e-7 (sums over units of size 1 cancel, the third derivative to 0.001)
import numpy as np
import tensorflow as tf

t = tf.placeholder(tf.float32, shape=[None, 1])
x = tf.placeholder(tf.float32, shape=[None, 1])


def field(t, x):
    both = tf.concat([t, x], 1)
    layer = tf.tanh(tf.matmul(both, tf.constant([[0.5, -0.3, 0.8], [0.2, 0.9, -0.4]])) + tf.constant([0.1, 0.0, -0.1]))
    return tf.matmul(layer, tf.constant([[1.0], [0.5], [-2.0]]))


u = field(t, x)
u_t = tf.gradients(u, t)[0]
u_x = tf.gradients(u, x)[0]
u_tx = tf.gradients(u_t, x)[0]
u_xt = tf.gradients(u_x, t)[0]
u_xx = tf.gradients(u_x, x)[0]
u_xxx = tf.gradients(u_xx, x)[0]
burgers = u_t + u * u_x - 0.01 / np.pi * u_xx

points = {t: np.array([[0.0], [0.5], [1.0]]), x: np.array([[-1.0], [0.0], [0.75]])}
with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as sess:
    print(sess.run(tf.concat([u, u_t, u_x, u_xx], 1), points))
    print(sess.run([u_tx, u_xt], feed_dict=points))
    print(sess.run(u_xxx, points).ravel())
    print(sess.run(burgers, points))
    print(sess.run(tf.reduce_mean(tf.square(burgers)), points))
