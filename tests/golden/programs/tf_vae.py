"""A variational autoencoder: seeded weights and noise, a bound of two terms, and a picture of the latent plane saved."""

# tolerance: rtol=2e-5 atol=1e-6 (fifteen steps of Adam, which divides by the root of small squares)
import numpy as np
import tensorflow as tf

np.random.seed(0)
tf.set_random_seed(0)


def xavier_init(fan_in, fan_out, constant=1):
    low = -constant * np.sqrt(6.0 / (fan_in + fan_out))
    high = constant * np.sqrt(6.0 / (fan_in + fan_out))
    return tf.random_uniform((fan_in, fan_out), minval=low, maxval=high, dtype=tf.float32)


class VariationalAutoencoder(object):
    def __init__(self, n_input=8, n_hidden=6, n_z=2, learning_rate=0.01, batch_size=10):
        self.batch_size, self.n_z = batch_size, n_z
        self.x = tf.placeholder(tf.float32, [None, n_input])
        sizes = {
            "r1": (n_input, n_hidden),
            "rm": (n_hidden, n_z),
            "rs": (n_hidden, n_z),
            "g1": (n_z, n_hidden),
            "gm": (n_hidden, n_input),
        }
        self.w = {key: tf.Variable(xavier_init(*sizes[key]), name=key) for key in sorted(sizes)}
        self.b = {key: tf.Variable(tf.zeros([sizes[key][1]], dtype=tf.float32)) for key in sorted(sizes)}

        hidden = tf.nn.softplus(tf.add(tf.matmul(self.x, self.w["r1"]), self.b["r1"]))
        self.z_mean = tf.add(tf.matmul(hidden, self.w["rm"]), self.b["rm"])
        self.z_log_sigma_sq = tf.add(tf.matmul(hidden, self.w["rs"]), self.b["rs"])
        eps = tf.random_normal((self.batch_size, n_z), 0, 1, dtype=tf.float32)
        self.z = tf.add(self.z_mean, tf.multiply(tf.sqrt(tf.exp(self.z_log_sigma_sq)), eps))
        self.x_reconstr_mean = self.generate(self.z)

        reconstr_loss = -tf.reduce_sum(
            self.x * tf.log(1e-10 + self.x_reconstr_mean) + (1 - self.x) * tf.log(1e-10 + 1 - self.x_reconstr_mean), 1
        )
        latent_loss = -0.5 * tf.reduce_sum(
            1 + self.z_log_sigma_sq - tf.square(self.z_mean) - tf.exp(self.z_log_sigma_sq), 1
        )
        self.cost = tf.reduce_mean(reconstr_loss + latent_loss)
        optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate)
        self.optimizer = optimizer.minimize(self.cost, gate_gradients=optimizer.GATE_GRAPH)
        self.decoded = tf.placeholder(tf.float32, [None, n_z])
        picture = self.generate(self.decoded)
        self.metric = tf.stack([tf.gradients(picture[:, i], self.decoded)[0] for i in range(2)], 1)
        self.picture = picture
        self.sess = tf.InteractiveSession()
        self.sess.run(tf.global_variables_initializer())

    def generate(self, z):
        hidden = tf.nn.softplus(tf.add(tf.matmul(z, self.w["g1"]), self.b["g1"]))
        return tf.nn.sigmoid(tf.add(tf.matmul(hidden, self.w["gm"]), self.b["gm"]))

    def partial_fit(self, X):
        opt, cost = self.sess.run((self.optimizer, self.cost), feed_dict={self.x: X})
        return cost


centres = np.random.rand(2, 8) > 0.5
data = np.array([np.where(np.random.rand(8) > 0.1, centres[i % 2], ~centres[i % 2]) for i in range(50)], np.float32)
vae = VariationalAutoencoder()
print(vae.sess.run(vae.w["rm"]))
for epoch in range(3):
    avg_cost = 0.0
    for i in range(5):
        avg_cost += float(vae.partial_fit(data[10 * i : 10 * i + 10])) / 5.0
    print("Epoch:", "%04d" % (epoch + 1), "cost=", "{:.5f}".format(avg_cost))
grid = np.array([[a, b] for a in (-1.0, 0.0, 1.0) for b in (-1.0, 1.0)])
print(vae.picture.eval({vae.decoded: grid[:1]}).round(4), vae.metric.eval({vae.decoded: grid[:1]}).round(4).tolist())
np.savez("latent.npz", grid=grid, picture=np.round(vae.picture.eval({vae.decoded: grid}), 3))
vae.sess.close()
