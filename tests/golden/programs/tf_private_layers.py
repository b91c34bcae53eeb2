"""Layers, cells and functions of TensorFlow under its private names, from which programs of the time imported them."""

import tensorflow as tf
from tensorflow.python.eager import function
from tensorflow.python.layers import base, convolutional
from tensorflow.python.layers import core as core_layers
from tensorflow.python.layers.core import Dense
from tensorflow.python.layers.normalization import BatchNormalization
from tensorflow.python.layers.pooling import max_pooling2d
from tensorflow.python.ops import custom_gradient, rnn_cell, rnn_cell_impl
from tensorflow.python.ops.rnn_cell_impl import LSTMStateTuple, RNNCell, assert_like_rnncell

print(Dense is tf.layers.Dense, core_layers.FullyConnected is Dense, convolutional.Conv2D is tf.layers.Conv2D)
print(rnn_cell_impl.LSTMCell is tf.nn.rnn_cell.LSTMCell, rnn_cell.GRUCell is tf.nn.rnn_cell.GRUCell)
print(LSTMStateTuple(1, 2), issubclass(Dense, base.Layer), issubclass(tf.nn.rnn_cell.GRUCell, RNNCell))


class Scale(base.Layer):
    def build(self, shape):
        self.factor = self.add_variable("factor", [int(shape[-1])], initializer=tf.constant_initializer(3.0))
        self.built = True

    def call(self, inputs):
        return inputs * self.factor


class Counter(RNNCell):
    state_size = output_size = 2

    def call(self, inputs, state):
        total = inputs + state
        return tf.square(total), total


ones = tf.ones_initializer()
x = tf.constant([[1.0, -2.0], [0.5, 3.0]])
layer = Dense(3, kernel_initializer=ones, name="wide")
y = layer(x)
scaled = Scale(name="scale")(y)
short = core_layers.dense(scaled, 1, activation=tf.tanh, kernel_initializer=tf.constant_initializer(0.01), name="short")
normal = BatchNormalization(name="normal")(scaled)
image = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
pooled = max_pooling2d(convolutional.conv2d(image, 1, 3, padding="same", kernel_initializer=ones), 2, 2)
steps = tf.reshape(tf.range(12.0), [2, 3, 2]) / 12
cell = rnn_cell_impl.LSTMCell(2, name="lstm")
assert_like_rnncell("cell", cell)
with tf.variable_scope("cells", initializer=tf.constant_initializer(0.1)):
    outputs, state = tf.nn.dynamic_rnn(cell, steps, dtype=tf.float32)
    outputs, total = tf.nn.dynamic_rnn(Counter(), outputs, dtype=tf.float32)
slopes = tf.gradients(short, x) + tf.gradients(outputs, steps)

with tf.variable_scope("apart", use_resource=True):
    first, second = tf.get_variable("first", initializer=2.0), tf.get_variable("second", initializer=5.0)
start = first * tf.constant(3.0)
end = second * start
for pair in (([start], [end]), (start, (end, [start])), ([tf.constant(1.0)], end)):
    print(sorted(each.name for each in custom_gradient.get_dependent_variables(*pair)))


@function.defun
def cube(t):
    return t**3 * second


squared = function.defun(lambda t: t * t, input_signature=[tf.TensorSpec([None], tf.float32)])
z = tf.constant([1.0, 2.0])
compiled = [cube(z), squared(z)]
compiled += tf.gradients(compiled[0], [z, second]) + tf.gradients(compiled[1], z)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for value in session.run([y, scaled, short, normal, pooled, outputs, state, total, slopes, compiled]):
        print(value)
    print([variable.name for variable in layer.variables], len(tf.trainable_variables()))
