"""A physics-informed network for Burgers' equation u_t + u u_x = nu u_xx: Adam, then L-BFGS-B through tf.contrib.opt."""

# tolerance: rtol=3e-3 atol=1e-4 (L-BFGS-B: each of its steps makes a float32's rounding a few times larger)
import numpy as np
import tensorflow as tf

np.random.seed(1234)
tf.set_random_seed(1234)


class PhysicsInformedNN:
    def __init__(self, data, collocation, layers, lb, ub, nu):
        self.lb, self.ub, self.nu = lb, ub, nu
        self.x_u, self.t_u, self.u = data[:, 0:1], data[:, 1:2], data[:, 2:3]
        self.x_f, self.t_f = collocation[:, 0:1], collocation[:, 1:2]
        self.weights, self.biases = self.initialize_NN(layers)

        self.sess = tf.Session(config=tf.ConfigProto(allow_soft_placement=True, log_device_placement=False))
        self.x_u_tf, self.t_u_tf, self.u_tf, self.x_f_tf, self.t_f_tf = [
            tf.placeholder(tf.float32, shape=[None, 1]) for _ in range(5)
        ]
        self.u_pred = self.net_u(self.x_u_tf, self.t_u_tf)
        self.f_pred = self.net_f(self.x_f_tf, self.t_f_tf)
        self.loss = tf.reduce_mean(tf.square(self.u_tf - self.u_pred)) + tf.reduce_mean(tf.square(self.f_pred))

        self.optimizer = tf.contrib.opt.ScipyOptimizerInterface(
            self.loss,
            method="L-BFGS-B",
            options={
                "maxiter": 12,
                "maxfun": 50000,
                "maxcor": 50,
                "maxls": 50,
                "ftol": 1.0 * np.finfo(float).eps,
            },
        )
        # Several ops read each weight, so the updates wait for all the gradients.
        self.train_op_Adam = tf.train.AdamOptimizer(0.005).minimize(
            self.loss, gate_gradients=tf.train.Optimizer.GATE_GRAPH
        )
        self.sess.run(tf.global_variables_initializer())

    def initialize_NN(self, layers):
        weights, biases = [], []
        for i in range(len(layers) - 1):
            weights.append(self.xavier_init(size=[layers[i], layers[i + 1]]))
            biases.append(tf.Variable(tf.zeros([1, layers[i + 1]], dtype=tf.float32), dtype=tf.float32))
        return weights, biases

    def xavier_init(self, size):
        xavier_stddev = np.sqrt(2 / (size[0] + size[1]))
        return tf.Variable(tf.truncated_normal(size, stddev=xavier_stddev), dtype=tf.float32)

    def neural_net(self, X):
        H = 2.0 * (X - self.lb) / (self.ub - self.lb) - 1.0
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            H = tf.tanh(tf.add(tf.matmul(H, W), b))
        return tf.add(tf.matmul(H, self.weights[-1]), self.biases[-1])

    def net_u(self, x, t):
        return self.neural_net(tf.concat([x, t], 1))

    def net_f(self, x, t):
        u = self.net_u(x, t)
        u_t = tf.gradients(u, t)[0]
        u_x = tf.gradients(u, x)[0]
        u_xx = tf.gradients(u_x, x)[0]
        return u_t + u * u_x - self.nu * u_xx

    def train(self, steps):
        tf_dict = {
            self.x_u_tf: self.x_u,
            self.t_u_tf: self.t_u,
            self.u_tf: self.u,
            self.x_f_tf: self.x_f,
            self.t_f_tf: self.t_f,
        }
        for it in range(steps):
            if it % 10 == 0:
                print("It: %d, Loss: %.5e" % (it, self.sess.run(self.loss, tf_dict)))
            self.sess.run(self.train_op_Adam, tf_dict)
        self.calls = []
        self.optimizer.minimize(self.sess, feed_dict=tf_dict, fetches=[self.loss], loss_callback=self.calls.append)
        print("L-BFGS-B, Loss: %.3e" % self.sess.run(self.loss, tf_dict), len(self.calls) > 10)

    def predict(self, X_star):
        u_star = self.sess.run(self.u_pred, {self.x_u_tf: X_star[:, 0:1], self.t_u_tf: X_star[:, 1:2]})
        f_star = self.sess.run(self.f_pred, {self.x_f_tf: X_star[:, 0:1], self.t_f_tf: X_star[:, 1:2]})
        return u_star, f_star


lb, ub = np.array([-1.0, 0.0]), np.array([1.0, 1.0])
x0 = np.linspace(-1, 1, 11)[:, None]
tb = np.linspace(0, 1, 6)[:, None]
initial = np.hstack((x0, 0 * x0, -np.sin(np.pi * x0)))
walls = np.vstack([np.hstack((side + 0 * tb, tb, 0 * tb)) for side in (-1.0, 1.0)])
X_f = lb + (ub - lb) * np.random.rand(40, 2)

model = PhysicsInformedNN(np.vstack([initial, walls]), X_f, [2, 10, 10, 1], lb, ub, 0.1 / np.pi)
model.train(21)
u, f = model.predict(np.array([[-0.5, 0.25], [0.0, 0.5], [0.5, 0.75]]))
print(np.round(u.ravel(), 5))
print(u.shape, u.dtype, f.shape, f.dtype)
