"""K.gradients of a scalar with respect to a list of variables, read with K.eval and K.get_value."""

import numpy as np
from keras import backend as K

kernel = K.variable(np.array([[1.0, 2.0], [3.0, 4.0]]), name="kernel")
offset = K.variable([0.5, -0.5])
rate = K.constant(0.25)

score = K.sum(K.tanh(rate * K.dot(kernel, K.expand_dims(offset)))) + K.prod(offset)
grads = K.gradients(score, [kernel, offset])
second = K.gradients(grads[1], [offset])
print(len(grads), [K.int_shape(g) for g in grads], K.dtype(grads[0]))
print(K.eval(score))
for g in grads + second:
    print(K.eval(g))
print(K.gradients(score, [K.variable(1.0)]))

K.set_value(offset, [1.0, 1.0])
print(K.get_value(offset), K.eval(score))
print(K.batch_get_value([kernel, offset]))
print(K.eval(grads[1]))
