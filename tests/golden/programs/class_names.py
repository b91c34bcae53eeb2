"""The names and modules of classes, by which libraries tell tensors, layers and models apart."""

import keras
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.engine import base_layer

names = {
    "layers": """
    Activation ActivityRegularization Add AlphaDropout Average AveragePooling1D AveragePooling2D
    AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization Bidirectional Concatenate Conv1D
    Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM2D ConvLSTM2DCell Convolution1D Convolution2D
    Convolution2DTranspose Convolution3D Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM Deconv2D
    Deconv3D Deconvolution2D Deconvolution3D Dense DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU
    GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D
    GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D InputLayer InputSpec LSTM
    LSTMCell Lambda Layer LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPool1D MaxPool2D
    MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum Multiply PReLU Permute RNN ReLU
    RepeatVector Reshape SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D
    SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D StackedRNNCells
    Subtract ThresholdedReLU TimeDistributed UpSampling1D UpSampling2D UpSampling3D Wrapper ZeroPadding1D
    ZeroPadding2D ZeroPadding3D
    """,
    "callbacks": """
    BaseLogger CSVLogger Callback CallbackList EarlyStopping History LambdaCallback LearningRateScheduler
    ModelCheckpoint ProgbarLogger ReduceLROnPlateau RemoteMonitor TensorBoard TerminateOnNaN
    """,
    "constraints": """
    Constraint MaxNorm MinMaxNorm NonNeg UnitNorm max_norm maxnorm min_max_norm non_neg nonneg unit_norm
    unitnorm
    """,
    "initializers": """
    Identity Initializer Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling identity
    normal orthogonal random_normal random_uniform truncated_normal uniform
    """,
    "optimizers": """
    Adadelta Adagrad Adam Adamax Nadam Optimizer RMSprop SGD TFOptimizer adadelta adagrad adam adamax nadam
    rmsprop sgd
    """,
    "regularizers": """
    L1L2 Regularizer
    """,
    "models": "Model Sequential",
}
for module in sorted(names):
    for name in names[module].split():
        cls = getattr(getattr(keras, module), name)
        print(name, cls.__name__, cls.__module__)
print(base_layer.Layer.__module__, keras.utils.generic_utils.Progbar.__module__, keras.layers.merge._Merge.__module__)


def show(thing):
    print(type(thing), type(thing).__name__, thing.__class__.__module__, str(type(thing)).startswith("<class 'keras."))


x = keras.layers.Input((4,))
model = keras.models.Model(x, keras.layers.Dense(1)(x))
sequential = keras.models.Sequential([keras.layers.Dense(1, input_shape=(4,))])
for thing in (
    model,
    sequential,
    model.layers[0],
    model.layers[1],
    keras.layers.LSTM(2),
    keras.layers.Conv2D(2, 3),
    keras.layers.BatchNormalization(),
    keras.optimizers.get("adam"),
    keras.initializers.get("glorot_uniform"),
    keras.regularizers.l2(0.5),
    keras.constraints.get("max_norm"),
):
    show(thing)
for tensor in (x, tf.placeholder(tf.float32), tf.constant(1.0) * 2.0, K.placeholder((2,)), model.output):
    show(tensor)
print(tf.Tensor, tf.Tensor.__name__, repr(tf.placeholder(tf.float32, [2], "p")), tf.constant(1.0, name="c"))


class Scaled(keras.layers.Dense):
    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer="ones")
        super(Scaled, self).build(input_shape)

    def call(self, inputs):
        return super(Scaled, self).call(inputs * self.scale)


y = Scaled(2, kernel_initializer="ones")(x)
scaled = keras.models.Model(x, y)
print(type(scaled.layers[1]), len(scaled.weights), scaled.predict(np.array([[1.0, 2.0, 3.0, 4.0]])))
