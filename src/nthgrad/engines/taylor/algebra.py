"""Helpers for rules: raw ops by name, selection, structural zeros, precise values."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.tape import complex_repairs
from nthgrad.engines.taylor.series import Coefficient, Index, Negative, Series, value, varying
from nthgrad.engines.taylor.step import Input, Step
from nthgrad.engines.taylor.table import RULES

# A list without writes: it reads as zeros, and XLA cannot build other zeros for it.
EMPTY_LISTS = ("EmptyTensorList", "TensorListReserve")


def or_zeros(c: Coefficient, x: Input) -> Any:
    """Returns a coefficient of x; zeros for a structural zero."""
    if c is not None:
        return c
    t: Any = value(x)
    if not trace.carries(t) or (t.dtype == tf.variant and t.op.type in EMPTY_LISTS):
        return t
    return tf.zeros_like(t)


def choose(condition: tf.Tensor, a: Any, b: Any, *, still: bool = False) -> Any:
    """Returns a where the condition holds, else b, for each coefficient; the one not chosen may be NaN.

    With `still`, where the chosen one does not vary, no function of the result varies.
    """

    def coefficient(k: Index) -> Coefficient:
        c, d = varying(a, k), varying(b, k)
        return None if c is None and d is None else tf.where(condition, or_zeros(c, a), or_zeros(d, b))

    def alive(x: Any) -> Any:
        return not still if not isinstance(x, Series) else True if x.live is None else x.live

    y = tf.where(condition, value(a), value(b))
    masks = alive(a), alive(b)
    if not isinstance(a, Series) and not isinstance(b, Series):
        return y
    return Series(y, coefficient, None if all(m is True for m in masks) else tf.where(condition, *masks))


def only(condition: tf.Tensor, x: Series) -> Series:
    """Returns x, live only where the condition holds: elsewhere no function of it varies."""
    return Series(x.value, x.__getitem__, condition)


def exactly(y: Series, at: tf.Tensor) -> Series:
    """Returns the series y with the more precise value `at`."""
    return -exactly(y.of, -at) if isinstance(y, Negative) else Series(at, y.__getitem__, y.live)


_PLAIN: ContextVar[bool] = ContextVar("plain", default=False)


@contextmanager
def plain_values() -> Generator[None]:
    """Makes `precisely` keep the values in the block: they cost more, and TensorFlow's own gradients do without."""
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


def precisely(y: Series, at: Callable[[], tf.Tensor]) -> Series:
    """Returns the series y with a value that does not cancel."""
    return y if _PLAIN.get() else exactly(y, at())


class _Ops:
    """TensorFlow's raw ops by name, on series and tensors: `ops.Exp(x)`, `ops.Sum(x, axis)`."""

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        def call(*inputs: Any, **attributes: Any) -> Any:
            if len(inputs) == 1 and isinstance(inputs[0], Series) and kind in inputs[0].functions:
                return inputs[0].functions[kind]
            make = getattr(tf.raw_ops, kind)
            arguments = zip(_parameters(kind), map(value, inputs), strict=False)
            values = tf.nest.flatten(make(**dict(arguments), **attributes))
            op = values[0].op
            values = complex_repairs.differentiable(kind, op.inputs, values)
            if not any(isinstance(x, Series) for x in inputs):
                return values[0]
            taken = [x if isinstance(x, Series) else t for x, t in zip(inputs, op.inputs, strict=True)]
            return RULES[kind](Step(op, taken, values))[0]

        return call


ops = _Ops()


@functools.cache
def _parameters(kind: str) -> tuple[str, ...]:
    return tuple(inspect.signature(getattr(tf.raw_ops, kind)).parameters)
