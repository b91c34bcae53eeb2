"""Networks of keras.applications by the names of their layers, and what they compute from given weights."""

# tolerance: rtol=1e-3 (fifty layers of float32, each a sum of up to 4608 products)
import numpy as np
from keras import backend as K
from keras.applications import MobileNet, MobileNetV2
from keras.applications.resnet50 import ResNet50

np.set_printoptions(precision=5)


def filled(model):
    weights = []
    for index, w in enumerate(w for layer in model.layers for w in layer.weights):
        value = np.sin(np.arange(np.prod(K.int_shape(w))) * 0.7 + index).reshape(K.int_shape(w))
        if len(value.shape) > 1:
            value = value * (3.0 / np.prod(value.shape[:-1])) ** 0.5
        elif "gamma" in w.name or "variance" in w.name:
            value = 1.0 + 0.3 * value
        weights.append(value * 0.3 if "beta" in w.name or "mean" in w.name else value)
    model.set_weights(weights)
    return model


def described(model):
    print(model.name, len(model.layers), len(model.weights), model.count_params(), model.output.name)
    for layer in model.layers[:9] + model.layers[-9:]:
        print("  ", layer.name, type(layer).__name__, K.int_shape(layer.output), [w.name for w in layer.weights[:1]])


picture = np.cos(np.arange(32 * 32 * 3.0)).reshape(1, 32, 32, 3)
model = filled(ResNet50(weights=None, input_shape=(32, 32, 3), classes=5))
described(model)
print([layer.name for layer in model.layers])
print([layer.epsilon for layer in model.layers if "bn" in layer.name][:2], model.predict(picture))
below = K.function([model.input], [model.get_layer("activation_49").output, model.get_layer("bn2a_branch1").output])
print([found.ravel()[:4] for found in below([picture])])
for make, options in ((MobileNet, {"alpha": 0.25}), (MobileNetV2, {"alpha": 0.35})):
    K.clear_session()
    model = filled(make(weights=None, input_shape=(33, 33, 3), classes=3, **options))
    described(model)
    print(model.predict(np.cos(np.arange(33 * 33 * 3.0)).reshape(1, 33, 33, 3)))
try:
    ResNet50(classes=3)
except ValueError:
    print("a top of 1000 classes")
