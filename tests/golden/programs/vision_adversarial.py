"""Adversarial examples for a Keras classifier: the fast gradient sign, steps of it, and the least likely class."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Activation, Dense, Flatten
from keras.losses import categorical_crossentropy
from keras.models import Sequential
from keras.utils import np_utils

sess = tf.Session()
K.set_session(sess)

model = Sequential()
model.add(Flatten(input_shape=(4, 4)))
model.add(Dense(8, activation="tanh", name="hidden"))
model.add(Dense(3, name="logits"))
model.add(Activation("softmax"))
sess.run(tf.global_variables_initializer())
for k, layer in enumerate(model.layers):
    layer.set_weights([np.sin(k + np.arange(w.size) ** 1.2).reshape(w.shape) for w in layer.get_weights()])

image = tf.placeholder(tf.float32, shape=(None, 4, 4))
label = tf.placeholder(tf.float32, shape=(None, 3))


def fast_sign(x, predictions, target, eps, clip_min=None, clip_max=None):
    loss = tf.reduce_mean(categorical_crossentropy(target, predictions))
    (slope,) = tf.gradients(loss, x)
    moved = tf.stop_gradient(x + eps * tf.sign(slope))
    if clip_min is not None and clip_max is not None:
        moved = tf.clip_by_value(moved, clip_min, clip_max)
    return moved, slope, loss


predictions = model(image)
moved, slope, loss = fast_sign(image, predictions, label, 0.1, 0.0, 1.0)
after = model(moved)
saturated = tf.reduce_max(predictions, 1, keep_dims=True)
guess = tf.to_float(tf.equal(predictions, saturated))

pictures = np.abs(np.cos(np.arange(48.0))).reshape(3, 4, 4)
truth = np_utils.to_categorical([0, 1, 2], 3)
feed = {image: pictures, label: truth, K.learning_phase(): 0}
before, there, gradient, value = sess.run([predictions, after, slope, loss], feed_dict=feed)
print(before)
print(there)
print(gradient[0])
print("%.6f" % value, sess.run(guess, feed).argmax(axis=-1))

moving, least = pictures.copy(), before.argmin(axis=1)
x, y = model.get_input_at(0), model.get_output_at(0)
toward = K.gradients(K.mean(K.categorical_crossentropy(label, y)), x)[0]
step = K.function([x, label, K.learning_phase()], [toward])
for _ in range(4):
    moving = np.clip(moving - 0.05 * np.sign(step([moving, np.eye(3)[least], 0])[0]), 0, 1)
print(np.abs(moving - pictures).max().round(6), model.predict(moving), least)
