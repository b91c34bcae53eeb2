"""Grad-CAM and guided Grad-CAM for a small network: a heat map, and a saliency map whose ReLU keeps what is positive."""

# tolerance: rtol=1e-5 atol=1e-7 (slopes of a softmax are differences of scores)
import keras
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Activation, Conv2D, Dense, GlobalAveragePooling2D, Input, MaxPooling2D
from keras.layers.core import Lambda
from keras.models import Model

SIZE, CLASSES = 8, 3


def build():
    image = Input(shape=(SIZE, SIZE, 3), name="image")
    h = Activation("relu")(Conv2D(4, (3, 3), padding="same", name="block1")(image))
    h = MaxPooling2D((2, 2))(h)
    h = Activation("relu", name="last")(Conv2D(5, (3, 3), padding="same", name="block2")(h))
    scores = Dense(CLASSES, activation="softmax", name="scores")(GlobalAveragePooling2D()(h))
    return Model(inputs=image, outputs=scores)


def fill(model):
    for number, layer in enumerate(model.layers):
        values = [np.sin(number + np.arange(w.size)).reshape(w.shape) / 2 for w in layer.get_weights()]
        layer.set_weights(values)


def one_class(x, which):
    return tf.multiply(x, K.one_hot([which], CLASSES))


def normalize(x):
    return x / (K.sqrt(K.mean(K.square(x))) + 1e-5)


def grad_cam(base, image, which, layer):
    x = Lambda(lambda x: one_class(x, which), output_shape=lambda shape: shape)(base.layers[-1].output)
    model = Model(input=base.layers[0].input, output=x)
    loss = K.sum(model.layers[-1].output)
    conv = [each for each in model.layers if each.name == layer][0].output
    slopes = normalize(K.gradients(loss, conv)[0])
    read = K.function([model.layers[0].input], [conv, slopes])
    output, slopes = read([image])
    output, slopes = output[0, :], slopes[0, :, :, :]
    cam = np.ones(output.shape[0:2], dtype=np.float32)
    for number, weight in enumerate(np.mean(slopes, axis=(0, 1))):
        cam += weight * output[:, :, number]
    cam = np.maximum(cam, 0)
    return cam / np.max(cam)


@tf.RegisterGradient("KeepPositive")
def keep_positive(op, slope):
    return slope * tf.cast(slope > 0.0, slope.dtype) * tf.cast(op.inputs[0] > 0.0, slope.dtype)


picture = np.cos(np.arange(SIZE * SIZE * 3.0)).reshape(1, SIZE, SIZE, 3)
model = build()
fill(model)
predictions = model.predict(picture)
winner = int(np.argmax(predictions))
print(predictions, winner)
print(grad_cam(model, picture, winner, "last"))

with tf.get_default_graph().gradient_override_map({"Relu": "KeepPositive"}):
    guided = build()
fill(guided)
layer = guided.get_layer("last").output
saliency = K.gradients(K.sum(K.max(layer, axis=3)), guided.input)[0]
print(K.function([guided.input, K.learning_phase()], [saliency])([picture, 0])[0][0, 2:4, :, 0])
print(np.allclose(guided.predict(picture), predictions), keras.__version__ >= "2.0")
