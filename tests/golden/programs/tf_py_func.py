"""tf.py_func with a gradient of one's own, by a registered name, and gradients replaced by a map or by tf.custom_gradient."""

import numpy as np
import tensorflow as tf

calls = []


def py_func(func, inp, Tout, stateful=True, name=None, grad=None):
    rnd_name = "PyFuncGrad_%s" % name
    tf.RegisterGradient(rnd_name)(grad)
    with tf.get_default_graph().gradient_override_map({"PyFunc": rnd_name}):
        return tf.py_func(func, inp, Tout, stateful=stateful, name=name)


def gauss(x):
    calls.append(x.shape)
    return np.exp(-(x**2)).astype(np.float32)


def gauss_grad(op, grad):
    return -2.0 * op.inputs[0] * op.outputs[0] * grad


x = tf.placeholder(tf.float32, [3], name="x")
y = py_func(gauss, [x], [tf.float32], name="Gauss", grad=gauss_grad)[0]
y.set_shape(x.get_shape())
slope = tf.gradients(y, x)[0]
second = tf.gradients(slope, x)[0]

plain = tf.py_func(lambda a, b: (a + b, np.float64(a.sum())), [x, 2.0 * x], [tf.float32, tf.float64])
print(plain[0].get_shape(), y.get_shape(), tf.gradients(plain[0], x))


@tf.custom_gradient
def log1pexp(x):
    e = tf.exp(x)

    def grad(dy):
        return dy * (1 - 1 / (1 + e))

    return tf.log(1 + e), grad


stable = log1pexp(100.0 * x)


def solve(matrix, right):
    return np.linalg.solve(matrix, right)


def solve_grad(op, grad):
    by_right = tf.matrix_solve(op.inputs[0], grad, adjoint=True)
    return -tf.matmul(by_right, op.outputs[0], transpose_b=True), by_right


A = tf.constant([[4.0, 1.0], [2.0, 3.0]], tf.float64)
b = tf.constant([[1.0], [2.0]], tf.float64)
solution = py_func(solve, [A, b], tf.float64, name="Solve", grad=solve_grad)
known = tf.matrix_solve(A, b)

g = tf.get_default_graph()


@tf.RegisterGradient("Flipped")
def _flip(op, grad):
    return [tf.negative(grad) * 0.5]


with g.gradient_override_map({"Identity": "Flipped"}):
    reversed_ = tf.identity(x)
domain = tf.gradients(tf.reduce_sum(x**2 + 3.0 * reversed_), x)[0]

with tf.Session() as sess:
    feed = {x: [0.0, 0.5, -1.0]}
    print(sess.run([y, slope, second], feed))
    print(sess.run(plain, feed), len(calls) > 0 and calls[0] == (3,))
    print(sess.run([stable, tf.gradients(stable, x)[0]], {x: [0.0, 0.01, 0.5]}))
    print(sess.run([solution] + tf.gradients(solution, [A, b])))
    print(sess.run([known] + tf.gradients(known, [A, b])))
    print(sess.run(domain, feed))
    try:
        sess.run(tf.py_func(lambda: 1 / 0, [], tf.float64))
    except tf.errors.UnknownError as error:
        print("UnknownError", "division by zero" in str(error))
