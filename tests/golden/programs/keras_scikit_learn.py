"""Keras models as classifiers and regressors of scikit-learn: parameters, labels, probabilities, scores."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense
from keras.models import Sequential
from keras.wrappers.scikit_learn import BaseWrapper, KerasClassifier, KerasRegressor

np.random.seed(7)
tf.set_random_seed(7)
x = np.random.randn(60, 3).astype("float32")
kinds = np.argmax(x, 1)
words = np.array(["ash", "birch", "cedar"])[kinds]


def classifier(units=3, rate=0.1, loss="categorical_crossentropy", metrics=("accuracy",)):
    K.clear_session()
    model = Sequential([Dense(units, activation="softmax" if units > 1 else "sigmoid", input_shape=(3,))])
    model.compile(tf.train.GradientDescentOptimizer(rate) if rate > 1 else "sgd", loss, metrics=list(metrics))
    model.set_weights([np.ones((3, units)) * np.arange(units) / 4, np.zeros(units)])
    return model


# a classifier by numbers, by words and by columns
forest = KerasClassifier(classifier, epochs=3, batch_size=20, verbose=0)
print(
    sorted(forest.get_params()), forest.get_params(deep=False)["build_fn"] is classifier, forest.build_fn is classifier
)
history = forest.fit(x, kinds, shuffle=False)
print([round(value, 5) for value in history.history["loss"]], forest.classes_, forest.n_classes_)
print(forest.predict(x[:6]), forest.predict(x[:6], batch_size=2).dtype.kind, forest.predict_proba(x[:2]))
print(round(forest.score(x, kinds), 5), np.isscalar(forest.score(x, kinds)), type(forest.model).__name__)
first = forest.model
forest.fit(x, words, shuffle=False, sample_weight=np.linspace(0, 1, 60))
print(forest.classes_, forest.predict(x[:6]), round(forest.score(x, words), 5), forest.model is first)
print(round(forest.score(x, words, sample_weight=np.linspace(0, 1, 60)), 5))
forest.fit(x, np.eye(3)[kinds], shuffle=False, epochs=1, validation_data=(x[:9], np.eye(3)[kinds[:9]]))
print(forest.classes_, forest.predict(x[:6]), sorted(forest.model.history.history))
try:
    forest.fit(x, kinds[:, None])
except ValueError:
    print("one column for several classes")

# two classes of one output; a model with integer labels
two = KerasClassifier(classifier, units=1, loss="binary_crossentropy", epochs=2, verbose=0)
two.fit(x, kinds == 0, shuffle=False)
print(two.classes_, two.predict(x[:3]).shape, two.predict(x[:3]).ravel(), two.predict_proba(x[:3]))
print(round(two.score(x, kinds == 0), 5))
sparse = KerasClassifier(classifier, loss="sparse_categorical_crossentropy", epochs=1, verbose=0)
print([round(v, 5) for v in sparse.fit(x, kinds, shuffle=False).history["loss"]], round(sparse.score(x, kinds), 5))
sparse.fit(x, kinds[:, None] * 2, shuffle=False)
print(sparse.classes_, sparse.predict(x[:6]))

# parameters
print(
    forest.set_params(epochs=1, units=4, nb_epoch=9, loss="sparse_categorical_crossentropy") is forest,
    sorted(forest.sk_params.items()),
)
print(len(forest.fit(x, kinds, shuffle=False).epoch), forest.predict_proba(x[:1]).shape)
print(
    sorted(forest.filter_sk_params(Sequential.fit).items()), forest.filter_sk_params(Sequential.predict, {"steps": 1})
)
print(forest.filter_sk_params(classifier), sorted(forest.filter_sk_params(Sequential.predict_classes)))
copies = KerasClassifier(classifier, callbacks=[])
print(copies.get_params()["callbacks"] is copies.sk_params["callbacks"])
for wrong in ({"unit": 3}, {"max_queue_size": 2}, {"verbos": 0}, {"validation_freq": 1}):
    for act in (lambda: KerasClassifier(classifier, **wrong), lambda: forest.set_params(**wrong)):
        try:
            act()
        except ValueError as error:
            print("is not a legal parameter" in str(error), list(wrong)[0] in str(error), len(forest.sk_params))
bare = KerasClassifier(classifier, metrics=(), epochs=1, verbose=0)
bare.fit(x, kinds)
for wrong in (lambda: bare.score(x, kinds), lambda: bare.fit(x, np.zeros((60, 2, 2)))):
    try:
        wrong()
    except ValueError as error:
        print(str(error)[:19])
try:
    KerasRegressor()
except AttributeError:
    print("no function")


# functions of objects and of the wrapper itself
class Builder(object):
    def __call__(self, units=3):
        return classifier(units, loss="sparse_categorical_crossentropy")

    def other(self, units=2):
        return classifier(units, loss="sparse_categorical_crossentropy")


class Own(KerasClassifier):
    def __call__(self, units=3):
        return classifier(units, loss="sparse_categorical_crossentropy")


for made in (KerasClassifier(Builder(), units=5), KerasClassifier(Builder().other, units=6), Own(units=7), Own()):
    made.set_params(epochs=1, verbose=0).fit(x, kinds, shuffle=False)
    print(made.predict_proba(x[:1]).shape, isinstance(made, BaseWrapper), sorted(made.get_params()))


# a regressor
def line(loss="mse", metrics=()):
    K.clear_session()
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", loss, metrics=list(metrics))
    model.set_weights([np.array([[1.0], [0.5], [-0.5]]), np.zeros(1)])
    return model


y = x.dot([1.0, -2.0, 0.5]).astype("float32")
for metrics in ((), ("mae",)):
    fitted = KerasRegressor(line, metrics=metrics, epochs=4, verbose=0, batch_size=60)
    print([round(value, 4) for value in fitted.fit(x, y).history["loss"]])
    print(fitted.predict(x[:3]), fitted.predict(x[:1]).shape, round(float(fitted.score(x, y)), 4))


# the wrappers of tf.keras
def of_tf_keras(units=3):
    model = tf.keras.Sequential([tf.keras.layers.Dense(units, activation="softmax", input_shape=(3,))])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    model.set_weights([np.ones((3, units)) * np.arange(units) / 4, np.zeros(units)])
    return model


wrapped = tf.keras.wrappers.scikit_learn.KerasClassifier(of_tf_keras, epochs=2, verbose=0, max_queue_size=3)
print([round(float(v), 5) for v in wrapped.fit(x, words, shuffle=False).history["loss"]])
print(wrapped.predict(x[:4]), round(float(wrapped.score(x, words)), 5))
try:
    tf.keras.wrappers.scikit_learn.KerasRegressor(of_tf_keras, validation_freqs=1)
except ValueError:
    print("no such parameter")
