"""The same in double precision, once by dtype and once by K.set_floatx."""

# tolerance: rtol=1e-12 atol=2e-12 (every number is a float64, cut at twelve places after the point)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Input, Lambda
from keras.models import Model

np.set_printoptions(precision=12, suppress=False)
print(K.floatx())


def slope(top, bottom):
    return Lambda(lambda p: K.gradients(p[0], p[1]), output_shape=lambda shapes: shapes[1])([top, bottom])


x = Input(tensor=tf.constant([[0.25], [0.5]], dtype=tf.float64))
towers = [Lambda(lambda t: K.sqrt(1.0 + t * t))(x)]
for _ in range(3):
    towers.append(slope(towers[-1], x))
for value in Model(x, towers).predict(None, steps=1):
    print(value.dtype, value.ravel())

K.set_floatx("float64")
print(K.floatx(), K.epsilon())
z = Input(shape=(2,))
net = Dense(1, activation="tanh", kernel_initializer="ones", bias_initializer="zeros")
y = net(z)
for value in Model(z, [y, slope(y, z)]).predict(np.array([[0.1, 0.2], [0.3, -0.4]])):
    print(value.dtype, value)
print([w.dtype for w in net.get_weights()])
