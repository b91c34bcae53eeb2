"""Pickles and copies models as Keras 2.2.4 did: through the file that `model.save` writes."""

import io
from typing import Any

import h5py

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._runtime import guards


def reduce(model: Any) -> tuple:
    """`model.__reduce__`, with which pickle and copy begin.

    Raises:
        NotImplementedError: if the model is a subclass with a `call` of its own.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        tf_keras.source("saving.legacy.save").save_model(model, file, save_format="h5")
    return restored, (buffer.getvalue(),)


def restored(file: bytes) -> Any:
    """Returns the model of a pickle. Pickles name this function.

    Raises:
        LegacyError: if no legacy session is open.
    """
    guards.require_session("pickle.loads of a Keras model")
    with h5py.File(io.BytesIO(file), "r") as opened:
        return tf_keras.source("saving.legacy.save").load_model(opened)


def deep_copy(model: Any, memo: dict) -> Any:
    """`model.__deepcopy__`."""
    function, arguments = reduce(model)
    return function(*arguments)
