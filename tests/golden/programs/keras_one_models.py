"""Models as Keras 1 programs made and trained them: input=, output=, nb_epoch, samples_per_epoch."""

# tolerance: rtol=1e-6 (means of float32 losses, taken in float64)
import numpy as np
from keras import backend as K
from keras.engine.topology import Layer
from keras.layers import Dense, Input
from keras.models import Model, Sequential, load_model


def network(name):
    x = Input(shape=(2,), name=name)
    y = Dense(1, init="one", activation="tanh")(x)
    return Model(input=x, output=y)


class Own(Model):
    """A model of one's own that says the names of its ends."""

    def __init__(self, **kwargs):
        x = Input((2,))
        super(Own, self).__init__(input=x, output=Dense(1, init="one")(x), **kwargs)


class Batches(object):
    """What makes batches and says how large they are."""

    batch_size = 4

    def __iter__(self):
        return self

    def __next__(self):
        return data, target

    next = __next__


data = np.arange(8.0).reshape(4, 2) / 8.0
target = data.sum(axis=1, keepdims=True)
model = network("x")
model.compile("sgd", "mse")
history = model.fit(data, target, batch_size=4, nb_epoch=3, verbose=0)
print(history.epoch, history.history["loss"])
history = model.fit_generator(Batches(), samples_per_epoch=8, nb_epoch=2, verbose=0)
print(history.epoch, history.history["loss"])
history = model.fit_generator(
    Batches(),
    samples_per_epoch=4,
    nb_epoch=1,
    verbose=0,
    validation_data=Batches(),
    nb_val_samples=2,
    max_q_size=2,
    nb_worker=1,
)
print(sorted(history.history), history.history["val_loss"])
print(model.evaluate_generator(Batches(), val_samples=2), model.predict_generator(Batches(), val_samples=1).shape)
print(model.predict(data)[:, 0])

sequential = Sequential()
sequential.add(Dense(output_dim=1, input_dim=2, init="one"))
sequential.compile(optimizer="sgd", loss="mse")
print(sequential.fit(data, target, nb_epoch=2, batch_size=2, shuffle=False, verbose=0).history["loss"])

own = Own(name="own")
print(own.name, own.predict(data)[:, 0], [layer.__class__.__name__ for layer in own.layers])
model.save("model.h5", include_optimizer=False)
print(load_model("model.h5").predict(data)[:, 0])
again = Model.from_config(model.get_config())
again.set_weights(model.get_weights())
print(again.predict(data)[:, 0], isinstance(again, Layer), K.int_shape(again.output))
