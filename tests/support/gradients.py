"""Runs a program that asks for gradients of tensors twice: with TensorFlow's own functions, and accelerated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import nthgrad as ng

Gradients = Callable[..., list[Any]]


def points(*shape: int, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    """Points between 0.2 and 0.9."""
    return np.random.default_rng([seed, *shape]).uniform(0.2, 0.9, shape).astype(dtype)


def weights(*shape: int, dtype: str = "float64") -> tf.Tensor:
    """A constant, the same at each call."""
    return tf.constant(points(*shape, seed=1) - 0.4, dtype)


def chain(gradients: Gradients, y: Any, x: Any, order: int) -> Any:
    """The gradient of y by x, of a given order; None if one of a lower order is."""
    for _ in range(order):
        if y is not None:
            (y,) = gradients(y, x)
    return y


def outcome(
    program: Callable[..., Any], inputs: Sequence[Any], signature: Any = None, *, jit_compile: bool = False
) -> list[Any] | str:
    """Returns the values that a program returns, traced and called, with None where it returns None; or its error."""
    (found,) = outcomes(program, [inputs], signature, jit_compile=jit_compile)
    return found


def outcomes(
    program: Callable[..., Any], calls: Sequence[Sequence[Any]], signature: Any, *, jit_compile: bool = False
) -> list[list[Any] | str]:
    """Returns the outcome for the inputs of each call of a program, which is traced once for a signature."""
    absent: list[bool] = []

    def traced(*xs: Any) -> list[Any]:
        found = tf.nest.flatten(program(*xs))
        absent[:] = [v is None for v in found]
        return [tf.convert_to_tensor(v) for v in found if v is not None]

    f = tf.function(traced, autograph=False, input_signature=signature, jit_compile=jit_compile)

    def called(inputs: Sequence[Any]) -> list[Any] | str:
        try:
            values = iter([v.numpy() for v in f(*map(tf.constant, inputs))])
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return [None if gone else next(values) for gone in absent]

    return [called(inputs) for inputs in calls]


def accelerated(*arguments: Any, way: Callable[..., Any] = outcome, **options: Any) -> tuple[Any, list[str]]:
    """Returns the outcome of a program in `ng.accelerated`, and how each gradient was computed."""
    lines: list[str] = []
    with ng.accelerated(report=lines.append):
        found = way(*arguments, **options)
    return found, [line.split(": ", 1)[1] for line in lines]


def compare(found: list[Any] | str, want: list[Any] | str) -> None:
    """Raises unless two outcomes are equal up to the rounding of some thousand operations, None exactly where None."""
    if isinstance(found, str) or isinstance(want, str):
        assert isinstance(found, str), found
        assert isinstance(want, str), want
        assert found.split(":")[0] == want.split(":")[0]
        return
    assert [v is None for v in found] == [v is None for v in want]
    for v, w in zip(found, want, strict=True):
        if w is None:
            continue
        assert v.dtype == w.dtype
        assert v.shape == w.shape
        eps = float(np.finfo(w.real.dtype).eps) if w.dtype.kind in "fc" else float(np.finfo(np.float16).eps)
        scale = max(1.0, float(np.max(np.abs(w.astype(complex)), initial=0.0)))
        np.testing.assert_allclose(v.astype(complex), w.astype(complex), rtol=0, atol=2**13 * eps * scale)


BY_SERIES, FIRST = "by series", "TensorFlow's own gradient: it is of first order"
