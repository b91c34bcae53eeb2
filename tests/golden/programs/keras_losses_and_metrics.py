"""Losses, metrics, regularizers and constraints: the library's by name, and one's own, for several outputs."""

# tolerance: rtol=4e-6 atol=1e-7 (sums of logarithms)
import numpy as np
from keras import backend as K
from keras import constraints, losses, metrics, objectives, regularizers
from keras.layers import Dense, Input
from keras.models import Model
from keras.regularizers import Regularizer

p = np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25], [0.3, 0.3, 0.4]])
q = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
names = (
    "mse mae mape msle squared_hinge hinge categorical_hinge logcosh kld poisson cosine_proximity "
    "binary_crossentropy categorical_crossentropy"
)
for name in names.split():
    function = losses.get(name)
    print(function.__name__, K.eval(function(K.constant(q), K.constant(p))))
print(K.eval(objectives.mse(K.constant(q), K.constant(p))), objectives.get("mae") is losses.mae)
print(K.eval(losses.sparse_categorical_crossentropy(K.constant([[1], [0], [2]]), K.constant(p))))
labels = K.constant([[1], [0], [1]])
print(K.eval(metrics.categorical_accuracy(K.constant(q), K.constant(p))))
print(K.eval(metrics.binary_accuracy(K.constant(q), K.constant(p))))
print(K.eval(metrics.sparse_categorical_accuracy(labels, K.constant(p))))
print(K.eval(metrics.top_k_categorical_accuracy(K.constant(q), K.constant(p), k=2)))
z = K.variable(p)
print(K.eval(K.gradients(K.sum(losses.logcosh(K.constant(q), z)), z)[0]))


def precision(y_true, y_pred):
    true_positives = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    return true_positives / (K.sum(K.round(K.clip(y_pred, 0, 1))) + K.epsilon())


def dice(smooth):
    def dice_loss(y_true, y_pred):
        both = K.sum(K.flatten(y_true) * K.flatten(y_pred))
        return 1.0 - (2.0 * both + smooth) / (K.sum(y_true) + K.sum(y_pred) + smooth)

    return dice_loss


class Orthogonal(Regularizer):
    def __init__(self, strength):
        self.strength = K.cast_to_floatx(strength)

    def __call__(self, w):
        return self.strength * K.sum(K.square(K.dot(K.transpose(w), w) - K.eye(K.int_shape(w)[1])))

    def get_config(self):
        return {"strength": float(self.strength)}


x = Input(shape=(2,))
h = Dense(3, activation="softmax", kernel_initializer="ones", kernel_regularizer=Orthogonal(0.01), name="kind")
size = Dense(1, kernel_initializer="ones", activity_regularizer="l1", bias_constraint="non_neg", name="size")
model = Model(x, [h(x), size(x)])
h.set_weights([np.linspace(1, -1, 6).reshape(2, 3), np.zeros(3)])
data, sizes = np.array([[1.0, -1.0], [0.5, 2.0], [-1.0, 0.0]]), np.array([1.0, 2.0, 3.0])
model.compile(
    "sgd",
    loss={"kind": dice(1.0), "size": "mean_squared_error"},
    loss_weights={"kind": 1.0, "size": 0.2},
    metrics={"kind": ["accuracy", precision], "size": [metrics.mae, "mse"]},
)
print(model.metrics_names)
print(["%.5f" % number for number in model.evaluate(data, [q, sizes], verbose=0)])
print(["%.5f" % number for number in model.test_on_batch(data, {"size": sizes, "kind": q})])
print([("%.5f" % K.eval(loss)) for loss in h.losses], len(model.losses))
model.compile("sgd", loss=["categorical_crossentropy", None], loss_weights=[2.0, 1.0])
print(["%.5f" % number for number in model.evaluate(data, q, verbose=0)], model.metrics_names)

w = K.constant([[3.0, -0.1], [4.0, 0.2]])
for constraint in (constraints.max_norm(2.0), constraints.unit_norm(), constraints.min_max_norm(0.5, 1.0)):
    print(K.eval(constraint(w)).tolist())
print(K.eval(regularizers.l1_l2(l1=0.1, l2=0.2)(w)), regularizers.get("l2").get_config()["l1"])
