"""Derivatives of a function of one variable, as partial derivatives by an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def derivatives(engine: Any, f: Callable[[tf.Tensor], Any], x: tf.Tensor, order: int, lowest: int = 0) -> list[Any]:
    """Returns the derivatives of f at x, orders `lowest` to `order`, inside a graph that is being traced.

    Args:
        engine: the module of an engine, with a function `partials`.
        f: maps a tensor to any `tf.nest` structure of tensors whose shapes `engines.outputs` has checked.
        x: real tensor of shape S in the graph being traced.
        order: the highest order, at least 0.
        lowest: the lowest order to return.

    Returns:
        a list of structures like f(x), one for each order.

    Raises:
        NthgradError: as the engine's `partials`.
    """
    return engine.partials(f, [x], [(k,) for k in range(lowest, order + 1)], ["x"])
