"""Saved models read back: layers of Keras 1, kernels of another shape, YAML."""

# tolerance: units=32 (four layers, one after the other: a rounding of one is worth several units of the output)
import os

import numpy as np
from keras.layers import Conv2D, Conv2DTranspose, Dense, Flatten, Highway, Input, MaxoutDense, TimeDistributed
from keras.models import Model, Sequential, load_model, model_from_json, model_from_yaml
from keras.utils import CustomObjectScope


def fill(model):
    weights = model.get_weights()
    model.set_weights([np.sin(1 + k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(weights)])
    return model


def attempt(what, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        print(what, type(error).__name__)
    else:
        print(what, "accepted")


x = np.cos(np.arange(6.0)).reshape(2, 3)

# layers of Keras 1, as a whole model, as a configuration, and as weights
deep = [
    Highway(activation="tanh", W_regularizer="l2", b_constraint="nonneg", input_dim=3, name="way"),
    Highway(bias=False, init="one"),
    MaxoutDense(2, nb_feature=3, W_constraint="maxnorm", name="out"),
    MaxoutDense(1, bias=False, b_regularizer="l1"),
]
model = fill(Sequential(deep))
model.compile("sgd", "mse")
print(model.predict(x).ravel(), model.evaluate(x, np.ones((2, 1)), verbose=0), [w.shape for w in model.get_weights()])
model.save("old.h5")
model.save_weights("old_weights.h5")
again = load_model("old.h5")
print(again.predict(x).ravel(), again.evaluate(x, np.ones((2, 1)), verbose=0), [w.shape for w in again.get_weights()])
for layer in again.layers:
    config = layer.get_config()
    print(layer.name[:3], layer.__class__.__name__, sorted(config)[:6], config["bias"], config["input_dim"])
    print(config["W_regularizer"] is None, config["W_constraint"] is None, config["init"]["class_name"])
other = model_from_json(model.to_json())
other.load_weights("old_weights.h5")
print(other.predict(x).ravel())
copy = Sequential.from_config(model.get_config())
copy.set_weights(model.get_weights())
print(copy.predict(x).ravel(), type(copy.layers[0]) is Highway, isinstance(copy.layers[2], MaxoutDense))
steps = Input((4, 3))
wrapped = fill(Model(steps, TimeDistributed(MaxoutDense(2))(steps)))
wrapped.save("wrapped.h5")
sequence = np.cos(np.arange(12.0)).reshape(1, 4, 3)
print(wrapped.predict(sequence)[0, 0], load_model("wrapped.h5", compile=False).predict(sequence)[0, 0])


class Other(Dense):
    pass


with CustomObjectScope({"Highway": Other}):
    text = '{"class_name": "Sequential", "config": [{"class_name": "Highway", "config": {"units": 2}}]}'
    print([layer.__class__.__name__ for layer in model_from_json(text).layers])

# YAML
text = model.to_yaml()
again = model_from_yaml(text)
again.set_weights(model.get_weights())
print(again.predict(x).ravel(), text.splitlines()[0], "keras_version" in text)
short = """
class_name: Sequential
config:
- class_name: Dense
  config: {units: 2, name: !!python/unicode 'first', batch_input_shape: !!python/tuple [null, 3]}
- class_name: Other
  config: {units: 1, activation: tanh, name: last}
"""
again = fill(model_from_yaml(short, custom_objects={"Other": Other}))
print(again.predict(x).ravel(), [layer.name for layer in again.layers], again.input_shape)

# kernels of another shape
image = fill(Sequential([Conv2D(4, (1, 2), input_shape=(3, 4, 2), name="c"), Flatten(), Dense(1, name="d")]))
image.save_weights("image.h5")
data = np.cos(np.arange(24.0)).reshape(1, 3, 4, 2)
print(image.predict(data))
column = Sequential([Conv2D(4, (2, 1), input_shape=(3, 4, 2), name="c"), Flatten()])
column.load_weights("image.h5", by_name=True, reshape=True)
print(column.layers[0].get_weights()[0].ravel())
wide = Sequential([Conv2D(4, (2, 1), input_shape=(4, 3, 2), name="c"), Flatten(), Dense(1, name="d")])
attempt("reshape", wide.load_weights, "image.h5", reshape=True)
attempt("no reshape", column.load_weights, "image.h5", by_name=True)
attempt("skipped", column.load_weights, "image.h5", by_name=True, skip_mismatch=True, reshape=True)
small = Sequential([Conv2D(4, (1, 1), input_shape=(3, 4, 2), name="c")])
attempt("another size", small.load_weights, "image.h5", by_name=True, reshape=True)
up = fill(Sequential([Conv2DTranspose(2, (1, 2), input_shape=(2, 2, 3), name="u")]))
up.save_weights("up.h5")
turned = Sequential([Conv2DTranspose(2, (2, 1), input_shape=(2, 2, 3), name="u")])
turned.load_weights("up.h5", by_name=True, reshape=True)
print(turned.get_weights()[0].ravel())
line = Sequential([Dense(2, input_dim=4, name="d")])
attempt("a dense kernel", line.load_weights, "image.h5", by_name=True, reshape=True)
for name in ("old.h5", "old_weights.h5", "wrapped.h5", "image.h5", "up.h5"):
    os.remove(name)
