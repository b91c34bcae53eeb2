"""The deep Ritz method: the energy of -Laplace(u) = f on a square, minimised by a network of residual blocks."""

# tolerance: rtol=1e-4 atol=1e-6 (Adam divides by the root of small squares)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(7)
tf.reset_default_graph()

m, blocks = 6, 1


def swish(x):
    return x * tf.nn.sigmoid(x)


def net(X):
    with tf.variable_scope("ritz", reuse=tf.AUTO_REUSE):
        y = tf.pad(X, [[0, 0], [0, m - 2]])
        for i in range(blocks):
            with tf.variable_scope("block_%d" % i):
                shortcut = y
                for j in range(2):
                    W = tf.get_variable("W%d" % j, initializer=np.float32(rng.randn(m, m) / np.sqrt(m)))
                    b = tf.get_variable("b%d" % j, shape=[m], initializer=tf.constant_initializer(0.1))
                    y = swish(tf.matmul(y, W) + b)
                y = y + shortcut
        return tf.layers.dense(y, 1, kernel_initializer=tf.constant_initializer(0.1), name="last")


def laplacian(u, X):
    g = tf.gradients(u, X)[0]
    return tf.add_n([tf.gradients(g[:, i], X)[0][:, i] for i in range(2)])


inside = tf.placeholder(tf.float32, [None, 2])
border = tf.placeholder(tf.float32, [None, 2])
u = net(inside)
f = 2.0 * np.pi**2 * tf.reduce_prod(tf.sin(np.pi * inside), axis=1)
slope = tf.gradients(u, inside)[0]
energy = tf.reduce_mean(0.5 * tf.reduce_sum(slope**2, axis=1) - f * u[:, 0])
penalty = tf.reduce_mean(net(border) ** 2)
loss = energy + 50.0 * penalty
step = tf.train.AdamOptimizer(0.01).minimize(loss, gate_gradients=tf.train.Optimizer.GATE_GRAPH)
residual = tf.sqrt(tf.reduce_mean(tf.square(laplacian(u, inside)[:, None] + f[:, None])))


def points(n):
    wall = rng.rand(n, 2)
    wall[np.arange(n), rng.randint(0, 2, n)] = rng.randint(0, 2, n)
    return {inside: rng.rand(4 * n, 2), border: wall}


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(19):
        feed = points(8)
        if i % 6 == 0:
            print("%2d  %.5f  %.6f  %.5f" % ((i,) + tuple(sess.run([energy, penalty, residual], feed))))
        sess.run(step, feed)
    print(sess.run(u, {inside: [[0.5, 0.5], [0.25, 0.75], [0.0, 0.5]]}).ravel())
    print(sorted(v.name for v in tf.trainable_variables()))
