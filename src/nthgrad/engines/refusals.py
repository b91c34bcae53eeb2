"""Refusals at run time: adds assertions to a graph, and translates their errors.

XLA drops assertions: a function compiled by XLA returns NaN instead.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.errors import UnsupportedOpError

_BEGIN, _END = "nthgrad refuses: ", " (end)"


def refuse(where: tf.Tensor, message: str) -> None:
    """Adds an assertion to the graph being traced: at run time, it fails where a condition holds for any element."""
    tf.debugging.Assert(tf.logical_not(tf.reduce_any(where)), [_BEGIN + message + _END])


def translated(call: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function: a failed assertion of `refuse` becomes an UnsupportedOpError."""

    @functools.wraps(call)
    def translate(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except tf.errors.InvalidArgumentError as error:
            found = re.search(re.escape(_BEGIN) + "(.*?)" + re.escape(_END), str(error), re.DOTALL)
            if found is None:
                raise
            raise UnsupportedOpError(found[1].replace("\\'", "'")) from None

    return translate
