"""What every `get` and `deserialize` of Keras makes of names and dicts, in small letters too."""

import numpy as np
from keras import activations, constraints, initializers, layers, losses, metrics, optimizers, regularizers
from keras import backend as K

x, y = K.constant([[0.25, -0.75]]), K.constant([[1.0, 0.5]])


def attempt(what, function, *args, **kwargs):
    try:
        result = function(*args, **kwargs)
    except (ValueError, TypeError) as error:
        print(what, type(error).__name__, str(error)[:13])
    else:
        print(what, result.__name__ if hasattr(result, "__name__") else result.__class__.__name__)
        return result


def shown(config):
    return sorted((key, round(float(value), 6)) for key, value in config.items() if isinstance(value, (int, float)))


# optimizers: as a name, as a dict, in any letters, and with an optimizer's own configuration
for name in ("sgd", "SGD", "Sgd", "rmsprop", "RMSprop", "adagrad", "AdaDelta", "adam", "ADAM", "Adamax", "nadam"):
    optimizer = optimizers.get(name)
    print(name, optimizer.__class__.__name__, shown(optimizer.get_config()))
for name in ("sgd", "Adam", "ADAMAX"):
    config = {"class_name": name, "config": {"lr": 0.25}}
    optimizer = optimizers.deserialize(config)
    print(config["class_name"], optimizer.__class__.__name__, K.eval(optimizer.lr))
    print(optimizers.get({"class_name": name, "config": {"lr": 0.5}}).get_config()["lr"])
config = optimizers.serialize(optimizers.SGD(lr=0.125, momentum=0.5, nesterov=True, clipnorm=1.0))
print(config["class_name"], shown(config["config"]))
again = optimizers.deserialize(config)
print(again.__class__.__name__, shown(again.get_config()))


class Mine(optimizers.SGD):
    pass


mine = {"class_name": "Mine", "config": {"lr": 2.0}}
print(optimizers.deserialize(mine, custom_objects={"Mine": Mine}).__class__.__name__)
attempt("none", optimizers.deserialize, {"class_name": "Newton", "config": {}})
attempt("improper", optimizers.deserialize, {"class_name": "sgd"})
attempt("no dict", optimizers.get, 3)

# losses and metrics: functions by name; a class of a program's own by a dict


class Scaled(object):
    __name__ = "scaled"

    def __init__(self, scale=1.0):
        self.scale = scale

    def __call__(self, y_true, y_pred):
        return self.scale * K.mean(K.square(y_true - y_pred), axis=-1)

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def make_power(exponent=2):
    def power(y_true, y_pred):
        return K.mean(K.pow(K.abs(y_true - y_pred), exponent), axis=-1)

    return power


own = {"scaled": Scaled, "Scaled": Scaled, "make_power": make_power}
for module in (losses, metrics):
    for name in ("mse", "MSE", "mean_absolute_error", "cosine", "kullback_leibler_divergence", "binary_crossentropy"):
        print(name, K.eval(module.deserialize(name)(y, x)))
        print(module.get(name) is module.deserialize(name), module.serialize(module.get(name)))
    for name in ("scaled", "Scaled"):
        found = module.deserialize({"class_name": name, "config": {"scale": 3.0}}, custom_objects=own)
        print(found.__class__.__name__, K.eval(found(y, x)))
    found = module.deserialize({"class_name": "make_power", "config": {"exponent": 3}}, custom_objects=own)
    print(found.__name__, K.eval(found(y, x)))
    print(module.deserialize("make_power", custom_objects=own) is make_power)
    attempt("unknown", module.deserialize, "nothing")
    attempt("unknown in a dict", module.deserialize, {"class_name": "Nothing", "config": {}})
    attempt("capitals", module.deserialize, "Mean_Squared_Error")
    attempt("improper", module.deserialize, {"name": "mse"})
    attempt("number", module.get, 3)
    attempt("function", module.get, make_power)
print(losses.get(None), K.eval(losses.get("hinge")(y, x)), K.eval(metrics.get("binary_accuracy")(y, x)))
attempt("a loss of a dict", losses.get, {"class_name": "mse", "config": {}})
attempt("crossentropy", metrics.get, "categorical_accuracy")

# the others know the letters of their names only
for module, names in (
    (initializers, "zeros Zeros zero ones one Ones uniform RandomUniform he_normal identity Identity nothing"),
    (regularizers, "l1 l2 l1_l2 L1L2 nothing"),
    (constraints, "max_norm MaxNorm maxnorm nonneg NonNeg unit_norm UnitNorm unitnorm nothing"),
    (activations, "relu linear softsign nothing"),
):
    for name in names.split():
        attempt(name, module.get, name)
        if module is not activations:
            attempt("in a dict", module.deserialize, {"class_name": name, "config": {}})
print(initializers.get({"class_name": "Constant", "config": {"value": 2.0}}).value)
print(regularizers.get({"class_name": "L1L2", "config": {"l2": 0.5}}).get_config()["l2"])

# layers
for name, settings in (
    ("Dense", {"units": 2}),
    ("dense", {"units": 2}),
    ("MaxPool2D", {}),
    ("Highway", {"init": "one"}),
    ("MaxoutDense", {"output_dim": 2}),
    ("AtrousConvolution1D", {"filters": 2, "kernel_size": 3, "atrous_rate": 2}),
    ("Convolution2D", {"nb_filter": 2, "nb_row": 3, "nb_col": 3, "border_mode": "same"}),
):
    attempt(name, layers.deserialize, {"class_name": name, "config": settings})
layer = layers.deserialize({"class_name": "Dense", "config": {"units": 3, "activation": "tanh", "name": "last"}})
print(layer.name, layer.units, layer.activation.__name__, np.shape(K.eval(layer(x))))
