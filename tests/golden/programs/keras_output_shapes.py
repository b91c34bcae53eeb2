"""The output shapes that layers and models compute: tuples of numbers and None, with which programs go on to compute."""

import numpy as np
from keras import backend as K
from keras import layers
from keras.engine.topology import InputSpec, Layer
from keras.models import Model, Sequential

line, row, image, volume = (None, 5), (None, 7, 4), (None, 8, None, 3), (2, 6, 6, 6, 2)
film = (None, 5, 8, 8, 3)
known = [
    (layers.Dense(3), line),
    (layers.Dense(3), row),
    (layers.Activation("relu"), image),
    (layers.Dropout(0.5), line),
    (layers.SpatialDropout1D(0.5), row),
    (layers.Flatten(), row),
    (layers.Flatten(), (None, 8, 2, 3)),
    (layers.Reshape((2, -1)), (None, 4, 3)),
    (layers.Reshape((-1, 2)), (None, None, 4)),
    (layers.Permute((2, 1)), row),
    (layers.RepeatVector(6), line),
    (layers.Lambda(lambda t: t * 2.0), row),
    (layers.Lambda(lambda t: K.sum(t, 1), output_shape=lambda s: (s[0], s[2] + 1)), row),
    (layers.Lambda(lambda t: t[:, :2], output_shape=(2,)), line),
    (layers.ActivityRegularization(0.1), line),
    (layers.Masking(), row),
    (layers.Conv1D(3, 2, strides=2), row),
    (layers.Conv1D(3, 2, padding="causal", dilation_rate=2), (None, None, 4)),
    (layers.Conv2D(5, 3, padding="same", strides=(2, 1)), image),
    (layers.Conv2D(5, (3, 2), data_format="channels_first"), (None, 3, 8, 9)),
    (layers.Conv3D(3, 2), volume),
    (layers.SeparableConv1D(3, 2), row),
    (layers.SeparableConv2D(3, 2), image),
    (layers.DepthwiseConv2D(2, depth_multiplier=2), image),
    (layers.Conv2DTranspose(4, 3, strides=2), image),
    (layers.Conv3DTranspose(4, 3, strides=2, padding="same"), volume),
    (layers.Cropping1D(1), row),
    (layers.Cropping2D(1), image),
    (layers.Cropping3D(1), volume),
    (layers.UpSampling1D(3), row),
    (layers.UpSampling2D((2, 3)), image),
    (layers.UpSampling3D(2), volume),
    (layers.ZeroPadding1D(2), row),
    (layers.ZeroPadding2D(((1, 2), (0, 3))), image),
    (layers.ZeroPadding3D(1), volume),
    (layers.MaxPooling1D(3), row),
    (layers.AveragePooling1D(2, padding="same"), row),
    (layers.MaxPooling2D(2), image),
    (layers.AveragePooling2D((2, 1)), image),
    (layers.MaxPooling3D(2), volume),
    (layers.AveragePooling3D(3), volume),
    (layers.GlobalMaxPooling1D(), row),
    (layers.GlobalAveragePooling1D(), row),
    (layers.GlobalMaxPooling2D(), image),
    (layers.GlobalAveragePooling2D(data_format="channels_first"), image),
    (layers.GlobalAveragePooling3D(), volume),
    (layers.LocallyConnected1D(3, 2), row),
    (layers.LocallyConnected2D(3, 2), (None, 8, 8, 3)),
    (layers.SimpleRNN(3), row),
    (layers.GRU(3, return_sequences=True), row),
    (layers.LSTM(3, return_state=True), row),
    (layers.LSTM(3, return_sequences=True, return_state=True), row),
    (layers.RNN(layers.StackedRNNCells([layers.LSTMCell(2), layers.GRUCell(4)]), return_state=True), row),
    (layers.ConvLSTM2D(3, 2), film),
    (layers.ConvLSTM2D(3, 2, return_sequences=True, padding="same", strides=2), film),
    (layers.Embedding(9, 4), line),
    (layers.Embedding(9, 4, input_length=5), line),
    (layers.Add(), [row, row]),
    (layers.Subtract(), [line, (3, 5)]),
    (layers.Multiply(), [(None, None, 4), row]),
    (layers.Average(), [(None, 1, 4), row, row]),
    (layers.Maximum(), [line, line]),
    (layers.Concatenate(), [row, (None, 7, 2)]),
    (layers.Concatenate(axis=1), [row, (None, 3, 4)]),
    (layers.Concatenate(axis=1), [row, (None, None, 4)]),
    (layers.Dot((2, 2)), [row, row]),
    (layers.Dot(1), [line, line]),
    (layers.LeakyReLU(), row),
    (layers.PReLU(), line),
    (layers.ELU(), line),
    (layers.ThresholdedReLU(), line),
    (layers.Softmax(), row),
    (layers.ReLU(), image),
    (layers.BatchNormalization(), image),
    (layers.GaussianNoise(0.1), line),
    (layers.GaussianDropout(0.1), row),
    (layers.AlphaDropout(0.1), line),
    (layers.TimeDistributed(layers.Dense(3)), row),
    (layers.TimeDistributed(layers.Conv2D(2, 3)), film),
    (layers.Bidirectional(layers.LSTM(3)), row),
    (layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"), row),
    (layers.Bidirectional(layers.GRU(3), merge_mode=None), row),
]


def kinds(shape):
    if isinstance(shape, list):
        return "[" + ", ".join(kinds(each) for each in shape) + "]"
    return (
        type(shape).__name__
        + " of "
        + " ".join(sorted(set(type(size).__name__.replace("int64", "int") for size in shape)))
    )


for layer, shape in known:
    try:
        found = layer.compute_output_shape(shape)
        print(layer.__class__.__name__, found, kinds(found))
    except Exception as error:
        print(layer.__class__.__name__, "raises", type(error).__name__)


class Widened(layers.Dense):
    """Adds a number to its inputs' last axis, by what its parent computes."""

    def call(self, inputs):
        return K.concatenate([super(Widened, self).call(inputs), inputs[..., :2]], axis=-1)

    def compute_output_shape(self, input_shape):
        shape = super(Widened, self).compute_output_shape(input_shape)
        assert shape[0] is None or shape[0] > 1, shape
        return shape[:-1] + (shape[-1] + 2,)


class Halved(Layer):
    """Says what it is asked."""

    def call(self, inputs):
        return inputs[:, ::2]

    def compute_output_shape(self, input_shape):
        assert isinstance(input_shape, tuple), input_shape
        return (input_shape[0], (input_shape[1] + 1) // 2) + input_shape[2:]


class Silent(Layer):
    def call(self, inputs):
        return inputs


class Padded(layers.ZeroPadding2D):
    def compute_output_shape(self, input_shape):
        batch, height, width, channels = super(Padded, self).compute_output_shape(input_shape)
        return batch, None if width is None else width * height, channels


print(Widened(3).compute_output_shape(line), Halved().compute_output_shape((None, 7, 2)))
print(Silent().compute_output_shape(line), Silent().compute_output_shape([line, row]))
print(Padded(1).compute_output_shape(image), Padded(1).compute_output_shape((None, 2, 3, 4)))
print(
    layers.TimeDistributed(Halved()).compute_output_shape(row),
    layers.TimeDistributed(Silent()).compute_output_shape(row),
)
print(layers.TimeDistributed(Widened(1)).compute_output_shape(row))

x = layers.Input((6, 2))
y = Halved()(Widened(3)(x))
z = layers.Lambda(lambda t: K.mean(t, axis=1), output_shape=lambda s: s[:1] + s[2:])(y)
model = Model(x, [y, z])
print(K.int_shape(y), model.compute_output_shape((None, 6, 2)), model.compute_output_shape((4, 6, 2)))
sequential = Sequential([layers.Dense(3, input_shape=(4, 2)), Silent(), layers.Flatten()])
print(sequential.compute_output_shape((None, 4, 2)), kinds(sequential.compute_output_shape((9, 4, 2))))
print(model.layers[1].compute_output_shape(model.layers[1].input_shape), InputSpec(shape=(None, 3)).shape)

stateful = layers.ConvLSTM2D(2, 2, stateful=True, kernel_initializer="ones", batch_input_shape=(1, 2, 3, 3, 1))
film_model = Sequential([stateful])
frames = np.linspace(-0.1, 0.1, 18).reshape(1, 2, 3, 3, 1)
first, second = film_model.predict(frames), film_model.predict(frames)
film_model.reset_states()
print(first.shape, np.allclose(first, second), np.allclose(first, film_model.predict(frames)))
