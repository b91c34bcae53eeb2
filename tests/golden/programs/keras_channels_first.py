"""Pictures with their channels first, as Theano wanted them: settings, layers that run on any machine, reorderings."""

# tolerance: rtol=4e-6 atol=1e-7 (sums of products)
import numpy as np
from keras import backend as K
from keras.layers import Activation, BatchNormalization, Dense, Flatten, GlobalAveragePooling2D, Input, Permute
from keras.layers import Cropping2D, Lambda, UpSampling2D, ZeroPadding2D
from keras.models import Model, Sequential
from keras.utils.conv_utils import conv_output_length, convert_kernel, normalize_padding

print(K.image_data_format(), K.image_dim_ordering())
K.set_image_dim_ordering("th")
print(K.image_data_format(), K.image_dim_ordering())

rows, columns, channels = 3, 4, 2
if K.image_data_format() == "channels_first":
    shape, axis = (channels, rows, columns), 1
else:
    shape, axis = (rows, columns, channels), 3
x = Input(shape=shape)
h = ZeroPadding2D((1, 1))(x)
h = Cropping2D(((1, 0), (0, 1)))(h)
h = BatchNormalization(axis=axis)(h)
h = Activation("tanh")(UpSampling2D((2, 1))(h))
pooled = GlobalAveragePooling2D()(h)
last = Permute((2, 3, 1))(h)
model = Model(x, [pooled, last, Flatten()(last)])
pictures = np.sin(np.arange(24.0)).reshape(1, 2, 3, 4)
for part in model.predict(pictures):
    print(part.shape, part.ravel()[:6])
slope = K.gradients(K.sum(pooled[:, 0]), x)[0]
print(K.function([x, K.learning_phase()], [slope])([pictures, 0])[0][0, :, 0])
print(K.int_shape(h), model.layers[1].data_format, model.layers[1].padding)

K.set_image_dim_ordering("tf")
image = Input(shape=(3, 4, 2))
means = Lambda(lambda t: K.mean(t, axis=[1, 2]))(image)
plain = Model(image, means)
print(plain.predict(pictures.transpose(0, 2, 3, 1)), K.image_data_format())
kernel = np.arange(8.0).reshape(2, 2, 2, 1)
print(convert_kernel(kernel).ravel())
print(conv_output_length(7, 3, "valid", 2), conv_output_length(7, 3, "same", 2), normalize_padding("SAME"))
flat = Sequential([Flatten(input_shape=(2, 2, 2), data_format="channels_first"), Dense(1, kernel_initializer="ones")])
print(flat.predict(np.arange(8.0).reshape(1, 2, 2, 2)), flat.layers[0].output_shape)
