"""Input gradients of an image classifier: a saliency map and a class activation map, with weights written down."""

# tolerance: rtol=2e-6 atol=5e-8 (slopes of a softmax are differences of scores)
import numpy as np
from keras import backend as K
from keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from keras.models import Model

image = Input(shape=(4, 4, 1))
features = Conv2D(2, (3, 3), padding="same", activation="relu", name="features")(image)
scores = Dense(3, activation="softmax", name="scores")(Flatten()(MaxPooling2D((2, 2))(features)))
model = Model(image, scores)

kernel = np.linspace(-1.0, 1.0, 18).reshape(3, 3, 1, 2)
model.get_layer("features").set_weights([kernel, np.array([0.1, -0.1])])
model.get_layer("scores").set_weights([np.cos(np.arange(24.0)).reshape(8, 3), np.zeros(3)])

picture = np.sin(np.arange(16.0)).reshape(1, 4, 4, 1)
probabilities = model.predict(picture)
print(probabilities, np.argmax(probabilities[0]))

winner = model.output[:, np.argmax(probabilities[0])]
maps = model.get_layer("features").output
by_pixel = K.gradients(winner, model.input)[0]
by_map = K.gradients(winner, maps)[0]
pooled = K.mean(by_map, axis=(0, 1, 2))
read = K.function([model.input], [by_pixel, pooled, maps[0]])
pixels, weights, activation = read([picture])
print(pixels[0, :, :, 0])
print(weights)
print(np.maximum(np.dot(activation, weights), 0))
