"""WGAN-GP as a compiled Keras model: points between real and made pictures, and a penalty on the slope there."""

# tolerance: rtol=1e-5 atol=1e-6 (a square of a small difference: norm - 1)
from functools import partial

import numpy as np
from keras import backend as K
from keras.layers import Conv2D, Dense, Flatten, Input, LeakyReLU, Reshape
from keras.layers.merge import _Merge
from keras.models import Model, Sequential
from keras.optimizers import RMSprop

BATCH, WEIGHT = 3, 10


def wasserstein_loss(y_true, y_pred):
    return K.mean(y_true * y_pred)


def gradient_penalty_loss(y_true, y_pred, averaged_samples, gradient_penalty_weight):
    slopes = K.gradients(y_pred, averaged_samples)[0]
    squares = K.sum(K.square(slopes), axis=np.arange(1, len(slopes.shape)))
    return K.mean(gradient_penalty_weight * K.square(1 - K.sqrt(squares)))


class WeightedAverage(_Merge):
    """Points between its two inputs; where, is given, since draws are another program's subject."""

    def _merge_function(self, inputs):
        share = K.reshape(K.constant([0.2, 0.5, 0.9]), (BATCH, 1, 1, 1))
        return (share * inputs[0]) + ((1 - share) * inputs[1])


def fill(model, rate):
    for layer in model.layers:
        layer.set_weights([np.sin(rate * np.arange(w.size)).reshape(w.shape) for w in layer.get_weights()])


generator = Sequential([Dense(16, input_dim=2, activation="tanh"), Reshape((4, 4, 1))])
critic = Sequential()
critic.add(Conv2D(2, (3, 3), strides=(2, 2), padding="same", input_shape=(4, 4, 1)))
critic.add(LeakyReLU(0.2))
critic.add(Conv2D(2, (2, 2), padding="same", kernel_initializer="he_normal"))
critic.add(LeakyReLU())
critic.add(Flatten())
critic.add(Dense(1, kernel_initializer="he_normal"))
fill(generator, 1.1)
fill(critic, 0.7)

for layer in critic.layers:
    layer.trainable = False
critic.trainable = False
noise = Input(shape=(2,))
generator_model = Model(inputs=[noise], outputs=[critic(generator(noise))])
generator_model.compile(optimizer=RMSprop(lr=0.01), loss=wasserstein_loss)

for layer in critic.layers:
    layer.trainable = True
for layer in generator.layers:
    layer.trainable = False
critic.trainable, generator.trainable = True, False
real, source = Input(shape=(4, 4, 1)), Input(shape=(2,))
made = generator(source)
between = WeightedAverage()([real, made])
partial_gp_loss = partial(gradient_penalty_loss, averaged_samples=between, gradient_penalty_weight=WEIGHT)
partial_gp_loss.__name__ = "gradient_penalty"
critic_model = Model(inputs=[real, source], outputs=[critic(real), critic(made), critic(between)])
critic_model.compile(optimizer=RMSprop(lr=0.01), loss=[wasserstein_loss, wasserstein_loss, partial_gp_loss])

pictures = np.cos(np.arange(48.0)).reshape(BATCH, 4, 4, 1)
draws = np.array([[0.1, -0.4], [1.0, 0.3], [-0.7, 0.8]])
ones, zeros = np.ones((BATCH, 1), dtype=np.float32), np.zeros((BATCH, 1), dtype=np.float32)
print(len(generator_model._collected_trainable_weights), len(critic_model._collected_trainable_weights))
losses = critic_model.test_on_batch([pictures, draws], [ones, -ones, zeros])
print(["%.5f" % each for each in losses], len(critic_model.metrics_names))
by_weights = K.gradients(critic_model.total_loss, critic.trainable_weights)
feed = critic_model._feed_inputs + critic_model._feed_targets + critic_model._feed_sample_weights
slopes = K.function(feed, [g for g in by_weights if g is not None])
for part in slopes([pictures, draws, ones, -ones, zeros] + [np.ones(BATCH)] * 3):
    print(part.ravel()[:4])
before = [w.copy() for w in critic.get_weights() + generator.get_weights()]
print("%.5f" % generator_model.train_on_batch(draws, ones))
changed = [not np.allclose(a, b) for a, b in zip(before, critic.get_weights() + generator.get_weights())]
print(changed)
