"""`keras.wrappers.scikit_learn`: Keras models with the methods of scikit-learn's classifiers and regressors."""

import copy
import importlib
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType
from typing import Any, ClassVar

import numpy as np

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.functions import has_arg, to_list

_FIT = """x y batch_size epochs verbose callbacks validation_split validation_data shuffle class_weight sample_weight
    initial_epoch steps_per_epoch validation_steps"""
_CLASSES = "x batch_size verbose"


def of_methods(fit: str, predict: str, evaluate: str) -> Mapping[str, frozenset[str]]:
    """Returns the arguments of Sequential's methods, by method; `predict_classes` and `predict_proba` have three."""
    every = {"fit": fit, "predict": predict, "evaluate": evaluate}
    return {
        name: frozenset(words.split())
        for name, words in {**every, "predict_classes": _CLASSES, "predict_proba": _CLASSES}.items()
    }


class BaseWrapper:
    """The parameters of a model, its construction and its training.

    Args:
        build_fn: a function, or an object with `__call__`, that returns a compiled model; None is the wrapper's own
            `__call__`.
        sk_params: arguments of `build_fn`, and of the model's `fit`, `predict`, `predict_classes` and `evaluate`.

    Raises:
        ValueError: if none of these functions has an argument of that name.
    """

    # tf_keras's methods have more arguments, which no parameter reached
    _arguments: ClassVar[Mapping[str, frozenset[str]]] = of_methods(
        _FIT, "x batch_size verbose steps", "x y batch_size verbose sample_weight steps"
    )

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Checks the names of parameters; raises ValueError as the class does."""
        methods = "fit", "predict", "predict_classes", "evaluate"
        builder = self._builder()
        for name in params:
            known = name == "nb_epoch" or has_arg(builder, name)
            if not known and not any(name in self._arguments[method] for method in methods):
                raise ValueError(
                    f"{name} is not a legal parameter. Give arguments of build_fn, or of the model's "
                    f"{', '.join(methods[:-1])} or {methods[-1]}."
                )

    def get_params(self, **params: Any) -> dict[str, Any]:
        """Returns copies of the parameters, and `build_fn`; `params` is ignored."""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Changes parameters; returns the wrapper."""
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, fn: Callable, override: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Returns the parameters that are arguments of a function, and those in `override`."""
        name = getattr(fn, "__name__", "")
        of_sequential = fn is getattr(tf_keras.interface("models").Sequential, name, None)
        known = self._arguments.get(name) if of_sequential else None
        taken = {
            name: value
            for name, value in self.sk_params.items()
            if (has_arg(fn, name) if known is None else name in known)
        }
        return {**taken, **(override or {})}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Builds a new model and trains it; returns its History.

        Args:
            x: the samples, `[samples, features]`.
            y: the labels, `[samples]` or `[samples, outputs]`.
            kwargs: arguments of the model's `fit`.
        """
        builder = self._builder()
        self.model = (builder if self.build_fn is None else self.build_fn)(**self.filter_sk_params(builder))
        return self.model.fit(x, self._one_hot(y), **{**copy.deepcopy(self._parameters("fit")), **kwargs})

    def _builder(self) -> Callable:
        """Returns the function whose arguments are parameters of the model."""
        if self.build_fn is None:
            return self.__call__  # pyright: ignore[reportAttributeAccessIssue]
        plain = isinstance(self.build_fn, (FunctionType, MethodType))
        return self.build_fn if plain else self.build_fn.__call__

    def _parameters(self, method: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        taken = {name: value for name, value in self.sk_params.items() if name in self._arguments[method]}
        return {**taken, **(given or {})}

    def _one_hot(self, y: Any) -> Any:
        loss = getattr(self.model.loss, "__name__", self.model.loss)
        if not isinstance(loss, str) or loss != "categorical_crossentropy" or np.ndim(y) == 2:
            return y
        return tf_keras.interface("utils").to_categorical(y)

    def __sklearn_tags__(self) -> Any:
        """Describes the wrapper to scikit-learn from 1.6 on: no classifier and no regressor, as older ones took it."""
        utils = importlib.import_module("sklearn.utils")
        return utils.Tags(estimator_type=None, target_tags=utils.TargetTags(required=False))

    def __sklearn_is_fitted__(self) -> bool:
        """Returns whether `fit` was called, for scikit-learn's pipelines."""
        return hasattr(self, "model")


class KerasClassifier(BaseWrapper):
    """A model as a classifier; see `BaseWrapper`. `classes_` has the labels."""

    _accuracy: ClassVar[tuple[str, ...]] = ("acc",)

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Builds a new model and trains it; returns its History.

        Args:
            x: the samples, `[samples, features]`.
            y: the labels, `[samples]` or `[samples, 1]`, or one column for each class.
            sample_weight: the weights of the samples.
            kwargs: arguments of the model's `fit`.

        Raises:
            ValueError: if y has another shape.
        """
        y = np.array(y)
        if y.ndim not in (1, 2) or y.shape[1:] == (0,):
            raise ValueError(f"Invalid shape for y: {y.shape}. Give [samples], or [samples, classes].")
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        else:
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Returns the label of each sample, `[samples]`; `[samples, 1]` if the model has one output."""
        found = self.model.predict(x, **self._parameters("predict_classes", kwargs))
        several = found.shape[-1] > 1
        return self.classes_[found.argmax(axis=-1) if several else (found > 0.5).astype("int32")]

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Returns the probability of each class, `[samples, classes]`, for one output too."""
        found = self.model.predict(x, **self._parameters("predict_proba", kwargs))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Returns the accuracy.

        Args:
            x: the samples.
            y: their labels.
            kwargs: arguments of the model's `evaluate`.

        Raises:
            ValueError: if the model was compiled without this metric.
        """
        y = np.searchsorted(self.classes_, y)
        found = to_list(self.model.evaluate(x, self._one_hot(y), **self._parameters("evaluate", kwargs)))
        for name, value in zip(self.model.metrics_names, found, strict=False):
            if name in self._accuracy:
                return value
        raise ValueError(
            'The model is not compiled with accuracy, so that it has no score. Compile it with metrics=["accuracy"].'
        )


class KerasRegressor(BaseWrapper):
    """A model as a regressor; see `BaseWrapper`."""

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Returns the predictions without axes of length 1."""
        return np.squeeze(self.model.predict(x, **self._parameters("predict", kwargs)))

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Returns the loss with the opposite sign; larger is better."""
        return -to_list(self.model.evaluate(x, y, **self._parameters("evaluate", kwargs)))[0]
