"""One large step of an implicit Runge-Kutta method for Allen-Cahn, u_t = 1e-4 u_xx - 5 u^3 + 5 u, every stage an output.

The stages are differentiated by x with two tf.gradients each, the second by a placeholder of weights (forward mode).
"""

# tolerance: rtol=3e-3 atol=1e-4 (Adam and L-BFGS-B in float32; sums over stages cancel)
import numpy as np
import scipy.io
import tensorflow as tf

np.random.seed(1)
tf.set_random_seed(1)

q, dt = 4, 0.2
nodes, _ = np.polynomial.legendre.leggauss(q)
nodes = (nodes + 1.0) / 2.0
powers = np.arange(1, q + 1)
inverse = np.linalg.inv(nodes[:, None] ** (powers - 1))
IRK_alpha = (nodes[:, None] ** powers / powers).dot(inverse)
IRK_beta = (np.ones((1, q)) / powers).dot(inverse)
IRK_weights = np.float32(np.vstack([IRK_alpha, IRK_beta]))
print(IRK_weights[-1], IRK_weights[:-1].sum(axis=1) - np.float32(nodes) < 1e-6)


class Solver(object):
    def __init__(self, x0, u0, x1, layers):
        self.x0, self.u0, self.x1 = x0, u0, x1
        self.layers = []
        for i in range(0, len(layers) - 1):
            stddev = np.sqrt(2.0 / (layers[i] + layers[i + 1]))
            W = tf.Variable(tf.truncated_normal([layers[i], layers[i + 1]], stddev=stddev), dtype=tf.float32)
            self.layers.append((W, tf.Variable(tf.zeros([1, layers[i + 1]], dtype=tf.float32), dtype=tf.float32)))
        self.x0_tf = tf.placeholder(tf.float32, shape=(None, 1))
        self.x1_tf = tf.placeholder(tf.float32, shape=(None, 1))
        self.u0_tf = tf.placeholder(tf.float32, shape=(None, 1))
        self.dummy_x0_tf = tf.placeholder(tf.float32, shape=(None, q))
        self.dummy_x1_tf = tf.placeholder(tf.float32, shape=(None, q + 1))

        self.U0_pred = self.net_U0(self.x0_tf)
        self.U1_pred, self.U1_x_pred = self.net_U1(self.x1_tf)
        self.loss = (
            tf.reduce_sum(tf.square(self.u0_tf - self.U0_pred))
            + tf.reduce_sum(tf.square(self.U1_pred[0, :] - self.U1_pred[1, :]))
            + tf.reduce_sum(tf.square(self.U1_x_pred[0, :] - self.U1_x_pred[1, :]))
        )
        self.optimizer = tf.contrib.opt.ScipyOptimizerInterface(
            self.loss, method="L-BFGS-B", options=dict(maxiter=5, maxfun=50000, maxcor=50, maxls=50)
        )
        self.train_op = tf.train.AdamOptimizer(2e-3).minimize(self.loss, gate_gradients=tf.train.Optimizer.GATE_GRAPH)
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())

    def net(self, x):
        H = x
        for W, b in self.layers[:-1]:
            H = tf.tanh(tf.matmul(H, W) + b)
        return tf.matmul(H, self.layers[-1][0]) + self.layers[-1][1]

    def fwd_gradients_0(self, U, x):
        g = tf.gradients(U, x, grad_ys=self.dummy_x0_tf)[0]
        return tf.gradients(g, self.dummy_x0_tf)[0]

    def fwd_gradients_1(self, U, x):
        g = tf.gradients(U, x, grad_ys=self.dummy_x1_tf)[0]
        return tf.gradients(g, self.dummy_x1_tf)[0]

    def net_U0(self, x):
        U1 = self.net(x)
        U = U1[:, :-1]
        U_x = self.fwd_gradients_0(U, x)
        U_xx = self.fwd_gradients_0(U_x, x)
        F = 5.0 * U - 5.0 * U**3 + 0.0001 * U_xx
        return U1 - dt * tf.matmul(F, IRK_weights.T)

    def net_U1(self, x):
        U1 = self.net(x)
        return U1, self.fwd_gradients_1(U1, x)

    def feed(self):
        return {
            self.x0_tf: self.x0,
            self.u0_tf: self.u0,
            self.x1_tf: self.x1,
            self.dummy_x0_tf: np.ones((self.x0.shape[0], q)),
            self.dummy_x1_tf: np.ones((self.x1.shape[0], q + 1)),
        }

    def train(self, nIter):
        for it in range(nIter):
            self.sess.run(self.train_op, self.feed())
            if it % 10 == 0:
                print("It: %d, Loss: %.4e" % (it, self.sess.run(self.loss, self.feed())))
        self.optimizer.minimize(self.sess, feed_dict=self.feed())
        print("Loss: %.3e" % self.sess.run(self.loss, self.feed()))


x0 = np.linspace(-1, 1, 25)[:, None]
solver = Solver(x0, x0**2 * np.cos(np.pi * x0), np.vstack((-1.0, 1.0)), [1, 12, 12, q + 1])
print(solver.sess.run(solver.fwd_gradients_1(solver.U1_pred, solver.x1_tf), solver.feed()))
solver.train(21)
U1 = solver.sess.run(solver.U1_pred, {solver.x1_tf: [[-0.5], [0.0], [0.5]]})
print(np.round(U1[:, -1], 5))
scipy.io.savemat("step.mat", {"U1": np.round(U1, 2) + 0.0, "dt": dt})
