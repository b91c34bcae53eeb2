"""A generative adversarial pair trained in turns, the discriminator frozen inside the combined model."""

# tolerance: rtol=2e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
from keras.layers import Dense, Input
from keras.layers.advanced_activations import LeakyReLU
from keras.models import Model, Sequential
from keras.optimizers import SGD

np.random.seed(10)


class Game(object):
    """One layer each, so that no step of training reads a weight that the same step assigns."""

    def __init__(self):
        self.discriminator = Sequential([Dense(1, activation="sigmoid", input_shape=(2,))])
        self.discriminator.set_weights([np.array([[0.5], [-0.25]]), np.array([0.1])])
        self.discriminator.compile(loss="binary_crossentropy", optimizer=SGD(0.2, momentum=0.5), metrics=["accuracy"])
        self.generator = Sequential()
        self.generator.add(Dense(2, input_dim=3))
        self.generator.add(LeakyReLU(alpha=0.2))
        self.generator.set_weights([np.linspace(-1, 1, 6).reshape(3, 2), np.zeros(2)])
        z = Input(shape=(3,))
        self.discriminator.trainable = False
        self.combined = Model(z, self.discriminator(self.generator(z)))
        self.combined.compile(loss="binary_crossentropy", optimizer=SGD(0.2, momentum=0.5))

    def train(self, data, epochs, batch_size):
        valid, fake = np.ones((batch_size, 1)), np.zeros((batch_size, 1))
        for epoch in range(epochs):
            points = data[np.random.randint(0, data.shape[0], batch_size)]
            noise = np.random.normal(0, 1, (batch_size, 3))
            made = self.generator.predict(noise)
            on_real = self.discriminator.train_on_batch(points, valid)
            on_made = self.discriminator.train_on_batch(made, fake)
            d_loss = 0.5 * np.add(on_real, on_made)
            g_loss = self.combined.train_on_batch(noise, valid)
            print("%d [D loss: %f, acc.: %.2f%%] [G loss: %f]" % (epoch, d_loss[0], 100 * d_loss[1], g_loss))


game = Game()
game.train(np.random.normal(2.0, 0.5, (50, 2)), epochs=6, batch_size=8)
print(game.discriminator.get_weights())
print(game.generator.get_weights()[0])
print(len(game.combined.trainable_weights), len(game.combined.non_trainable_weights))
