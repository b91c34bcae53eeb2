"""Integrated gradients and SmoothGrad: slopes of one class summed along a path, and over noise that is given."""

# tolerance: rtol=1e-5 atol=1e-7 (sums of slopes that cancel)
import numpy as np
from keras import backend as K
from keras.layers import Dense, Dropout, Input
from keras.models import Model


class Attribution(object):
    """Slopes of each output of a model with respect to its input, by compiled functions."""

    def __init__(self, model, classes):
        self.functions = []
        for which in range(classes):
            slope = model.optimizer.get_gradients(K.sum(model.output[:, which]), model.input)
            self.functions.append(K.function([model.input, K.learning_phase()], slope))

    def slope(self, x, which):
        return self.functions[which]([x, 0])[0]

    def integrated(self, x, which, steps=20, baseline=None):
        baseline = np.zeros_like(x) if baseline is None else baseline
        path = np.stack([baseline + (k + 0.5) / steps * (x - baseline) for k in range(steps)])
        return (x - baseline) * self.slope(path, which).mean(axis=0)

    def smooth(self, x, which, noise):
        return sum(self.slope((x + each)[None], which)[0] for each in noise) / len(noise)


x = Input(shape=(3,))
h = Dense(6, activation="tanh", name="hidden")(x)
h = Dropout(0.5)(h)
y = Dense(2, activation="softmax", name="out")(h)
model = Model(x, y)
model.compile(optimizer="sgd", loss="categorical_crossentropy")
model.get_layer("hidden").set_weights([np.cos(np.arange(18.0)).reshape(3, 6), np.linspace(-0.5, 0.5, 6)])
model.get_layer("out").set_weights([np.sin(np.arange(12.0)).reshape(6, 2), np.array([0.1, -0.1])])

point, zero = np.array([0.5, -1.0, 2.0]), np.zeros(3)
explain = Attribution(model, 2)
for which in range(2):
    parts = explain.integrated(point, which)
    gain = model.predict(point[None])[0, which] - model.predict(zero[None])[0, which]
    print(explain.slope(point[None], which), parts)
    print("%.4f %.4f" % (parts.sum(), gain))
noise = [0.1 * np.sin(k + np.arange(3.0)) for k in range(5)]
print(explain.smooth(point, 0, noise))
print(explain.integrated(point, 1, steps=5, baseline=np.ones(3)))
