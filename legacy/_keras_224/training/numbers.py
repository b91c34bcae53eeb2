"""Python numbers as losses and updates of a layer.

A number becomes a tensor that depends on the inputs it was added for. The tensor knows the number, which
`get_losses_for` and `get_updates_for` return.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.functions import object_list_uid
from nthgrad.legacy._runtime import dialect

_NUMBER = "_nthgrad_number"


class _Number(NamedTuple):
    value: int | float
    inputs: str | None  # of object_list_uid


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _tensor(number: Any, inputs: Any) -> Any:
    """Returns a constant that depends on the inputs."""
    constant = tf.constant(number, tf_keras.keras_backend().floatx())
    tensor = tf.identity_n([constant, *tf.nest.flatten(inputs)])[0] if inputs is not None else constant
    known = _Number(number, None if inputs is None else object_list_uid(inputs))
    setattr(tensor, _NUMBER, known)
    setattr(tensor.op, _NUMBER, known)  # an update is an op
    return tensor


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def add_loss(today: Any) -> Any:
    """Accepts numbers, which may depend on `inputs`."""

    @wraps(today)
    def add_loss(self: Any, losses: Any, inputs: Any = None) -> None:
        if any(map(_is_number, _listed(losses))) and dialect.keras_224(self):
            inputs = None if isinstance(inputs, list) and not inputs else inputs
            losses = [_tensor(each, inputs) if _is_number(each) else each for each in _listed(losses)]
        today(self, losses, inputs)

    return add_loss


def add_update(today: Any) -> Any:
    """Accepts numbers, and Keras 2.2.4's argument `inputs`; of other updates the graph shows the dependence."""

    def add_update(self: Any, updates: Any, inputs: Any = None) -> None:
        if updates is None or (isinstance(updates, (list, tuple)) and not updates):
            return
        inputs = None if isinstance(inputs, list) and not inputs else inputs
        given = [_update(each, inputs) for each in _listed(updates)]
        today(self, given)
        for each in given:
            if hasattr(each, _NUMBER):
                each.op._unconditional_update = inputs is None

    return add_update


def _update(value: Any, inputs: Any) -> Any:
    if isinstance(value, tuple):  # as in K.function, a variable and its new value
        return tf.compat.v1.assign(*value)
    return _tensor(value, inputs) if _is_number(value) else value


def as_numbers(today: Callable) -> Callable:
    """Returns numbers that were added as numbers; those of a layer for exactly the same inputs only."""

    @wraps(today)
    def found(self: Any, inputs: Any) -> list[Any]:
        asked = None if inputs is None else object_list_uid(inputs)
        of_model = hasattr(self, "_is_graph_network")
        values = [(each, getattr(each, _NUMBER, None)) for each in today(self, inputs)]
        return [
            each if number is None else number.value
            for each, number in values
            if number is None or of_model or number.inputs == asked
        ]

    return found
