"""The three functions of a model, which programs also made and called themselves, and a step of each."""

import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.training.feeding import standardized
from nthgrad.legacy._keras_224.training.phase import phase_of


def make_train_function(model: Any) -> None:
    """Makes `train_function`: of inputs, targets, weights and perhaps the phase, to the loss and metrics."""
    if not hasattr(model, "train_function"):
        raise RuntimeError("You must compile your model before using it.")
    check_trainable_weights(model)
    if model.train_function is None:
        backend = tf_keras.keras_backend()
        with backend.name_scope("training"), backend.name_scope(type(model.optimizer).__name__):
            steps = model.optimizer.get_updates(params=model._collected_trainable_weights, loss=model.total_loss)
        model.train_function = _function(
            model, "train_function", [model.total_loss, *model.metrics_tensors], [*model.updates, *steps]
        )


def make_test_function(model: Any) -> None:
    """Makes `test_function`: as above, without training."""
    if not hasattr(model, "test_function"):
        raise RuntimeError("You must compile your model before using it.")
    if model.test_function is None:
        model.test_function = _function(
            model, "test_function", [model.total_loss, *model.metrics_tensors], model.state_updates
        )


def make_predict_function(model: Any) -> None:
    """Makes `predict_function`: of inputs and perhaps the phase, to the outputs."""
    if getattr(model, "predict_function", None) is None:
        model.predict_function = _function_class()(
            [*model._feed_inputs, *phase_of(model)],
            model.outputs,
            updates=model.state_updates,
            name="predict_function",
            **getattr(model, "_function_kwargs", {}),
        )


@cache
def _function_class() -> type:
    class Function(tf_keras.graph_function()):
        """A function of the graph that takes SciPy's sparse matrices for sparse placeholders, as Keras 2.2.4's did."""

        def __call__(self, inputs: list[Any]) -> Any:
            return super().__call__([_sparse(each) if hasattr(each, "tocoo") else each for each in inputs])

    return Function


def _sparse(matrix: Any) -> tf.compat.v1.SparseTensorValue:
    entries = matrix.tocsr().tocoo()  # row by row
    indices = np.stack([entries.row, entries.col], axis=1)
    return tf.compat.v1.SparseTensorValue(indices, entries.data, np.array(entries.shape))


def _function(model: Any, name: str, outputs: list[Any], updates: list[Any]) -> Any:
    inputs = [*model._feed_inputs, *model._feed_targets, *model._feed_sample_weights, *phase_of(model)]
    return _function_class()(
        inputs, outputs, updates=[*updates, *model.metrics_updates], name=name, **model._function_kwargs
    )


def check_trainable_weights(model: Any) -> None:
    """Warns of layers that were frozen or thawed after `compile`, which does not reach training."""
    collected = getattr(model, "_collected_trainable_weights", None)
    if collected is not None and len(model.trainable_weights) != len(collected):
        warnings.warn(
            "Discrepancy between trainable weights and collected trainable weights, did you set `model.trainable` "
            "without calling `model.compile` after ?",
            stacklevel=2,
        )


def phase(model: Any, *, training: bool) -> list[float]:
    """What is fed for the learning phase: nothing if the model does not ask for it."""
    return [float(training)] * len(phase_of(model))


def train_on_batch(self: Any, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None) -> Any:
    """One step of training: the loss, or a list of it and the metrics."""
    x, y, weights = standardized(self, x, y, sample_weight, class_weight)
    self._make_train_function()
    return one_or_list(self.train_function([*x, *y, *weights, *phase(self, training=True)]))


def test_on_batch(self: Any, x: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: PT028 - no test
    """The loss of a batch, or a list of it and the metrics."""
    x, y, weights = standardized(self, x, y, sample_weight)
    self._make_test_function()
    return one_or_list(self.test_function([*x, *y, *weights, *phase(self, training=False)]))


def predict_on_batch(self: Any, x: Any) -> Any:
    """The outputs for a batch: an array, or a list of them."""
    x, _, _ = standardized(self, x)
    self._make_predict_function()
    return one_or_list(self.predict_function([*x, *phase(self, training=False)]))


def one_or_list(values: list[Any]) -> Any:
    """The value of a list of one; otherwise the list."""
    return values[0] if len(values) == 1 else values


def as_list(values: Any) -> list[Any]:
    """Undoes `one_or_list`."""
    return values if isinstance(values, list) else [values]


def joined(batches: Iterable[list[Any]]) -> Any:
    """Joins the outputs of batches: one array, or a list of them."""
    return one_or_list([np.concatenate(column, axis=0) for column in zip(*batches, strict=True)])


class Mean:
    """The mean over batches of what `test_function` returns, but for metrics that count themselves."""

    def __init__(self, model: Any) -> None:
        for metric in model.stateful_metric_functions:
            metric.reset_states()
        self.stateful = [name in model.stateful_metric_names for name in model.metrics_names]
        self.batches: list[list[float]] = []
        self.sizes: list[int] = []

    def add(self, outputs: list[Any], size: int) -> None:
        """Takes a batch of so many samples."""
        self.batches.append([float(each) for each in outputs])
        self.sizes.append(size)

    def result(self) -> list[np.float64]:
        """One number for each of `metrics_names`."""
        columns = zip(*self.batches, strict=True)
        return [
            np.float64(column[-1] if counted else np.dot(column, self.sizes) / sum(self.sizes))
            for column, counted in zip(columns, self.stateful, strict=False)
        ]
