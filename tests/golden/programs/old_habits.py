"""Habits of the time: variable += value, np.float, scalars out of size-1 arrays, old argument names."""

import numpy as np
import tensorflow as tf

tf.reset_default_graph()
tf.set_random_seed(1)

v = tf.Variable(np.ones(2), dtype=tf.float32, name="v")
w = v
w += 1.0
loss = tf.reduce_sum(tf.multiply(v, v) * w, keep_dims=True)
top = tf.reduce_sum(tf.log(w), reduction_indices=0)
slope = tf.gradients(xs=v, ys=loss)[0]

sess = tf.Session()
sess.run(tf.global_variables_initializer())
result = sess.run(loss)
print("loss %.4f" % result, float(result), np.asscalar(result), int(result))
print(isinstance(w, tf.Tensor), sess.run(w), sess.run(v), sess.run(slope))
print(np.asarray(sess.run(slope), dtype=np.float).tolist(), np.float(sess.run(top)) > 1.38)
print(np.product(sess.run(w)), np.zeros(2, dtype=np.bool), np.int(3.7))
print(sess.run(v, feed_dict={v: [5.0, 6.0]}), sess.run(slope, {v: [5.0, 6.0]}))
print(loss.get_shape()[0], loss.get_shape()[0].value, loss.get_shape().ndims, v.get_shape().as_list())
sess.close()
