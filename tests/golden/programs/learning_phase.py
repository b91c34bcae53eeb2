"""Layers that behave otherwise in training: batch normalisation and a switch of one's own, in both phases."""

# tolerance: rtol=1e-5 atol=2e-5 (slopes of a normalised batch cancel: terms of 100 leave 0.5)
import numpy as np
from keras import backend as K
from keras.layers import BatchNormalization, Dense, Dropout, Input, Lambda
from keras.models import Model

x = Input(shape=(2,))
h = Dense(2, kernel_initializer="identity", name="mix")(x)
h = BatchNormalization(name="norm", epsilon=0.01)(h)
h = Dropout(0.0)(h)
y = Lambda(lambda t: K.in_train_phase(t * 10.0, K.exp(t)), output_shape=(2,))(h)
model = Model(x, y)
model.get_layer("norm").set_weights([np.array(w) for w in ([1.0, 2.0], [0.5, 0.0], [0.1, -0.1], [4.0, 9.0])])

by_x = K.gradients(K.sum(K.square(y)), x)[0]
read = K.function([x, K.learning_phase()], [y, by_x])
batch = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]])
for phase in (0, 1):
    print("phase", phase)
    for part in read([batch, phase]):
        print(part)
print(model.predict(batch))
print(model.get_weights()[-2:])

K.set_learning_phase(1)
print(K.learning_phase(), K.eval(K.in_train_phase(K.constant(1.0), K.constant(2.0))))
