"""The minimisers of SciPy behind tf.contrib.opt: bounds, equalities, inequalities, callbacks and an algorithm of one's own."""

# tolerance: rtol=0 atol=2e-4 (minimisers stop near the minimum)
import numpy as np
import tensorflow as tf
from tensorflow.contrib.opt import ExternalOptimizerInterface, ScipyOptimizerInterface

vector = tf.Variable([7.0, 7.0], name="vector")
other = tf.Variable(2.0, name="other")
loss = tf.reduce_sum(tf.square(vector)) + tf.square(other - 1.0)


class Descent(ExternalOptimizerInterface):
    def _minimize(self, initial_val, loss_grad_func, step_callback, optimizer_kwargs, **_):
        point = initial_val
        for _ in range(optimizer_kwargs["steps"]):
            _, slope = loss_grad_func(point)
            point = point - 0.25 * slope
            step_callback(point)
        return point


with tf.Session() as sess:
    for cls, arguments in (
        (ScipyOptimizerInterface, {"options": {"maxiter": 100}}),
        (ScipyOptimizerInterface, {"var_to_bounds": {vector: ([1, 2], np.inf)}}),
        (
            ScipyOptimizerInterface,
            {"equalities": [vector[1] - 1.0], "inequalities": [vector[0] - 1.0], "method": "SLSQP"},
        ),
        (ScipyOptimizerInterface, {"method": "CG", "var_list": [vector]}),
        (Descent, {"steps": 3}),
    ):
        losses, steps = [], []
        optimizer = cls(loss, **arguments)
        sess.run(tf.global_variables_initializer())
        optimizer.minimize(
            sess, fetches=[loss, other], loss_callback=lambda value, _: losses.append(value), step_callback=steps.append
        )
        print(["%.4f" % value for value in np.append(*sess.run([vector, other]))])
        print(losses[0], losses[-1] < losses[0], len(losses) >= len(steps) > 0, steps[-1].shape)
    for arguments in ({"jac": True}, {"bounds": None}):
        try:
            ScipyOptimizerInterface(loss, **arguments).minimize(sess)
        except ValueError as error:
            print(error)
    try:
        ExternalOptimizerInterface(loss).minimize(sess)
    except NotImplementedError as error:
        print(error)
