"""BatchNormalization in training, in testing and in between: fit, then predict; fixed, shared and by axis."""

# tolerance: rtol=2e-5 atol=2e-5 (slopes of a normalised batch cancel)
import numpy as np
from keras import backend as K
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, Input
from keras.models import Model, Sequential
from keras.optimizers import SGD

data = np.sin(np.arange(16.0)).reshape(8, 2) * 3.0 + 1.0
target = data.dot([[1.0], [0.5]]) - 0.3

model = Sequential()
model.add(BatchNormalization(momentum=0.8, center=False, scale=False, input_shape=(2,)))
model.add(Dense(1, kernel_initializer="ones"))
model.compile(SGD(lr=0.1), "mse")
history = model.fit(data, target, epochs=3, batch_size=4, shuffle=False, verbose=0)
print(["%.5f" % loss for loss in history.history["loss"]])
print(model.layers[0].get_weights())
print(model.layers[1].get_weights())
print(model.predict(data[:3]).ravel(), "%.5f" % model.evaluate(data, target, batch_size=8, verbose=0))

norm = BatchNormalization(epsilon=1e-3, gamma_initializer="ones", beta_regularizer="l2", name="norm")
x = Input(shape=(2,))
y = norm(x)
learner = Model(x, y)
learner.compile(SGD(lr=0.5), "mse")
print([w.name.split("/")[-1] for w in norm.weights], len(norm.updates), norm.get_config()["momentum"])
slopes = K.gradients(learner.total_loss, norm.trainable_weights)
feed = [x, learner.targets[0], learner.sample_weights[0], K.learning_phase()]
for phase in (0, 1):
    print(K.function(feed, [learner.total_loss] + slopes)([data, data, np.ones(8), phase]))
learner.train_on_batch(data, data)
print(norm.get_weights())
norm.trainable = False
learner.compile(SGD(lr=0.5), "mse")
learner.train_on_batch(data, data)
print(norm.get_weights()[2:], learner.predict(data[:1]))

image = Input(shape=(3, 3, 2))
h = Conv2D(2, 2, use_bias=False, kernel_initializer="ones", name="conv")(image)
h = BatchNormalization(axis=3, momentum=0.5)(h)
h = Activation("relu")(h)
net = Model(image, Flatten()(h))
pictures = np.cos(np.arange(54.0)).reshape(3, 3, 3, 2)
by_pixel = K.gradients(K.sum(net.output), image)[0]
read = K.function([image, K.learning_phase()], [net.output, by_pixel])
update = K.function([image, K.learning_phase()], [], updates=net.updates)
for phase in (0, 1):
    values = read([pictures, phase])
    print(values[0][0])
    print(values[1][0, :, :, 0])
update([pictures, 1])
print(net.layers[2].get_weights()[2], K.get_value(net.layers[2].moving_variance))
print(net.predict(pictures)[0])
