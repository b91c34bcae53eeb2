"""Models saved whole, as JSON with weights, and by layer name, and read back by a second program."""

# tolerance: rtol=2e-6 atol=1e-8 (one more rounding where a configuration goes through text)
import json
import os

import h5py
import numpy as np
from keras import backend as K
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, GRU, Input, Lambda, Layer, concatenate
from keras.models import Model, Sequential, load_model, model_from_config, model_from_json
from keras.optimizers import SGD
from keras.utils import CustomObjectScope, custom_object_scope


class Power(Layer):
    def __init__(self, exponent=2, **kwargs):
        super(Power, self).__init__(**kwargs)
        self.exponent = exponent

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(1,), initializer="ones", trainable=True)
        super(Power, self).build(input_shape)

    def call(self, x):
        return self.scale * K.pow(x, self.exponent)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = super(Power, self).get_config()
        config.update({"exponent": self.exponent})
        return config


def smooth_l1(y_true, y_pred):
    x = K.abs(y_true - y_pred)
    return K.sum(K.switch(x < 1.0, 0.5 * x**2, x - 0.5), axis=-1)


def swish(x):
    return x * K.sigmoid(x)


def fill(model):
    weights = model.get_weights()
    model.set_weights([np.abs(np.sin(1 + k + np.arange(w.size))).reshape(w.shape) for k, w in enumerate(weights)])


data, target = np.cos(np.arange(6.0)).reshape(3, 2), np.ones((3, 1))
custom = {"Power": Power, "smooth_l1": smooth_l1, "swish": swish}

x = Input(shape=(2,), name="x")
h = Dense(3, activation=swish, name="first")(x)
h = concatenate([Power(3, name="power")(h), x])
model = Model(x, Dense(1, name="last")(BatchNormalization(name="norm")(h)), name="whole")
fill(model)
for layer in model.layers[:-1]:
    layer.trainable = False
model.compile(SGD(lr=0.01, momentum=0.9), loss=smooth_l1)
model.train_on_batch(data, target)
before = model.predict(data)
print(before.ravel(), "%.5f" % model.evaluate(data, target, verbose=0))
model.save("whole.h5")
model.save_weights("weights.h5")
with open("model.json", "w") as file:
    file.write(model.to_json())

K.clear_session()
again = load_model("whole.h5", custom_objects=custom)
print(again.predict(data).ravel(), again.name, [layer.name for layer in again.layers])
print("%.5f" % again.evaluate(data, target, verbose=0), again.optimizer.__class__.__name__, K.eval(again.optimizer.lr))
print(len(again.optimizer.get_weights()), again.optimizer.get_weights()[1].ravel())
print("%.5f" % again.train_on_batch(data, target), again.get_layer("last").get_weights()[1])
slope = K.gradients(again.output, again.input)[0]
print(K.function([again.input, K.learning_phase()], [slope])([data, 0])[0])

with custom_object_scope(custom):
    with open("model.json") as file:
        text = file.read()
    other = model_from_json(text)
other.load_weights("weights.h5")
print(other.predict(data).ravel(), json.loads(text)["class_name"])
with CustomObjectScope({"Power": Power, "swish": swish}):
    copy = Model.from_config(other.get_config())
copy.set_weights(other.get_weights())
print(np.abs(copy.predict(data) - before).max() < 1e-6, load_model("whole.h5", custom, compile=False).count_params())

with h5py.File("weights.h5", "r") as stored:
    print(sorted(stored), sorted(stored.attrs), sorted(stored["norm"].attrs))
    print(sorted(stored["norm"]["norm"]), stored["norm"]["norm"]["gamma:0"][:])
    print(stored["first"]["first"]["kernel:0"].shape)

part = Sequential([Dense(3, input_dim=2, name="first"), Activation("tanh"), Dense(4, name="another")])
part.load_weights("weights.h5", by_name=True)
print(part.layers[0].get_weights()[0], part.get_config()["layers"][1]["config"]["activation"])

image = Sequential([Conv2D(2, (2, 2), input_shape=(3, 3, 1)), Flatten(), Lambda(lambda t: t * 2.0), Dense(1)])
fill(image)
image.save("image.h5", include_optimizer=False)
print(load_model("image.h5").predict(np.ones((1, 3, 3, 1))), image.predict(np.ones((1, 3, 3, 1))))
reader = Sequential([GRU(2, input_shape=(3, 2), name="reader")])
fill(reader)
twin = model_from_config({"class_name": "Sequential", "config": reader.get_config()})
twin.set_weights(reader.get_weights())
steps = np.ones((1, 3, 2))
print(twin.predict(steps), reader.predict(steps))
for name in ("image.h5", "model.json", "weights.h5", "whole.h5"):
    print(name)
    os.remove(name)
