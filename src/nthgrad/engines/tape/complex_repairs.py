"""Replaces ops of complex numbers whose gradient is wrong, in TensorFlow 2.21.

TensorFlow computes the gradients of Reciprocal, Rsqrt and Sqrt by ops of their own. XLA's kernels of these miss a
conjugate. The gradients of the other ops of one input, except for Acos, Asin and Sign, use Reciprocal. The gradients of
Sign and of the ops of two inputs are those of real numbers, with and without XLA.

An outer tape differentiates the values of ops by weights, so these need `differentiable` too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import custom_gradients
from nthgrad.engines.graph.walk import Walk, ancestors


def _over(x: tf.Tensor) -> tf.Tensor:
    return tf.ones_like(x) / x


def _power(exponent: float) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: tf.raw_ops.Pow(x=x, y=tf.constant(exponent, x.dtype))


def _angle(x: tf.Tensor) -> tf.Tensor:
    return tf.math.atan2(tf.math.imag(x), tf.math.real(x))


def _log(x: tf.Tensor) -> tf.Tensor:
    """Computes log |x| from the larger of the two parts, which neither overflows nor underflows."""
    a, b = tf.math.real(x), tf.math.imag(x)
    first = tf.abs(a) >= tf.abs(b)
    large, small = tf.where(first, a, b), tf.where(first, b, a)
    ratio = small / tf.where(tf.equal(large, 0), tf.ones_like(large), large)
    return tf.complex(tf.math.log(tf.abs(large)) + tf.math.log1p(ratio * ratio) / 2, _angle(x))


def _log1p(x: tf.Tensor) -> tf.Tensor:
    """Keeps the digits of a small x, whose |1 + x|**2 - 1 is a (2 + a) + b**2."""
    a, b = tf.math.real(x), tf.math.imag(x)
    near = tf.abs(x) < 0.5
    a, b = tf.where(near, a, tf.zeros_like(a)), tf.where(near, b, tf.zeros_like(b))
    small = tf.complex(tf.math.log1p(a * (2 + a) + b * b) / 2, tf.math.atan2(b, 1 + a))
    return tf.where(near, small, _log(1 + x))


def _turned(f: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns -i f(i x)."""

    def turned(x: tf.Tensor) -> tf.Tensor:
        y = f(tf.complex(-tf.math.imag(x), tf.math.real(x)))
        return tf.complex(tf.math.imag(y), -tf.math.real(y))

    return turned


def _atanh(x: tf.Tensor) -> tf.Tensor:
    """Computes it from the two parts (W. Kahan, Branch cuts for complex elementary functions, 1987)."""
    a, b = tf.math.real(x), tf.math.imag(x)
    real = tf.math.log1p(4 * a / ((1 - a) * (1 - a) + b * b)) / 4
    return tf.complex(real, tf.math.atan2(2 * b, (1 - a) * (1 + a) - b * b) / 2)


def _asin(x: tf.Tensor) -> tf.Tensor:
    return _turned(tf.math.asinh)(x)


def _acos(x: tf.Tensor) -> tf.Tensor:
    return tf.acos(tf.zeros_like(x)) - _asin(x)


def _sign(x: tf.Tensor) -> tf.Tensor:
    zero = tf.equal(x, 0)
    x = tf.where(zero, tf.ones_like(x), x)
    return tf.where(zero, tf.zeros_like(x), x / tf.cast(tf.abs(x), x.dtype))


def _unless_zero(f: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Returns x f(y), zero where x is zero."""
    zero = tf.equal(x, 0)
    return tf.where(zero, tf.zeros_like(x * y), x * f(tf.where(zero, tf.ones_like(y), y)))


COMPLEX_REPAIRS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "Acos": _acos,
    "Angle": _angle,
    "Asin": _asin,
    "Atan": _turned(_atanh),
    "Atanh": _atanh,
    "Inv": _over,
    "Log": _log,
    "Log1p": _log1p,
    "Reciprocal": _over,
    "Rsqrt": _power(-0.5),
    "Sqrt": _power(0.5),
    "Tan": _turned(tf.tanh),
}

# Ops whose gradients are wrong without XLA too; method="tape" refuses them.
_FOR_VALUES: dict[str, Callable[..., tf.Tensor]] = {
    **COMPLEX_REPAIRS,
    "MulNoNan": lambda x, y: tf.where(tf.equal(y, 0), tf.zeros_like(x * y), x * y),
    "Sign": _sign,
    "SquaredDifference": lambda x, y: tf.math.conj(x - y) * (x - y),
    "Xdivy": lambda x, y: _unless_zero(_over, x, y),
    "Xlog1py": lambda x, y: _unless_zero(_log1p, x, y),
    "Xlogy": lambda x, y: _unless_zero(_log, x, y),
}

# Ops of gradients, whose values are wrong with XLA; y is the output of the op, dy the cotangent.
COMPLEX_GRADIENTS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    **dict.fromkeys(["InvGrad", "ReciprocalGrad"], lambda y, dy: -dy * tf.math.conj(y * y)),
    "RsqrtGrad": lambda y, dy: -dy * tf.math.conj(y * y * y) / 2,
    "SqrtGrad": lambda y, dy: dy / tf.math.conj(2 * y),
}


def differentiable(kind: str, inputs: Sequence[tf.Tensor], values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Returns the outputs of an op of complex numbers with gradients that are right, for outer tapes.

    Args:
        kind: the type of the op.
        inputs: its inputs.
        values: its outputs.

    Returns:
        `values` if the gradients are right anyway; else tensors of the same values.
    """
    if not is_wrong(kind, inputs):
        return values
    if kind in COMPLEX_GRADIENTS:
        return [COMPLEX_GRADIENTS[kind](*inputs)]
    (y,), made = values, _FOR_VALUES[kind](*inputs)
    rest = tf.where(tf.equal(made, y), tf.zeros_like(y), y - made)  # infinity minus infinity is NaN
    return [made + tf.stop_gradient(rest)]


def is_wrong(kind: str, inputs: Sequence[tf.Tensor]) -> bool:
    """Whether the gradient, or with XLA the value, of an op is wrong for these inputs."""
    return (kind in _FOR_VALUES or kind in COMPLEX_GRADIENTS) and inputs[0].dtype.is_complex


def constant_in(sources: Iterable[tf.Tensor], targets: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Rebuilds the ops of complex weights with gradients that are right, for outer tapes.

    Args:
        sources: the tensors that an engine differentiates by; it repairs the ops that depend on them itself.
        targets: tensors of the graph being traced.

    Returns:
        tensors of the same values.
    """
    varying = {t.name for t in sources}
    wrong: set[str] = set()
    changed: set[str] = set()
    for op in ancestors(targets, varying.copy()):
        if any(t.name in changed for t in op.inputs):
            if custom_gradients.is_users(op) or custom_gradients.is_exact(op):
                return list(targets)  # a rebuilt op would lose its gradient
            changed.update(t.name for t in op.outputs)
        if any(t.name in varying for t in op.inputs):
            varying.update(t.name for t in op.outputs)
        elif op.inputs and is_wrong(op.type, op.inputs):
            wrong.add(op.name)
            changed.update(t.name for t in op.outputs)
    return _Constants(wrong).run(targets) if wrong else list(targets)


class _Constants(Walk[tf.Tensor]):
    """Rebuilds some ops by `differentiable`, and those that use them."""

    def __init__(self, wrong: set[str]):
        super().__init__({})
        self.wrong = wrong

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> Walk[tf.Tensor]:
        return Walk(env, foreign=True)

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        return super().stays(op, inputs) and op.name not in self.wrong

    def apply(self, op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        made = self.rebuild(op, inputs)
        return differentiable(op.type, inputs, made) if op.name in self.wrong else made
