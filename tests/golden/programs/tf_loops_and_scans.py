"""Derivatives of first order through tf.while_loop, tf.scan, tf.map_fn, tf.foldl, TensorArrays and nested conditions."""

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [], name="x")
a = tf.constant([0.5, -1.0, 2.0])

# Newton's iteration for sqrt(x), until it stands still
steps, root = tf.while_loop(
    cond=lambda i, r: tf.logical_and(i < 20, tf.abs(r * r - x) > 1e-5 * x),
    body=lambda i, r: [i + 1, 0.5 * (r + x / r)],
    loop_vars=[tf.constant(0), tf.ones_like(x)],
)
by_newton = tf.gradients(root, x)[0]

powers = tf.scan(lambda acc, c: acc * x + c, a, initializer=tf.constant(1.0), name="horner")
by_scan = tf.gradients(powers, [x, a])
folded = tf.foldl(lambda acc, c: tf.sin(acc + c * x), a, initializer=x)
right = tf.foldr(lambda acc, c: tf.sin(acc + c * x), a, initializer=x)
mapped = tf.map_fn(lambda pair: pair[0] ** 2 * pair[1], (a, a * x), dtype=tf.float32, back_prop=True)

# The logistic map kept in a TensorArray; its derivative, by a second variable of the same loop and by the graph
n = 6
orbit = tf.TensorArray(tf.float32, size=n, clear_after_read=False)
rate = tf.placeholder_with_default(3.5, [])


def logistic(i, value, tangent, orbit):
    return (
        i + 1,
        rate * value * (1 - value),
        value * (1 - value) + rate * (1 - 2 * value) * tangent,
        orbit.write(i, value),
    )


_, last, tangent, orbit = tf.while_loop(lambda i, *_: i < n, logistic, [0, x / 10.0, 0.0, orbit], parallel_iterations=1)
values = orbit.stack()
by_rate = tf.gradients(last, rate)[0]
by_start = tf.gradients(values[-1], x)[0]


def collatz(k, total):
    k = tf.cond(tf.equal(k % 2, 0), lambda: k // 2, lambda: 3 * k + 1)
    return k, total + tf.cond(k > 4, lambda: x * tf.to_float(k), lambda: x * x)


_, total = tf.while_loop(lambda k, _: k > 1, collatz, [6, 0.0])
by_total = tf.gradients(total, x)[0]

# A matrix power whose shape is not known beforehand
M = tf.placeholder(tf.float32, [None, None])
_, power = tf.while_loop(
    lambda i, P: i < 3,
    lambda i, P: (i + 1, tf.matmul(P, M)),
    [0, tf.eye(tf.shape(M)[0])],
    shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, None])],
)
by_matrix = tf.gradients(tf.trace(power), M)[0]

with tf.Session() as sess:
    for at in (2.0, 9.0):
        print(sess.run([steps, root, by_newton], {x: at}))
    print(sess.run([powers, by_scan], {x: 2.0}))
    print(sess.run([folded, right] + tf.gradients(folded, x) + tf.gradients(right, x), {x: 0.5}))
    print(sess.run([mapped] + tf.gradients(mapped, [x, a]), {x: 1.5}))
    print(sess.run([values, last, tangent, by_rate, by_start], {x: 2.0}))
    print(sess.run([total, by_total], {x: 0.25}))
    square = np.array([[1.0, 0.5], [-0.25, 2.0]])
    print(sess.run([power, by_matrix], {M: square}), by_matrix.get_shape())
