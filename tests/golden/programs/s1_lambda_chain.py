"""Log(x + shift) and its first four derivatives, one Lambda layer an order."""

import tensorflow as tf
from keras import backend as K
from keras.layers import Add, Input, Lambda
from keras.models import Model


def diff_layer(target, source):
    layer = Lambda(lambda pair: K.gradients(pair[0], pair[1]), output_shape=[1])
    return layer([target, source])


point = Input(tensor=tf.constant([1.0]))
shift = Input(tensor=tf.constant([2.0]))

chain = [Lambda(lambda t: K.log(t))(Add()([point, shift]))]
for order in range(4):
    chain.append(diff_layer(chain[-1], point))

values = Model(inputs=[point, shift], outputs=chain).predict(x=None, steps=1)
print(values)
for order, value in enumerate(values):
    print(order, value.shape, value.dtype, value[0])
