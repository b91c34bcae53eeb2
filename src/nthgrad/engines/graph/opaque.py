"""Ops whose inside no engine can see: Python code, and functions that have no graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.errors import UnsupportedOpError

PYTHON = {
    "EagerPyFunc": "tf.py_function",
    "PyFunc": "tf.numpy_function or tf.compat.v1.py_func",
    "PyFuncStateless": "tf.numpy_function or tf.compat.v1.py_func",
}
"""The op types that run Python code, and the functions that make them."""


def check(op: tf.Operation, *, varies: bool) -> None:
    """Refuses an op that cannot be interpreted, unless it does not vary and can be rebuilt.

    Raises:
        UnsupportedOpError: the op runs Python code, or a function whose ops cannot be seen.
    """
    if op.type in PYTHON and (varies or op.type != "PyFuncStateless"):
        raise python_error(op)
    if varies and trace.hidden(op):
        raise UnsupportedOpError(
            f"{trace.describe(op)} runs a function whose ops cannot be seen. Call the Python code that it was "
            "made from, or use nthgrad.finite_difference."
        )


def python_error(op: tf.Operation) -> UnsupportedOpError:
    """Returns the error for an op that runs Python code."""
    return UnsupportedOpError(
        f"{trace.describe(op)} runs Python code (a {PYTHON[op.type]}), which no engine can look into. Write that part "
        "of f with TensorFlow's ops, or use nthgrad.finite_difference."
    )


def refuse(sources: Iterable[tf.Tensor], outputs: Sequence[Any]) -> None:
    """Raises where Python code lies between some sources and the outputs that are tensors of their graph."""
    sources = list(sources)
    made = [y for y in outputs if isinstance(y, tf.Tensor) and getattr(y, "graph", None) is sources[0].graph]
    for op in trace.walk(trace.between(sources, made)):
        if op.type in PYTHON:
            raise python_error(op)
