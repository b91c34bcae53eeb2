"""A deep BSDE solver: the terminal value of a backward stochastic equation is matched, its start is a variable."""

import numpy as np
import tensorflow as tf
from tensorflow.python.training import moving_averages

np.random.seed(1)
tf.set_random_seed(1)

DIM, STEPS, TOTAL_TIME = 3, 3, 0.3
DELTA = TOTAL_TIME / STEPS


def sample(num_sample):
    dw = np.random.normal(size=[num_sample, DIM, STEPS]) * np.sqrt(DELTA)
    x = np.zeros([num_sample, DIM, STEPS + 1])
    for i in range(STEPS):
        x[:, :, i + 1] = x[:, :, i] + np.sqrt(2.0) * dw[:, :, i]
    return dw, x


def f_tf(t, x, y, z):
    return y - tf.pow(y, 3)


def g_tf(t, x):
    return 0.5 / (1 + 0.2 * tf.reduce_sum(tf.square(x), 1, keep_dims=True))


class FeedForwardModel(object):
    def __init__(self, sess):
        self._sess = sess
        self._extra_train_ops = []
        self.dw = tf.placeholder(tf.float64, [None, DIM, STEPS], name="dW")
        self.x = tf.placeholder(tf.float64, [None, DIM, STEPS + 1], name="X")
        self.is_training = tf.placeholder(tf.bool)

    def build(self):
        time_stamp = np.arange(0, STEPS) * DELTA
        self.y_init = tf.Variable(tf.random_uniform([1], minval=0.3, maxval=0.6, dtype=tf.float64))
        z_init = tf.Variable(tf.random_uniform([1, DIM], minval=-0.1, maxval=0.1, dtype=tf.float64))
        all_one_vec = tf.ones(shape=tf.stack([tf.shape(self.dw)[0], 1]), dtype=tf.float64)
        y = all_one_vec * self.y_init
        z = tf.matmul(all_one_vec, z_init)
        with tf.variable_scope("forward"):
            for t in range(0, STEPS - 1):
                y = y - DELTA * f_tf(time_stamp[t], self.x[:, :, t], y, z)
                y = y + tf.reduce_sum(z * self.dw[:, :, t], 1, keep_dims=True)
                z = self._subnetwork(self.x[:, :, t + 1], str(t + 1)) / DIM
            y = y - DELTA * f_tf(time_stamp[-1], self.x[:, :, -2], y, z)
            y = y + tf.reduce_sum(z * self.dw[:, :, -1], 1, keep_dims=True)
            delta = y - g_tf(TOTAL_TIME, self.x[:, :, -1])
            clipped = tf.where(tf.abs(delta) < 50.0, tf.square(delta), 100.0 * tf.abs(delta) - 2500.0)
            self.loss = tf.reduce_mean(clipped)

        global_step = tf.get_variable(
            "global_step", [], initializer=tf.constant_initializer(0), trainable=False, dtype=tf.int32
        )
        learning_rate = tf.train.piecewise_constant(global_step, [5], [0.02, 0.01])
        trainable_variables = tf.trainable_variables()
        grads = tf.gradients(self.loss, trainable_variables)
        optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate)
        with tf.control_dependencies(grads):
            apply_op = optimizer.apply_gradients(
                zip(grads, trainable_variables), global_step=global_step, name="train_step"
            )
        self.train_ops = tf.group(apply_op)
        self.averages = tf.group(*self._extra_train_ops)
        print([v.op.name for v in trainable_variables])

    def _subnetwork(self, x, name):
        with tf.variable_scope(name):
            hiddens = self._batch_norm(x, name="path_input_norm")
            hiddens = self._dense_batch_layer(hiddens, 6, activation_fn=tf.nn.relu, name="layer1")
            return self._dense_batch_layer(hiddens, DIM, activation_fn=None, name="final_layer")

    def _dense_batch_layer(self, input_, output_size, activation_fn, name, stddev=0.5):
        with tf.variable_scope(name):
            shape = input_.get_shape().as_list()
            w = tf.get_variable(
                "Matrix",
                [shape[1], output_size],
                tf.float64,
                tf.random_normal_initializer(stddev=stddev / np.sqrt(shape[1] + output_size)),
            )
            hiddens_bn = self._batch_norm(tf.matmul(input_, w))
        return activation_fn(hiddens_bn) if activation_fn else hiddens_bn

    def _batch_norm(self, x, affine=True, name="batch_norm"):
        with tf.variable_scope(name):
            params_shape = [x.get_shape()[-1]]
            beta = tf.get_variable("beta", params_shape, tf.float64, initializer=tf.random_normal_initializer(0.0, 0.1))
            gamma = tf.get_variable(
                "gamma", params_shape, tf.float64, initializer=tf.random_uniform_initializer(0.1, 0.5)
            )
            mv_mean = tf.get_variable(
                "moving_mean", params_shape, tf.float64, tf.constant_initializer(0.0), trainable=False
            )
            mv_var = tf.get_variable(
                "moving_var", params_shape, tf.float64, tf.constant_initializer(1.0), trainable=False
            )
            mean, variance = tf.nn.moments(x, [0], name="moments")
            self._extra_train_ops.append(moving_averages.assign_moving_average(mv_mean, mean, 0.9))
            self._extra_train_ops.append(moving_averages.assign_moving_average(mv_var, variance, 0.9))
            mean, variance = tf.cond(self.is_training, lambda: (mean, variance), lambda: (mv_mean, mv_var))
            y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-6)
            y.set_shape(x.get_shape())
            return y

    def train(self):
        dw_valid, x_valid = sample(16)
        feed_dict_valid = {self.dw: dw_valid, self.x: x_valid, self.is_training: False}
        self._sess.run(tf.global_variables_initializer())
        for step in range(9):
            if step % 2 == 0:
                loss, init = self._sess.run([self.loss, self.y_init[0]], feed_dict=feed_dict_valid)
                print("step: %5u,    loss: %.6e,   Y0: %.6e" % (step, loss, init))
            dw_train, x_train = sample(8)
            feed = {self.dw: dw_train, self.x: x_train, self.is_training: True}
            self._sess.run(self.train_ops, feed_dict=feed)
            self._sess.run(self.averages, feed_dict=feed)


with tf.Session() as sess:
    model = FeedForwardModel(sess)
    model.build()
    model.train()
