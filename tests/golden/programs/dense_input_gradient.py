"""A small dense network with weights written down, its input gradient, and predict on NumPy arrays in batches."""

# tolerance: rtol=2e-6 atol=1e-7 (the second derivatives of the units have both signs)
import numpy as np
from keras import backend as K
from keras.initializers import Constant
from keras.layers import Dense, Input, Lambda
from keras.models import Model, Sequential

body = Sequential()
body.add(Dense(3, activation="tanh", input_shape=(2,)))
body.add(Dense(3, activation="softplus", kernel_initializer=Constant(0.5), bias_initializer=Constant(-0.25)))
body.add(Dense(1, kernel_initializer="ones", bias_initializer="zeros"))
body.layers[0].set_weights([np.arange(6).reshape(2, 3) / 10.0, np.array([0.1, 0.0, -0.1])])

x = Input(shape=(2,))
y = body(x)
gradient = Lambda(lambda pair: K.gradients(pair[0], pair[1])[0], output_shape=(2,))([y, x])


def trace(pair):
    slopes, source = pair
    return sum(K.gradients(slopes[:, k], source)[0][:, k : k + 1] for k in range(2))


laplacian = Lambda(trace, output_shape=[1])([gradient, x])
network = Model(x, [y, gradient, laplacian])

samples = np.array([[0.0, 0.0], [1.0, 2.0], [-1.0, 0.5], [0.3, -0.7], [4.0, -4.0]])
value, slope, lap = network.predict(samples, batch_size=2)
print(value)
print(slope)
print(lap)
print(network.count_params(), [w.shape for w in body.get_weights()], value.dtype)
for weights in body.layers[0].get_weights():
    print(weights)
