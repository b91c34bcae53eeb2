"""Python code in a graph: no engine can look into it, and nothing is known of the shape of what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.errors import UnsupportedOpError

OPS = {
    "EagerPyFunc": "tf.py_function",
    "PyFunc": "tf.numpy_function or tf.compat.v1.py_func",
    "PyFuncStateless": "tf.numpy_function or tf.compat.v1.py_func",
}
"""The op types that run Python code, and the functions that make them."""


def refused(op: tf.Operation) -> UnsupportedOpError:
    """The error for an op that runs Python code."""
    return UnsupportedOpError(
        f"{trace.describe(op)} runs Python code (a {OPS[op.type]}), which no engine can look into. Write that part of "
        "f with TensorFlow's ops, or use nthgrad.finite_difference."
    )


def refuse(sources: Iterable[tf.Tensor], outputs: Sequence[Any]) -> None:
    """Raises where Python code lies between some sources and the outputs that are tensors of their graph."""
    sources = list(sources)
    made = [y for y in outputs if isinstance(y, tf.Tensor) and getattr(y, "graph", None) is sources[0].graph]
    for op in trace.walk(trace.between(sources, made)):
        if op.type in OPS:
            raise refused(op)
