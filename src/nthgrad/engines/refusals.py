"""Refusals at run time: assertions in the graph, and the errors that become of them.

XLA drops assertions: what is refused elsewhere is NaN in a compiled function.
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
    """Refuses to go on where a condition holds for any element, when the graph being traced runs."""
    tf.debugging.Assert(tf.logical_not(tf.reduce_any(where)), [_BEGIN + message + _END])


def translated(call: Callable[..., Any]) -> Callable[..., Any]:
    """The function, raising an UnsupportedOpError where what it runs is refused."""

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
