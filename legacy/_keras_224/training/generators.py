"""`fit_generator`, `evaluate_generator` and `predict_generator`.

Generators run in the calling thread. Keras 2.2.4 ran them ahead in another thread, with the same batches; there a
generator had advanced further when training ended.
"""

import random
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.training.calls import Bar, Calls
from nthgrad.legacy._keras_224.training.feeding import standardized
from nthgrad.legacy._keras_224.training.functions import Mean, as_list, joined, one_or_list, phase


def fit_generator(
    self: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
) -> Any:
    """`Model.fit_generator` of Keras 2.2.4; returns the History."""
    self._make_train_function()
    _check_processes(generator, workers, use_multiprocessing=use_multiprocessing)
    steps = _steps(generator, steps_per_epoch, "steps_per_epoch")
    generated = _is_sequence(validation_data) or hasattr(validation_data, "__next__")
    if validation_data:
        self._make_test_function()
        if generated:
            validation_steps = _steps(validation_data, validation_steps, "validation_steps")
    names = self.metrics_names
    calls = Calls(
        self,
        callbacks,
        verbose,
        {
            "epochs": epochs,
            "steps": steps,
            "verbose": verbose,
            "do_validation": bool(validation_data),
            "metrics": names + [f"val_{name}" for name in names],
        },
    )
    held_out: list[list[Any]] = []
    held_out_batches: Any = None
    if generated:
        held_out_batches = _endless(validation_data, workers)
    elif validation_data:
        held_out = _held_out(self, validation_data)
    calls.train_begin(
        None if not held_out else [*held_out[0], *held_out[1], *held_out[2], *phase(self, training=False)]
    )
    batches = _endless(generator, workers, shuffle=shuffle)
    for logs in calls.epochs(initial_epoch, epochs, keeps_logs=True):
        for number in range(steps):
            x, y, weights = _split(next(batches))
            size = _size(x)
            stopped = calls.batch(number, size, partial(_train, self, x, y, weights, class_weight))
            if number == steps - 1 and validation_data:
                if held_out_batches is not None:
                    tested = self.evaluate_generator(held_out_batches, validation_steps, workers=0)
                else:
                    tested = self.evaluate(held_out[0], held_out[1], size, 0, held_out[2])
                calls.validated(logs, as_list(tested))
            if stopped:
                break
    return self.history


def _train(model: Any, x: Any, y: Any, weights: Any, class_weight: Any) -> list[Any]:
    return as_list(model.train_on_batch(x, y, sample_weight=weights, class_weight=class_weight))


def evaluate_generator(
    self: Any,
    generator: Any,
    steps: int | None = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int = 0,
) -> Any:
    """`Model.evaluate_generator` of Keras 2.2.4; returns the loss, or a list of the loss and the metrics."""
    self._make_test_function()
    _check_processes(generator, workers, use_multiprocessing=use_multiprocessing)
    steps = _steps(generator, steps, "steps")
    mean, bar = Mean(self), Bar(steps) if verbose == 1 else None
    batches = _endless(generator, workers)
    for step in range(steps):
        x, y, weights = _split(next(batches))
        outputs = self.test_on_batch(x, y, sample_weight=weights)
        size = _size(x)
        if size == 0:
            raise ValueError("Received an empty batch. Batches should contain at least one item.")
        mean.add(as_list(outputs), size)
        if bar:
            bar.update(step + 1)
    return one_or_list(mean.result())


def predict_generator(
    self: Any,
    generator: Any,
    steps: int | None = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: int = 0,
) -> Any:
    """`Model.predict_generator` of Keras 2.2.4; returns an array, or a list of arrays."""
    self._make_predict_function()
    _check_processes(generator, workers, use_multiprocessing=use_multiprocessing)
    steps = _steps(generator, steps, "steps")
    bar = Bar(steps) if verbose == 1 else None
    batches, rows = _endless(generator, workers), []
    for step in range(steps):
        batch = next(batches)
        outputs = self.predict_on_batch(_split(batch)[0] if isinstance(batch, tuple) else batch)
        rows.append(as_list(outputs))
        if bar:
            bar.update(step + 1)
    return joined(rows)


def _is_sequence(data: Any) -> bool:
    return isinstance(data, tf_keras.data_utils().Sequence)


def _check_processes(generator: Any, workers: int, *, use_multiprocessing: bool) -> None:
    if use_multiprocessing and workers > 1 and not _is_sequence(generator):
        warnings.warn(
            "Using a generator with `use_multiprocessing=True` and multiple workers may duplicate your data. "
            "Please consider using the `keras.utils.Sequence` class.",
            stacklevel=3,
        )


def _steps(generator: Any, steps: int | None, name: str) -> int:
    if steps is not None:
        return steps
    if _is_sequence(generator):
        return len(generator)
    raise ValueError(
        f"`{name}=None` is only valid for a generator based on the `keras.utils.Sequence` class. Please specify "
        f"`{name}` or use the `keras.utils.Sequence` class."
    )


def _endless(data: Any, workers: int, *, shuffle: bool = False) -> Iterator[Any]:
    """Returns the batches of a generator, or of a repeated Sequence."""
    return _repeated(data, workers, shuffle=shuffle) if _is_sequence(data) else iter(data)


def _repeated(data: Any, workers: int, *, shuffle: bool) -> Iterator[Any]:
    while True:
        order = list(range(len(data)))
        if shuffle and workers:
            random.shuffle(order)
        for index in order:
            yield data[index]
        if workers:
            data.on_epoch_end()


def _split(batch: Any) -> tuple[Any, Any, Any]:
    if not hasattr(batch, "__len__") or len(batch) not in (2, 3):
        raise ValueError(f"Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: {batch}")
    return batch[0], batch[1], batch[2] if len(batch) == 3 else None


def _size(x: Any) -> int:
    if x is None or len(x) == 0:
        return 1  # the inputs are tensors
    if isinstance(x, dict):
        x = list(x.values())
    return (x[0] if isinstance(x, list) else x).shape[0]


def _held_out(model: Any, data: Any) -> list[list[Any]]:
    if len(data) not in (2, 3):
        raise ValueError(
            "`validation_data` should be a tuple `(val_x, val_y, val_sample_weight)` or `(val_x, val_y)`. "
            f"Found: {data}"
        )
    return [list(part) for part in standardized(model, *data)]
