"""Stacks of recurrent cells: sizes and order of their states, returned, given and kept; cells that are no layers."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import RNN, Bidirectional, GRUCell, Input, LSTMCell, SimpleRNNCell, StackedRNNCells
from keras.models import Model

steps = np.linspace(-1, 1, 24).reshape(2, 3, 4)


def filled(model):
    weights = model.get_weights()
    model.set_weights([np.sin(np.arange(w.size) + len(w)).reshape(w.shape) / 2 for w in weights])
    return model


def cells():
    return [LSTMCell(2), GRUCell(3), LSTMCell(1)]


for reverse in (False, True):
    K.clear_session()
    stack = StackedRNNCells(cells(), reverse_state_order=reverse)
    print(reverse, stack.state_size, type(stack.state_size).__name__)
    x = Input((3, 4))
    layer = RNN(stack, return_state=True, return_sequences=True)
    outputs = layer(x)
    print(len(outputs), [K.int_shape(each) for each in outputs], layer.compute_output_shape((None, 3, 4)))
    model = filled(Model(x, outputs))
    for found in model.predict(steps):
        print(found)
    print([w.shape for w in model.get_weights()], len(layer.state_spec))

    # states that are given
    starts = [Input((size,)) for size in stack.state_size]
    given = Model([x] + starts, layer(x, initial_state=starts))
    found = given.predict([steps] + [np.full((2, size), size / 4.0) for size in stack.state_size])
    print([each.sum(1).round(5).tolist() for each in found[1:]])

# states that are kept from batch to batch, and set
K.clear_session()
stateful = RNN([SimpleRNNCell(2), LSTMCell(3)], stateful=True)
model = filled(Model(*(lambda x: (x, stateful(x)))(Input(batch_shape=(2, 3, 4)))))
print(stateful.cell.state_size, len(stateful.states), [K.int_shape(each) for each in stateful.states])
print(model.predict(steps), model.predict(steps))
model.reset_states()
print(model.predict(steps)[0])
stateful.reset_states([np.ones((2, 2)), np.zeros((2, 3)), np.ones((2, 3))])
print(model.predict(steps)[1], [K.get_value(each).shape for each in stateful.states])


# cells that are no layers
class Cell(object):
    def __init__(self, units, inputs):
        self.units, self.state_size = units, (units, units)
        self.kernel = K.variable(np.cos(np.arange(inputs * units)).reshape(inputs, units))

    def call(self, inputs, states):
        output = K.dot(inputs, self.kernel) + states[0] - states[1]
        return output, [output / 2, output / 3]


K.clear_session()
own = RNN([Cell(2, 4), Cell(3, 2)], return_state=True)
x = Input((None, 4))
y = own(x)
print(own.cell.state_size, len(y), own.cell.output_size if hasattr(own.cell, "output_size") else 3)
for found in Model(x, y).predict(steps):
    print(found)

# training, derivatives and a saved configuration
K.clear_session()
x = Input((3, 4))
both = Bidirectional(RNN([GRUCell(2), SimpleRNNCell(1)]))
model = filled(Model(x, both(x)))
print(model.predict(steps), K.function([x], K.gradients(K.sum(model.output), [x]))([steps])[0][1])
copy = Model.from_config(model.get_config())
copy.set_weights(model.get_weights())
print(np.array_equal(copy.predict(steps), model.predict(steps)), copy.layers[1].forward_layer.cell.state_size)
print(StackedRNNCells.from_config(StackedRNNCells(cells()).get_config()).state_size)
of_tf_keras = tf.keras.layers.StackedRNNCells([tf.keras.layers.GRUCell(3), tf.keras.layers.GRUCell(1)])
print(tuple(of_tf_keras.state_size))
