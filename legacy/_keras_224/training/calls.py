"""Calls the callbacks of a training run as Keras 2.2.4 did."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from nthgrad.legacy._internals import tf_keras


class Calls:
    """The callbacks of a run in this order: averages, printed output, the program's callbacks, the history."""

    def __init__(self, model: Any, callbacks: Iterable[Any] | None, verbose: int, params: dict[str, Any]) -> None:
        self._trained = model
        self.model = getattr(model, "callback_model", None) or model
        self.averages = _Averages(model.stateful_metric_names)
        model.history = tf_keras.keras_callbacks().History()
        self.callbacks = [*([_Printed(params)] if verbose else []), *(callbacks or []), model.history]
        self.names: Sequence[str] = list(model.metrics_names)
        self.metrics: Sequence[str] = params["metrics"]
        for each in self.callbacks:
            each.set_params(params)
            each.set_model(self.model)

    def train_begin(self, validation_data: Any) -> None:
        """Starts the run."""
        self._call("on_train_begin", {})
        self.model.stop_training = False
        for each in self.callbacks:
            each.validation_data = validation_data

    def epochs(self, first: int, after: int, *, keeps_logs: bool = False) -> Iterator[dict[str, Any]]:
        """Runs the epochs; the caller trains and validates in each.

        Args:
            first: the number of the first epoch.
            after: the number of the last epoch plus 1.
            keeps_logs: starts an epoch's logs with those of the previous epoch, as in `fit_generator`.

        Yields:
            the logs of an epoch, for the results of the validation.
        """
        logs: dict[str, Any] = {}
        for epoch in range(first, after):
            for metric in self._trained.stateful_metric_functions:
                metric.reset_states()
            self.epoch_begin(epoch)
            logs = logs if keeps_logs else {}
            yield logs
            if self.epoch_end(epoch, logs):
                break
        self.train_end()

    def batch(self, number: int, size: int, train: Callable[[], Iterable[Any]]) -> bool:
        """Trains on a batch; returns whether a callback has stopped the training.

        Args:
            number: its number in the epoch.
            size: the number of samples.
            train: runs the step; returns the loss and the metrics.
        """
        logs = self.batch_begin(number, size)
        logs.update(zip(self.names, train(), strict=False))
        return self.batch_end(number, logs)

    def validated(self, logs: dict[str, Any], results: Iterable[Any]) -> None:
        """Adds the loss and the metrics of a validation to an epoch's logs."""
        logs.update({f"val_{name}": value for name, value in zip(self.names, results, strict=False)})

    def epoch_begin(self, epoch: int) -> None:
        """Starts an epoch."""
        self.averages.clear()
        self._call("on_epoch_begin", epoch, {})

    def batch_begin(self, batch: int, size: int) -> dict[str, Any]:
        """Starts a batch; returns its logs."""
        logs = {"batch": batch, "size": size}
        self._call("on_batch_begin", batch, logs)
        return logs

    def batch_end(self, batch: int, logs: dict[str, Any]) -> bool:
        """Ends a batch; returns whether a callback has stopped the training."""
        self.averages.add(logs)
        self._call("on_batch_end", batch, logs)
        return self.model.stop_training

    def epoch_end(self, epoch: int, logs: dict[str, Any]) -> bool:
        """Ends an epoch; adds the averages to its logs; returns whether a callback has stopped the training."""
        for name in self.metrics:
            if name in self.averages.totals:
                logs[name] = self.averages.of(name)
        self._call("on_epoch_end", epoch, logs)
        return self.model.stop_training

    def train_end(self) -> None:
        """Ends the run."""
        self._call("on_train_end", {})

    def _call(self, what: str, *args: Any) -> None:
        for each in self.callbacks:
            # tf_keras renamed on_batch_begin to on_train_batch_begin, which calls the old method.
            today = getattr(each, what.replace("on_batch", "on_train_batch"), None)
            (today or getattr(each, what))(*args)


class _Averages:
    """Averages over the batches of an epoch, weighted by batch size."""

    def __init__(self, stateful: Iterable[str]) -> None:
        self.stateful = set(stateful)
        self.clear()

    def clear(self) -> None:
        self.seen, self.totals = 0, dict[str, float]()

    def add(self, logs: dict[str, Any]) -> None:
        self.seen += logs["size"]
        for name, value in logs.items():
            counted = name in self.stateful
            self.totals[name] = float(value) if counted else self.totals.get(name, 0.0) + float(value) * logs["size"]

    def of(self, name: str) -> Any:
        return np.float64(self.totals[name] if name in self.stateful else self.totals[name] / self.seen)


class _Printed:
    """Prints progress: a bar if `verbose` is 1, otherwise a line an epoch."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params, self.by_step = params, params.get("samples") is None
        self.target = params["steps"] if self.by_step else params["samples"]
        self.bar: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self.stateful = model.stateful_metric_names

    def on_train_begin(self, logs: dict[str, Any]) -> None:
        pass

    on_train_end = on_train_begin

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any]) -> None:
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self.start, self.seen, self.averages = time.time(), 0, _Averages(self.stateful)
        self.bar = Bar(self.target) if self.params["verbose"] == 1 else None

    def on_batch_begin(self, batch: int, logs: dict[str, Any]) -> None:
        pass

    def on_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        self.seen += 1 if self.by_step else logs["size"]
        self.averages.add({name: value for name, value in logs.items() if name != "batch"})
        if self.bar is not None and self.seen < self.target:
            self.bar.update(self.seen, self._values({}))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.bar is not None:
            self.bar.update(self.seen, self._values(logs))
        else:
            print(f" - {time.time() - self.start:.0f}s{_shown(self._values(logs), negative='.4e')}")

    def _values(self, logs: dict[str, Any]) -> dict[str, float]:
        names = [name for name in self.params["metrics"] if name in logs or name in self.averages.totals]
        return {name: logs[name] if name in logs else self.averages.of(name) for name in names}


class Bar:
    """A progress bar on one line of a terminal."""

    width = 30

    def __init__(self, target: int) -> None:
        self.target, self.start, self.shown = target, time.time(), 0

    def update(self, done: int, values: dict[str, float] | None = None) -> None:
        """Shows the number done, and values."""
        share = min(1.0, done / self.target) if self.target else 1.0
        filled = int(self.width * share)
        bar = "=" * filled if share >= 1 else "=" * max(0, filled - 1) + ">" * (filled > 0)
        elapsed = time.time() - self.start
        each = elapsed / done if done else 0.0
        left = f"ETA: {each * (self.target - done):.0f}s" if share < 1 else f"{elapsed:.0f}s {_duration(each)}/step"
        digits = len(str(self.target))
        line = f"{done:{digits}d}/{self.target} [{bar.ljust(self.width, '.')}] - {left}{_shown(values or {})}"
        sys.stdout.write("\r" + line.ljust(self.shown) + ("\n" if share >= 1 else ""))
        sys.stdout.flush()
        self.shown = len(line)


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _shown(values: dict[str, float], negative: str = ".4f") -> str:
    """Formats values for a line; a line an epoch writes negative values with an exponent."""
    return "".join(
        f" - {name}: {value:{'.4f' if value > 1e-3 else negative if value < -1e-3 else '.4e'}}"
        for name, value in values.items()
    )
