"""Arguments and helpers that few programs needed: rates out of range, Keras 1's get_updates, layer_test."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.backend import _BACKEND
from keras.layers import GRU, LSTM, ConvLSTM2D, Dense, Dropout, Embedding, GaussianDropout, Lambda, SimpleRNN
from keras.layers import AlphaDropout, Bidirectional, GaussianNoise, SpatialDropout1D
from keras.legacy import interfaces
from keras.models import Sequential
from keras.optimizers import SGD, Adagrad, Optimizer, RMSprop
from keras.utils import test_utils
from keras.utils.test_utils import get_test_data, layer_test

print(_BACKEND, K._BACKEND, K.backend())

# rates out of range
for rate in (3, -1, 0, 1, 0.25, 1.5):
    layers = [Dropout(rate), SpatialDropout1D(rate)]
    cells = [LSTM(2, dropout=rate, recurrent_dropout=rate), GRU(2, dropout=rate), SimpleRNN(2, recurrent_dropout=rate)]
    print(rate, [layer.rate for layer in layers], [(layer.dropout, layer.recurrent_dropout) for layer in cells])
    print(ConvLSTM2D(1, 2, dropout=rate).dropout, Dropout(p=rate).get_config()["rate"])
    print(LSTM(2, dropout_W=rate, dropout_U=rate).get_config()["recurrent_dropout"])
x = K.constant(np.arange(1.0, 7.0).reshape(2, 3))
K.set_learning_phase(1)
for rate in (3, 1, 0, -2):
    print(rate, K.eval(Dropout(rate)(x)).tolist(), GaussianDropout(rate).rate, AlphaDropout(rate).rate)
    print(K.eval(GaussianDropout(rate)(x)).tolist(), K.eval(AlphaDropout(rate)(x)).tolist(), GaussianNoise(rate).stddev)
    lstm = LSTM(1, dropout=rate, recurrent_dropout=rate, kernel_initializer="ones", recurrent_initializer="ones")
    print(K.eval(lstm(K.constant(np.ones((1, 2, 1))))))
K.clear_session()

# the forget bias of Keras 1
for kind in (None, "one", "zero"):
    arguments = {} if kind is None else {"forget_bias_init": kind}
    layer = LSTM(2, input_shape=(3, 1), **arguments)
    model = Sequential([layer])
    print(kind, layer.unit_forget_bias, model.get_weights()[2])
layer = LSTM(2, input_shape=(3, 1), forget_bias_init="one", unit_forget_bias=False)
print(layer.unit_forget_bias, LSTM(2, unit_forget_bias=False).unit_forget_bias)
print(ConvLSTM2D(1, 2, forget_bias_init="one").unit_forget_bias, Embedding(3, 2, dropout=0.5).output_dim)
print(Bidirectional(LSTM(1, forget_bias_init="zero"), input_shape=(2, 1)).forward_layer.unit_forget_bias)


# get_updates with the arguments of Keras 1, by position and by name
class Own(Optimizer):
    """The plainest descent, as Keras 2 has it."""

    def __init__(self, lr=0.5):
        super(Own, self).__init__()
        self.lr = lr

    @interfaces.legacy_get_updates_support
    def get_updates(self, loss, params):
        self.updates = [K.update(p, p - self.lr * g) for p, g in zip(params, self.get_gradients(loss, params))]
        return self.updates


class OfKeras1(SGD):
    """Passes on what it is given."""

    def get_updates(self, *args, **kwargs):
        return super(OfKeras1, self).get_updates(*args, **kwargs)


def step(optimizer, *places, **names):
    w = K.variable([1.0, 2.0])
    loss = K.sum(K.square(w))
    given = {"w": [w], "loss": loss, "constraints": {}, "list": []}
    updates = optimizer.get_updates(*[given[each] for each in places], **{key: given[names[key]] for key in names})
    K.function([], [loss], updates=updates)([])
    return K.get_value(w)


for make in (SGD, RMSprop, Adagrad, Own, OfKeras1):
    K.clear_session()
    print(make.__name__, step(make(lr=0.25), "w", "constraints", "loss"))
    print(step(make(lr=0.25), "w", "list", "loss"), step(make(lr=0.25), "w", "constraints", loss="loss"))
    print(step(make(lr=0.25), "loss", "w"), step(make(lr=0.25), loss="loss", params="w"))
K.clear_session()
plain = Sequential([Dense(1, input_shape=(2,), kernel_initializer="ones")])
plain.compile(Own(0.125), "mse")
print(plain.train_on_batch(np.eye(2), np.zeros((2, 1))), plain.get_weights()[0].ravel())

# the helpers of Keras's own tests
np.random.seed(3)
(train, labels), (test, expected) = get_test_data(6, 2, (2,), (1,), classification=False)
print(train.shape, labels.shape, test.dtype, expected.ravel())
(train, labels), _ = get_test_data(num_train=5, num_test=2, input_shape=(3,), num_classes=4)
print(train.mean(), labels)
rows = np.float32(np.arange(8.0).reshape(2, 4))
K.clear_session()
print(
    layer_test(Dense, {"units": 2, "kernel_initializer": "ones"}, input_data=rows, expected_output=[[6, 6], [22, 22]])
)
print(layer_test(Dropout, {"rate": 0.5}, input_shape=(2, None, 3)).shape)
K.clear_session()
print(layer_test(LSTM, {"units": 2, "return_sequences": True}, input_shape=(2, 4, 3)).shape)
K.clear_session()
print(layer_test(Embedding, {"input_dim": 5, "output_dim": 2}, None, "int32", np.eye(2, 3), None, "float32").shape)
print(layer_test(Lambda, {"function": lambda t: t + 1.0}, input_shape=(3, 2), fixed_batch_size=True).shape)
K.clear_session()
for wrong in ({"expected_output": rows}, {"expected_output_dtype": "int32"}):
    try:
        layer_test(Dense, {"units": 4}, input_data=rows, **wrong)
    except AssertionError:
        print("not as expected")
print(test_utils.K is K, hasattr(test_utils, "np"), tf.get_default_session() is None)
