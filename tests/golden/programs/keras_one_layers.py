"""The argument names of Keras 1, layer by layer: what Keras 2 made of them."""

from keras import constraints, layers, regularizers
from keras.models import Sequential

NAMES = """units filters kernel_size strides padding data_format use_bias rate stddev pool_size size cropping
    dropout recurrent_dropout unit_forget_bias dilation_rate kernel_initializer recurrent_initializer
    bias_initializer depthwise_initializer pointwise_initializer embeddings_initializer alpha_initializer
    beta_initializer gamma_initializer kernel_regularizer recurrent_regularizer bias_regularizer kernel_constraint
    bias_constraint embeddings_regularizer embeddings_constraint activation recurrent_activation batch_input_shape
    input_length axis"""


def show(layer):
    found = []
    for name in NAMES.split():
        value = getattr(layer, name, None)
        if value is not None:
            if not isinstance(value, (bool, int, float, str, tuple, list)):
                value = getattr(value, "__name__", type(value).__name__)
            found.append("%s=%s" % (name, value))
    print(type(layer).__name__, *found)


l2, positive = regularizers.l2(0.5), constraints.NonNeg()
dense = dict(W_regularizer=l2, b_regularizer=l2, W_constraint=positive, b_constraint=positive, bias=True)
show(layers.Dense(output_dim=3, init="one", activation="tanh", input_dim=4, **dense))
show(layers.Dense(5, init="zero", bias=False, input_shape=(2,)))
show(layers.Dropout(p=0.25))
show(layers.GaussianDropout(p=0.25))
show(layers.GaussianNoise(sigma=0.5))
show(layers.SpatialDropout1D(p=0.5))
show(layers.SpatialDropout2D(p=0.5, dim_ordering="th"))
show(layers.SpatialDropout3D(p=0.5, dim_ordering="default"))
show(layers.Embedding(7, 2, init="one", W_regularizer=l2, W_constraint=positive, input_length=4))
show(layers.PReLU(init="zero"))
show(layers.BatchNormalization(mode=0, beta_init="one", gamma_init="zero", axis=1))
for make in layers.MaxPooling1D, layers.AveragePooling1D:
    show(make(pool_length=3, stride=2, border_mode="same"))
for make in layers.MaxPooling2D, layers.AveragePooling2D:
    show(make(pool_size=(2, 3), strides=(1, 2), border_mode="same", dim_ordering="th"))
    show(make((2, 2), dim_ordering="tf"))
for make in layers.MaxPooling3D, layers.AveragePooling3D:
    show(make(pool_size=(2, 2, 3), border_mode="valid", dim_ordering="th"))
for make in layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling3D:
    show(make(dim_ordering="th"))
print(Sequential([layers.UpSampling1D(length=3, input_shape=(2, 1))]).output_shape)
show(layers.UpSampling2D((2, 3), dim_ordering="th"))
show(layers.UpSampling3D(size=(1, 2, 3), dim_ordering="tf"))
show(layers.ZeroPadding2D(padding={"top_pad": 1, "left_pad": 2}))
show(layers.ZeroPadding2D({"bottom_pad": 3, "right_pad": 4}))
show(layers.ZeroPadding2D((1, 2), dim_ordering="th"))
show(layers.ZeroPadding3D((1, 2, 3), dim_ordering="th"))
show(layers.Cropping2D(((1, 1), (2, 2)), dim_ordering="th"))
show(layers.Cropping3D(((1, 1), (2, 2), (0, 1)), dim_ordering="tf"))
convolution = dict(init="one", border_mode="same", **dense)
show(layers.Convolution1D(4, 3, subsample_length=2, input_dim=5, input_length=6, **convolution))
show(layers.Convolution1D(nb_filter=4, filter_length=3, input_dim=5, **convolution))
show(layers.Convolution2D(4, 3, 2, subsample=(2, 1), dim_ordering="th", **convolution))
show(layers.Convolution2D(4, 3, nb_col=2, bias=False))
show(layers.Convolution2D(4, nb_row=3, nb_col=2))
show(layers.Convolution2D(nb_filter=4, nb_row=3, nb_col=2, activation="relu"))
show(layers.Convolution2D(4, 3))
show(layers.Convolution2D(4, (3, 2), padding="same"))
show(layers.Convolution3D(4, 3, 2, 1, subsample=(2, 1, 1), **convolution))
show(layers.Convolution3D(4, 3, 2, kernel_dim3=1))
show(layers.Convolution3D(4, 3, kernel_dim2=2, kernel_dim3=1))
show(layers.Convolution3D(4, kernel_dim1=3, kernel_dim2=2, kernel_dim3=1, dim_ordering="th"))
show(layers.Convolution3D(nb_filter=4, kernel_dim1=3, kernel_dim2=2, kernel_dim3=1))
show(layers.Deconvolution2D(4, 3, 2, output_shape=(None, 9, 9, 4), subsample=(2, 2), **convolution))
show(layers.Deconvolution2D(4, 3, 2, (None, 9, 9, 4)))
show(layers.Deconvolution2D(nb_filter=4, nb_row=3, nb_col=2, output_shape=(None, 9, 9, 4)))
show(layers.SeparableConvolution2D(4, 3, 2, init="one", border_mode="same", subsample=(1, 1), bias=False))
show(layers.SeparableConvolution2D(nb_filter=4, nb_row=3, nb_col=2, dim_ordering="tf", b_regularizer=l2))
show(layers.LocallyConnected1D(4, 3, subsample_length=2, bias=False, input_dim=5, input_length=6))
show(layers.LocallyConnected2D(4, 3, 2, subsample=(2, 1), bias=True, dim_ordering="th"))
show(layers.AtrousConvolution1D(4, 3, atrous_rate=2, border_mode="same"))
show(layers.AtrousConvolution2D(4, 3, 2, atrous_rate=(2, 1), border_mode="same"))
recurrent = dict(init="one", inner_init="zero", W_regularizer=l2, b_regularizer=l2, U_regularizer=l2, dropout_W=0.25)
show(layers.LSTM(3, inner_activation="sigmoid", dropout_U=0.5, forget_bias_init="one", consume_less="gpu", **recurrent))
show(layers.LSTM(output_dim=3, input_dim=4, input_length=5, consume_less="mem", return_sequences=True))
show(layers.GRU(3, inner_activation="sigmoid", input_dim=4, **recurrent))
show(layers.SimpleRNN(output_dim=3, activation="relu", **recurrent))
print([layers.LSTM(3, consume_less=way).implementation for way in ("mem", "gpu")])
show(
    layers.ConvLSTM2D(
        4, 3, 2, inner_activation="sigmoid", dropout_U=0.5, forget_bias_init="one", init="one", inner_init="zero"
    )
)
show(
    layers.ConvLSTM2D(
        nb_filter=4, nb_row=3, nb_col=2, border_mode="same", subsample=(1, 1), dim_ordering="th", dropout_W=0.25
    )
)


class Doubled(layers.Dense):
    """A layer of one's own, made from one that takes old names."""

    def __init__(self, **kwargs):
        super(Doubled, self).__init__(output_dim=2, init="one", **kwargs)

    def call(self, x):
        return 2.0 * super(Doubled, self).call(x)


class Old(layers.Layer):
    """A layer of one's own whose weights are made as in Keras 1."""

    def build(self, input_shape):
        self.W = self.add_weight((input_shape[-1], 1), initializer="one", name="W", trainable=True)
        super(Old, self).build(input_shape)

    def call(self, x):
        return x * self.W[0]


show(Doubled(W_regularizer=l2, bias=False, input_dim=3))
model = Sequential([Doubled(bias=False, input_dim=3), Old()])
print(
    model.predict([[[1.0, 2.0, 3.0]]]), [w.shape for w in model.get_weights()], [layer.name for layer in model.layers]
)
for layer in (
    layers.MaxoutDense(2, nb_feature=3, init="one", input_dim=4, bias=False),
    layers.Highway(input_dim=3, init="one"),
):
    model = Sequential([layer])
    width = model.input_shape[1]
    print([weight.name for weight in layer.weights], [weight.shape for weight in layer.get_weights()])
    print(model.predict([[[0.5] * width]]), model.output_shape)
    again = type(layer).from_config(layer.get_config())
    print(type(again).__name__, sorted(set(again.get_config()) - {"batch_input_shape", "dtype", "trainable", "name"}))
