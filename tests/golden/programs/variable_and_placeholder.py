"""Derivatives with respect to a variable and to a placeholder, at points that are fed."""

import numpy as np
import tensorflow as tf

where = tf.placeholder(tf.float32, shape=[None], name="where")
scale = tf.Variable(2.0, name="scale", dtype=tf.float32)
bias = tf.Variable([0.5, -0.5], name="bias")

wave = tf.sin(scale * where)
loss = tf.reduce_sum(wave) + tf.reduce_sum(bias**2)
by_scale, by_bias, by_where = tf.gradients(loss, [scale, bias, where])
(curve,) = tf.gradients(by_scale, scale)
(mixed,) = tf.gradients(by_where, scale)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for points in ([0.0], [0.1, 0.2, 0.3], np.linspace(-1, 1, 5)):
        numbers = sess.run([loss, by_scale, curve, mixed], feed_dict={where: points})
        print(" ".join("%.4f" % n for n in numbers))
        print(by_where.eval({where: points}))
    print(sess.run(by_bias))
    sess.run(tf.assign(scale, 3.0))
    print(sess.run([scale, loss, by_scale], {where: [0.25]}))
    print(scale.name, scale.op.name, [v.name for v in tf.trainable_variables()])
