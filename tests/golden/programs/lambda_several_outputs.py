"""One Lambda layer that gives a value, its slope and its curvature together."""

import numpy as np
from keras import backend as K
from keras.layers import Concatenate, Input, Lambda
from keras.models import Model


def jet(t):
    value = K.sin(t) * t
    slope = K.gradients(value, t)[0]
    curvature = K.gradients(slope, t)[0]
    return [value, slope, curvature]


def shapes(shape):
    return [shape, shape, shape]


t = Input(shape=(2,), name="t")
value, slope, curvature = Lambda(jet, output_shape=shapes, name="jet")(t)
together = Concatenate(axis=-1)([slope, curvature])
model = Model(inputs=t, outputs=[value, together])

print(model.get_layer("jet").name, model.output_shape)
points = np.array([[0.0, 0.5], [1.0, -1.0], [2.0, 3.0]], dtype="float32")
for part in model.predict(points):
    print(part)
for part in model.predict_on_batch(points[:1]):
    print(part)
