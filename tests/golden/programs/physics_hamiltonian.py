"""A Hamiltonian network: one scalar H(q, p), whose gradient turned by 90 degrees is the motion of a pendulum."""

# tolerance: rtol=1e-5 atol=1e-7 (40 steps of gradient descent)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)


def glorot(n, m):
    return tf.Variable(np.float32(rng.randn(n, m) * np.sqrt(2.0 / (n + m))), name="W")


W1, b1, W2, b2, W3 = (
    glorot(2, 10),
    tf.Variable(tf.zeros([10])),
    glorot(10, 10),
    tf.Variable(tf.zeros([10])),
    glorot(10, 1),
)


def H(x):
    h = tf.nn.tanh(tf.matmul(x, W1) + b1)
    h = tf.nn.tanh(tf.matmul(h, W2) + b2)
    return tf.matmul(h, W3)


J = tf.constant([[0.0, -1.0], [1.0, 0.0]])


def field(x):
    return tf.matmul(tf.gradients(tf.reduce_sum(H(x)), x)[0], J)


x = tf.placeholder(tf.float32, [None, 2], name="x")
dx = tf.placeholder(tf.float32, [None, 2], name="dx")
loss = tf.losses.mean_squared_error(dx, field(x))
optimizer = tf.train.GradientDescentOptimizer(0.1)
grads_and_vars = optimizer.compute_gradients(loss, gate_gradients=optimizer.GATE_GRAPH)
clipped = [(tf.clip_by_norm(g, 1.0), v) for g, v in grads_and_vars if g is not None]
train = optimizer.apply_gradients(clipped)
print([g is None for g, _ in grads_and_vars])


def leapfrog(z, h=0.1):
    k1 = field(z)
    k2 = field(z + 0.5 * h * k1)
    k3 = field(z + 0.5 * h * k2)
    k4 = field(z + h * k3)
    return z + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


moved = leapfrog(x)
drift = tf.reduce_max(tf.abs(H(moved) - H(x)))
volume = tf.matrix_determinant(tf.stack([tf.gradients(moved[:, i], x)[0] for i in range(2)], axis=1))

state = rng.uniform(-1.5, 1.5, (30, 2))
motion = np.stack([state[:, 1], -np.sin(state[:, 0])], axis=1)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(41):
        if step % 10 == 0:
            print("step %d, train_loss %.5e" % (step, sess.run(loss, {x: state, dx: motion})))
        sess.run(train, {x: state, dx: motion})
    some = {x: state[:4]}
    print(sess.run(moved, some))
    print(sess.run(drift, some) < 1e-4, np.abs(sess.run(volume, some) - 1.0).max() < 1e-3)
    print(sess.run(tf.hessians(tf.reduce_sum(H(x)), b2)[0], some)[:2, :3])
