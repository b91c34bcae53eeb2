"""L-BFGS-B from SciPy through tf.contrib.opt, as physics-informed networks were trained; five places are printed."""

# tolerance: rtol=0 atol=2e-5 (a minimiser stops near the minimum, and prints are of five places)
import numpy as np
import tensorflow as tf

z = tf.Variable([1.5, -0.5], name="z")
target = tf.placeholder(tf.float32, [2])
bowl = tf.reduce_sum(tf.square(z - target)) + 0.1 * tf.reduce_sum(tf.exp(z))
losses = []

minimizer = tf.contrib.opt.ScipyOptimizerInterface(
    bowl, var_list=[z], method="L-BFGS-B", options={"maxiter": 200, "maxfun": 500, "ftol": 1.0 * np.finfo(float).eps}
)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    minimizer.minimize(sess, feed_dict={target: [0.25, 1.0]}, fetches=[bowl], loss_callback=losses.append)
    best, value, slope = sess.run([z, bowl, tf.gradients(bowl, z)[0]], {target: [0.25, 1.0]})
    print("%.5f %.5f" % tuple(best))
    print("%.5f" % value, np.abs(slope).max() < 1e-3)
    print(len(losses) > 3, losses[0] > losses[-1])
