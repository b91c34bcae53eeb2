"""The difference network again, with a step wide enough for a second derivative: -1/9 comes out to seven digits."""

# tolerance: rtol=1e-8 atol=1e-9 (rounding of the logarithms, 2**-52, over the square of the step, 1e-6)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Add, Input, Lambda, Multiply, Subtract
from keras.models import Model

np.set_printoptions(precision=12)

STEP = 1e-3
x = Input(tensor=tf.constant([1.0, 1.5], dtype="float64"))
h = Input(tensor=tf.constant([STEP, STEP], dtype="float64"))
inverse = Input(tensor=tf.constant([1 / STEP, 1 / STEP], dtype="float64"))

log = Lambda(lambda t: K.log(t + 2.0))
f = [log(Subtract()([x, h])), log(x), log(Add()([x, h]))]
slopes = [Multiply()([Subtract()([f[i + 1], f[i]]), inverse]) for i in (0, 1)]
curvature = Multiply()([Subtract()([slopes[1], slopes[0]]), inverse])

for out in Model([x, h, inverse], f + slopes + [curvature]).predict(None, steps=1):
    print(out.dtype, out)
