"""`tf.contrib.rnn`: the cells and loops that `tf.nn` has, too."""

from typing import Any

import tensorflow as _tf  # private: `from tensorflow.contrib.rnn import *` must not import it

from nthgrad.legacy._contrib.refused import reason as _reason
from nthgrad.legacy._names.refusing import refused as _refused
from nthgrad.legacy._names.tf_layers import rnn_cell as _rnn_cell

_LOOPS = "static_rnn static_state_saving_rnn static_bidirectional_rnn"
_CELLS = """RNNCell BasicRNNCell BasicLSTMCell GRUCell LSTMCell LSTMStateTuple MultiRNNCell DropoutWrapper
    ResidualWrapper DeviceWrapper"""


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _CELLS.split():
        return getattr(_rnn_cell, name)
    if name in _LOOPS.split():
        return getattr(_tf.compat.v1.nn, name)
    return _refused(f"tf.contrib.rnn.{name}", _reason("rnn"))


def __dir__() -> list[str]:
    return sorted([*_CELLS.split(), *_LOOPS.split()])
