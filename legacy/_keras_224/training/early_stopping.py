"""`EarlyStopping` of Keras 2.2.4: the baseline is the first best value; the best weights return only after a stop.

tf_keras compares with the baseline apart from the best value, never stops after the first epoch, and restores the best
weights at the end of every training. Weights that were never improved on raised in Keras 2.2.4; here they stay.

Each function takes the current method and returns Keras 2.2.4's.
"""

from functools import wraps
from typing import Any


def on_train_begin(today: Any) -> Any:
    """Starts with the baseline, if there is one, as the value to improve on."""

    @wraps(today)
    def method(self: Any, logs: Any = None) -> None:
        today(self, logs)
        if self.baseline is not None:
            self.best = self.baseline

    return method


def on_epoch_end(today: Any) -> Any:
    """Stops once `patience` epochs, the first one included, have brought no improvement."""

    @wraps(today)
    def method(self: Any, epoch: int, logs: Any = None) -> None:
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best, self.wait = current, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait < self.patience:
            return
        self.stopped_epoch, self.model.stop_training = epoch, True
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print("Restoring model weights from the end of the best epoch")
            self.model.set_weights(self.best_weights)

    return method


def on_train_end(today: Any) -> Any:
    """Prints the epoch of the stop."""

    @wraps(today)
    def method(self: Any, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")

    return method
