"""Layers of one's own with weights, regularizers, constraints, updates, losses, configurations and states."""

import numpy as np
from keras import activations, constraints, initializers, regularizers
from keras import backend as K
from keras.engine import InputSpec
from keras.engine.topology import Layer
from keras.layers import Activation, Dense, Input
from keras.models import Model, Sequential
from keras.utils.generic_utils import get_custom_objects


class Scale(Layer):
    """Multiplies and adds by axis, as many networks of the time had it."""

    def __init__(self, axis=-1, gamma_init="ones", gamma_regularizer=None, gamma_constraint=None, **kwargs):
        self.supports_masking = True
        self.axis = axis
        self.gamma_init = initializers.get(gamma_init)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.gamma_constraint = constraints.get(gamma_constraint)
        super(Scale, self).__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec = [InputSpec(shape=input_shape)]
        shape = (int(input_shape[self.axis]),)
        self.gamma = self.add_weight(
            shape=shape,
            initializer=self.gamma_init,
            name="gamma",
            regularizer=self.gamma_regularizer,
            constraint=self.gamma_constraint,
        )
        self.beta = K.variable(np.zeros(shape), name="{}_beta".format(self.name))
        self._trainable_weights = [self.gamma, self.beta]
        self.built = True

    def call(self, x, mask=None):
        shape = [1] * K.ndim(x)
        shape[self.axis] = K.int_shape(x)[self.axis]
        return K.reshape(self.gamma, shape) * x + K.reshape(self.beta, shape)

    def get_config(self):
        config = {
            "axis": self.axis,
            "gamma_init": initializers.serialize(self.gamma_init),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
        }
        return dict(list(super(Scale, self).get_config().items()) + list(config.items()))


class Counting(Layer):
    """Keeps a running sum of what it saw, by an update, and a penalty on what it gives, by a loss."""

    def build(self, input_shape):
        self.total = self.add_weight("total", (input_shape[1],), initializer="zeros", trainable=False)
        super(Counting, self).build(input_shape)

    def call(self, x):
        self.add_update([K.update_add(self.total, K.sum(x, axis=0))], x)
        self.add_loss(0.01 * K.sum(K.square(x)), inputs=x)
        return K.in_train_phase(x, x + 0.0)


class Distance(Layer):
    """Two inputs, one output of another shape."""

    def __init__(self, activation=None, **kwargs):
        super(Distance, self).__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs):
        a, b = inputs
        return self.activation(K.sum(K.abs(a - b), axis=-1, keepdims=True))

    def compute_output_shape(self, input_shape):
        first, second = input_shape
        assert first == second
        return (first[0], 1)


x = Input(shape=(3,))
scale = Scale(gamma_regularizer=regularizers.l2(0.1), gamma_constraint="non_neg", name="scale")
counting = Counting()
model = Model(x, counting(scale(x)))
scale.set_weights([np.array([1.0, -2.0, 0.5]), np.array([0.0, 0.5, 0.0])])
data = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
print(model.predict(data))
print([K.eval(loss) for loss in scale.losses], len(model.losses), len(model.updates))
model.compile("sgd", "mse")
print("%.6f" % model.test_on_batch(data, data), counting.get_weights())
model.layers[1].trainable = False
model.compile("sgd", "mse")
model.train_on_batch(data, data)
print(counting.get_weights()[0], [w.shape for w in model.get_weights()], len(model.trainable_weights))
print([(key, scale.get_config()[key]) for key in ("axis", "name", "gamma_regularizer")], scale.count_params())
copy = Scale.from_config(scale.get_config())
print(copy.name, copy.axis, copy.gamma_regularizer.l2, copy.gamma_init.__class__.__name__, scale.gamma.shape)

a, b = Input(shape=(2,)), Input(shape=(2,))
distance = Distance("sigmoid")
siamese = Model([a, b], distance([a, b]))
print(siamese.output_shape, distance.input_shape, K.int_shape(siamese.output))
slopes = K.gradients(siamese.output, [a, b])
print(K.function([a, b], slopes)([data[:, :2], data[:, 1:]]))

get_custom_objects().update({"bent": Activation(lambda t: K.sqrt(K.square(t) + 1.0) - 1.0)})
bent = Sequential([Dense(2, input_dim=2, kernel_initializer="identity"), Activation("bent")])
bent.add(Activation(K.softsign))
print(bent.predict(data[:, :2]))
get_custom_objects().pop("bent")
bent.layers[0].name = "renamed"
print(bent.layers[0].name, [layer.__class__.__name__ for layer in bent.layers], bent.get_layer(index=0).units)
