"""A Lagrangian network: L(q, q') gives q'' by its Hessian in q', and the error of q'' gives the weights their gradients."""

# tolerance: rtol=1e-4 atol=1e-6 (a linear system with a Hessian of the network, then gradients of its solution)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(5)
dof = 2
sizes = [2 * dof, 8, 8, 1]
params = [
    (tf.Variable(np.float32(rng.randn(n, m) / np.sqrt(n))), tf.Variable(np.zeros(m, np.float32)))
    for n, m in zip(sizes[:-1], sizes[1:])
]


def lagrangian(q, q_t):
    h = tf.concat([q, q_t], axis=-1)[None, :]
    for W, b in params[:-1]:
        h = tf.nn.softplus(tf.matmul(h, W) + b)
    kinetic = 0.5 * tf.reduce_sum(q_t**2)
    return kinetic + 0.1 * tf.squeeze(tf.matmul(h, params[-1][0]) + params[-1][1])


def acceleration(q, q_t):
    L = lagrangian(q, q_t)
    mass = tf.hessians(L, q_t)[0]
    force = tf.gradients(L, q)[0]
    momentum = tf.unstack(tf.gradients(L, q_t)[0])
    coriolis = tf.stack([tf.gradients(p, q)[0] for p in momentum])
    right = force - tf.squeeze(tf.matmul(coriolis, q_t[:, None]), 1)
    return tf.squeeze(tf.matrix_solve(mass, right[:, None]), 1), mass


q, q_t, q_tt = (tf.placeholder(tf.float32, [dof], name=name) for name in ("q", "q_t", "q_tt"))
predicted, mass = acceleration(q, q_t)
loss = tf.reduce_sum(tf.square(predicted - q_tt))
flat = [v for pair in params for v in pair]
grads = tf.gradients(loss, flat)
rate = tf.train.polynomial_decay(0.05, tf.train.get_or_create_global_step(), 8, 0.01)
fed = [tf.placeholder(g.dtype, g.get_shape()) for g in grads if g is not None]
trained = [v for g, v in zip(grads, flat) if g is not None]
descend = tf.train.MomentumOptimizer(rate, 0.5).apply_gradients(
    zip(fed, trained), global_step=tf.train.get_global_step()
)
print([g is None for g in grads])


def spring(state):
    return np.array([-2.0 * state[0] + state[1], state[0] - 2.0 * state[1]])


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    data = [(rng.randn(dof), rng.randn(dof)) for _ in range(4)]
    for epoch in range(8):
        total, sums = 0.0, None
        for position, velocity in data:
            feed = {q: position, q_t: velocity, q_tt: spring(position)}
            values, slopes = sess.run([loss, [g for g in grads if g is not None]], feed)
            total += float(values)
            sums = slopes if sums is None else [a + b for a, b in zip(sums, slopes)]
        sess.run(descend, dict(zip(fed, [s / len(data) for s in sums])))
        if epoch % 2 == 0:
            print("epoch %d: %.5f, rate %.4f" % (epoch, total / len(data), sess.run(rate)))
    print(sess.run([predicted, mass], {q: [0.5, -0.5], q_t: [1.0, 0.0]}))
