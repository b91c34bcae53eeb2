"""TimeDistributed, Bidirectional and a wrapper of one's own around other layers."""

# tolerance: rtol=4e-6 atol=1e-7 (recurrent sums)
import numpy as np
from keras import backend as K
from keras.layers import LSTM, Bidirectional, Conv1D, Dense, Dropout, Embedding, Flatten, GRU, Input, TimeDistributed
from keras.layers.wrappers import Wrapper
from keras.models import Model, Sequential


class Scaled(Wrapper):
    """The layer inside, times a factor that is learnt."""

    def __init__(self, layer, start=2.0, **kwargs):
        super(Scaled, self).__init__(layer, **kwargs)
        self.start = start

    def build(self, input_shape=None):
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        super(Scaled, self).build()
        self.factor = self.layer.add_weight(
            name="factor", shape=(), initializer=lambda shape, dtype=None: K.constant(self.start, shape=shape)
        )

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def call(self, inputs, training=None):
        return self.factor * self.layer.call(inputs)


def fill(model):
    weights = model.get_weights()
    model.set_weights([np.sin(k + np.arange(w.size)).reshape(w.shape) / 2 for k, w in enumerate(weights)])


steps = np.cos(np.arange(12.0)).reshape(2, 3, 2)

shared = Sequential([TimeDistributed(Dense(3, activation="tanh"), input_shape=(3, 2)), TimeDistributed(Dense(1))])
fill(shared)
print(shared.output_shape, shared.predict(steps)[:, :, 0], len(shared.get_weights()))

for mode in ("sum", None):
    x = Input(shape=(3, 2))
    y = Bidirectional(LSTM(2, return_sequences=True, unroll=True), merge_mode=mode)(x)
    model = Model(x, y)
    fill(model)
    result = model.predict(steps[:1])
    print(mode, [part[0, -1] for part in result] if mode is None else result[0, -1])

x = Input(shape=(3, 2))
h = Bidirectional(GRU(2, recurrent_activation="sigmoid", unroll=True), name="both_ways")(x)
model = Model(x, Scaled(Dense(1), start=3.0, name="scaled")(h))
fill(model)
slope = K.gradients(model.output, x)[0]
print(model.predict(steps).ravel(), [w.shape for w in model.get_layer("scaled").get_weights()])
print(K.function([x], [slope])([steps])[0])
print(len(model.trainable_weights), model.get_layer("both_ways").forward_layer.units)

words = Input(shape=(2, 4), dtype="int32")
inner = Sequential([Embedding(5, 2, input_length=4), Conv1D(2, 2, activation="relu"), Flatten(), Dropout(0.5)])
outer = Model(words, GRU(1, unroll=True)(TimeDistributed(inner)(words)))
fill(outer)
print(outer.predict(np.array([[[0, 1, 2, 3], [4, 3, 2, 1]], [[1, 1, 1, 1], [0, 0, 0, 0]]])).ravel())
print(K.int_shape(outer.output), [layer.__class__.__name__ for layer in outer.layers])
