"""Callbacks: schedules of the rate, checkpoints, stopping early, logs to a file, and one's own."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import glob
import os

import numpy as np
from keras import backend as K
from keras.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from keras.layers import Dense
from keras.models import Sequential, load_model
from keras.optimizers import SGD

data = np.sin(np.arange(24.0)).reshape(12, 2)
target = data.dot([[2.0], [-1.0]])


def regression(rate=0.2):
    model = Sequential([Dense(1, kernel_initializer="zeros", input_dim=2, name="line")])
    model.compile(loss="mse", optimizer=SGD(lr=rate))
    return model


class Recorder(Callback):
    def on_train_begin(self, logs={}):
        self.seen, self.rates = [], []

    def on_batch_end(self, batch, logs={}):
        self.seen.append((batch, logs.get("size"), "%.4f" % logs.get("loss")))

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append("%.5f" % K.get_value(self.model.optimizer.lr))


recorder = Recorder()
model = regression()
history = model.fit(
    data,
    target,
    batch_size=8,
    epochs=4,
    shuffle=False,
    verbose=0,
    validation_split=0.25,
    callbacks=[recorder, LearningRateScheduler(lambda epoch: 0.4 * 0.5**epoch)],
)
print(recorder.seen)
print(recorder.rates, recorder.params["epochs"], recorder.params["metrics"])
for name in sorted(history.history):
    print(name, ["%.5f" % number for number in history.history[name]])
print(history.epoch, sorted(history.params))

recorder, model = Recorder(), regression(0.01)
logger = LambdaCallback(
    on_epoch_begin=lambda epoch, logs: print("begin", epoch), on_train_end=lambda logs: print("end")
)
model.fit(
    data,
    target,
    batch_size=12,
    epochs=5,
    verbose=0,
    callbacks=[
        recorder,
        logger,
        ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=0.05, min_lr=0.001, verbose=0),
        EarlyStopping(monitor="loss", patience=3, min_delta=1.0),
        CSVLogger("log.csv"),
        TerminateOnNaN(),
    ],
)
print(recorder.rates)
print([line.split(",")[0] for line in open("log.csv")], open("log.csv").readline().strip())

model = regression()
path = "weights.{epoch:02d}-{val_loss:.3f}.hdf5"
best = ModelCheckpoint("best.h5", monitor="val_loss", save_best_only=True, mode="min", verbose=0)
every = ModelCheckpoint(path, save_weights_only=True, period=2)
model.fit(
    data,
    target,
    nb_epoch=4,
    batch_size=6,
    shuffle=False,
    verbose=0,
    validation_data=(data[:4], target[:4]),
    callbacks=[best, every],
)
written = ["best.h5", "log.csv", *sorted(glob.glob("weights.*.hdf5"))]
print(written)
kept = load_model("best.h5")
print("%.5f" % kept.evaluate(data[:4], target[:4], verbose=0), kept.get_weights()[0].ravel())
model.load_weights(written[2])
print(model.get_weights()[0].ravel())
for name in written:
    os.remove(name)
