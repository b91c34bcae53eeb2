"""The nonlinear Schroedinger equation i h_t + h_xx / 2 + |h|^2 h = 0: a network with two outputs, periodic in x."""

# tolerance: rtol=3e-3 atol=1e-4 (L-BFGS-B: each of its steps makes a float32's rounding a few times larger)
import time

import numpy as np
import tensorflow as tf

np.random.seed(1234)
tf.set_random_seed(1234)

lb, ub = np.array([-5.0, 0.0]), np.array([5.0, np.pi / 2])


def variables(layers):
    for size in zip(layers[:-1], layers[1:]):
        stddev = np.sqrt(2 / sum(size))
        yield tf.Variable(tf.truncated_normal(size, stddev=stddev)), tf.Variable(tf.zeros([1, size[1]]))


params = list(variables([2, 14, 2]))


def net_uv(x, t):
    H = 2.0 * (tf.concat([x, t], 1) - lb) / (ub - lb) - 1.0
    for W, b in params[:-1]:
        H = tf.tanh(tf.matmul(H, W) + b)
    uv = tf.matmul(H, params[-1][0]) + params[-1][1]
    u, v = uv[:, 0:1], uv[:, 1:2]
    return u, v, tf.gradients(u, x)[0], tf.gradients(v, x)[0]


def net_f_uv(x, t):
    u, v, u_x, v_x = net_uv(x, t)
    u_t, v_t = tf.gradients(u, t)[0], tf.gradients(v, t)[0]
    u_xx, v_xx = tf.gradients(u_x, x)[0], tf.gradients(v_x, x)[0]
    f_u = u_t + 0.5 * v_xx + (u**2 + v**2) * v
    f_v = v_t - 0.5 * u_xx - (u**2 + v**2) * u
    return f_u, f_v


x0_tf, t0_tf, u0_tf, v0_tf, x_lb_tf, x_ub_tf, t_b_tf, x_f_tf, t_f_tf = (
    tf.placeholder(tf.float32, shape=[None, 1], name=name)
    for name in ["x0", "t0", "u0", "v0", "x_lb", "x_ub", "t_b", "x_f", "t_f"]
)
u0_pred, v0_pred, _, _ = net_uv(x0_tf, t0_tf)
left, right = net_uv(x_lb_tf, t_b_tf), net_uv(x_ub_tf, t_b_tf)
f_u_pred, f_v_pred = net_f_uv(x_f_tf, t_f_tf)
loss = (
    tf.reduce_mean(tf.square(u0_tf - u0_pred))
    + tf.reduce_mean(tf.square(v0_tf - v0_pred))
    + tf.add_n([tf.reduce_mean(tf.square(one - other)) for one, other in zip(left, right)])
    + tf.reduce_mean(tf.square(f_u_pred))
    + tf.reduce_mean(tf.square(f_v_pred))
)
optimizer = tf.contrib.opt.ScipyOptimizerInterface(
    loss, method="L-BFGS-B", options={"maxiter": 6, "maxcor": 50, "maxls": 50, "ftol": 1.0 * np.finfo(float).eps}
)
train_op = tf.train.AdamOptimizer().minimize(loss, gate_gradients=tf.train.Optimizer.GATE_GRAPH)

x0 = np.linspace(-5, 5, 16)[:, None]
tb = np.random.rand(8, 1) * np.pi / 2
X_f = lb + (ub - lb) * np.random.rand(50, 2)
tf_dict = {
    x0_tf: x0,
    t0_tf: 0 * x0,
    u0_tf: 2 / np.cosh(x0),
    v0_tf: 0 * x0,
    x_lb_tf: 0 * tb + lb[0],
    x_ub_tf: 0 * tb + ub[0],
    t_b_tf: tb,
    x_f_tf: X_f[:, 0:1],
    t_f_tf: X_f[:, 1:2],
}

sess = tf.Session(config=tf.ConfigProto(allow_soft_placement=True))
sess.run(tf.global_variables_initializer())
start_time = time.time()
for it in range(11):
    sess.run(train_op, tf_dict)
    if it % 5 == 0:
        elapsed = time.time() - start_time
        print("It: %d, Loss: %.5e, in time: %s" % (it, sess.run(loss, tf_dict), elapsed >= 0))
optimizer.minimize(sess, feed_dict=tf_dict, fetches=[loss])
print("Loss: %.3e" % sess.run(loss, tf_dict))
u, v = sess.run([u0_pred, v0_pred], {x0_tf: [[-1.0], [0.0], [1.0]], t0_tf: [[0.5]] * 3})
print("|h|", np.round(np.sqrt(u**2 + v**2).ravel(), 5))
