"""Initial weights and draws under NumPy's and TensorFlow's seeds: Keras asks NumPy for the seed of each draw."""

import random

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras import initializers
from keras.layers import LSTM, Conv2D, Dense, Embedding, Flatten
from keras.models import Sequential

random.seed(1)
np.random.seed(1337)
tf.set_random_seed(42)

model = Sequential()
model.add(Conv2D(2, (2, 2), input_shape=(4, 4, 1), activation="relu"))
model.add(Flatten())
model.add(Dense(3, activation="tanh"))
model.add(Dense(1, kernel_initializer="he_normal", bias_initializer="uniform"))
for weight in model.get_weights():
    print(weight.ravel()[:6])
slope = K.gradients(model.output, model.input)[0]
picture = np.random.rand(1, 4, 4, 1)
print(K.function([model.input], [slope])([picture])[0][0, :, :, 0])

recurrent = Sequential([Embedding(4, 2, input_length=3), LSTM(2)])
for weight in recurrent.get_weights():
    print(weight.shape, weight.ravel()[:4])

for name in ("random_uniform", "random_normal", "truncated_normal", "lecun_uniform", "glorot_normal", "he_uniform"):
    print(name, K.eval(initializers.get(name)((2, 2))).ravel())
print(K.eval(initializers.RandomNormal(mean=1.0, stddev=0.1, seed=5)((3,))))
print(K.eval(initializers.VarianceScaling(2.0, "fan_out", "normal", seed=3)((2, 3)))[0])
print(K.eval(K.variable(initializers.Orthogonal(gain=1.0, seed=8)((2, 2)))))
print(K.eval(K.random_uniform((3,), -1.0, 1.0)), K.eval(K.random_normal((2,), seed=4)))
print(K.eval(K.random_binomial((6,), p=0.5, seed=2)), K.eval(K.truncated_normal((2,), stddev=2.0)))
print(K.eval(K.random_uniform_variable((2,), 0, 1, seed=9)), K.eval(K.random_normal_variable((2,), 0, 1, seed=9)))
print(np.random.rand(2), random.random())
