"""Convolutions, pools and recurrent layers while the setting is channels first, on a machine without a GPU."""

# tolerance: rtol=4e-6 atol=1e-6 (sums of products)
import numpy as np
from keras import backend as K
from keras import layers
from keras.layers import Input
from keras.models import Model

K.set_image_data_format("channels_first")
LAYERS = [
    (layers.Conv1D(2, 2, data_format="channels_first", activation="softmax"), (3, 5)),
    (layers.Conv2D(2, (2, 1), strides=(1, 2), activation="softmax"), (3, 4, 5)),
    (layers.Conv2D(2, 2, dilation_rate=2, padding="same", use_bias=False), (3, 4, 5)),
    (layers.Conv3D(2, 2, activation="tanh"), (2, 3, 2, 3)),
    (layers.Conv2DTranspose(2, 2, strides=2), (3, 2, 3)),
    (layers.Conv3DTranspose(1, 2, padding="same", strides=2), (2, 2, 1, 2)),
    (layers.SeparableConv1D(2, 2, data_format="channels_first"), (3, 4)),
    (layers.SeparableConv2D(2, 2, depth_multiplier=2, activation="relu"), (3, 3, 4)),
    (layers.DepthwiseConv2D(2), (2, 3, 4)),
    (layers.MaxPooling2D((2, 1), padding="same"), (2, 3, 4)),
    (layers.AveragePooling2D(2, strides=1), (2, 3, 4)),
    (layers.MaxPooling3D(2), (2, 2, 4, 2)),
    (layers.AveragePooling3D((1, 2, 2)), (2, 2, 4, 2)),
    (layers.LSTM(2, return_sequences=True), (3, 2)),
    (layers.GRU(2), (3, 2)),
    (layers.LocallyConnected2D(2, 2), (2, 3, 3)),
    (layers.Cropping2D(((1, 0), (0, 2))), (2, 3, 4)),
    (layers.Cropping1D((2, 2)), (4, 2)),
]
for number, (layer, shape) in enumerate(LAYERS):
    x = Input(shape=shape)
    y = layer(x)
    model = Model(x, y)
    model.set_weights([np.cos(1.0 + np.arange(w.size)).reshape(w.shape) for w in model.get_weights()])
    data = np.sin(0.7 * np.arange(2 * np.prod(shape))).reshape(2, *shape)
    values = model.predict(data)
    slope = K.function([x], K.gradients(K.sum(K.square(y)), [x]))([data])[0] if values.size else data
    print(number, layer.output_shape, values.shape, values.ravel()[:6], slope.ravel()[:4])
