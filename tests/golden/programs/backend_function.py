"""K.function with several inputs and outputs, with updates, and with none but a constant."""

import numpy as np
from keras import backend as K

x = K.placeholder(shape=(None, 2))
y = K.placeholder(shape=(2,))
counter = K.variable(0.0)

area = K.sum(x * y, axis=-1)
by_x, by_y = K.gradients(K.sum(K.square(area)), [x, y])

evaluate = K.function([x, y], [area, by_x, by_y])
one = K.function(inputs=[x, y], outputs=[by_y])
count = K.function([x, y], [K.max(area)], updates=[(counter, counter + 1.0)])
tick = K.function([], [counter * 2.0])

batch = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, -1.0]])
sides = [0.5, 0.25]
for result in evaluate([batch, sides]):
    print(result.dtype, result)
print(one([batch, sides]))
print(count([batch, sides]), count([batch * 2, sides]))
print(tick([]), K.get_value(counter))
try:
    evaluate(batch)
except TypeError as problem:
    print("refused:", problem)
