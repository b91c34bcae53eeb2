"""Log(x + 2) at x = 1, differentiated again and again in a plain session."""

import tensorflow as tf

x = tf.constant(1.0)
shift = tf.constant(2.0)
value = tf.log(x + shift)

first = tf.gradients(value, x)
second = tf.gradients(first, x)
third = tf.gradients(second, x)
fourth = tf.gradients(third, x)

session = tf.Session()
print(session.run([value, first, second, third, fourth]))
for tower in (first, second, third, fourth):
    print(len(tower), tower[0].dtype.name, tower[0].get_shape().as_list(), session.run(tower[0]))
session.close()
