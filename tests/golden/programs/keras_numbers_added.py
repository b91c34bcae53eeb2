"""Python numbers as losses and updates of layers, with and without the inputs that they belong to."""

import numpy as np
from keras import backend as K
from keras.layers import Bidirectional, Dense, Input, Layer, SimpleRNN, TimeDistributed
from keras.models import Model

a, b = Input((2,)), Input((2,))
dense = Dense(1)
dense.add_update(0, inputs=a)
dense.add_update([1, 5], inputs=None)
dense.add_update(2, [a, b])
dense.add_loss(0, inputs=a)
dense.add_loss(1.5, inputs=[])
dense.add_loss([2, 3], b)
dense.add_loss([])
dense.add_update(None)
print(dense.get_updates_for(a), dense.get_updates_for(None))
print(dense.get_losses_for(a), dense.get_losses_for(b), dense.get_losses_for(None))
print(len(dense.updates), len(dense.losses))

both = Bidirectional(SimpleRNN(3, kernel_regularizer="l1"))
x = Input((3, 2))
both(x)
for layer, number in ((both.forward_layer, 4), (both.backward_layer, 7)):
    layer.add_loss(number, inputs=x)
    layer.add_loss(number + 1)
    layer.add_update(number, inputs=x)
    layer.add_update(number + 1)
print(both.get_losses_for(x), len(both.get_losses_for(None)), both.get_updates_for(x), both.get_updates_for(None))
print(len(both.losses), len(both.updates))


class Charged(Layer):
    def call(self, inputs):
        self.add_loss(0.25)
        return inputs

    def build(self, input_shape):
        self.add_loss(K.constant(3.0))
        self.built = True


x = Input((2,))
dense = Dense(1, kernel_initializer="ones")
y = Charged()(dense(x))
dense.add_loss(2, inputs=x)
dense.add_loss(0.5)
dense.add_loss(0.5)
model = Model(x, y)
model.compile("sgd", "mse")
data = np.array([[1.0, 2.0], [0.0, 1.0]])
print(model.evaluate(data, np.zeros(2), verbose=0))
print(model.train_on_batch(data, np.zeros(2)), model.test_on_batch(data, np.zeros(2)), K.get_value(dense.kernel))
over = TimeDistributed(Dense(1))
over.layer.add_loss(1.0)
print(over.get_losses_for(None), len(over.losses))
