"""Products and choices of the Keras backend, with the rules they had: dot, batch_dot, bias_add, switch."""

import numpy as np
from keras import backend as K


def ramp(*shape):
    return K.variable(np.arange(float(np.prod(shape))).reshape(shape) / 4.0 - 1.0)


def show(name, *values):
    print(name, *[(K.eval(value).tolist(), K.int_shape(value)) for value in values])


show("dot", K.dot(ramp(2, 3), ramp(3, 2)), K.dot(ramp(2, 2, 3), ramp(3, 2)), K.dot(ramp(2, 3), ramp(2, 3, 2)))
for left, right, axes in [
    ((2, 3), (2, 3), 1),
    ((2, 3), (2, 3), (1, 1)),
    ((3, 2), (2, 3), (0, 1)),
    ((2, 3), (2, 3), 0),
    ((2, 3), (2, 3, 4), (1, 1)),
    ((2, 3, 4), (2, 3), (1, 1)),
    ((2, 4, 3), (2, 3), None),
    ((2, 3, 4), (2, 4, 5), None),
    ((2, 3, 4), (2, 3, 5), (1, 1)),
    ((2, 3, 4), (2, 5, 4), (2, 2)),
    ((2, 3, 4), (2, 5, 4), 2),
    ((2, 3, 4), (2, 5, 3), (1, 2)),
    ((2, 1, 3, 4), (2, 1, 4, 2), None),
    ((2, 1, 3, 4), (2, 1, 4, 2), (3, 2)),
]:
    show("batch_dot", K.batch_dot(ramp(*left), ramp(*right), axes=axes))
x = K.placeholder((None, 3, 4))
y = K.placeholder((None, 4))
together = K.batch_dot(x, y, axes=(2, 1))
print(K.int_shape(together), K.function([x, y], [together])([np.ones((2, 3, 4)), np.ones((2, 4))])[0].tolist())

for shape, bias, data_format in [
    ((2, 3), (3,), None),
    ((2, 3), (3,), "channels_first"),
    ((2, 2, 3), (3,), "channels_last"),
    ((2, 2, 3), (2,), "channels_first"),
    ((2, 2, 3), (2, 3), "channels_last"),
    ((2, 2, 3), (3, 2), "channels_first"),
    ((1, 2, 2, 3), (3,), "channels_last"),
    ((1, 3, 2, 2), (3,), "channels_first"),
    ((1, 2, 2, 3), (2, 2, 3), "channels_last"),
    ((1, 3, 2, 2), (2, 2, 3), "channels_first"),
    ((1, 1, 2, 2, 3), (3,), "channels_last"),
    ((1, 3, 1, 2, 2), (3,), "channels_first"),
]:
    show("bias_add", K.bias_add(ramp(*shape), ramp(*bias), data_format=data_format))

yes, no = ramp(2, 3), -ramp(2, 3)
show("switch", K.switch(K.constant(1), yes, no), K.switch(K.constant(False, dtype="bool"), lambda: yes, lambda: no))
show("switch", K.switch(K.greater(yes, 0.0), yes, no), K.switch(K.constant([1, 0]), yes, no))
show(
    "switch",
    K.switch(K.constant([[1], [0]]), ramp(2, 3), no),
    K.switch(K.constant([[1], [0]]), ramp(2, 1, 3), ramp(2, 1, 3) * 2.0),
)
show("phase", K.in_train_phase(yes, no, training=1), K.in_test_phase(yes, no, training=1))
chosen = K.in_train_phase(lambda: yes, lambda: no)
run = K.function([K.learning_phase()], [chosen, K.in_test_phase(yes, no)])
print([value.tolist() for value in run([0]) + run([1])])

total = K.variable(1.0)
x = K.placeholder((2,))
run = K.function([x], [K.sum(x) * total], updates=[(total, total + 1.0), K.update_add(K.variable(0.0), 1.0)])
print(run([[1.0, 2.0]]), run([(3.0, 4.0)]), run([np.array([5, 6])]), K.get_value(total))
print(K.function([x], [])([[1.0, 2.0]]), K.function([], [K.constant(2.0)])([]))
print(K.function([x, total], [x * total])([[1.0, 2.0], None])[0].tolist())
print(K.function([x], [x * 2.0])([K.constant([1.0, 3.0])])[0].tolist())
