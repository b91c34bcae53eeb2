"""Second derivative of log(x + shift) by differences, as a Keras network in double precision.

The step is far too small for a second derivative: the answer is a whole number of units of 2**-52 / step**2 = 0.0222.
"""

# tolerance: rtol=1e-8 atol=0.0223 (one unit in the last place of log(x + step) is worth 0.0222 in the end)
import tensorflow as tf
from keras import backend as K
from keras.layers import Add, Input, Lambda, Multiply, Subtract
from keras.models import Model


def given(number):
    return Input(tensor=tf.constant([number], dtype=tf.float64))


def log_of_sum(u, v):
    return Lambda(lambda t: K.log(t))(Add()([u, v]))


x, shift, step, per_step = given(1.0), given(2.0), given(1e-7), given(1e7)

below = log_of_sum(Subtract()([x, step]), shift)
here = log_of_sum(x, shift)
above = log_of_sum(Add()([x, step]), shift)

slope_below = Multiply()([Subtract()([here, below]), per_step])
slope_above = Multiply()([Subtract()([above, here]), per_step])
bend = Multiply()([Subtract()([slope_above, slope_below]), per_step])

network = Model(inputs=[x, shift, step, per_step], outputs=[below, slope_below, bend])
result = network.predict(x=None, steps=1)
print(result)
print([part.dtype.name for part in result], [part.shape for part in result])
