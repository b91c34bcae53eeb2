"""`fit`, `evaluate` and `predict` on arrays, or on a model's input tensors."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.training.calls import Bar, Calls
from nthgrad.legacy._keras_224.training.feeding import shape_of, standardized
from nthgrad.legacy._keras_224.training.functions import Mean, joined, one_or_list, phase


def fit(
    self: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: Any = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
) -> Any:
    """`Model.fit` of Keras 2.2.4; returns the History."""
    if batch_size is None and steps_per_epoch is None:
        batch_size = 32
    if x is None and y is None and steps_per_epoch is None:
        raise ValueError("If fitting from data tensors, you should specify the `steps_per_epoch` argument.")
    x, y, weights = standardized(self, x, y, sample_weight, class_weight, batch_size)
    held_out: list[Any] | None = None
    if validation_data:
        held_out = [*_validation(self, validation_data, batch_size), *phase(self, training=False)]
    elif validation_split and 0.0 < validation_split < 1.0:
        if any(tf.is_tensor(each) for each in x):
            raise ValueError("If your data is in the form of symbolic tensors, you cannot use `validation_split`.")
        data = [*x, *y, *weights]
        at = int(x[0].shape[0] * (1.0 - validation_split))
        held_out = [*(None if each is None else each[at:] for each in data), *phase(self, training=False)]
        x, y, weights = ([None if each is None else each[:at] for each in part] for part in (x, y, weights))
    elif validation_steps:
        held_out = phase(self, training=False)
    self._make_train_function()
    names = list(self.metrics_names)
    if held_out is not None:
        self._make_test_function()
    fed = [*x, *y, *weights, *phase(self, training=True)]
    _check_steps(fed, batch_size, steps_per_epoch, "steps_per_epoch")
    validates = bool(held_out) or bool(validation_steps)
    if validation_steps and steps_per_epoch is None:
        raise ValueError(
            "Can only use `validation_steps` when doing step-wise training, i.e. `steps_per_epoch` must be set."
        )
    if held_out and not validation_steps and steps_per_epoch:
        raise ValueError("Must specify `validation_steps` to perform validation when doing step-wise training.")
    samples = None if steps_per_epoch else _samples(fed)
    if held_out and verbose and fed and hasattr(fed[0], "shape") and hasattr(held_out[0], "shape"):
        print(f"Train on {fed[0].shape[0]} samples, validate on {held_out[0].shape[0]} samples")
    calls = Calls(
        self,
        callbacks,
        verbose,
        {
            "batch_size": batch_size,
            "epochs": epochs,
            "steps": steps_per_epoch,
            "samples": samples,
            "verbose": verbose,
            "do_validation": validates,
            "metrics": names + [f"val_{name}" for name in names] if held_out is not None else names,
        },
    )
    calls.train_begin(held_out or [])
    order = np.arange(samples or 0)
    for logs in calls.epochs(initial_epoch, epochs):
        if samples is not None:
            order = _shuffled(order, shuffle, batch_size)
        for number, (batch, size, last) in enumerate(_batches(self, fed, order, samples, batch_size, steps_per_epoch)):
            stopped = calls.batch(number, size, lambda batch=batch: self.train_function(batch))
            if validates and (samples is None if stopped else last):
                tested = _tested(self, held_out or [], None if validation_steps else batch_size, validation_steps, 0)
                calls.validated(logs, tested)
            if stopped:
                break
    return self.history


def evaluate(
    self: Any,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    verbose: int = 1,
    sample_weight: Any = None,
    steps: int | None = None,
) -> Any:
    """`Model.evaluate` of Keras 2.2.4; returns the loss, or a list of the loss and the metrics."""
    if batch_size is None and steps is None:
        batch_size = 32
    if x is None and y is None and steps is None:
        raise ValueError("If evaluating from data tensors, you should specify the `steps` argument.")
    x, y, weights = standardized(self, x, y, sample_weight, batch_size=batch_size)
    self._make_test_function()
    fed = [*x, *y, *weights, *phase(self, training=False)]
    return one_or_list(_tested(self, fed, batch_size, steps, verbose))


def predict(self: Any, x: Any, batch_size: int | None = None, verbose: int = 0, steps: int | None = None) -> Any:
    """`Model.predict` of Keras 2.2.4; returns an array, or a list of arrays."""
    if batch_size is None and steps is None:
        batch_size = 32
    if x is None and steps is None:
        raise ValueError("If predicting from data tensors, you should specify the `steps` argument.")
    x, _, _ = standardized(self, x)
    count = shape_of(x[0])[0] if self.stateful and x else 0
    if batch_size and count > batch_size and count % batch_size:
        raise ValueError(
            "In a stateful network, you should only pass inputs with a number of samples that can be divided by the "
            f"batch size. Found: {count} samples. Batch size: {batch_size}."
        )
    self._make_predict_function()
    fed = [*x, *phase(self, training=False)]
    _check_steps(fed, batch_size, steps, "steps")
    samples = None if steps else _samples(fed)
    bar = Bar(steps or samples or 0) if verbose == 1 else None
    rows, done = [], 0
    for batch, size, _ in _batches(self, fed, np.arange(samples or 0), samples, batch_size, steps):
        rows.append(self.predict_function(batch))
        done += 1 if steps else size
        if bar:
            bar.update(done)
    return joined(rows)


def _validation(model: Any, data: Any, batch_size: int | None) -> list[Any]:
    if len(data) not in (2, 3):
        raise ValueError(
            "When passing validation_data, it must contain 2 (x_val, y_val) or 3 (x_val, y_val, val_sample_weights) "
            f"items, however it contains {len(data)} items"
        )
    x, y, weights = standardized(model, data[0], data[1], *data[2:], batch_size=batch_size)
    return [*x, *y, *weights]


def _tested(model: Any, fed: list[Any], batch_size: int | None, steps: int | None, verbose: int) -> list[Any]:
    _check_steps(fed, batch_size, steps, "steps")
    mean = Mean(model)
    samples = None if steps else _samples(fed)
    bar = Bar(steps or samples or 0) if verbose == 1 else None
    for batch, size, _ in _batches(model, fed, np.arange(samples or 0), samples, batch_size, steps):
        mean.add(model.test_function(batch), size)
        if bar:
            bar.update(sum(mean.sizes))
    return mean.result()


def _check_steps(fed: list[Any], batch_size: int | None, steps: int | None, name: str) -> None:
    if steps is not None and batch_size is not None:
        raise ValueError(f"If {name} is set, the `batch_size` must be None.")
    if steps is None and (not fed or any(tf.is_tensor(each) for each in fed)):
        raise ValueError(
            f"If your data is in the form of symbolic tensors, you should specify the `{name}` argument (instead of "
            "the `batch_size` argument, because symbolic tensors are expected to produce batches of input data)."
        )


def _samples(fed: list[Any]) -> int | None:
    return int(fed[0].shape[0]) if hasattr(fed[0], "shape") else None


def _shuffled(order: np.ndarray, shuffle: Any, batch_size: Any) -> np.ndarray:
    """Shuffles the order of an epoch with the same draws from `np.random` as Keras 2.2.4."""
    if shuffle == "batch":  # whole batches, for files that are read in slices
        whole = len(order) // batch_size * batch_size
        groups = order[:whole].reshape(-1, batch_size)
        np.random.shuffle(groups)
        return np.append(groups.ravel(), order[whole:])
    if shuffle:
        np.random.shuffle(order)
    return order


def _batches(
    model: Any, fed: list[Any], order: np.ndarray, samples: int | None, batch_size: Any, steps: int | None
) -> Iterator[tuple[list[Any], int, bool]]:
    """Yields the values to feed for each batch, its size (1 for a step), and whether it is the last."""
    if samples is None:
        for step in range(steps or 0):
            yield fed, 1, step + 1 == steps
        return
    dense = _to_be_dense(model, fed)
    for start in range(0, samples, batch_size):
        rows = order[start : start + batch_size]
        yield (
            [
                each if isinstance(each, float) else _dense(_rows(each, rows)) if index in dense else _rows(each, rows)
                for index, each in enumerate(fed)
            ],
            len(rows),
            start + batch_size >= samples,
        )


def _rows(values: Any, rows: np.ndarray) -> Any:
    # A dataset of an HDF5 file accepts lists only.
    return values[rows if isinstance(values, np.ndarray) or hasattr(values, "toarray") else rows.tolist()]


def _to_be_dense(model: Any, fed: list[Any]) -> set[int]:
    inputs = [*model._feed_inputs, *getattr(model, "_feed_targets", [])]
    is_sparse = tf_keras.keras_backend().is_sparse
    pairs = enumerate(zip(inputs, fed, strict=False))
    return {index for index, (one, values) in pairs if hasattr(values, "toarray") and not is_sparse(one)}


def _dense(values: Any) -> np.ndarray:
    return values.toarray()
