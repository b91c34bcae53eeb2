"""What does not depend on x: None by default, zeros where zeros are asked for."""

import tensorflow as tf

x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
elsewhere = tf.constant([5.0, 6.0, 7.0])
y = tf.reduce_sum(x * x)

print(tf.gradients(y, elsewhere))
print([g is None for g in tf.gradients(y, [x, elsewhere])])
print(tf.gradients(tf.gradients(3.0 * x, x), x))
zeros = tf.gradients(y, [elsewhere, x], unconnected_gradients="zero")
enum = tf.gradients(y, elsewhere, unconnected_gradients=tf.UnconnectedGradients.ZERO)
third = tf.gradients(tf.gradients(tf.gradients(y, x), x), x)
print(third)

with tf.Session() as sess:
    print(sess.run(zeros))
    print(sess.run(enum))

try:
    tf.gradients(y, x, unconnected_gradients="nought")
except ValueError as problem:
    print("refused:", problem)
