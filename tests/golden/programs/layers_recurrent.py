"""LSTM, GRU and a cell of one's own: states kept between batches, and slopes with respect to the sequence."""

# tolerance: rtol=4e-6 atol=1e-7 (recurrent sums)
import numpy as np
from keras import backend as K
from keras.layers import GRU, LSTM, RNN, Dense, Input, Layer, SimpleRNN
from keras.layers.recurrent import LSTMCell
from keras.models import Model, Sequential


class MinimalCell(Layer):
    def __init__(self, units, **kwargs):
        self.units, self.state_size = units, units
        super(MinimalCell, self).__init__(**kwargs)

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), initializer="ones", name="recurrent")
        self.built = True

    def call(self, inputs, states):
        output = K.tanh(K.dot(inputs, self.kernel) + K.dot(states[0], self.recurrent))
        return output, [output]


def fill(model):
    weights = model.get_weights()
    model.set_weights([np.cos(k + np.arange(w.size)).reshape(w.shape) / 2 for k, w in enumerate(weights)])


sequence = np.sin(np.arange(12.0)).reshape(2, 3, 2)
for layer in (
    GRU(2),
    RNN([LSTMCell(2), MinimalCell(1)], unroll=True),
):
    x = Input(shape=(3, 2))
    model = Model(x, layer(x))
    fill(model)
    slope = K.gradients(K.sum(K.square(model.output)), x)[0]
    print(layer.__class__.__name__, model.predict(sequence), [w.shape for w in layer.get_weights()])
    print(K.function([x], [slope])([sequence])[0][0])

x = Input(shape=(2, 2))
y = SimpleRNN(2, unroll=True, go_backwards=True, name="unrolled")(x)
model = Model(x, Dense(1)(y))
fill(model)
slope = K.gradients(model.output, x)[0]
curvature = K.gradients(slope[:, 0, 0], x)[0]
print(K.function([x], [slope, curvature])([sequence[:1, :2]]))

stateful = Sequential()
stateful.add(GRU(2, batch_input_shape=(2, 3, 2), stateful=True, return_sequences=True, reset_after=True))
stateful.add(LSTM(1, stateful=True))
fill(stateful)
for _ in range(2):
    print(stateful.predict(sequence, batch_size=2).ravel())
stateful.reset_states()
print(stateful.predict(sequence, batch_size=2).ravel())
stateful.layers[0].reset_states(states=np.ones((2, 2)))
print(stateful.predict(sequence, batch_size=2).ravel(), [K.get_value(s).shape for s in stateful.layers[1].states])

x, h0, c0 = Input(shape=(None, 2)), Input(shape=(2,)), Input(shape=(2,))
output, h, c = LSTM(2, return_sequences=True, return_state=True)(x, initial_state=[h0, c0])
decoder = Model([x, h0, c0], [output, h, c])
fill(decoder)
states = [np.array([[0.5, -0.5]]), np.zeros((1, 2))]
for _ in range(2):
    result = decoder.predict([sequence[:1, :1]] + states)
    states = result[1:]
    print(result[0].ravel(), states[1])
