"""Dropout and noise under NumPy's seed, in both learning phases, and kept on in testing for Monte Carlo."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Dropout, GaussianDropout, GaussianNoise, Input, Lambda, SpatialDropout1D
from keras.models import Model, Sequential

np.random.seed(7)
tf.set_random_seed(7)

x = Input(shape=(6,))
model = Model(x, Dropout(0.5, seed=3)(x))
ones = np.ones((2, 6))
read = K.function([x, K.learning_phase()], [model.output])
print(read([ones, 0])[0])
print(read([ones, 1])[0])
print(read([ones, 1])[0])
print(model.predict(ones)[0], model.uses_learning_phase, K.learning_phase().dtype == tf.bool)

seeded = Model(x, Dropout(0.25, noise_shape=(None, 1), seed=11)(x))
print(K.function([x, K.learning_phase()], [seeded.output])([np.ones((5, 6)), 1])[0][:, 0])

monte_carlo = Sequential()
monte_carlo.add(Dense(4, input_dim=6, activation="relu", kernel_initializer="ones"))
monte_carlo.add(Lambda(lambda t: K.dropout(t, level=0.5, seed=5)))
monte_carlo.add(Dense(1, kernel_initializer="ones"))
draws = np.array([monte_carlo.predict(ones / 6)[:, 0] for _ in range(3)])
print(draws)
print(draws.shape, monte_carlo.uses_learning_phase)

noisy = Model(x, GaussianNoise(0.5)(x))
print(noisy.predict(ones)[0])
value = K.function([x, K.learning_phase()], [noisy.output])([ones, 1])[0]
print(value.shape, np.abs(value - 1).max() > 0.1)

always = Model(x, Dropout(0.5, seed=2)(x, training=True))
print(always.predict(ones))
steps = Input(shape=(2, 3))
channels = Model(steps, SpatialDropout1D(0.5)(steps))
value = K.function([steps, K.learning_phase()], [channels.output])([np.ones((4, 2, 3)), 1])[0]
print((value[:, 0] == value[:, 1]).all(), np.unique(value).tolist(), GaussianDropout(0.3).get_config()["rate"])

phase = K.learning_phase()
switched = K.in_train_phase(lambda: x * 2.0, lambda: x - 1.0)
print(switched._uses_learning_phase, K.function([x, phase], [switched])([ones, True])[0][0, :2])
print(K.get_session().run(K.in_test_phase(x, -x), {x: ones[:1], phase: 0}))
K.set_learning_phase(0)
print(K.function([x], [Dropout(0.5)(x)])([ones])[0][0], K.learning_phase())
