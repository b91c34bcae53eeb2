"""`StackedRNNCells`: the states of the cells are one flat list, as in Keras 2.2.4; tf_keras nests them.

Each function takes the current attribute and returns that of Keras 2.2.4 (see `_patches.keras_layers`).
"""

from functools import wraps
from itertools import islice
from typing import Any

import tensorflow as tf

from nthgrad.legacy._keras_224.functions import has_arg
from nthgrad.legacy._runtime import dialect


def _in_order(stack: Any) -> list[tuple[int, Any]]:
    """Returns the cells, each with its number, in the order of their states."""
    return list(enumerate(stack.cells))[:: -1 if stack.reverse_state_order else 1]


def _sizes(cell: Any) -> list[Any]:
    size = cell.state_size
    return list(size) if hasattr(size, "__len__") else [size]


def state_size(today: Any) -> Any:
    """Returns the sizes of all states in one tuple."""

    def state_size(self: Any) -> tuple[Any, ...]:
        if not dialect.keras_224(self):
            return today.__get__(self)
        return tuple(size for _, cell in _in_order(self) for size in _sizes(cell))

    return property(state_size)


def get_initial_state(today: Any) -> Any:
    """Returns the initial states in one tuple."""

    @wraps(today)
    def get_initial_state(self: Any, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        found = today(self, inputs, batch_size, dtype)
        return tuple(tf.nest.flatten(found)) if dialect.keras_224(self) else found

    return get_initial_state


def call(today: Any) -> Any:
    """Calls the cells in turn; takes and returns a flat list of states."""

    @wraps(today)
    def call(self: Any, inputs: Any, states: Any, constants: Any = None, training: Any = None, **kwargs: Any) -> Any:
        if not dialect.keras_224(self):
            return today(self, inputs, states, constants=constants, training=training, **kwargs)
        rest = iter(tf.nest.flatten(states))
        own = {index: list(islice(rest, len(_sizes(cell)))) for index, cell in _in_order(self)}
        given = {**kwargs, "constants": constants, "training": training}
        for index, cell in enumerate(self.cells):
            run = cell.__call__ if callable(cell) else cell.call  # the first opens a name scope
            known = {name: value for name, value in given.items() if name in kwargs or has_arg(cell.call, name)}
            inputs, after = run(inputs, own[index], **known)
            own[index] = tf.nest.flatten(after)
        return inputs, [state for index, _ in _in_order(self) for state in own[index]]

    return call
