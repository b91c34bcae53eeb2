"""Losses of a compiled model as numbers, with sample weights and with a loss of one's own; nothing is trained."""

# tolerance: rtol=1e-6 atol=1.1e-6 (six places are printed, so that equal losses may differ by one in the last)
import numpy as np
from keras import backend as K
from keras import losses
from keras.layers import Dense, Input
from keras.models import Model

x = Input(shape=(1,))
out = Dense(2, activation="sigmoid", kernel_initializer="ones", bias_initializer="zeros")(x)
model = Model(x, out)


def with_slope(target, output):
    slope = K.gradients(output, x)[0]
    return K.mean(K.square(target - output), axis=-1) + K.mean(K.square(slope))


data = np.array([[0.0], [1.0], [-2.0], [0.5]])
target = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
weights = np.array([1.0, 2.0, 0.5, 4.0])
for loss in ("mse", "mean_absolute_error", losses.binary_crossentropy, with_slope):
    model.compile(optimizer="sgd", loss=loss)
    print("%.6f" % model.evaluate(data, target, verbose=0, batch_size=4))
    print("%.6f" % model.test_on_batch(data, target, sample_weight=weights))
model.compile("rmsprop", {model.output_names[0]: "mse"}, metrics=["mae", "accuracy"])
print(["%.6f" % number for number in model.evaluate(data, target, batch_size=2, verbose=0)])
print(len(model.metrics_names), model.metrics_names[0])

p, q = K.constant([0.2, 0.5, 0.9]), K.constant([0.0, 1.0, 1.0])
print(K.eval(K.binary_crossentropy(q, p)), K.eval(K.gradients(K.binary_crossentropy(q, p), p)[0]))
