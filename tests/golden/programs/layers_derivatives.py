"""Layers whose call differentiates: orders 2 and 4 inside a model, trained through, and in the loss of another."""

# tolerance: rtol=1e-5 atol=2e-6 (fourth derivatives of float32 sums)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Concatenate, Dense, Input, Lambda, Layer, Subtract
from keras.models import Model, Sequential
from keras.optimizers import SGD


class Derivative(Layer):
    """d^n y / dx^n of its two inputs (y, x)."""

    def __init__(self, order, **kwargs):
        self.order = order
        super(Derivative, self).__init__(**kwargs)

    def call(self, inputs):
        y, x = inputs
        for _ in range(self.order):
            y = K.gradients(y, x)
            y = y[0]
        return y

    def compute_output_shape(self, input_shape):
        return input_shape[1]


t = Input(shape=(1,), name="t")
hidden = Dense(5, activation="tanh", name="hidden")
out = Dense(1, use_bias=False, name="out")
u = out(hidden(t))
second, fourth = Derivative(2)([u, t]), Derivative(4)([u, t])
residual = Subtract(name="residual")([fourth, second])
beam = Model(t, residual)
hidden.set_weights([np.linspace(-1.0, 1.0, 5).reshape(1, 5), np.linspace(0.5, -0.3, 5)])
out.set_weights([np.cos(np.arange(5.0)).reshape(5, 1)])

points = np.linspace(-1.0, 1.0, 4).reshape(4, 1)
print(beam.predict(points).ravel(), beam.output_shape)
print(Model(t, [u, second, fourth]).predict(points))
by_weights = K.gradients(K.mean(K.square(beam.output)), [hidden.kernel, hidden.bias, out.kernel])
for part in K.function([t], by_weights)([points]):
    print(part.ravel())

hidden.trainable = False
beam.compile(loss="mse", optimizer=SGD(lr=0.001, momentum=0.9))
for _ in range(3):
    print("%.6f" % beam.train_on_batch(points, np.zeros((4, 1))))
print(out.get_weights()[0].ravel())

chain = Lambda(lambda z: K.gradients(z[0], z[1]), output_shape=lambda shapes: shapes[1])
first = chain([u, t])
twice = Lambda(lambda z: K.gradients(z[0], z[1]), output_shape=[1])([first, t])
both = Concatenate()([first, twice])
print(K.int_shape(both), Model(t, both).predict(points[:2]))

net = Sequential([Dense(4, activation="sigmoid", input_dim=2), Dense(1)])
net.set_weights([np.sin(np.arange(w.size)).reshape(w.shape) for w in net.get_weights()])
slope = K.gradients(net.output, net.input)[0]
curl = tf.gradients(slope[:, 0], net.input)[0][:, 1]
net.add_loss(K.mean(K.square(slope)) + 0.1 * K.mean(K.square(curl)))
net.compile("sgd", lambda target, output: K.mean(K.abs(target - output)))
pairs = np.cos(np.arange(8.0)).reshape(4, 2)
print("%.6f" % net.evaluate(pairs, np.ones((4, 1)), verbose=0))
print("%.6f" % net.test_on_batch(pairs, np.ones(4).reshape(-1, 1), sample_weight=np.array([1.0, 2.0, 0.5, 4.0])))
