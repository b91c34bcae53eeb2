"""Recurrent cells of programs' own that read constants beside the steps: attention, conditioned and stacked cells."""

import numpy as np
from keras import backend as K
from keras.layers import RNN, Bidirectional, ConvLSTM2DCell, Dense, GRUCell, Input, Layer, LSTMCell, StackedRNNCells
from keras.models import Model, model_from_json
from keras.utils import CustomObjectScope


class ConditionedCell(Layer):
    """Adds a projection of a constant to each step."""

    def __init__(self, units, **kwargs):
        self.units = units
        self.state_size = units
        super(ConditionedCell, self).__init__(**kwargs)

    def build(self, input_shape):
        print("build", input_shape, type(input_shape).__name__)
        if not isinstance(input_shape, list):
            raise TypeError("expects constants shape")
        [input_shape, constant_shape] = input_shape
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="uniform", name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), initializer="uniform", name="recurrent")
        self.constant = self.add_weight(shape=(constant_shape[-1], self.units), initializer="uniform", name="constant")
        self.built = True

    def call(self, inputs, states, constants):
        [previous], [constant] = states, constants
        output = K.tanh(K.dot(inputs, self.kernel) + K.dot(previous, self.recurrent) + K.dot(constant, self.constant))
        return output, [output]

    def get_config(self):
        return dict(list(super(ConditionedCell, self).get_config().items()) + [("units", self.units)])


class AttentionCell(Layer):
    """A GRU cell over a weighted mean of a sequence that the state selects."""

    def __init__(self, units, **kwargs):
        self.units = units
        self.cell = GRUCell(units)
        self.state_size = units
        super(AttentionCell, self).__init__(**kwargs)

    def build(self, input_shape):
        step, memory, _ = input_shape
        print("attention over", memory, "at each", step)
        self.query = self.add_weight(shape=(self.units, memory[-1]), initializer="uniform", name="query")
        self.cell.build((step[0], step[-1] + memory[-1]))
        self._trainable_weights += self.cell.trainable_weights
        self.built = True

    def call(self, inputs, states, constants):
        memory, bias = constants
        scores = K.sum(memory * K.expand_dims(K.dot(states[0], self.query), 1), -1) + bias
        context = K.sum(memory * K.expand_dims(K.softmax(scores)), 1)
        return self.cell.call(K.concatenate([inputs, context]), states)


def fixed(model):
    model.set_weights([np.sin(k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(model.get_weights())])
    return model


def values(*shape):
    return np.cos(np.arange(float(np.prod(shape)))).reshape(shape)


x, c = Input((None, 5)), Input((3,))
layer = RNN(ConditionedCell(4), return_sequences=True)
model = fixed(Model([x, c], layer(x, constants=c)))
print(model.predict([values(2, 3, 5), values(2, 3)])[:, -1], len(model.weights), layer.cell.built)
model.compile("sgd", "mse")
print("%.5f" % model.train_on_batch([values(2, 3, 5), values(2, 3)], np.zeros((2, 3, 4))))
again = model_from_json(model.to_json(), custom_objects={"ConditionedCell": ConditionedCell})
again.set_weights(model.get_weights())
print(np.allclose(again.predict([values(2, 3, 5), values(2, 3)]), model.predict([values(2, 3, 5), values(2, 3)])))

state = Input((4,))
flat = RNN(ConditionedCell(4))
model = fixed(Model([x, state, c], flat(x, initial_state=state, constants=c)))
print(model.predict([values(2, 3, 5), values(2, 4), values(2, 3)]))

steps, memory, bias = Input((3, 2)), Input((4, 5)), Input((4,))
attention = RNN(AttentionCell(3))
model = fixed(Model([steps, memory, bias], attention(steps, constants=[memory, bias])))
print(model.predict([values(2, 3, 2), values(2, 4, 5), values(2, 4)]), [w.shape for w in model.get_weights()])

stacked = RNN(StackedRNNCells([GRUCell(3), ConditionedCell(4), LSTMCell(2)]))
model = fixed(Model([x, c], stacked(x, constants=c)))
print(model.predict([values(2, 3, 5), values(2, 3)]), len(model.trainable_weights))

with CustomObjectScope({"ConditionedCell": ConditionedCell}):
    both = Bidirectional(RNN(ConditionedCell(2)))
model = fixed(Model([x, c], both(x, constants=c)))
print(model.predict([values(2, 3, 5), values(2, 3)]))
shared = Dense(1)(RNN(ConditionedCell(4))(x, constants=[c]))
print(K.int_shape(shared), ConvLSTM2DCell(2, 3).filters)
