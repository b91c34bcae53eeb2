"""Weights of samples, classes and time steps: what they do to losses, weighted metrics and a step of training."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
from keras.layers import Dense, Input, TimeDistributed
from keras.models import Model, Sequential
from keras.optimizers import SGD
from keras.utils import to_categorical

data = np.sin(np.arange(12.0)).reshape(6, 2)
kinds = np.array([0, 1, 2, 1, 0, 1])
target = to_categorical(kinds, 3)
weights = np.array([1.0, 0.0, 2.0, 0.5, 0.0, 1.0])


def classifier():
    model = Sequential([Dense(3, activation="softmax", input_shape=(2,))])
    model.set_weights([np.array([[0.5, 1.0, -1.0], [0.2, -0.8, 1.5]]), np.array([0.1, 0.0, -0.1])])
    return model


model = classifier()
model.compile(SGD(lr=0.5), "categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
print(model.metrics_names)
for options in ({}, {"sample_weight": weights}):
    print(["%.5f" % number for number in model.test_on_batch(data, target, **options)])
    print(["%.5f" % number for number in model.evaluate(data, target, batch_size=4, verbose=0, **options)])
print(["%.5f" % n for n in model.train_on_batch(data, target, class_weight={0: 1.0, 1: 0.25, 2: 3.0})])
print(model.get_weights()[0])

model = classifier()
model.compile(SGD(lr=0.5), "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
history = model.fit(
    data,
    kinds.reshape(-1, 1),
    batch_size=3,
    epochs=2,
    shuffle=False,
    verbose=0,
    sample_weight=weights,
    class_weight={0: 2.0, 1: 1.0, 2: 1.0},
    validation_data=(data[:2], kinds[:2], np.array([1.0, 3.0])),
)
for name in sorted(history.history):
    print(name, ["%.5f" % number for number in history.history[name]])
print(model.get_weights()[1])

steps = Sequential([TimeDistributed(Dense(1, kernel_initializer="ones"), input_shape=(3, 2))])
steps.compile(SGD(lr=0.1), "mae", sample_weight_mode="temporal")
by_step = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 2.0]])
series, wanted = data.reshape(2, 3, 2), np.zeros((2, 3, 1))
print("%.6f" % steps.train_on_batch(series, wanted, sample_weight=by_step), steps.get_weights()[0].ravel())
print("%.6f" % steps.evaluate(series, wanted, sample_weight=by_step, verbose=0))

x = Input(shape=(2,))
two = Model(x, [Dense(1, name="a", kernel_initializer="ones")(x), Dense(1, name="b", kernel_initializer="ones")(x)])
two.compile("sgd", "mse", loss_weights=[1.0, 0.1])
results = two.test_on_batch(data, [kinds, -kinds], sample_weight={"a": weights, "b": 1.0 - weights / 2})
print(["%.5f" % number for number in results])
