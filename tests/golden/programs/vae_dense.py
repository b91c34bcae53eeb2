"""A variational autoencoder: sampling in a Lambda layer, add_loss, and the layer of one's own that older ones used."""

# tolerance: rtol=1e-5 atol=1e-6 (sums of squares and exponentials)
import numpy as np
from keras import backend as K
from keras import metrics
from keras.layers import Dense, Input, Lambda, Layer
from keras.losses import binary_crossentropy, mse
from keras.models import Model

ORIGINAL, HIDDEN, LATENT = 6, 4, 2


def sampling(args):
    mean, log_variance = args
    batch, dim = K.shape(mean)[0], K.int_shape(mean)[1]
    epsilon = K.random_normal(shape=(batch, dim), seed=11)
    return mean + K.exp(0.5 * log_variance) * epsilon


def fill(model):
    for k, layer in enumerate(model.layers):
        layer.set_weights([np.sin(k + np.arange(w.size)).reshape(w.shape) for w in layer.get_weights()])


inputs = Input(shape=(ORIGINAL,), name="encoder_input")
h = Dense(HIDDEN, activation="tanh")(inputs)
mean, log_variance = Dense(LATENT, name="z_mean")(h), Dense(LATENT, name="z_log_var")(h)
z = Lambda(sampling, output_shape=(LATENT,), name="z")([mean, log_variance])
encoder = Model(inputs, [mean, log_variance, z], name="encoder")
latent = Input(shape=(LATENT,), name="z_sampling")
decoder = Model(latent, Dense(ORIGINAL, activation="sigmoid")(Dense(HIDDEN, activation="tanh")(latent)), name="decoder")
outputs = decoder(encoder(inputs)[2])
vae = Model(inputs, outputs, name="vae_mlp")
fill(encoder)
fill(decoder)

reconstruction = binary_crossentropy(inputs, outputs) * ORIGINAL
divergence = 1 + log_variance - K.square(mean) - K.exp(log_variance)
divergence = K.sum(divergence, axis=-1) * -0.5
vae.add_loss(K.mean(reconstruction + divergence))
vae.compile(optimizer="rmsprop", loss=None)

data = np.abs(np.cos(np.arange(24.0))).reshape(4, ORIGINAL)
print(vae.metrics_names, [layer.name for layer in vae.layers])
print("%.5f" % vae.evaluate(data, None, batch_size=4, verbose=0))
mean_value, log_value, draw = encoder.predict(data)
print(mean_value)
print(log_value)
print(draw)
print(decoder.predict(draw)[0])
slopes = K.gradients(K.sum(divergence), encoder.trainable_weights)
print(K.function([inputs], [slopes[-4], slopes[-2]])([data]))


class CustomVariationalLayer(Layer):
    def __init__(self, **kwargs):
        self.is_placeholder = True
        super(CustomVariationalLayer, self).__init__(**kwargs)

    def vae_loss(self, x, decoded):
        xent = ORIGINAL * metrics.mse(x, decoded)
        kl = -0.5 * K.sum(1 + log_variance - K.square(mean) - K.exp(log_variance), axis=-1)
        return K.mean(xent + kl)

    def call(self, inputs):
        loss = self.vae_loss(inputs[0], inputs[1])
        self.add_loss(loss, inputs=inputs)
        return inputs[0]


y = CustomVariationalLayer()([inputs, decoder(mean)])
older = Model(inputs, y)
older.compile(optimizer="adam", loss=None)
print("%.5f" % older.test_on_batch(data, None), len(older.losses), older.predict(data[:1]))
print(K.eval(K.mean(mse(K.constant(data), decoder(K.constant(mean_value))))))
