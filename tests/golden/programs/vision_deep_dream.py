"""Deep dream: ascending the L2 norm of some layers by the slope with respect to the picture, from coarse to fine."""

# tolerance: rtol=2e-5 atol=1e-6 (each step starts where the last one ended)
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import AveragePooling2D, Conv2D, Input
from keras.models import Model

settings = {"features": {"mixed1": 0.2, "mixed2": 1.5}}
K.set_learning_phase(0)

picture = Input(shape=(None, None, 3))
h = Conv2D(4, 3, padding="same", activation="sigmoid", name="mixed1")(picture)
h = AveragePooling2D(2)(h)
h = Conv2D(3, 3, padding="same", activation="tanh", name="mixed2")(h)
model = Model(picture, h)
for layer in model.layers:
    layer.set_weights([np.cos(2.0 * np.arange(w.size)).reshape(w.shape) for w in layer.get_weights()])
layers = dict([(layer.name, layer) for layer in model.layers])

loss = K.variable(0.0)
for name in sorted(settings["features"]):
    x = layers[name].output
    scaling = K.prod(K.cast(K.shape(x), "float32"))
    loss += settings["features"][name] * K.sum(K.square(x[:, 1:-1, 1:-1, :])) / scaling

dream = model.input
slopes = K.gradients(loss, dream)[0]
slopes /= K.maximum(K.mean(K.abs(slopes)), K.epsilon())
fetch = K.function([dream], [loss, slopes])


def ascend(x, iterations, step, max_loss=None):
    for i in range(iterations):
        value, slope = fetch([x])
        if max_loss is not None and value > max_loss:
            break
        print("..Loss value at %d: %.5f" % (i, value))
        x += step * slope
    return x


def larger(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def smaller(x):
    return x[:, ::2, ::2]


original = np.sin(np.arange(192.0)).reshape(1, 8, 8, 3)
img = shrunk = smaller(original)
for octave in (0, 1):
    print("Processing octave", octave, img.shape)
    img = ascend(img, iterations=3, step=0.05, max_loss=10.0)
    if octave == 0:
        img = larger(img) + original - larger(shrunk)
print(img[0, 2:4, 3:5])
