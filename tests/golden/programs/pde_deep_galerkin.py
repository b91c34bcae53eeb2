"""The deep Galerkin method for Black and Scholes' equation: a network with gates, random points, tf.gradients twice."""

# tolerance: rtol=1e-4 atol=1e-6 (Adam divides by the root of small squares)
import numpy as np
import tensorflow as tf

np.random.seed(42)
tf.set_random_seed(42)

r, sigma, K, T, S_high = 0.05, 0.25, 0.5, 1.0, 1.0


class LSTMLayer(tf.keras.layers.Layer):
    def __init__(self, output_dim, input_dim, trans1="tanh", trans2="tanh"):
        super(LSTMLayer, self).__init__()
        self.output_dim, self.input_dim = output_dim, input_dim
        self.trans1, self.trans2 = getattr(tf.nn, trans1), getattr(tf.nn, trans2)
        xavier = tf.contrib.layers.xavier_initializer
        self.U, self.W, self.b = {}, {}, {}
        for gate in "zgrh":
            self.U[gate] = self.add_variable("U" + gate, shape=[input_dim, output_dim], initializer=xavier())
            self.W[gate] = self.add_variable("W" + gate, shape=[output_dim, output_dim], initializer=xavier())
            self.b[gate] = self.add_variable("b" + gate, shape=[1, output_dim])

    def call(self, S, X):
        def gate(name, state, activation):
            return activation(tf.matmul(X, self.U[name]) + tf.matmul(state, self.W[name]) + self.b[name])

        Z, G, R = (gate(name, S, self.trans1) for name in "zgr")
        H = gate("h", tf.multiply(S, R), self.trans2)
        return tf.add(tf.multiply(tf.subtract(tf.ones_like(G), G), H), tf.multiply(Z, S))


class DGMNet(tf.keras.Model):
    def __init__(self, layer_width, n_layers, input_dim):
        super(DGMNet, self).__init__()
        self.initial_layer = tf.keras.layers.Dense(layer_width, activation="tanh")
        self.LSTMLayerList = [LSTMLayer(layer_width, input_dim + 1) for _ in range(n_layers)]
        self.final_layer = tf.keras.layers.Dense(1)

    def call(self, t, x):
        X = tf.concat([t, x], 1)
        S = self.initial_layer(X)
        for layer in self.LSTMLayerList:
            S = layer.call(S, X)
        return self.final_layer(S)


model = DGMNet(8, 1, 1)
t_interior, S_interior, t_terminal, S_terminal = (tf.placeholder(tf.float32, [None, 1]) for _ in range(4))

V = model.call(t_interior, S_interior)
V_t = tf.gradients(V, t_interior)[0]
V_s = tf.gradients(V, S_interior)[0]
V_ss = tf.gradients(V_s, S_interior)[0]
diff_V = V_t + 0.5 * sigma**2 * S_interior**2 * V_ss + r * S_interior * V_s - r * V
L1 = tf.reduce_mean(tf.square(diff_V))
target_payoff = tf.nn.relu(S_terminal - K)
L3 = tf.reduce_mean(tf.square(model.call(t_terminal, S_terminal) - target_payoff))
loss = L1 + L3

global_step = tf.Variable(0, trainable=False)
learning_rate = tf.train.exponential_decay(0.01, global_step, 5, 0.96, staircase=True)
optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate).minimize(
    loss, global_step=global_step, gate_gradients=tf.train.Optimizer.GATE_GRAPH
)

# A session starts from weights that a program may set, and these do not depend on how the ops are counted.
place = [
    tf.assign(v, np.random.uniform(-0.5, 0.5, v.get_shape().as_list()), name="place_%d" % i)
    for i, v in enumerate(tf.trainable_variables())
]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(place)
    print(len(place), [v.get_shape().num_elements() for v in tf.trainable_variables()], sess.run(global_step))
    for i in range(4):
        points = {
            t_interior: np.random.uniform(0, T, [10, 1]),
            S_interior: np.random.uniform(0, S_high, [10, 1]),
            t_terminal: T * np.ones([10, 1]),
            S_terminal: np.random.uniform(0, S_high, [10, 1]),
        }
        for _ in range(2):
            sess.run(optimizer, feed_dict=points)
        print("%.6f %.6f %.6f" % tuple(sess.run([loss, L1, L3], points)), i)
    at = np.linspace(0.2, 0.8, 4)[:, None]
    value, curvature = sess.run([V, V_ss], {t_interior: 0 * at, S_interior: at})
    print(np.round(value.ravel(), 5), np.round(curvature.ravel(), 5))
