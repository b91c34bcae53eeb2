"""What Keras 2.2.4 computes: one function a case, each given the modules `keras` and `tensorflow` to use.

The functions run under Python 3.7 with TensorFlow 1.15.5 and Keras 2.2.4, where this file records what they return:

    old/bin/python tests/golden/keras_numbers.py         # all cases, or only those named

and under nthgrad, where the tests compare.  Each begins with an empty graph, one thread and `np.random.seed(1)`.

They are recorded with `tf.enable_resource_variables()`.  With the reference variables that were the default, an update in
the last layer may reach a gradient of the first that is still to be computed, so that the same program gave numbers that
differ in the fourth digit from run to run; resource variables, which nthgrad has too, are read once.
"""

import json
import os
import sys

import numpy as np

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_numbers.json")
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def plain(value):
    """A value as JSON has it: arrays as lists, numbers as floats."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    return float(f"{value:.8g}") if isinstance(value, float) else value


def data(rows=12, columns=3, outputs=1):
    """Inputs and targets without a random number."""
    x = np.sin(np.arange(rows * columns, dtype="float32").reshape(rows, columns))
    y = np.cos(np.arange(rows * outputs, dtype="float32").reshape(rows, outputs) * 0.7)
    return x, y


def classes(rows=12, count=3):
    """Class numbers, and the same as rows of zeros and a one."""
    index = np.arange(rows) * 7 % count
    return index, np.eye(count, dtype="float32")[index]


def small(keras, loss="mse", optimizer="sgd", outputs=1, activation=None, **settings):
    """A model of two layers whose weights np.random has drawn."""
    layers = keras.layers
    model = keras.models.Sequential()
    model.add(layers.Dense(4, input_shape=(3,), activation="tanh"))
    model.add(layers.Dense(outputs, activation=activation))
    model.compile(optimizer, loss, **settings)
    return model


def steps(model, x, y, count=4, **settings):
    """Losses of `count` steps on the batch, and the weights after them."""
    losses = [model.train_on_batch(x, y, **settings) for _ in range(count)]
    return [losses, model.get_weights()]


OPTIMIZERS = {
    "sgd": lambda o: o.SGD(lr=0.1),
    "sgd_momentum": lambda o: o.SGD(lr=0.05, momentum=0.9),
    "sgd_nesterov_decay": lambda o: o.SGD(lr=0.05, momentum=0.9, decay=0.1, nesterov=True),
    "rmsprop": lambda o: o.RMSprop(),
    "rmsprop_decay": lambda o: o.RMSprop(lr=0.01, rho=0.8, epsilon=1e-3, decay=0.05),
    "adagrad": lambda o: o.Adagrad(lr=0.05),
    "adagrad_decay": lambda o: o.Adagrad(decay=0.5),
    "adadelta": lambda o: o.Adadelta(),
    "adadelta_decay": lambda o: o.Adadelta(lr=0.7, rho=0.9, decay=0.5),
    "adam": lambda o: o.Adam(lr=0.01),
    "adam_decay": lambda o: o.Adam(lr=0.05, beta_1=0.5, beta_2=0.9, decay=0.5),
    "adam_amsgrad": lambda o: o.Adam(lr=0.05, amsgrad=True),
    "adamax": lambda o: o.Adamax(),
    "adamax_decay": lambda o: o.Adamax(lr=0.05, decay=0.5),
    "nadam": lambda o: o.Nadam(lr=0.01),
    "clipnorm": lambda o: o.SGD(lr=0.5, clipnorm=0.1),
    "clipnorm_not_reached": lambda o: o.SGD(lr=0.1, clipnorm=100.0),
    "clipvalue": lambda o: o.SGD(lr=0.5, clipvalue=0.02),
    "clip_of_nothing": lambda o: o.SGD(lr=0.1, clipnorm=0.0, clipvalue=0.0),
    "clip_both": lambda o: o.Adam(lr=0.05, clipnorm=0.1, clipvalue=0.02),
}
NAMES = ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam", "SGD", "Adam"]


def _optimizer(name, make):
    def function(keras, tf):
        x, y = data()
        model = small(keras, optimizer=make(keras.optimizers))
        return [steps(model, x, y), model.optimizer.get_weights(), model.optimizer.get_config()]

    function.__name__ = "optimizer_" + name
    return case(function)


for _name, _make in sorted(OPTIMIZERS.items()):
    _optimizer(_name, _make)


@case
def optimizer_names(keras, tf):
    found = {}
    for name in NAMES:
        optimizer = small(keras, optimizer=name).optimizer
        found[name] = [type(optimizer).__name__, optimizer.get_config()]
    found["dict"] = small(keras, optimizer={"class_name": "SGD", "config": {"lr": 0.5}}).optimizer.get_config()
    return found


@case
def optimizer_float64(keras, tf):
    keras.backend.set_floatx("float64")
    try:
        x, y = data()
        return {
            name: steps(small(keras, optimizer=name), x.astype("float64"), y.astype("float64"), 3) for name in NAMES[:4]
        }
    finally:
        keras.backend.set_floatx("float32")


@case
def optimizer_of_tf(keras, tf):
    x, y = data()
    found = []
    for made in (tf.train.GradientDescentOptimizer(0.1), tf.train.MomentumOptimizer(0.1, 0.9)):
        model = small(keras, optimizer=made)
        found.append([type(model.optimizer).__name__, steps(model, x, y)])
    return found


@case
def optimizer_constraints(keras, tf):
    x, y = data()
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(2, input_shape=(3,), kernel_constraint=keras.constraints.max_norm(0.5)))
    model.add(keras.layers.Dense(1, kernel_constraint="non_neg", bias_constraint="unit_norm"))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    return steps(model, x, y)


@case
def optimizer_lr_changed(keras, tf):
    K = keras.backend
    x, y = data()
    model = small(keras, optimizer=keras.optimizers.Adam(lr=0.25))
    found = [K.get_value(model.optimizer.lr), steps(model, x, y, 2)]
    K.set_value(model.optimizer.lr, 0.5)
    return [*found, K.get_value(model.optimizer.lr), steps(model, x, y, 2), K.get_value(model.optimizer.iterations)]


@case
def optimizer_get_updates(keras, tf):
    K = keras.backend
    found = []
    for one in ("loss first", "keras 1", "keywords"):
        w = K.variable(np.array([1.0, -2.0]))
        loss = K.sum(K.square(w) * np.array([1.0, 3.0]))
        optimizer = keras.optimizers.SGD(lr=0.1, momentum=0.9)
        if one == "loss first":
            updates = optimizer.get_updates(loss, [w])
        elif one == "keras 1":
            updates = optimizer.get_updates([w], [], loss)
        else:
            updates = optimizer.get_updates(params=[w], loss=loss)
        run = K.function([], [loss], updates=updates)
        found.append([[run([])[0] for _ in range(3)], K.get_value(w), len(optimizer.weights)])
    gradients = keras.optimizers.SGD(clipnorm=1.0).get_gradients(loss, [w])
    return [*found, K.get_session().run(gradients)]


LOSSES = [
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "squared_hinge",
    "hinge",
    "categorical_hinge",
    "logcosh",
    "categorical_crossentropy",
    "binary_crossentropy",
    "kullback_leibler_divergence",
    "poisson",
    "cosine_proximity",
]


@case
def losses_values(keras, tf):
    K = keras.backend
    targets = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.2, -0.3, 1.5]], "float32")
    outputs = np.array([[0.1, 0.7, 0.2], [1.0, 0.0, 0.0], [2.5, -0.5, 0.3]], "float32")
    found = {}
    for name in LOSSES:
        t, o = K.placeholder((None, 3)), K.placeholder((None, 3))
        loss = getattr(keras.losses, name)(t, o)
        found[name] = K.function([t, o], [loss, K.gradients(loss, [o])[0]])([targets, outputs])
        assert keras.losses.get(name).__name__ == name
    found["short"] = [
        keras.losses.get(name).__name__ for name in ["mse", "mae", "mape", "msle", "kld", "cosine", "MSE", "KLD"]
    ]
    return found


@case
def losses_crossentropies(keras, tf):
    K = keras.backend
    o = K.placeholder((None, 3))
    values = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [1e-9, 3.0, -2.0], [0.4, 0.4, 0.4]], "float32")
    t = K.constant(np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]))
    index = K.constant(np.array([[2], [1], [0], [1]]))
    found = {}
    for logits in (False, True):
        for name, loss in [
            ("binary", K.binary_crossentropy(t, o, from_logits=logits)),
            ("categorical", K.categorical_crossentropy(t, o, from_logits=logits)),
            ("sparse", K.sparse_categorical_crossentropy(index, o, from_logits=logits)),
        ]:
            found[name + str(logits)] = K.function([o], [loss, K.gradients(loss, [o])[0]])([values])
    images = K.placeholder((None, 2, 3, 2))
    loss = K.categorical_crossentropy(K.ones((1, 2, 3, 2)), images, axis=1)
    sparse = K.sparse_categorical_crossentropy(K.constant(np.array([[[0], [2]]])), images[:, :, :, 0])
    block = np.arange(1.0, 13.0).reshape(1, 2, 3, 2) / 20
    return [found, K.function([images], [loss, sparse])([block])]


@case
def losses_saturated(keras, tf):
    """The gradient of a crossentropy behind a sigmoid or softmax that is certain."""
    K = keras.backend
    found = []
    z = K.placeholder((None, 2))
    values = np.array([[20.0, -20.0], [-40.0, 40.0], [0.5, -0.25], [3.0, 2.0]], "float32")
    t = K.constant(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    for output, loss in [
        (K.sigmoid(z), keras.losses.binary_crossentropy),
        (K.softmax(z), keras.losses.categorical_crossentropy),
    ]:
        value = loss(t, output)
        found.append(K.function([z], [value, K.gradients(value, [z])[0]])([values]))
    return found


@case
def losses_in_models(keras, tf):
    index, onehot = classes()
    x, _ = data()
    found = {}
    for loss, activation, y in [
        ("categorical_crossentropy", "softmax", onehot),
        ("sparse_categorical_crossentropy", "softmax", index),
        ("binary_crossentropy", "sigmoid", onehot),
        ("hinge", None, onehot),
    ]:
        model = small(keras, loss=loss, outputs=3, activation=activation, metrics=["acc", "ce", "mse"])
        found[loss] = [steps(model, x, y, 2)[0], model.metrics_names, model.evaluate(x, y, verbose=0)]
    return found


@case
def losses_of_programs(keras, tf):
    """Losses that return a number for a batch, a sample, or every element; with and without weights."""
    K = keras.backend
    x, y = data(outputs=2)
    weights = np.linspace(0.0, 1.0, 12)
    found = []
    for loss in [
        lambda t, o: K.mean(K.square(t - o)),
        lambda t, o: K.mean(K.square(t - o), axis=-1),
        lambda t, o: K.square(t - o),
        lambda t, o: K.sum(K.abs(t - o), axis=1),
    ]:
        model = small(keras, loss=loss, outputs=2)
        found.append([model.test_on_batch(x, y), model.test_on_batch(x, y, sample_weight=weights)])
        found.append(steps(model, x, y, 2, sample_weight=weights))
    return found


@case
def weights_of_samples(keras, tf):
    x, y = data()
    found = []
    for weights in (np.ones(12), np.arange(12.0), np.array([0.0, 2.0] * 6), np.array([0.0] * 11 + [3.0])):
        model = small(keras, metrics=["mae"], weighted_metrics=["mae", "mse"])
        found.append([steps(model, x, y, 2, sample_weight=weights), model.metrics_names])
        found.append(model.evaluate(x, y, sample_weight=weights, batch_size=5, verbose=0))
        found.append(model.fit(x, y, sample_weight=weights, batch_size=5, epochs=2, verbose=0).history)
    return found


@case
def weights_of_classes(keras, tf):
    index, onehot = classes()
    x, _ = data()
    found = []
    for loss, y in (("categorical_crossentropy", onehot), ("sparse_categorical_crossentropy", index)):
        model = small(keras, loss=loss, outputs=3, activation="softmax", metrics=["acc"])
        weights = {0: 0.5, 1: 3.0, 2: 0.0}
        found.append([steps(model, x, y, 2, class_weight=weights)])
        found.append(model.fit(x, y, class_weight=weights, batch_size=5, verbose=0).history)
    model = small(keras, loss="binary_crossentropy", activation="sigmoid")
    found.append(steps(model, x, (index > 1).astype("float32"), 2, class_weight={0: 1.0, 1: 4.0}))
    return found


@case
def weights_of_steps(keras, tf):
    x = np.sin(np.arange(24.0)).reshape(4, 3, 2)
    y = np.cos(np.arange(24.0)).reshape(4, 3, 2)
    weights = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.5, 0.0, 0.0]])
    model = keras.models.Sequential([keras.layers.SimpleRNN(2, return_sequences=True, input_shape=(3, 2))])
    model.compile("sgd", "mse", sample_weight_mode="temporal", metrics=["mae"], weighted_metrics=["mae"])
    return [steps(model, x, y, 2, sample_weight=weights), model.test_on_batch(x, y), model.metrics_names]


@case
def masks_through_layers(keras, tf):
    layers = keras.layers
    x = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [1, 1, 2, 3]])
    y = np.cos(np.arange(12.0)).reshape(3, 4, 1)
    found = []
    for last in (
        lambda: layers.TimeDistributed(layers.Dense(1)),
        lambda: layers.LSTM(1, return_sequences=True),
    ):
        model = keras.models.Sequential()
        model.add(layers.Embedding(5, 3, mask_zero=True, input_length=4))
        model.add(layers.SimpleRNN(3, return_sequences=True))
        model.add(last())
        model.compile("sgd", "mse", metrics=["mae"])
        found.append([steps(model, x, y, 2), model.predict(x)])
    model = keras.models.Sequential([layers.Masking(0.0, input_shape=(4, 2)), layers.LSTM(2)])
    model.compile("sgd", "mse")
    z = np.sin(np.arange(24.0)).reshape(3, 4, 2)
    z[0, 2:] = z[1, 1] = 0.0
    return [*found, steps(model, z, np.ones((3, 2)), 2), model.predict(z)]


@case
def several_outputs(keras, tf):
    layers = keras.layers
    a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b")
    first = layers.Dense(2, name="first")(layers.add([a, b]))
    second = layers.Dense(1, name="second", activation="sigmoid")(first)
    x, y = data(outputs=2)
    z = (y[:, :1] > 0).astype("float32")
    found = []
    for settings in (
        {"loss": "mse"},
        {"loss": ["mse", "binary_crossentropy"], "loss_weights": [0.5, 2.0], "metrics": ["acc"]},
        {
            "loss": {"first": "mae", "second": "mse"},
            "loss_weights": {"second": 0.25},
            "metrics": {"second": ["mae", "acc"]},
        },
        {"loss": {"second": "mse"}, "metrics": ["mae"]},
    ):
        model = keras.models.Model([a, b], [first, second])
        model.compile("sgd", **settings)
        targets = [y, z] if len(settings["loss"]) != 1 else y
        if isinstance(settings["loss"], dict) and len(settings["loss"]) == 1:
            found.append([model.metrics_names, model.train_on_batch([x, x], z)])
            continue
        weights = [np.arange(12.0), np.ones(12)]
        found.append([model.metrics_names, model.train_on_batch([x, x[::-1]], targets)])
        found.append(model.train_on_batch({"a": x, "b": x}, {"first": y, "second": z}))
        found.append(model.train_on_batch([x, x], targets, sample_weight=weights))
        found.append(model.evaluate([x, x], targets, sample_weight={"first": weights[0]}, verbose=0))
        found.append(model.fit([x, x], targets, epochs=2, batch_size=5, validation_split=0.25, verbose=0).history)
        found.append([each.shape for each in model.predict([x, x])])
    return found


@case
def regularization(keras, tf):
    layers, regularizers = keras.layers, keras.regularizers
    x, y = data()
    found = []
    for settings in (
        {"kernel_regularizer": regularizers.l2(0.1), "bias_regularizer": regularizers.l1(0.1)},
        {"activity_regularizer": regularizers.l1(0.01)},
        {"activity_regularizer": regularizers.l1_l2(0.01, 0.02), "kernel_regularizer": "l2"},
    ):
        model = keras.models.Sequential([layers.Dense(2, input_shape=(3,), **settings), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mse"])
        found.append([steps(model, x, y, 2), model.evaluate(x, y, batch_size=5, verbose=0), len(model.losses)])
    model = keras.models.Sequential([layers.Dense(1, input_shape=(3,)), layers.ActivityRegularization(l2=0.1)])
    model.compile("sgd", "mse")
    return [*found, steps(model, x, y, 2)]


@case
def metrics_of_all_kinds(keras, tf):
    K = keras.backend
    index, onehot = classes(12, 3)
    x, _ = data()

    def largest(t, o):
        return K.max(o)

    def top_two(t, o):
        return keras.metrics.top_k_categorical_accuracy(t, o, k=2)

    def sparse_top_two(t, o):
        return keras.metrics.sparse_top_k_categorical_accuracy(t, o, k=2)

    functions = ["categorical_accuracy", top_two, "mae", "cosine", "hinge", largest, "acc", "mse", "mae"]
    model = small(keras, loss="categorical_crossentropy", outputs=3, activation="softmax", metrics=functions)
    found = [model.metrics_names, model.evaluate(x, onehot, batch_size=5, verbose=0), model.test_on_batch(x, onehot)]
    model = small(
        keras,
        loss="sparse_categorical_crossentropy",
        outputs=3,
        activation="softmax",
        metrics=[
            "acc",
            "sparse_categorical_accuracy",
            sparse_top_two,
        ],
    )
    found += [model.metrics_names, model.test_on_batch(x, index)]
    model = small(
        keras, loss="binary_crossentropy", activation="sigmoid", metrics=["accuracy", "binary_accuracy", "ce"]
    )
    return [*found, model.metrics_names, model.evaluate(x, (index > 0) * 1.0, batch_size=7, verbose=0)]


@case
def metric_that_counts(keras, tf):
    K = keras.backend

    class Positives(keras.layers.Layer):
        def __init__(self, name="positives", **kwargs):
            super().__init__(name=name, **kwargs)
            self.stateful = True
            self.count = K.variable(0, dtype="float32")

        def reset_states(self):
            K.set_value(self.count, 0.0)

        def __call__(self, y_true, y_pred):
            positives = K.sum(K.cast(y_pred > 0, "float32"))
            now = self.count + positives
            self.add_update(K.update(self.count, now), inputs=[y_true, y_pred])
            return now

    x, y = data()
    model = small(keras, metrics=["mae", Positives()])
    found = [model.metrics_names, model.stateful_metric_names]
    found.append(model.fit(x, y, batch_size=5, epochs=2, verbose=0, validation_data=(x, y), shuffle=False).history)
    return [*found, model.evaluate(x, y, batch_size=5, verbose=0)]


def _batch_norm(keras, shape, x, **settings):
    model = keras.models.Sequential([keras.layers.BatchNormalization(input_shape=shape, **settings)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    found = [[weight.shape for weight in model.get_weights()]]
    for count in (1, 1, 3):
        for i in range(count):
            model.train_on_batch(x * (1 + i), np.zeros_like(x))
        found.append([model.get_weights(), model.predict(x), model.test_on_batch(x, x)])
    return found


@case
def batch_norm(keras, tf):
    x = np.array([[1.0, 2.0], [3.0, 6.0], [2.0, -1.0], [0.5, 4.0]], "float32")
    images = np.sin(np.arange(48.0, dtype="float32")).reshape(2, 4, 3, 2)
    return [
        _batch_norm(keras, (2,), x),
        _batch_norm(keras, (2,), x, momentum=0.9, epsilon=0.01, center=False),
        _batch_norm(keras, (2,), x, scale=False, beta_initializer="ones", moving_mean_initializer="ones"),
        _batch_norm(keras, (4, 3, 2), images),
        _batch_norm(keras, (4, 3, 2), images, axis=1, momentum=0.5),
        _batch_norm(keras, (3, 2), images[:, 0], axis=1),
        _batch_norm(keras, (12, 2), images.reshape(2, 12, 2)),
    ]


@case
def batch_norm_in_a_network(keras, tf):
    layers = keras.layers
    x, y = data()
    model = keras.models.Sequential()
    model.add(layers.Dense(4, input_shape=(3,)))
    model.add(layers.BatchNormalization())
    model.add(layers.Activation("relu"))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    history = model.fit(x, y, epochs=3, batch_size=4, validation_data=(x, y), verbose=0).history
    return [history, model.get_weights(), model.predict(x), len(model.updates), model.uses_learning_phase]


@case
def batch_norm_frozen(keras, tf):
    layers = keras.layers
    x, y = data()
    found = []
    for how in ("layer", "model", "training=True", "training=False"):
        a = layers.Input((3,))
        norm = layers.BatchNormalization(trainable=how != "layer")
        b = norm(a, **({} if how in ("layer", "model") else {"training": how.endswith("True")}))
        inner = keras.models.Model(a, b)
        if how == "model":
            inner.trainable = False
        model = keras.models.Sequential([inner, layers.Dense(1)])
        model.compile("sgd", "mse")
        found.append([steps(model, x, y, 2), model.predict(x), len(model.updates)])
    return found


@case
def moving_average(keras, tf):
    K = keras.backend
    v = K.variable(np.array([1.0, 5.0]))
    value = K.placeholder((2,))
    update = K.moving_average_update(v, value, 0.9)
    run = K.function([value], [value * 1.0], updates=[update])
    found = []
    for i in range(3):
        run([np.array([2.0 + i, -1.0])])
        found.append(K.get_value(v))
    x = K.constant(np.sin(np.arange(24.0)).reshape(2, 3, 2, 2))
    for axes in ([0, 1, 2], [0, 2, 3], [0, 1]):
        size = 2 if axes == [0, 1, 2] else 3
        shape = (2, 2) if axes == [0, 1] else (size,)
        gamma, beta = K.ones(shape) * 2, K.ones(shape)
        found.append(K.get_session().run(list(K.normalize_batch_in_training(x, gamma, beta, axes))))
    return found


@case
def initial_weights(keras, tf):
    initializers = keras.initializers
    found = {}
    for name in [
        "glorot_uniform",
        "glorot_normal",
        "he_uniform",
        "he_normal",
        "lecun_uniform",
        "lecun_normal",
        "random_normal",
        "random_uniform",
        "truncated_normal",
        "orthogonal",
        "identity",
        "zeros",
        "ones",
    ]:
        layer = keras.layers.Dense(4, kernel_initializer=name, input_shape=(4,))
        found[name] = keras.models.Sequential([layer]).get_weights()
    for seed in (None, 3):
        for made in (
            initializers.RandomNormal(1.0, 2.0, seed),
            initializers.RandomUniform(-1.0, 2.0, seed),
            initializers.TruncatedNormal(0.5, 0.1, seed),
            initializers.VarianceScaling(2.0, "fan_out", "uniform", seed),
            initializers.VarianceScaling(0.5, "fan_avg", "normal", seed),
            initializers.Orthogonal(2.0, seed),
            initializers.he_normal(seed),
        ):
            layer = keras.layers.Conv2D(2, 3, kernel_initializer=made, bias_initializer="normal", input_shape=(5, 5, 2))
            found[type(made).__name__ + str(seed) + str(len(found))] = keras.models.Sequential([layer]).get_weights()
    found["config"] = [
        initializers.serialize(initializers.get(name)) for name in ("he_normal", "uniform", "orthogonal")
    ]
    return found


@case
def initial_weights_of_layers(keras, tf):
    layers = keras.layers
    found = []
    for make, shape in [
        (lambda s: layers.LSTM(2, input_shape=s), (3, 2)),
        (lambda s: layers.GRU(2, input_shape=s), (3, 2)),
        (lambda s: layers.SimpleRNN(2, input_shape=s), (3, 2)),
        (lambda s: layers.Embedding(4, 3, input_length=2), (2,)),
        (lambda s: layers.Conv1D(2, 2, input_shape=s), (4, 2)),
        (lambda s: layers.SeparableConv2D(2, 2, input_shape=s), (4, 4, 2)),
        (lambda s: layers.Bidirectional(layers.LSTM(2), input_shape=s), (3, 2)),
        (lambda s: layers.PReLU(alpha_initializer="uniform", input_shape=s), (4,)),
        (lambda s: layers.Conv2DTranspose(2, 2, input_shape=s), (4, 4, 3)),
        (lambda s: layers.LocallyConnected1D(2, 2, input_shape=s), (4, 2)),
    ]:
        model = keras.models.Sequential([make(shape)])
        x = np.sin(np.arange(2.0 * np.prod(shape))).reshape((2, *shape)) * 1.5
        x = np.abs(x).astype(int) if len(shape) == 1 and shape[0] == 2 else x
        found.append([model.get_weights(), model.predict(x)])
    return found


@case
def noise(keras, tf):
    """The masks and noise of training, with seeds from np.random and with seeds of their own."""
    K, layers = keras.backend, keras.layers
    x = np.ones((3, 4), "float32")
    found = []
    for make in (
        lambda: layers.Dropout(0.5),
        lambda: layers.Dropout(0.3, seed=7),
        lambda: layers.Dropout(0.5, noise_shape=(None, 1)),
        lambda: layers.GaussianNoise(0.5),
        lambda: layers.GaussianDropout(0.5),
        lambda: layers.AlphaDropout(0.5),
    ):
        a = layers.Input((4,))
        b = make()(a)
        run = K.function([a, K.learning_phase()], [b])
        found.append([run([x, 1]), run([x, 1]), run([x, 0])])
    a = layers.Input((2, 4))
    run = K.function([a, K.learning_phase()], [layers.SpatialDropout1D(0.5)(a), K.dropout(a, 0.5)])
    found.append(run([np.ones((3, 2, 4)), 1]))
    for tensor in (
        K.random_normal((2, 2)),
        K.random_uniform((2, 2), -1.0, 3.0),
        K.truncated_normal((2, 2)),
        K.random_binomial((2, 3), 0.5),
        K.random_normal((2, 2), 1.0, 2.0, seed=5),
        K.random_normal_variable((2,), 0.0, 1.0),
        K.random_uniform_variable((2,), 0.0, 1.0),
    ):
        found.append(K.eval(tensor))
    return found


@case
def noise_in_recurrent_layers(keras, tf):
    layers = keras.layers
    x = np.sin(np.arange(12.0)).reshape(2, 3, 2)
    found = []
    for make, settings in [
        (layers.LSTM, {"dropout": 0.5, "recurrent_dropout": 0.25}),
        (layers.GRU, {"dropout": 0.5, "implementation": 2}),
    ]:
        model = keras.models.Sequential([make(2, input_shape=(3, 2), **settings)])
        model.compile("sgd", "mse")
        found.append(steps(model, x, np.ones((2, 2)), 2))
    return found


@case
def noise_in_training(keras, tf):
    layers = keras.layers
    x, y = data()
    tf.set_random_seed(9)
    model = keras.models.Sequential()
    model.add(layers.Dense(8, activation="relu", input_shape=(3,)))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return [model.fit(x, y, epochs=3, batch_size=5, validation_split=0.25, verbose=0).history, model.get_weights()]


@case
def recurrent_layers(keras, tf):
    layers = keras.layers
    x = np.sin(np.arange(24.0)).reshape(2, 4, 3)
    found = []
    for make, settings in [
        (layers.LSTM, {}),
        (layers.LSTM, {"implementation": 2, "unit_forget_bias": False, "return_sequences": True, "go_backwards": True}),
        (layers.LSTM, {"recurrent_activation": "sigmoid", "activation": "relu", "use_bias": False}),
        (layers.GRU, {}),
        (layers.GRU, {"implementation": 2, "return_sequences": True}),
        (layers.GRU, {"reset_after": True, "recurrent_activation": "sigmoid"}),
        (layers.SimpleRNN, {"activation": "hard_sigmoid"}),
    ]:
        model = keras.models.Sequential([make(2, input_shape=(4, 3), **settings)])
        found.append(model.predict(x))
        if not settings:  # to differentiate a loop takes long
            model.compile("sgd", "mse")
            found.append(steps(model, x, np.ones((2, 2)), 2))
    model = keras.models.Sequential([layers.LSTM(2, stateful=True, batch_input_shape=(2, 4, 3))])
    model.compile("sgd", "mse")
    found += [steps(model, x, np.ones((2, 2)), 2), model.predict(x, batch_size=2), model.predict(x, batch_size=2)]
    model.reset_states()
    return [*found, model.predict(x, batch_size=2), model.stateful, len(model.state_updates)]


@case
def activations(keras, tf):
    K = keras.backend
    x = K.placeholder((None, 5))
    values = np.array([[-3.0, -0.5, 0.0, 0.7, 8.0], [2.5, -2.5, 1.0, -1.0, 0.1]], "float32")
    found = {}
    for name in [
        "softmax",
        "elu",
        "selu",
        "softplus",
        "softsign",
        "relu",
        "tanh",
        "sigmoid",
        "hard_sigmoid",
        "exponential",
        "linear",
    ]:
        y = keras.activations.get(name)(x * 1.0)
        found[name] = K.function([x], [y, K.gradients(y, [x])[0]])([values])
    a = keras.activations
    for index, y in enumerate(
        [a.elu(x, 0.5), a.relu(x, 0.1), a.relu(x, 0.0, 6.0), a.relu(x, 0.1, 5.0, 1.0), a.softmax(x, axis=-1)]
    ):
        found[str(index)] = K.function([x], [y, K.gradients(y, [x])[0]])([values])
    z = K.placeholder((None, 2, 2))
    found["axis"] = K.function([z], [a.softmax(z, axis=1)])([np.arange(8.0).reshape(2, 2, 2)])
    for layer in (
        keras.layers.LeakyReLU(),
        keras.layers.ELU(0.3),
        keras.layers.ThresholdedReLU(0.5),
        keras.layers.Softmax(),
    ):
        found[layer.__class__.__name__] = K.function([x], [layer(x)])([values])
    return found


@case
def fit_in_order(keras, tf):
    """Shuffling, validation, initial epochs and the logs that callbacks see."""
    x, y = data()
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(["train", sorted(self.params), self.params["metrics"], self.params["samples"]])
            self.begin = len(seen)

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(["epoch", epoch])

        def on_batch_end(self, batch, logs=None):
            seen.append([batch, sorted(logs), logs["size"], logs["loss"]])

        def on_epoch_end(self, epoch, logs=None):
            seen.append([epoch, sorted(logs), logs["loss"]])

    np.random.seed(3)
    model = small(keras, metrics=["mae"])
    found = [model.fit(x, y, batch_size=5, epochs=3, verbose=0, callbacks=[Watch()], validation_split=0.3).history]
    found.append(model.fit(x, y, batch_size=5, epochs=5, initial_epoch=3, verbose=0, callbacks=[Watch()]).epoch)
    found.append(model.fit(x, y, batch_size=4, shuffle="batch", verbose=0).history)
    found.append(
        model.fit(x, y, batch_size=4, shuffle=False, verbose=0, validation_data=(x, y, np.arange(12.0))).history
    )
    return [found, seen, model.get_weights(), np.random.rand()]


@case
def fit_stopped(keras, tf):
    x, y = data()
    found = []

    class Stop(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    model = small(keras)
    found.append(model.fit(x, y, batch_size=4, epochs=3, verbose=0, callbacks=[Stop()], validation_data=(x, y)).history)
    early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, min_delta=1.0)
    found.append(model.fit(x, y, epochs=9, verbose=0, callbacks=[early], validation_data=(x, y)).history)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5)
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=1.0)
    found.append(model.fit(x, y, epochs=4, verbose=0, callbacks=[halve, plateau]).history)
    return [*found, keras.backend.get_value(model.optimizer.lr)]


@case
def generators(keras, tf):
    x, y = data()

    def batches(with_weights=False):
        while True:
            for start in range(0, 12, 5):
                batch = x[start : start + 5], y[start : start + 5]
                yield (*batch, np.arange(1.0, 1.0 + len(batch[0]))) if with_weights else batch

    class Ordered(keras.utils.Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return x[index * 4 : index * 4 + 4], y[index * 4 : index * 4 + 4]

    import random

    random.seed(5)
    model = small(keras, metrics=["mae"])
    found = [model.fit_generator(batches(), 3, epochs=2, verbose=0, validation_data=(x, y)).history]
    found.append(
        model.fit_generator(batches(True), 3, verbose=0, validation_data=batches(), validation_steps=3).history
    )
    found.append(model.fit_generator(Ordered(), epochs=2, verbose=0, shuffle=False, validation_data=Ordered()).history)
    found.append(model.fit_generator(Ordered(), verbose=0).history)
    found.append(model.evaluate_generator(batches(True), 3))
    found.append(model.evaluate_generator(Ordered()))
    found.append(model.predict_generator(batches(), 3))
    return found


@case
def tensors_as_inputs(keras, tf):
    K, layers = keras.backend, keras.layers
    x, y = data()
    a = layers.Input(tensor=K.constant(x))
    model = keras.models.Model(a, layers.Dense(1)(a))
    model.compile("sgd", "mse", target_tensors=[K.constant(y)], metrics=["mae"])
    found = [model.fit(None, None, steps_per_epoch=2, epochs=2, verbose=0).history, model.train_on_batch(None, None)]
    found.append(model.evaluate(None, None, steps=2, verbose=0))
    found.append(model.predict(None, steps=2))
    b = layers.Input(tensor=K.constant(x))
    model = keras.models.Model(b, layers.Dense(1)(b))
    model.compile("sgd", "mse")
    found.append(model.fit(None, y, batch_size=12, epochs=2, verbose=0).history)
    found.append(model.train_on_batch(None, y))
    found.append(model.evaluate(None, y, batch_size=12, verbose=0))

    def nothing():
        while True:
            yield None, y

    found.append(model.fit_generator(nothing(), 2, verbose=0).history)
    c = layers.Input((3,))
    both = keras.models.Model([b, c], layers.Dense(1)(layers.add([b, c])))
    both.compile("sgd", "mse")
    return [*found, both.train_on_batch(x, y), both.predict(x, batch_size=12)]


@case
def only_own_losses(keras, tf):
    K, layers = keras.backend, keras.layers
    x, y = data()
    a = layers.Input((3,))
    dense = layers.Dense(2)
    b = dense(a)
    model = keras.models.Model(a, b)
    model.add_loss(K.mean(K.square(b)))
    model.compile("sgd", loss=None)
    found = [[model.train_on_batch(x, None) for _ in range(3)], model.evaluate(x, None, verbose=0)]
    found.append(model.fit(x, None, epochs=2, verbose=0).history)
    target = layers.Input((1,))
    c = layers.Dense(1)(a)
    model = keras.models.Model([a, target], c)
    model.add_loss(K.sum(K.abs(c - target)))
    model.compile("sgd")
    return [*found, [model.train_on_batch([x, y], None) for _ in range(3)], model.metrics_names]


@case
def functions_of_a_model(keras, tf):
    """What programs called, read and changed beside the documented methods."""
    K = keras.backend
    x, y = data()
    model = small(keras, metrics=["mae"], weighted_metrics=["mse"])
    model._make_train_function()
    model._make_test_function()
    model._make_predict_function()
    ins = [x, y, np.ones(12)]
    found = [model.train_function(ins), model.test_function(ins), model.predict_function([x])]
    found.append(
        [len(each) for each in (model._feed_inputs, model._feed_targets, model._feed_sample_weights, model.targets)]
    )
    found.append(
        [
            len(each)
            for each in (model.sample_weights, model.metrics_tensors, model.metrics_updates, model._feed_outputs)
        ]
    )
    found.append([model.metrics_names, model.stateful_metric_names, model._feed_output_names, model.metrics])
    found.append([model.loss, model.loss_weights, model.sample_weight_mode, len(model._collected_trainable_weights)])
    gradients = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
    run = K.function(model._feed_inputs + model._feed_targets + model._feed_sample_weights, gradients)
    found.append(run(ins))
    model.metrics_tensors.append(K.constant(5.0))
    model.metrics_names.append("five")
    model.train_function = None
    found.append(model.train_on_batch(x, y))
    found.append(model.fit(x, y, verbose=0).history["five"])
    found.append([model.uses_learning_phase, [each._keras_shape for each in model.outputs]])
    xs, ys, ws = model._standardize_user_data(x, y)
    return [*found, [each.shape for each in xs + ys + ws], model.predict_on_batch(x), model.test_on_batch(x, y)]


@case
def trainable_flags(keras, tf):
    layers = keras.layers
    x, y = data()
    inner = keras.models.Sequential([layers.Dense(3, input_shape=(3,)), layers.BatchNormalization(), layers.Dense(2)])
    inner.layers[0].trainable = False
    found = [len(inner.trainable_weights), len(inner.non_trainable_weights)]
    inner.trainable = False
    found += [len(inner.trainable_weights), [layer.trainable for layer in inner.layers]]
    outer = keras.models.Sequential([inner, layers.Dense(1)])
    outer.compile("sgd", "mse")
    found += [len(outer.trainable_weights), len(outer.updates), steps(outer, x, y, 2)]
    inner.trainable = True
    found += [len(inner.trainable_weights), [layer.trainable for layer in inner.layers], len(outer.trainable_weights)]
    outer.compile("sgd", "mse")
    return [*found, steps(outer, x, y, 2), len(outer.updates)]


@case
def adversaries(keras, tf):
    """Two models that share layers, one frozen in the other, trained in turns."""
    layers = keras.layers
    x, y = data()
    z = (y > 0).astype("float32")
    judge = keras.models.Sequential()
    judge.add(layers.Dense(4, input_shape=(3,)))
    judge.add(layers.BatchNormalization(momentum=0.8))
    judge.add(layers.LeakyReLU(0.2))
    judge.add(layers.Dense(1, activation="sigmoid"))
    judge.compile(keras.optimizers.SGD(0.1, 0.5), "binary_crossentropy", metrics=["accuracy"])
    maker = keras.models.Sequential([layers.Dense(3, input_shape=(3,)), layers.BatchNormalization(), layers.Dense(3)])
    a = layers.Input((3,))
    judge.trainable = False
    both = keras.models.Model(a, judge(maker(a)))
    both.compile(keras.optimizers.SGD(0.1, 0.5), "binary_crossentropy")
    found = []
    for _ in range(3):
        found.append([judge.train_on_batch(x, z), both.train_on_batch(x, np.ones((12, 1))), maker.predict(x)])
    return [*found, judge.get_weights(), len(judge.updates), len(both.updates), len(both.trainable_weights)]


@case
def saved_and_loaded(keras, tf):
    import tempfile

    x, y = data()
    path = os.path.join(tempfile.mkdtemp(), "model.h5")
    found = []
    for optimizer in ("adam", "adadelta"):
        model = small(keras, loss="mae", optimizer=optimizer, metrics=["mse", "acc"], weighted_metrics=["mae"])
        model.fit(x, y, epochs=2, verbose=0)
        model.save(path)
        loaded = keras.models.load_model(path)
        found.append([loaded.metrics_names, loaded.optimizer.get_config(), steps(loaded, x, y, 2)])
        found.append([len(loaded.optimizer.weights), loaded.loss, loaded.metrics])

    def own(t, o):
        return keras.backend.sum(keras.backend.square(t - o), axis=-1)

    model = small(keras, loss=own, optimizer=keras.optimizers.SGD(0.1, 0.9), metrics=[own])
    model.fit(x, y, verbose=0)
    model.save(path)
    loaded = keras.models.load_model(path, custom_objects={"own": own})
    return [*found, loaded.metrics_names, steps(loaded, x, y, 2), steps(model, x, y, 2)]


@case
def attributes_of_layers(keras, tf):
    K, layers = keras.backend, keras.layers
    a = layers.Input((3,), name="a")
    layer = layers.Dense(2, activation="relu", name="d")
    b = layer(a)
    c = layers.Dropout(0.5, name="drop")(b)
    model = keras.models.Model(a, c)
    found = [b._keras_shape, c._uses_learning_phase, b._uses_learning_phase, model.uses_learning_phase]
    layer.name = "renamed"
    found += [layer.name, [each.name for each in model.layers], model.get_layer("renamed") is layer]
    found += [layer.built, layer.input_shape, layer.output_shape, layer.get_output_shape_at(0), layer.count_params()]
    found += [len(layer._inbound_nodes), len(layer._outbound_nodes), model.input_names, model.output_names]
    found += [sorted(model._nodes_by_depth), sorted(model._layers_by_depth), model.get_layer(index=1) is layer]
    layer.add_loss(K.sum(K.abs(b)), inputs=a)
    found += [len(layer.losses), len(layer.get_losses_for(a)), len(layer.get_losses_for(None))]
    v = K.variable(1.0)
    layer.add_update([(v, v + 1.0)], a)
    found += [len(layer.get_updates_for(None)) + len(layer.get_updates_for(a)), len(layer.updates)]
    seq = keras.models.Sequential([layers.Dense(2, input_shape=(3,))])
    found += [seq.model is seq, seq.layers[0].batch_input_shape, seq.built]
    seq.compile("sgd", "mse")
    x, _ = data()
    return [*found, seq.predict_classes(x), seq.predict_proba(x), K.int_shape(K.variable(np.ones((2, 3))))]


@case
def summaries(keras, tf):
    layers = keras.layers
    lines = []
    row = keras.models.Sequential([layers.Dense(3, input_shape=(2,)), layers.BatchNormalization(), layers.Dense(1000)])
    row.summary(print_fn=lines.append)
    row.layers[0].trainable = False
    row.compile("sgd", "mse")
    row.summary(line_length=50, print_fn=lines.append)
    a, b, shared = layers.Input((4,), name="a"), layers.Input((4,), name="b"), layers.Dense(4)
    c = layers.concatenate([shared(a), shared(b)])
    d = layers.Dense(2, name="the_long_name_of_a_layer_that_is_cut")(c)
    keras.models.Model([a, b], [d, c]).summary(print_fn=lines.append)
    keras.models.Model([a, b], d).summary(positions=[0.3, 0.6, 0.7, 1.0], print_fn=lines.append)
    x = layers.Input((8, 8, 3))
    inner = keras.models.Model(x, layers.Flatten()(layers.Conv2D(2, 3, activation="relu")(x)))
    inner.summary(print_fn=lines.append)
    keras.models.Sequential([inner, layers.Dense(1)]).summary(print_fn=lines.append)
    return lines


@case
def models_of_other_kinds(keras, tf):
    """Models without known inputs, of a class of their own, with sparse inputs."""
    from scipy import sparse

    _K, layers = keras.backend, keras.layers
    x, y = data()

    class Own(keras.models.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(2, kernel_initializer="ones", activation="tanh")
            self.last = layers.Dense(1, kernel_initializer="ones")

        def call(self, inputs):
            return self.last(self.first(inputs))

    model = Own()
    model.compile("sgd", "mse", metrics=["mae"])
    found = [model.fit(x, y, epochs=2, batch_size=5, shuffle=False, verbose=0).history, model.predict(x)]
    found.append(model.evaluate(x, y, verbose=0))
    model = keras.models.Sequential([layers.Dense(2), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    found.append(model.fit(x, y, epochs=2, batch_size=5, shuffle=False, verbose=0).history)
    matrix = sparse.csr_matrix(np.round(x))
    a = layers.Input((3,), sparse=True)
    model = keras.models.Model(a, layers.Dense(1)(a))
    model.compile("sgd", "mse")
    found.append([model.fit(matrix, y, epochs=2, batch_size=5, verbose=0).history, model.predict(matrix)])
    model = small(keras)
    found.append([model.fit(matrix, y, epochs=2, batch_size=5, verbose=0).history, model.predict(matrix)])
    return found


@case
def phase_set(keras, tf):
    """The learning phase as a number, and as an input of functions."""
    K, layers = keras.backend, keras.layers
    x, y = data()
    found = []
    for phase in (0, 1, None):
        K.clear_session()
        np.random.seed(2)
        if phase is not None:
            K.set_learning_phase(phase)
        model = keras.models.Sequential()
        model.add(layers.Dense(3, input_shape=(3,)))
        model.add(layers.BatchNormalization(momentum=0.5))
        model.add(layers.Lambda(lambda t: K.in_train_phase(t * 2.0, t)))
        model.add(layers.Dense(1))
        model.compile("sgd", "mse")
        found.append([model.uses_learning_phase, model.predict(x)])
        if phase != 0:  # else averages are read and updated at once
            found.append([steps(model, x, y, 2), model.predict(x)])
    run = K.function([model.layers[0].input, K.learning_phase()], [model.layers[2].output])
    return [*found, run([x, 0]), run([x, 1])]


@case
def session_initialises(keras, tf):
    """`K.get_session` initialises every variable that is not, and leaves the others."""
    K = keras.backend
    a, b = tf.Variable([1.0, 2.0]), K.variable(3.0)
    K.get_session().run(a.assign([5.0, 6.0]))
    found = [K.get_session().run([a, b])]
    K.set_value(b, 7.0)
    c = tf.Variable(4.0)
    step = tf.train.AdamOptimizer(0.5).minimize(tf.square(c))
    K.get_session().run(step)
    return [*found, K.get_session().run([a, b, c]), K.function([], [a * b])([])]


@case
def files_of_callbacks(keras, tf):
    import tempfile

    x, y = data()
    folder = tempfile.mkdtemp()
    model = small(keras, metrics=["acc"])
    c = keras.callbacks
    saved = c.ModelCheckpoint(os.path.join(folder, "w.{epoch:02d}-{val_loss:.3f}.h5"), save_weights_only=True)
    best = c.ModelCheckpoint(os.path.join(folder, "best.{epoch:d}.h5"), monitor="val_acc", save_best_only=True)
    log = c.CSVLogger(os.path.join(folder, "log.csv"))
    lines = []
    shown = c.LambdaCallback(on_epoch_end=lambda epoch, logs: lines.append([epoch, sorted(logs)]))
    model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y), callbacks=[saved, best, log, shown])
    with open(os.path.join(folder, "log.csv")) as file:
        table = [line.strip().split(",") for line in file]
    numbers = [[float(cell) for cell in row] for row in table[1:]]
    loaded = small(keras)
    loaded.load_weights(os.path.join(folder, sorted(os.listdir(folder))[-1]))
    return [sorted(os.listdir(folder)), table[0], numbers, lines, loaded.predict(x), type(model.history).__name__]


def numbers(name, keras, tf):
    """What the case returns, with a graph, a thread and a seed of its own."""
    np.random.seed(1)
    return plain(CASES[name](keras, tf))


def main(names):
    import keras
    import tensorflow as tf

    tf.enable_resource_variables()
    options = tf.ConfigProto(inter_op_parallelism_threads=1, intra_op_parallelism_threads=1)
    recorded = {}
    if os.path.exists(RECORDED):
        with open(RECORDED) as file:
            recorded = json.load(file)
    for name in names or sorted(CASES):
        keras.backend.clear_session()
        keras.backend.set_session(tf.Session(config=options))
        recorded[name] = numbers(name, keras, tf)
        print("recorded", name, flush=True)
    with open(RECORDED, "w") as file:
        json.dump(recorded, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
