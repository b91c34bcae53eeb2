"""Argument names of Keras 1, which Keras 2 took with a warning."""

import numpy as np
from keras import backend as K
from keras.layers import Convolution2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from keras.models import Model
from keras.regularizers import l2

x = Input(shape=(5, 5, 1))
h = Convolution2D(2, 3, 3, border_mode="valid", subsample=(2, 2), init="one", bias=False, name="conv")(x)
h = MaxPooling2D(pool_size=(2, 2), strides=(1, 1), border_mode="same")(h)
h = Dropout(p=0.5)(Flatten()(h))
y = Dense(output_dim=2, init="one", activation="tanh", W_regularizer=l2(0.5), name="dense")(h)
model = Model(input=x, output=y)

ramp = np.arange(25.0).reshape(1, 5, 5, 1) / 2000.0
slope = K.gradients(model.output, model.input)[0]
print(model.predict(ramp))
print(K.function([model.input, K.learning_phase()], [slope])([ramp, 0])[0][0, :, :, 0])
print([w.shape for w in model.get_weights()], model.get_layer("conv").strides, model.get_layer("conv").padding)
print([K.eval(loss) for loss in model.losses])
