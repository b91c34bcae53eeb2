"""What are l1 and l2 in u_t + l1 u u_x + exp(l2) u_xxx = 0?  They are variables, learned with the network from a soliton."""

# tolerance: rtol=3e-3 atol=1e-4 (L-BFGS-B: each of its steps makes a float32's rounding a few times larger)
import numpy as np
import tensorflow as tf

tf.set_random_seed(42)

speed = 1.0


def soliton(x, t):
    return 0.5 * speed / np.cosh(0.5 * np.sqrt(speed) * (x - speed * t)) ** 2


rng = np.random.RandomState(3)
x = rng.uniform(-4.0, 4.0, (60, 1))
t = rng.uniform(0.0, 1.0, (60, 1))
u = soliton(x, t)

lambda_1 = tf.Variable([0.0], dtype=tf.float32, name="lambda_1")
lambda_2 = tf.Variable([-1.0], dtype=tf.float32, name="lambda_2")
weights, biases = [], []
for n, m in zip([2, 10, 10], [10, 10, 1]):
    weights += [tf.Variable(tf.truncated_normal([n, m], stddev=np.sqrt(2 / (n + m))), dtype=tf.float32)]
    biases += [tf.Variable(tf.zeros([1, m]))]

x_tf, t_tf, u_tf = (tf.placeholder(tf.float32, [None, 1]) for _ in "xtu")
H = tf.concat([x_tf / 4.0, 2.0 * t_tf - 1.0], 1)
for W, b in zip(weights[:-1], biases[:-1]):
    H = tf.nn.tanh(tf.matmul(H, W) + b)
u_pred = tf.matmul(H, weights[-1]) + biases[-1]
u_t = tf.gradients(u_pred, t_tf)[0]
u_x = tf.gradients(u_pred, x_tf)[0]
u_xx = tf.gradients(u_x, x_tf)[0]
u_xxx = tf.gradients(u_xx, x_tf)[0]
f_pred = u_t + lambda_1 * u_pred * u_x + tf.exp(lambda_2) * u_xxx
loss = tf.reduce_sum(tf.square(u_tf - u_pred)) + tf.reduce_sum(tf.square(f_pred))

callbacks = []


def callback(loss, lambda_1, lambda_2):
    callbacks.append(loss)
    if len(callbacks) % 5 == 1:
        print("Loss: %.5f, l1: %.5f, l2: %.5f" % (loss, lambda_1, np.exp(lambda_2)))


optimizer = tf.contrib.opt.ScipyOptimizerInterface(
    loss, method="L-BFGS-B", options={"maxiter": 10, "maxfun": 200, "maxcor": 50, "maxls": 50, "gtol": 1e-8}
)
feed = {x_tf: x, t_tf: t, u_tf: u}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("%.4f" % sess.run(loss, feed), sess.run(u_xxx, feed)[:3].ravel())
    optimizer.minimize(sess, feed_dict=feed, fetches=[loss, lambda_1, lambda_2], loss_callback=callback)
    lambda_1_value, lambda_2_value = sess.run(lambda_1), sess.run(lambda_2)
    print("%.5f %.5f %.5f" % (sess.run(loss, feed), lambda_1_value, np.exp(lambda_2_value)))
    error_lambda_1 = np.abs(lambda_1_value - 6.0) / 6.0 * 100
    print("Error l1: %.1f%%" % (error_lambda_1))
