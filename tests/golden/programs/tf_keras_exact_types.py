"""Exact classes of tf.keras, by which programs tell layers and models apart; read back, copied, and of tf.layers."""

import numpy as np
import tensorflow as tf

layers, Model, Sequential = tf.keras.layers, tf.keras.Model, tf.keras.Sequential
inputs = layers.Input((4, 4, 1))
x = layers.Conv2D(2, 3, activation="relu")(inputs)
x = layers.BatchNormalization()(x)
x = layers.Flatten()(layers.MaxPooling2D()(layers.ZeroPadding2D()(x)))
x = layers.concatenate([layers.Dense(2)(x), layers.Lambda(lambda t: t * 2.0)(x)])
model = Model(inputs, layers.Dropout(0.5)(x))
rows = Sequential([layers.Embedding(5, 2, input_length=3), layers.LSTM(2, return_sequences=True), layers.GRU(3)])
rows.add(layers.Dense(1))
deep = Model(inputs, Sequential([layers.Dense(2, input_shape=(x.shape[1].value,))])(x))

names = {layers.Conv2D: "convolution", layers.Dense: "dense", layers.Flatten: "flat", layers.InputLayer: "input"}
print([names.get(type(layer), "another") for layer in model.layers])
print([names.get(layer.__class__, layer.__class__.__name__) for layer in rows.layers])
print([type(layer) is getattr(layers, type(layer).__name__) for layer in model.layers + rows.layers])
print([type(each) in (layers.Conv2D, Sequential, Model) for each in (model, rows, deep.layers[-1], model.layers[1])])
print(
    type(model) is Model, type(rows) is Sequential, type(model) is Sequential, type(rows) is tf.keras.models.Sequential
)
print(type(rows.layers[1].cell) is layers.LSTMCell, type(layers.RNN(layers.GRUCell(2)).cell) is layers.GRUCell)
both = layers.Bidirectional(layers.SimpleRNN(2))
print(type(both) is layers.Bidirectional, type(both.layer) is layers.SimpleRNN, isinstance(both, layers.Wrapper))
print(type(tf.layers.Dense(1)) is tf.layers.Dense, isinstance(tf.layers.Dense(1), layers.Dense))
print(type(tf.keras.optimizers.Adam()) is tf.keras.optimizers.Adam, type(layers.Add()) is layers.Add)


class Own(layers.Dense):
    pass


class OwnModel(Model):
    def __init__(self, size):
        super(OwnModel, self).__init__()
        self.dense = layers.Dense(size, kernel_initializer="ones")
        self.own = Own(1, kernel_initializer="ones")

    def call(self, inputs):
        return self.own(self.dense(inputs))


class OwnSequential(Sequential):
    def described(self):
        return "%d layers" % len(self.layers)


own = OwnModel(2)
small = OwnSequential([Own(1, kernel_initializer="ones", input_shape=(2,))])
print(type(own) is OwnModel, type(own.own) is Own, type(own.dense) is layers.Dense, isinstance(own, Model))
print(type(small) is OwnSequential, small.described(), isinstance(small, Sequential), issubclass(OwnSequential, Model))
data = np.array([[1.0, 2.0], [0.5, -1.0]], "float32")
own.compile(tf.train.GradientDescentOptimizer(0.1), "mse")
print(own.predict(data), own.train_on_batch(data, np.zeros((2, 1), "float32")), small.predict(data))
print(
    isinstance(own.own, layers.Layer), issubclass(Own, layers.Layer), isinstance(model, layers.Layer), len(own.weights)
)

model.set_weights([np.ones(weight.shape.as_list()) for weight in model.weights])
model.compile("adam", "mse")
model.save("model.h5")
copies = {
    "configuration": Model.from_config(model.get_config()),
    "json": tf.keras.models.model_from_json(rows.to_json()),
    "clone": tf.keras.models.clone_model(model),
    "loaded": tf.keras.models.load_model("model.h5"),
}
for name in sorted(copies):
    copy = copies[name]
    print(name, type(copy) is Model, type(copy) is Sequential, copy.__class__.__name__)
    print("  ", [type(layer) is getattr(layers, type(layer).__name__) for layer in copy.layers])
for layer in (layers.Dense(3), layers.LSTM(2), layers.Conv2D(1, 2)):
    again = layers.deserialize(layers.serialize(layer))
    print(
        layers.serialize(layer)["class_name"],
        type(again) is type(layer),
        type(layer).from_config(layer.get_config()) is layer,
    )


def named(self):
    return "%s of %d" % (self.__class__.__name__, len(self.layers))


Model.named = named
print(model.named(), rows.named(), small.named())
grads = tf.gradients(model(tf.ones([1, 4, 4, 1])), model.trainable_weights)
print(len(grads), [len(g.shape) for g in grads])
