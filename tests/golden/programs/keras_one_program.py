"""A program that went on using the names and arguments of Keras 1 under Keras 2."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
from keras import backend as K
from keras import initializers, objectives
from keras.callbacks import EarlyStopping
from keras.constraints import maxnorm
from keras.engine.topology import InputSpec, Layer
from keras.engine.training import Model
from keras.layers import (
    GRU,
    LSTM,
    AveragePooling1D,
    BatchNormalization,
    Convolution1D,
    Convolution2D,
    Dense,
    Dropout,
    Embedding,
    Input,
    MaxPooling2D,
    ZeroPadding2D,
)
from keras.layers.advanced_activations import ELU, LeakyReLU, PReLU
from keras.layers.convolutional import UpSampling2D
from keras.layers.core import Activation, Flatten, Reshape
from keras.layers.merge import add, average, concatenate, dot, maximum, multiply
from keras.layers.normalization import BatchNormalization as Norm
from keras.layers.recurrent import SimpleRNN
from keras.models import Sequential
from keras.regularizers import l1, l1_l2, l2
from keras.utils.np_utils import to_categorical

K.set_image_dim_ordering("tf")
print(K.image_dim_ordering(), K.image_data_format(), K.backend(), K.epsilon(), K.floatx())


class Dense1(Layer):
    """A dense layer as Keras 1 tutorials wrote it: variables by hand, get_output_shape_for's successor below."""

    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super(Dense1, self).__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec = [InputSpec(ndim=2, axes={1: input_shape[1]})]
        initial = np.cos(np.arange(input_shape[1] * self.output_dim))
        self.W = K.variable(initial.reshape(input_shape[1], self.output_dim), name="W")
        self.trainable_weights = [self.W]
        super(Dense1, self).build(input_shape)

    def call(self, x, mask=None):
        return K.dot(x, self.W)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)


def fill(model):
    weights = model.get_weights()
    model.set_weights([np.sin(k + np.arange(w.size)).reshape(w.shape) / 2 for k, w in enumerate(weights)])


net = Sequential()
net.add(ZeroPadding2D((1, 1), input_shape=(6, 6, 1)))
net.add(Convolution2D(3, 3, 3, activation="relu", border_mode="valid", W_regularizer=l2(0.01), dim_ordering="tf"))
net.add(MaxPooling2D((2, 2), strides=(2, 2), dim_ordering="tf"))
net.add(Convolution2D(nb_filter=2, nb_row=2, nb_col=2, subsample=(1, 1), init="he_uniform", bias=True))
net.add(BatchNormalization(mode=0, axis=3))
net.add(UpSampling2D(size=(2, 2), dim_ordering="tf"))
net.add(Flatten())
net.add(Dropout(p=0.25))
net.add(Dense(output_dim=4, init="uniform", W_constraint=maxnorm(2), b_regularizer=l1(0.1)))
net.add(PReLU(init="zero"))
net.add(Dense(2, init="normal", activation="softmax", input_dim=4))
fill(net)
picture = np.cos(np.arange(72.0)).reshape(2, 6, 6, 1)
print([layer.output_shape for layer in net.layers][::2])
print(net.predict(picture), net.layers[1].kernel_size, net.layers[3].strides)

x = Input(shape=(3,), name="left")
other = Input(shape=(3,))
h = add([multiply([x, other]), maximum([x, other])])
y = concatenate([h, average([x, other]), dot([x, other], axes=1)], axis=-1)
model = Model(input=[x, other], output=Dense1(1, name="by_hand")(y))
model.compile(optimizer="sgd", loss=objectives.mean_squared_error)
a, b = np.sin(np.arange(9.0)).reshape(3, 3), np.cos(np.arange(9.0)).reshape(3, 3)
print(model.predict([a, b]).ravel(), model.get_layer("by_hand").W.shape)
history = model.fit([a, b], np.ones(3), nb_epoch=2, batch_size=3, verbose=0, callbacks=[EarlyStopping("loss")])
print(["%.5f" % loss for loss in history.history["loss"]])

text = Sequential()
text.add(Embedding(input_dim=5, output_dim=3, input_length=6))
text.add(Convolution1D(nb_filter=4, filter_length=3, border_mode="same", subsample_length=1, init="glorot_uniform"))
text.add(LeakyReLU(0.1))
text.add(AveragePooling1D(pool_length=2, stride=None, border_mode="valid"))
text.add(
    LSTM(output_dim=2, return_sequences=True, inner_activation="sigmoid", forget_bias_init="one", init="orthogonal")
)
text.add(GRU(3, inner_init="orthogonal", consume_less="gpu", W_regularizer=l1_l2(l1=0.1, l2=0.1), dropout_W=0.0))
text.add(Reshape((3, 1)))
text.add(SimpleRNN(output_dim=1, activation="tanh"))
text.add(ELU())
fill(text)
print(text.predict(np.array([[0, 1, 2, 3, 4, 0]])), len(text.get_weights()), text.layers[4].implementation)
print([K.eval(loss) for loss in text.layers[5].losses], to_categorical([1, 0], 2).tolist())
print(initializers.get("zero").__class__.__name__, Activation("relu").get_config()["activation"], Norm is not Dense)
