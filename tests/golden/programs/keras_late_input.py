"""Sequential models without an input shape: built by the first data, or by `build`."""

import numpy as np
from keras import backend as K
from keras.layers import BatchNormalization, Dense
from keras.models import Model, Sequential, load_model, model_from_json

x = np.array([[0.5, -1.0], [1.5, 2.0], [-0.25, 0.75]])
y = np.array([[1.0], [-0.5], [0.25]])


def make(*layers):
    ones = {"kernel_initializer": "ones"}
    return Sequential(list(layers) or [Dense(2, activation="tanh", **ones), Dense(1, **ones)])


def state(model):
    counts = (
        len(model.weights),
        len(model.trainable_weights),
        len(model.non_trainable_weights),
        len(model.get_weights()),
    )
    print(model.built, counts, len(model.layers), bool(model.inputs))


# by predict, with and without a list
model = make()
state(model)
print(model.predict([x]).ravel())
state(model)
print(model.predict(x).ravel(), model.input_shape, model.output_shape, K.int_shape(model.layers[0].output))
print(model.inputs[0].name.split("/")[0].split("_input")[-1], model.count_params(), [w.name for w in model.weights])

# by fit, evaluate and train_on_batch
model = make(Dense(1, kernel_initializer="ones"))
model.compile("sgd", "mse", metrics=["mae"])
state(model)
print(model.fit([x], [y], batch_size=3, epochs=2, verbose=0, shuffle=False).history)
state(model)
print(model.evaluate([x], [y], verbose=0), model.metrics_names)
model = make(Dense(1, kernel_initializer="ones"), BatchNormalization())
model.compile("sgd", "mse")
print(model.evaluate(x, y, verbose=0), model.test_on_batch(x, [y]))
state(model)
model = make(Dense(1, kernel_initializer="ones"))
model.compile("sgd", "mse")
print(model.train_on_batch([x], y), model.test_on_batch(x, y), model.predict_on_batch([x]).shape)

# by build; layers added later
model = make()
model.build((None, 2))
state(model)
print(model.predict(x).ravel(), model.layers[0].input_shape)
model.add(Dense(3, kernel_initializer="ones", name="later"))
state(model)
print(model.predict(x)[0], model.output_shape)
model.pop()
state(model)
print(model.predict(x)[0], model.output_shape)

# saved and read back
config = model.get_config()
print([layer["class_name"] for layer in config["layers"]], tuple(config["build_input_shape"]))
again = Sequential.from_config(config)
again.set_weights(model.get_weights())
print(again.predict([x]).ravel())
again = model_from_json(model.to_json())
print(again.predict(x).ravel(), len(again.layers))
model.save("late.h5")
print(load_model("late.h5", compile=False).predict(x).ravel())
unbuilt = make()
config = unbuilt.get_config()
print(len(config["layers"]), "build_input_shape" in config)
state(Sequential.from_config(config))

# a model in a model
outer = Sequential([Dense(2, kernel_initializer="ones"), make()])
print(outer.predict(x).ravel(), len(outer.weights))


# a model of one's own has no weights before its data either
class Own(Model):
    def __init__(self):
        super(Own, self).__init__()
        self.dense = Dense(1, kernel_initializer="ones")

    def call(self, inputs):
        return self.dense(inputs)


own = Own()
own.compile("sgd", "mse")
print(len(own.weights), len(own.trainable_weights), own.get_weights())
print(own.predict(x).ravel(), len(own.weights))
print(own.train_on_batch([x], [y]), own.predict([x]).ravel())
