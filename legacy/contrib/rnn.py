"""`tf.contrib.rnn`: the cells and loops that are also in `tf.nn`."""

from typing import Any

_LOOPS = "static_rnn static_state_saving_rnn static_bidirectional_rnn"
_CELLS = """RNNCell BasicRNNCell BasicLSTMCell GRUCell LSTMCell LSTMStateTuple MultiRNNCell DropoutWrapper
    ResidualWrapper DeviceWrapper"""


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nthgrad.legacy import tensorflow as tf
    from nthgrad.legacy.contrib import refuse

    if name in _CELLS.split():
        return getattr(tf.nn.rnn_cell, name)
    if name in _LOOPS.split():
        return getattr(tf.nn, name)
    raise refuse("tf.contrib.rnn", name)


def __dir__() -> list[str]:
    return sorted([*_CELLS.split(), *_LOOPS.split()])
