"""Draws random TensorFlow programs that keep the rows of a batch independent, and computes their towers by tapes.

A program is drawn with its values at the points known. A step is kept if it has all derivatives there: no value is near
a singularity or a corner, and none is large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

from fuzz.steps import BINARY, INTERPRETED, LARGEST, UNARY

EIGHTHS = st.integers(-8, 8).map(lambda i: i / 8)


@dataclass(frozen=True)
class Program:
    """A function of tensors, as code."""

    arguments: str
    lines: tuple[str, ...]

    @property
    def code(self) -> str:
        return f"def f({self.arguments}):\n" + "".join(f"    {line}\n" for line in self.lines)

    @property
    def function(self) -> Any:
        space: dict[str, Any] = {"tf": tf}
        exec(self.code, space)  # code that this module wrote
        return tf.autograph.experimental.do_not_convert(space["f"])

    @property
    def compiles(self) -> bool:
        """Whether XLA can compile it."""
        return not any(name in self.code for name in INTERPRETED)

    def __repr__(self) -> str:
        return f"the following:\nimport tensorflow as tf\n{self.code}"


@st.composite
def programs(draw: Any, points: np.ndarray, arguments: str = "x", first: str = "x", last: str = "number") -> Program:
    """A program that is smooth at the points.

    Args:
        draw: given by Hypothesis.
        points: the columns of the first tensor, float64 of shape [batch, d].
        arguments: of the function.
        first: code of the first tensor, of shape [batch, d].
        last: `"number"`, an output of shape [batch]; or `"like x"`, one of shape [batch, d].
    """
    lines, values = [f"a0 = {first}"], [points]
    for _ in range(draw(st.integers(1, 8))):
        i = draw(st.sampled_from([len(values) - 1, len(values) - 1, 0, len(values) // 2]))
        u, k = values[i], values[i].shape[1]
        alike = [j for j, v in enumerate(values) if v.shape == u.shape]
        if draw(st.booleans()):
            j = draw(st.sampled_from(alike))
            fits = [step for step, domain in BINARY.items() if domain(u, values[j])]
        else:
            j, fits = i, [step for step, domain in UNARY.items() if domain(u)]
        step = draw(st.sampled_from(fits))
        parts = {"a": f"a{i}", "b": f"a{j}", "k": k}
        if "{c}" in step:
            parts["c"] = draw(EIGHTHS)
        if "{W}" in step:
            row = st.lists(EIGHTHS, min_size=2, max_size=2)
            parts["W"] = f"tf.constant({draw(st.lists(row, min_size=k, max_size=k))}, a0.dtype)"
        line = step.format(**parts)
        value = eval(line, {"tf": tf, **{f"a{n}": tf.constant(v) for n, v in enumerate(values)}}).numpy()
        if value.size and value.shape[1] <= 6 and np.all(np.abs(value) < LARGEST):
            lines.append(f"a{len(values)} = {line}")
            values.append(value)
    end = f"a{len(values) - 1}"
    # A sine of each coordinate: no derivative is zero by structure.
    if last == "number":
        lines.append(f"return tf.reduce_sum({end}, 1) + tf.reduce_sum(tf.sin(a0), 1)")
    else:
        lines.append(f"return tf.reduce_sum({end}, 1, keepdims=True) * a0 + tf.sin(a0)")
    return Program(arguments, tuple(lines))


@st.composite
def points(draw: Any, d: int) -> np.ndarray:
    """Points of d coordinates that float32 holds exactly, none near 0."""
    coordinate = st.integers(8, 128).map(lambda i: i / 64) | st.integers(-128, -8).map(lambda i: i / 64)
    n = draw(st.integers(1, 3))
    return np.array(draw(st.lists(st.lists(coordinate, min_size=d, max_size=d), min_size=n, max_size=n)))


def slope(tape: tf.GradientTape, y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The gradient of the sum of y, zeros where y does not depend on x."""
    return tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def partial(f: Any, xs: list[tf.Tensor], by: tuple[int, ...]) -> tf.Tensor:
    """The derivative of f(*xs) by the tensors of the indices, one after another, each by a tape of its own."""
    if not by:
        return f(*xs)
    with tf.GradientTape() as tape:
        tape.watch(xs[by[-1]])
        lower = partial(f, xs, by[:-1])
    return slope(tape, lower, xs[by[-1]])


def compare(got: Any, want: Any, scale: float, dtype: str, what: str) -> None:
    """Raises if two tensors differ by more than half of the digits, relative to the sizes met on the way."""
    one, other = np.asarray(got), np.asarray(want)
    assert one.shape == other.shape, f"{what}: shape {one.shape} is not {other.shape}"
    assert one.dtype == dtype, f"{what}: {one.dtype} is not {dtype}"
    allowed = np.sqrt(np.finfo(dtype).eps) * scale
    worst = np.max(np.abs(one - other), initial=0.0)
    assert worst <= allowed, f"{what}: {one.tolist()} is not {other.tolist()} +- {allowed:.2g}"


def usable(*tensors: Any) -> bool:
    """Whether the numbers are finite and not so large that rounding takes their digits."""
    return all(np.all(np.abs(np.asarray(t)) < 1e6) for t in tensors)
