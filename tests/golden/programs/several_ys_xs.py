"""tf.gradients of several ys with respect to several xs: the ys are summed, the xs answered one by one."""

import tensorflow as tf

a = tf.constant([1.0, 2.0])
b = tf.constant([[0.5], [0.25], [2.0]])
c = tf.constant(3.0)

ys = [a * a, tf.exp(b) * c, c**3]
summed = tf.gradients(ys, [a, b, c])
apart = [tf.gradients(y, [c]) for y in ys[1:]]
as_dict = {"by a": summed[0], "by c": summed[2]}

with tf.Session() as sess:
    for name, got in zip("abc", sess.run(summed)):
        print(name, got.shape, got.dtype)
        print(got)
    print(apart and sess.run(apart))
    answer = sess.run(as_dict)
    for key in sorted(answer):
        print(key, answer[key])
