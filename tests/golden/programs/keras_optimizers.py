"""The optimizers of Keras 2 by name and as objects: rates, decay, clipping, and steps that can be checked by hand."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
from keras import backend as K
from keras import optimizers
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import SGD, Adadelta, Adagrad, RMSprop

data = np.cos(np.arange(8.0)).reshape(4, 2)
target = np.array([[1.0], [0.0], [-1.0], [2.0]])


def trained(optimizer, steps=3):
    model = Sequential([Dense(1, kernel_initializer="ones", input_dim=2)])
    model.compile(optimizer=optimizer, loss="mse")
    losses = [model.train_on_batch(data, target) for _ in range(steps)]
    return model, ["%.5f" % loss for loss in losses]


for optimizer in (
    SGD(lr=0.1, momentum=0.9, nesterov=True, clipvalue=0.5),
    SGD(lr=0.5, clipnorm=0.5),
    RMSprop(lr=0.05, rho=0.8, epsilon=1e-3),
    Adagrad(lr=0.1, epsilon=1e-4),
    Adadelta(lr=1.0, rho=0.9, epsilon=1e-2),
    "rmsprop",
    {"class_name": "SGD", "config": {"lr": 0.2, "momentum": 0.5}},
):
    model, losses = trained(optimizer)
    print(model.optimizer.__class__.__name__, losses, model.get_weights()[0].ravel())

for name in ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"):
    config = optimizers.get(name).get_config()
    print(name, ["%s=%.6g" % (key, float(config[key])) for key in sorted(config) if key not in ("nesterov", "amsgrad")])

model, _ = trained(SGD(lr=0.25, momentum=0.5, decay=0.0), steps=2)
print(K.get_value(model.optimizer.lr), K.eval(model.optimizer.momentum), K.get_value(model.optimizer.iterations))
K.set_value(model.optimizer.lr, 0.5 * K.get_value(model.optimizer.lr))
print("%.5f" % model.train_on_batch(data, target), model.optimizer.get_config()["lr"])
print([w.shape for w in model.optimizer.get_weights()], model.optimizer.get_weights()[1].ravel())
print(len(model.optimizer.get_updates(model.total_loss, model.trainable_weights)))

again = optimizers.deserialize(optimizers.serialize(RMSprop(lr=0.125, decay=0.5)))
print(again.__class__.__name__, again.initial_decay, K.get_value(again.decay), again.get_config()["lr"])

v = K.variable([1.0, -2.0])
rate = SGD(lr=0.1, momentum=0.5)
updates = rate.get_updates(loss=K.sum(K.square(v)), params=[v])
session = K.get_session()
for _ in range(3):
    session.run(updates)
    print(session.run([v, rate.iterations]))
grads = rate.get_gradients(K.sum(K.exp(v)), [v])
print(session.run(grads), len(grads))
