"""Models pickled and copied: their layers, weights, losses, metrics and the state of their optimizers."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import copy
import pickle

import numpy as np
from keras import backend as K
from keras import optimizers
from keras.layers import LSTM, BatchNormalization, Dense, Dropout, Input, Lambda, Layer, RepeatVector, concatenate
from keras.models import Model, Sequential
from keras.utils import CustomObjectScope

data, target = np.cos(np.arange(12.0)).reshape(4, 3), np.sin(np.arange(8.0)).reshape(4, 2)


def fixed(model):
    model.set_weights([np.sin(k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(model.get_weights())])
    return model


def report(name, model, again, x=data, y=target):
    same = [np.array_equal(one, other) for one, other in zip(model.get_weights(), again.get_weights())]
    print(name, again is not model, type(again) is type(model), again.name == model.name, all(same), len(same))
    print("  ", [layer.name for layer in again.layers] == [layer.name for layer in model.layers])
    print("  ", np.allclose(model.predict(x), again.predict(x)), again.layers[-1] is model.layers[-1])
    if hasattr(model, "loss"):
        print("  ", again.optimizer.__class__.__name__, again.loss, again.metrics_names, again.loss_weights)
        print("  ", K.get_value(again.optimizer.iterations), [w.shape for w in again.optimizer.get_weights()])
        print("  ", all(np.array_equal(*w) for w in zip(model.optimizer.get_weights(), again.optimizer.get_weights())))
        print("  ", np.allclose(model.train_on_batch(x, y), again.train_on_batch(x, y)))


sequential = fixed(Sequential([Dense(4, input_shape=(3,), activation="tanh"), Dropout(0.0), Dense(2)]))
report("never compiled", sequential, pickle.loads(pickle.dumps(sequential)))
sequential.compile(optimizers.RMSprop(lr=0.01), "mse", metrics=["mae"], loss_weights=[2.0])
report("compiled", sequential, pickle.loads(pickle.dumps(sequential)))
sequential.train_on_batch(data, target)
for protocol in (0, 2, pickle.HIGHEST_PROTOCOL):
    report("trained, protocol", sequential, pickle.loads(pickle.dumps(sequential, protocol)))
report("deep copy", sequential, copy.deepcopy(sequential))
report("copy", sequential, copy.copy(sequential))
kept = {"model": sequential, "data": data, "again": sequential}
restored = pickle.loads(pickle.dumps(kept))
print(restored["model"] is restored["again"], sorted(restored), copy.deepcopy([sequential])[0].predict(data).shape)
original = sequential.get_weights()
changed = copy.deepcopy(sequential)
changed.set_weights([w * 0.0 for w in original])
print(all(np.array_equal(*both) for both in zip(original, sequential.get_weights())), changed.predict(data)[0])

K.clear_session()
x = Input((3,), name="x")
y = BatchNormalization()(Dense(4, activation="tanh", name="hidden")(x))
model = fixed(Model(x, [Dense(2, name="one")(y), Dense(1, name="two")(concatenate([y, x]))], name="net"))
model.compile("adam", {"one": "mse", "two": "mae"}, metrics={"two": ["mse"]}, loss_weights=[1.0, 0.5])
model.fit(data, [target, target[:, :1]], epochs=1, batch_size=4, verbose=0)
again = pickle.loads(pickle.dumps(model))
print(type(again) is Model, again.name, again.loss, again.metrics_names, again.loss_weights)
print(
    [np.allclose(*both) for both in zip(model.predict(data), again.predict(data))],
    again.input_names,
    again.output_names,
)
print(
    K.get_value(again.optimizer.iterations),
    [w.shape for w in again.optimizer.get_weights()] == [w.shape for w in model.optimizer.get_weights()],
)
print(
    np.allclose(
        model.train_on_batch(data, [target, target[:, :1]]), again.train_on_batch(data, [target, target[:, :1]])
    )
)
K.clear_session()
sequence = fixed(Sequential([RepeatVector(2, input_shape=(3,)), LSTM(2), Lambda(lambda t: t * 2.0)]))
report("with a lambda", sequence, pickle.loads(pickle.dumps(sequence)))


class Scaled(Layer):
    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
        super(Scaled, self).build(input_shape)

    def call(self, inputs):
        return inputs * self.scale


def own_loss(y_true, y_pred):
    return K.mean(K.abs(y_true - y_pred) ** 3, axis=-1)


K.clear_session()
own = fixed(Sequential([Scaled(input_shape=(3,)), Dense(2)]))
own.compile("sgd", own_loss)
state = pickle.dumps(own)
try:
    pickle.loads(state)
except ValueError as error:
    print("ValueError", "Scaled" in str(error))
with CustomObjectScope({"Scaled": Scaled, "own_loss": own_loss}):
    again = pickle.loads(state)
print(np.allclose(own.predict(data), again.predict(data)), type(again.layers[0]) is Scaled)


class Called(Model):
    def __init__(self):
        super(Called, self).__init__()
        self.dense = Dense(2)

    def call(self, inputs):
        return self.dense(inputs)


called = Called()
called.compile("sgd", "mse")
called.train_on_batch(data, target)
try:
    pickle.dumps(called)
except NotImplementedError:
    print("NotImplementedError")
layer = copy.deepcopy(Dense(3, kernel_regularizer="l2"))
print(layer.units, layer.built, pickle.loads(pickle.dumps(optimizers.SGD(lr=0.5).get_config()))["lr"])
