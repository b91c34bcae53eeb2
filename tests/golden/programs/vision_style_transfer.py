"""Style transfer: content, Gram matrices and total variation, minimised over the pixels by SciPy's L-BFGS-B."""

# tolerance: rtol=2e-4 atol=0 (a minimiser: its line search amplifies the last digit)
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import Conv2D, Input, MaxPooling2D
from keras.models import Model
from scipy.optimize import fmin_l_bfgs_b

ROWS, COLUMNS = 6, 6
content_image = K.variable(np.sin(np.arange(108.0)).reshape(1, ROWS, COLUMNS, 3))
style_image = K.variable(np.cos(np.arange(108.0) ** 1.1).reshape(1, ROWS, COLUMNS, 3))
if K.image_data_format() == "channels_first":
    mixture = K.placeholder((1, 3, ROWS, COLUMNS))
else:
    mixture = K.placeholder((1, ROWS, COLUMNS, 3))
pictures = K.concatenate([content_image, style_image, mixture], axis=0)

entry = Input(tensor=pictures)
h = Conv2D(4, (3, 3), activation="softplus", padding="same", name="block1_conv1")(entry)
h = MaxPooling2D((2, 2), strides=(2, 2))(h)
h = Conv2D(4, (3, 3), activation="softplus", padding="same", name="block2_conv1")(h)
model = Model(entry, h)
for layer in model.layers:
    layer.set_weights([np.cos(np.arange(w.size)).reshape(w.shape) / 3 for w in layer.get_weights()])
outputs = dict([(layer.name, layer.output) for layer in model.layers])


def gram_matrix(x):
    features = K.batch_flatten(K.permute_dimensions(x, (2, 0, 1)))
    return K.dot(features, K.transpose(features))


def style_loss(style, combination):
    return K.sum(K.square(gram_matrix(style) - gram_matrix(combination))) / (4.0 * 3**2 * (ROWS * COLUMNS) ** 2)


def total_variation(x):
    a = K.square(x[:, : ROWS - 1, : COLUMNS - 1, :] - x[:, 1:, : COLUMNS - 1, :])
    b = K.square(x[:, : ROWS - 1, : COLUMNS - 1, :] - x[:, : ROWS - 1, 1:, :])
    return K.sum(K.pow(a + b, 1.25))


loss = K.variable(0.0)
deep = outputs["block2_conv1"]
loss += 0.5 * K.sum(K.square(deep[2, :, :, :] - deep[0, :, :, :]))
for name in ["block1_conv1", "block2_conv1"]:
    features = outputs[name]
    loss += 0.5 * style_loss(features[1, :, :, :], features[2, :, :, :])
loss += 0.01 * total_variation(mixture)
fetched = [loss]
slopes = K.gradients(loss, mixture)
if isinstance(slopes, (list, tuple)):
    fetched += slopes
else:
    fetched.append(slopes)
f_outputs = K.function([mixture], fetched)


class Evaluator(object):
    """Loss and slope in one run, asked for by SciPy in two calls."""

    def __init__(self):
        self.value, self.slopes = None, None

    def loss(self, x):
        assert self.value is None
        outs = f_outputs([x.reshape((1, ROWS, COLUMNS, 3))])
        self.value, self.slopes = outs[0], np.array(outs[1:]).flatten().astype("float64")
        return self.value

    def grads(self, x):
        assert self.value is not None
        found = np.copy(self.slopes)
        self.value, self.slopes = None, None
        return found


evaluator = Evaluator()
x = np.zeros((1, ROWS, COLUMNS, 3))
print("%.6f" % evaluator.loss(x), evaluator.grads(x)[:6])
for i in range(2):
    x, minimum, info = fmin_l_bfgs_b(evaluator.loss, x.flatten(), fprime=evaluator.grads, maxfun=8)
    print("Iteration", i, "loss value: %.5f" % minimum, info["warnflag"], x.shape)
