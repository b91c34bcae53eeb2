"""The wrappers for scikit-learn: what they refuse, and what today's scikit-learn asks of them."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy

X, Y = np.eye(3, dtype=np.float32), np.arange(3)


def build(units=3, metrics=None):
    model = keras.models.Sequential([keras.layers.Dense(units, activation="softmax", input_shape=(3,))])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics)
    return model


def wrapper(**params):
    return keras.wrappers.scikit_learn.KerasClassifier(build, verbose=0, **params)


REFUSED = {
    "unit is not a legal parameter. Give arguments of build_fn, or of the model's fit, predict, predict_classes or "
    "evaluate.": lambda: wrapper(unit=3),
    "Invalid shape for y: (3, 0). Give [samples], or [samples, classes].": lambda: wrapper().fit(X, np.ones((3, 0))),
    "Invalid shape for y: (). Give [samples], or [samples, classes].": lambda: wrapper().fit(X, 1),
    'The model is not compiled with accuracy, so that it has no score. Compile it with metrics=["accuracy"].': lambda: (
        fitted(metrics=["mae"]).score(X, Y)
    ),
}


def fitted(**params):
    made = wrapper(**params)
    made.fit(X, Y)
    return made


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with legacy.session(), pytest.raises(ValueError, match=r".") as caught:
        REFUSED[message]()
    assert str(caught.value) == message


def test_what_scikit_learn_of_today_asks(monkeypatch):
    utils = ModuleType("sklearn.utils")
    vars(utils).update(Tags=SimpleNamespace, TargetTags=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "sklearn.utils", utils)
    with legacy.session():
        made = wrapper()
        assert made.__sklearn_tags__() == SimpleNamespace(
            estimator_type=None, target_tags=SimpleNamespace(required=False)
        )
        assert not made.__sklearn_is_fitted__()
        made.fit(X, Y)
        assert made.__sklearn_is_fitted__()


@pytest.mark.parametrize("name", ["max_queue_size", "validation_freq", "workers"])
def test_arguments_that_the_methods_of_tf_keras_alone_had(name):
    there = tf1.keras.wrappers.scikit_learn
    assert there is not keras.wrappers.scikit_learn
    assert there.KerasRegressor is tf1.python.keras.wrappers.scikit_learn.KerasRegressor
    there.KerasRegressor(build, **{name: 1})
    with pytest.raises(ValueError, match=f"^{name} is not a legal parameter"):
        keras.wrappers.scikit_learn.KerasRegressor(build, **{name: 1})
