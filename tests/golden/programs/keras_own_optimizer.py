"""An optimizer of the program's own, whose rate depends on a count of steps that the same step increments."""

import numpy as np
from keras import backend as K
from keras.layers import Dense
from keras.legacy import interfaces
from keras.models import Sequential, load_model
from keras.optimizers import Optimizer


class AdamW(Optimizer):
    """Adam that also shrinks the weights, in the way of Keras's own."""

    def __init__(self, lr=0.01, beta_1=0.9, beta_2=0.999, weight_decay=0.1, epsilon=1e-7, **kwargs):
        super(AdamW, self).__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.beta_1 = K.variable(beta_1, name="beta_1")
            self.beta_2 = K.variable(beta_2, name="beta_2")
            self.wd = K.variable(weight_decay, name="weight_decay")
        self.epsilon = epsilon

    @interfaces.legacy_get_updates_support
    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        t = K.cast(self.iterations, K.floatx()) + 1
        lr_t = self.lr * (K.sqrt(1.0 - K.pow(self.beta_2, t)) / (1.0 - K.pow(self.beta_1, t)))
        ms = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        vs = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations] + ms + vs
        for p, g, m, v in zip(params, grads, ms, vs):
            m_t = (self.beta_1 * m) + (1.0 - self.beta_1) * g
            v_t = (self.beta_2 * v) + (1.0 - self.beta_2) * K.square(g)
            p_t = p - lr_t * m_t / (K.sqrt(v_t) + self.epsilon) - self.lr * self.wd * p
            self.updates.append(K.update(m, m_t))
            self.updates.append(K.update(v, v_t))
            self.updates.append(K.update(p, p_t))
        return self.updates

    def get_config(self):
        config = {
            "lr": float(K.get_value(self.lr)),
            "beta_1": float(K.get_value(self.beta_1)),
            "beta_2": float(K.get_value(self.beta_2)),
            "weight_decay": float(K.get_value(self.wd)),
            "epsilon": self.epsilon,
        }
        return dict(list(super(AdamW, self).get_config().items()) + list(config.items()))


def model_with(optimizer):
    hidden = [Dense(5, activation="tanh", input_dim=3), Dense(4, activation="tanh")]
    for layer in hidden:
        layer.trainable = False
    model = Sequential(hidden + [Dense(1)])
    model.set_weights([np.sin(k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(model.get_weights())])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


data = np.cos(np.arange(12.0)).reshape(4, 3)
target = np.array([[1.0], [0.0], [-1.0], [2.0]])

# One step of one model: the increment of the count and its first use race, elsewhere with another winner.
model = model_with(AdamW())
print("%.5f %.5f" % tuple(model.train_on_batch(data, target)), model.get_weights()[-1])
print(K.get_value(model.optimizer.iterations), [w.shape for w in model.optimizer.get_weights()])
model.save("model.h5")
again = load_model("model.h5", custom_objects={"AdamW": AdamW})
print(again.optimizer.__class__.__name__, K.get_value(again.optimizer.iterations), again.optimizer.get_config())
