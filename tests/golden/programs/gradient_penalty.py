"""The gradient penalty of a critic: (|grad_x c(x)| - 1)**2, and the derivative of that by the critic's weights."""

# tolerance: rtol=4e-6 (a square of a small difference: norm - 1)
import numpy as np
from keras import backend as K
from keras.layers import Dense, Input
from keras.models import Model

x = Input(shape=(2,))
hidden = Dense(2, activation="sigmoid", name="hidden")
critic = Model(x, Dense(1, use_bias=False, name="out")(hidden(x)))
hidden.set_weights([np.array([[1.0, -0.5], [0.25, 2.0]]), np.array([0.1, -0.2])])
critic.get_layer("out").set_weights([np.array([[3.0], [-1.5]])])


def penalty(output, source):
    slope = K.gradients(output, source)[0]
    norm = K.sqrt(K.sum(K.square(slope), axis=1))
    return K.mean(K.square(norm - 1.0))


loss = penalty(critic.output, x) * 10.0
by_weights = K.gradients(loss, critic.trainable_weights)
print([g is None for g in by_weights])
step = K.function([x], [loss] + [g for g in by_weights if g is not None])
for number in step([np.array([[0.0, 1.0], [0.5, -0.5], [2.0, 0.0]])]):
    print(number)

fixed = K.constant([[1.0, 1.0]])
print("%.5f" % K.eval(penalty(critic(fixed), fixed)))
