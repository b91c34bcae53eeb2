"""Tensors as data of models that have inputs: every method takes them in the place of arrays."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Input
from keras.models import Model, Sequential

tf.set_random_seed(1)
x = np.array([[0.5, -1.0], [1.5, 2.0], [-0.25, 0.75]])
y = np.array([[1.0], [-0.5], [0.25]])
kernel, bias = np.array([[0.5], [-0.75]]), np.array([0.125])
X, Y = K.constant(x), K.constant(y)


def make(metrics=None):
    model = Sequential([Dense(1, input_shape=(2,), weights=[kernel, bias])])
    model.compile("sgd", "mse", metrics=metrics)
    return model


def refused(what, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except (ValueError, TypeError, AttributeError) as error:
        print(what, type(error).__name__, str(error)[:50])
    else:
        print(what, "accepted")


model = make(["mae"])
print(model.predict(X, steps=1))
print(model.predict(X, steps=2).shape)
print(model.evaluate(X, Y, steps=1, verbose=0), model.evaluate(X, Y, steps=3, verbose=0))
history = model.fit(X, Y, epochs=2, steps_per_epoch=2, verbose=0)
print(sorted(history.history), history.history["loss"], history.epoch)
print(model.get_weights())

model = make()
print(model.train_on_batch(X, Y), model.test_on_batch(X, Y), model.predict_on_batch(X))
print(model.train_on_batch(x, Y), model.train_on_batch(X, y), model.test_on_batch(x, Y))
print(model.train_on_batch(X, Y, sample_weight=np.array([1.0, 0.0, 2.0])))
print(model.get_weights())

# one batch of a queue, of another dtype, and lists of tensors
slices = tf.train.slice_input_producer([tf.constant(x), tf.constant(y)], shuffle=False)
batch_x, batch_y = tf.train.batch(slices, batch_size=3)
model = make()
coordinator = tf.train.Coordinator()
threads = tf.train.start_queue_runners(K.get_session(), coordinator)
print(batch_x.dtype.name, model.evaluate([batch_x], [batch_y], steps=2, verbose=0))
print(model.fit([batch_x], [batch_y], steps_per_epoch=2, verbose=0).history)
coordinator.request_stop()

# two inputs and two outputs, one of them with a tensor
a, b = Input((2,)), Input((2,), name="second")
one, two = Dense(1, weights=[kernel, bias])(a), Dense(1, name="two", weights=[-kernel, bias])(b)
both = Model([a, b], [one, two])
both.compile("sgd", "mse", loss_weights=[1.0, 0.5])
print(both.predict([X, X + 1.0], steps=1))
print(both.evaluate([X, X + 1.0], [Y, Y], steps=1, verbose=0))
print(both.train_on_batch([X, x], [y, Y]), both.metrics_names)
print(both.train_on_batch({"input_1": X, "second": x}, {"dense_4": Y, "two": y}))

# validation on tensors
model = make()
history = model.fit(X, Y, steps_per_epoch=1, validation_data=(X, Y), validation_steps=1, verbose=0)
print(sorted(history.history), history.history)
history = model.fit(x, y, batch_size=3, shuffle=False, verbose=0, sample_weight=np.array([1.0, 2.0, 0.5]))
print(history.history)

# what is refused
unknown = tf.placeholder_with_default(np.float32(x), [None, 2])
model = make()
refused("unknown batch", model.predict, unknown, steps=1)
refused("no steps", model.predict, X)
refused("no steps", model.fit, X, Y, verbose=0)
refused("batch size", model.fit, X, Y, batch_size=2, verbose=0)
refused("both", model.fit, X, Y, batch_size=2, steps_per_epoch=1, verbose=0)
refused("split", model.fit, X, Y, validation_split=0.5, steps_per_epoch=1, verbose=0)
refused("lengths", model.train_on_batch, X, K.constant(y[:2]))
refused("width", model.train_on_batch, X, K.constant(x))
refused("no list", model.predict, [X, X], steps=1)
