"""Exact classes, by which libraries tell tensors, models and layers apart."""

import keras
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras import layers, models, optimizers
from keras.engine import topology, training
from keras.engine.sequential import Sequential as Sequential2
from tensorflow.python.framework import ops

x = tf.placeholder(tf.float32, [None, 3])
w = tf.Variable(tf.ones([3, 2]))
tensors = {
    "placeholder": x,
    "with a default": tf.placeholder_with_default(1.0, []),
    "constant": tf.constant(1.0),
    "of an op": tf.matmul(x, w) + 1.0,
    "of numpy": tf.convert_to_tensor(np.ones(3)),
    "gradient": tf.gradients(tf.matmul(x, w), x)[0],
    "branch": tf.cond(tf.constant(True), lambda: tf.constant(1.0), lambda: tf.constant(2.0)),
    "loop": tf.while_loop(lambda t: t < 3.0, lambda t: t + 1.0, [tf.constant(0.0)]),
    "value of a variable": w.value(),
    "of the graph": tf.get_default_graph().get_tensor_by_name(x.name),
    "of Keras": K.placeholder((2, 3)),
    "input": layers.Input((3,)),
    "output": layers.Dense(2)(layers.Input((3,))),
}
for name in sorted(tensors):
    each = tensors[name]
    print(name, type(each) is tf.Tensor, type(each) is ops.Tensor, isinstance(each, (tf.Tensor, tf.Variable)))
    print("  ", each.__class__ is tf.Tensor, type(each) in (tf.Tensor, list))
print(
    isinstance(w, tf.Tensor),
    isinstance(np.ones(2), tf.Tensor),
    isinstance(x.op, tf.Tensor),
    issubclass(tf.Tensor, object),
)
print({tf.Tensor: 1}[type(x)], isinstance(x, (int, tf.Tensor)), tf.contrib.framework.is_tensor(x))
print(type(x.op) is tf.Operation, type(x.shape) is tf.TensorShape, type(x.shape[0]) is tf.Dimension)
print(type(x.dtype) is tf.DType, type(tf.get_default_graph()) is tf.Graph, type(w).__name__, isinstance(w, tf.Variable))
print([type(each).__name__ for each in (tf.SparseTensor([[0]], [1.0], [2]), tf.IndexedSlices(x, x), tf.Session())])


def doubled(self):
    return self * 2.0


tf.Tensor.doubled = doubled
print(tf.Session().run(x.doubled(), {x: [[1.0, 2.0, 3.0]]}))


class Small(models.Sequential):
    pass


class Mine(keras.models.Model):
    def described(self):
        return "%d layers" % len(self.layers)


class Called(keras.Model):
    def __init__(self):
        super(Called, self).__init__()
        self.dense = layers.Dense(1, kernel_initializer="ones")

    def call(self, inputs):
        return self.dense(inputs)


a = layers.Input((2,))
b = layers.Dense(1, kernel_initializer="ones")(a)
model, sequential = (
    models.Model(a, b),
    models.Sequential([layers.Dense(1, kernel_initializer="ones", input_shape=(2,))]),
)
mine, small, called = (
    Mine(inputs=a, outputs=b),
    Small([layers.Dense(1, kernel_initializer="ones", input_shape=(2,))]),
    Called(),
)
called.compile("sgd", "mse")
model.save("model.h5")
sequential.save("sequential.h5")
made = {
    "model": model,
    "sequential": sequential,
    "loaded": models.load_model("model.h5"),
    "loaded sequential": models.load_model("sequential.h5"),
    "of a configuration": models.Model.from_config(model.get_config()),
    "of json": models.model_from_json(model.to_json()),
    "clone": models.clone_model(model),
    "clone of a sequential": models.clone_model(sequential),
}
for name in sorted(made):
    each = made[name]
    print(name, type(each) is keras.models.Model, type(each) is keras.models.Sequential)
    print(
        "  ", type(each) is training.Model, type(each) is Sequential2, type(each) in (models.Model, models.Sequential)
    )
for each in (mine, small, called):
    print(type(each) in (Mine, Small, Called), type(each) in (models.Model, models.Sequential))
    print("  ", isinstance(each, models.Model), isinstance(each, models.Sequential), isinstance(each, topology.Layer))
print(mine.described(), mine.predict(np.ones((1, 2))), called.predict(np.ones((1, 2))), type(mine) is Mine)
print(keras.models.Model is keras.Model is training.Model, models.Sequential is keras.Sequential, models.Model.__name__)
print(
    issubclass(models.Sequential, models.Model), issubclass(Mine, models.Model), issubclass(models.Model, layers.Layer)
)


def named(self):
    return "%s of %d" % (self.__class__.__name__, len(self.layers))


models.Model.named = named
print(model.named(), sequential.named(), mine.named(), small.named())

print(
    type(layers.Dense(1)) is layers.Dense, type(layers.LSTM(1)) is layers.LSTM, type(optimizers.SGD()) is optimizers.SGD
)

variables = {
    "of TensorFlow": tf.Variable(1.0),
    "of Keras": K.variable(1.0),
    "a weight": model.layers[1].kernel,
    "a resource": tf.get_variable("resource", [], use_resource=True),
    "of tf.layers": tf.layers.Dense(1).apply(x) is not None and tf.trainable_variables()[-1],
    "of tf.keras": tf.keras.backend.variable(1.0),
    "a tensor": tf.constant(1.0),
    "an array": np.ones(1),
}
for name in sorted(variables):
    each = variables[name]
    print(name, isinstance(each, tf.Variable), isinstance(each, (int, tf.Variable)), isinstance(each, tf.Tensor))
