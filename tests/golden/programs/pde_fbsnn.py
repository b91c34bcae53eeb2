"""A forward-backward stochastic network: u and its gradient along paths of Brownian motion, for a Hamilton-Jacobi equation."""

# tolerance: rtol=1e-4 atol=1e-6 (Adam divides by the root of small squares)
from abc import ABCMeta, abstractmethod

import numpy as np
import tensorflow as tf

np.random.seed(1234)
tf.set_random_seed(1234)


class FBSNN(object):
    __metaclass__ = ABCMeta

    def __init__(self, Xi, T, M, N, D, layers):
        self.Xi, self.T, self.M, self.N, self.D = Xi, T, M, N, D
        self.layers = layers
        self.weights, self.biases = self.initialize_NN(layers)
        self.sess = tf.Session(config=tf.ConfigProto(allow_soft_placement=True))
        self.learning_rate = tf.placeholder(tf.float32, shape=[])
        self.t_tf = tf.placeholder(tf.float32, shape=[M, N + 1, 1])
        self.W_tf = tf.placeholder(tf.float32, shape=[M, N + 1, D])
        self.Xi_tf = tf.placeholder(tf.float32, shape=[1, D])
        self.loss, self.X_pred, self.Y_pred, self.Y0_pred = self.loss_function(self.t_tf, self.W_tf, self.Xi_tf)
        self.optimizer = tf.train.AdamOptimizer(learning_rate=self.learning_rate)
        self.train_op = self.optimizer.minimize(self.loss, gate_gradients=self.optimizer.GATE_GRAPH)
        self.sess.run(tf.global_variables_initializer())

    def initialize_NN(self, layers):
        weights, biases = [], []
        for size in zip(layers[:-1], layers[1:]):
            weights.append(tf.Variable(tf.truncated_normal(size, stddev=np.sqrt(2 / sum(size))), dtype=tf.float32))
            biases.append(tf.Variable(tf.zeros([1, size[1]], dtype=tf.float32), dtype=tf.float32))
        return weights, biases

    def net_u(self, t, X):
        H = tf.concat([t, X], 1)
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            H = tf.sin(tf.add(tf.matmul(H, W), b))
        u = tf.add(tf.matmul(H, self.weights[-1]), self.biases[-1])
        return u, tf.gradients(u, X)[0]

    def Dg_tf(self, X):
        return tf.gradients(self.g_tf(X), X)[0]

    def loss_function(self, t, W, Xi):
        loss = 0
        X_list, Y_list = [], []
        t0, W0 = t[:, 0, :], W[:, 0, :]
        X0 = tf.tile(Xi, [self.M, 1])
        Y0, Z0 = self.net_u(t0, X0)
        X_list.append(X0)
        Y_list.append(Y0)
        for n in range(0, self.N):
            t1, W1 = t[:, n + 1, :], W[:, n + 1, :]
            sigma = self.sigma_tf(t0, X0, Y0)
            noise = tf.squeeze(tf.matmul(sigma, tf.expand_dims(W1 - W0, -1)), axis=[-1])
            X1 = X0 + self.mu_tf(t0, X0, Y0, Z0) * (t1 - t0) + noise
            Y1_tilde = Y0 + self.phi_tf(t0, X0, Y0, Z0) * (t1 - t0) + tf.reduce_sum(Z0 * noise, axis=1, keepdims=True)
            Y1, Z1 = self.net_u(t1, X1)
            loss += tf.reduce_sum(tf.square(Y1 - Y1_tilde))
            t0, W0, X0, Y0, Z0 = t1, W1, X1, Y1, Z1
            X_list.append(X0)
            Y_list.append(Y0)
        loss += tf.reduce_sum(tf.square(Y1 - self.g_tf(X1)))
        loss += tf.reduce_sum(tf.square(Z1 - self.Dg_tf(X1)))
        X, Y = tf.stack(X_list, axis=1), tf.stack(Y_list, axis=1)
        return loss, X, Y, Y[0, 0, 0]

    def fetch_minibatch(self):
        dt = self.T / self.N
        Dt, DW = np.zeros((self.M, self.N + 1, 1)), np.zeros((self.M, self.N + 1, self.D))
        Dt[:, 1:, :] = dt
        DW[:, 1:, :] = np.sqrt(dt) * np.random.normal(size=(self.M, self.N, self.D))
        return np.cumsum(Dt, axis=1), np.cumsum(DW, axis=1)

    def train(self, N_Iter, learning_rate):
        for it in range(N_Iter):
            t_batch, W_batch = self.fetch_minibatch()
            tf_dict = {self.Xi_tf: self.Xi, self.t_tf: t_batch, self.W_tf: W_batch, self.learning_rate: learning_rate}
            if it % 5 == 0:
                loss_value, Y0_value = self.sess.run([self.loss, self.Y0_pred], tf_dict)
                print("It: %d, Loss: %.4e, Y0: %.5f" % (it, loss_value, Y0_value))
            self.sess.run(self.train_op, tf_dict)

    @abstractmethod
    def phi_tf(self, t, X, Y, Z):
        pass

    @abstractmethod
    def g_tf(self, X):
        pass

    def mu_tf(self, t, X, Y, Z):
        return np.zeros([self.M, self.D]).astype(np.float32)

    def sigma_tf(self, t, X, Y):
        return tf.matrix_diag(tf.ones([self.M, self.D]))


class HamiltonJacobiBellman(FBSNN):
    def phi_tf(self, t, X, Y, Z):
        return tf.reduce_sum(Z**2, 1, keepdims=True)

    def g_tf(self, X):
        return tf.log(0.5 + 0.5 * tf.reduce_sum(X**2, 1, keepdims=True))

    def sigma_tf(self, t, X, Y):
        return tf.sqrt(2.0) * super(HamiltonJacobiBellman, self).sigma_tf(t, X, Y)


M, N, D = 6, 3, 3
model = HamiltonJacobiBellman(np.zeros([1, D]), 1.0, M, N, D, [D + 1, 12, 12, 1])
model.train(16, 1e-3)
model.train(5, 1e-4)
np.random.seed(42)
t_test, W_test = model.fetch_minibatch()
X, Y = model.sess.run([model.X_pred, model.Y_pred], {model.Xi_tf: model.Xi, model.t_tf: t_test, model.W_tf: W_test})
print(X.shape, Y.shape, np.round(Y[0, :, 0], 4))
