"""Exp(sin(x)) and its first four derivatives in float64, all digits printed, beside the formulas."""

# tolerance: rtol=1e-13 atol=1e-13 (a few units in the last place of a float64; some values are zero but for rounding)
import math

import tensorflow as tf

x = tf.placeholder(tf.float64, shape=())
orders = [tf.exp(tf.sin(x))]
while len(orders) < 5:
    orders += tf.gradients(orders[-1], x)

sess = tf.InteractiveSession()
for at in (0.0, 0.5, 1.0, -2.0):
    s, c = math.sin(at), math.cos(at)
    e = math.exp(s)
    formulas = [e, c * e, (c * c - s) * e, c * (c * c - 3 * s - 1) * e]
    for order, tensor in enumerate(orders):
        number = tensor.eval(feed_dict={x: at})
        print(order, number.dtype, repr(float(number)), abs(number - formulas[order]) < 1e-12 if order < 4 else "")
sess.close()
