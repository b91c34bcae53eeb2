"""Variables of TensorFlow and Keras: checks them, and watches them from the start of a tape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.errors import ArgumentError


def of_tensorflow(variables: Any) -> list[Any]:
    """Returns TensorFlow's variables for a structure of those of TensorFlow and Keras; raises an ArgumentError."""
    given = tf.nest.flatten(variables)
    if not given:
        raise ArgumentError("variables is empty. Give the variables to differentiate by.")
    found: list[Any] = []
    for v in given:
        variable = v if isinstance(v, tf.Variable) else getattr(v, "value", None)  # of Keras 3
        if not isinstance(variable, tf.Variable):
            raise ArgumentError(
                f"variables has {v!r}, a {type(v).__name__}, which is no variable. Give variables of TensorFlow or "
                "Keras, such as model.trainable_variables."
            )
        found.append(variable)
    return found


class Watching(tf.GradientTape):
    """A tape that watches variables from its start, also those that are not trainable."""

    def __init__(self, variables: Sequence[Any]):
        super().__init__()
        self._watched = variables

    def __enter__(self) -> Watching:
        super().__enter__()
        for v in self._watched:
            self.watch(v)
        return self
