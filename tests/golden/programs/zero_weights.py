"""Losses where some samples weigh nothing: Keras divides by the samples that count, not by all of them."""

import numpy as np
from keras.layers import Dense, Input, Masking, TimeDistributed
from keras.models import Model

x = Input(shape=(1,))
model = Model(x, Dense(1, kernel_initializer="ones")(x))
model.compile("sgd", "mse")
data, target = np.array([[1.0], [2.0], [3.0], [4.0]]), np.zeros((4, 1))
for weights in ([1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 1.0], [0.5, 0.0, 2.0, 0.0]):
    print("%.6f" % model.test_on_batch(data, target, sample_weight=np.array(weights)))
print("%.6f" % model.evaluate(data, target, sample_weight=np.array([1.0, 0.0, 3.0, 1.0]), batch_size=4, verbose=0))

steps = Input(shape=(3, 1))
masked = Model(steps, TimeDistributed(Dense(1, kernel_initializer="ones"))(Masking(mask_value=0.0)(steps)))
masked.compile("sgd", "mae")
series = np.array([[[1.0], [2.0], [0.0]], [[3.0], [0.0], [0.0]]])
print("%.6f" % masked.test_on_batch(series, np.ones((2, 3, 1))))
