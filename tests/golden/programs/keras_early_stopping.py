"""EarlyStopping by values that the program itself writes into the logs: patience, baseline, and the best weights."""

import numpy as np
from keras import backend as K
from keras.callbacks import Callback, EarlyStopping
from keras.layers import Dense
from keras.models import Sequential

x = y = np.ones((4, 1))


class Script(Callback):
    def __init__(self, values):
        super(Script, self).__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = self.values[epoch]
        self.model.set_weights([np.full((1, 1), float(epoch))])


for values in ([3.0, 2.0, 2.5, 1.0, 4.0], [1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 2.0, 1.0]):
    for options in (
        {"patience": 0},
        {"patience": 1},
        {"patience": 2, "restore_best_weights": True},
        {"patience": 1, "baseline": 2.25},
        {"patience": 2, "baseline": 4.5, "mode": "max"},
        {"patience": 1, "min_delta": 1.25},
    ):
        K.clear_session()
        model = Sequential([Dense(1, use_bias=False, input_shape=(1,))])
        model.compile("sgd", "mse")
        stop = EarlyStopping("score", verbose=1, **options)
        history = model.fit(x, y, epochs=5, verbose=0, callbacks=[Script(values), stop])
        print(sorted(options.items()), len(history.epoch), stop.stopped_epoch, stop.best, model.get_weights())
