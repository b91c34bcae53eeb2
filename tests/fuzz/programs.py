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

LARGEST = 20.0


def _within(low: float, high: float) -> Any:
    return lambda u: np.all((low < u) & (u < high))


def _off(*corners: float) -> Any:
    return lambda u: all(np.all(np.abs(u - c) > 0.1) for c in corners)


def _apart(u: np.ndarray) -> bool:
    return u.shape[1] == 1 or bool(np.all(np.diff(np.sort(u, 1), axis=1) > 0.1))


def _norm(u: np.ndarray) -> bool:
    return bool(np.all(np.linalg.norm(u, axis=1) > 0.4))


ANY: Any = _within(-LARGEST, LARGEST)
POSITIVE = _within(0.4, LARGEST)
SMALL = _within(-0.7, 0.7)
LOW = _within(-4, 2)
# Steps that nested tapes differentiate four times, on one tensor a of shape [batch, k]. W is a drawn matrix of k rows, c a drawn number.
UNARY = {
    **{f"tf.{name}({{a}})": ANY for name in ("sin", "cos", "atan", "tanh", "sigmoid", "identity", "negative")},
    **{f"tf.math.{name}({{a}})": ANY for name in ("softplus", "erf", "erfc", "asinh", "log_sigmoid")},
    **{f"tf.{name}({{a}})": POSITIVE for name in ("sqrt", "math.log", "math.rsqrt", "math.digamma", "math.lgamma")},
    **{f"tf.{name}({{a}})": SMALL for name in ("asin", "acos", "atanh", "tan", "math.erfinv", "math.log1p")},
    **{f"tf.{name}({{a}})": LOW for name in ("exp", "math.expm1", "sinh", "cosh")},
    **{f"tf.{name}({{a}})": _off(0) for name in ("abs", "nn.elu", "nn.selu", "math.reciprocal")},
    **{f"tf.math.{name}({{a}})": _off(0) for name in ("bessel_i0e", "special.bessel_j1", "special.dawsn")},
    "tf.nn.gelu({a})": ANY,
    "tf.nn.gelu({a}, approximate=True)": ANY,
    "tf.nn.silu({a})": ANY,
    "tf.nn.relu({a})": _off(0),
    "tf.nn.relu6({a})": _off(0, 6),
    "tf.nn.leaky_relu({a}, 0.25)": _off(0),
    "tf.clip_by_value({a}, -1.0, 1.0)": _off(-1, 1),
    "tf.where({a} > 0.5, tf.square({a}), 1.0 - {a})": _off(0.5),
    "tf.where({a} > 0.0, tf.sqrt(tf.where({a} > 0.0, {a}, 1.0)), tf.sin({a}))": _off(0),
    "tf.square({a})": ANY,
    "{a} ** 3": ANY,
    "{a} ** 2.5": POSITIVE,
    "2.0 ** {a}": LOW,
    "{a} * {c} + 1.0": ANY,
    "{c} - {a} / 2.0": ANY,
    "tf.stop_gradient(tf.cos({a})) * {a}": ANY,
    "tf.acosh({a})": _within(1.3, LARGEST),
    "tf.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, tf.sin(z) * {a}), [0, {a}])[1]": ANY,
    "tf.cond(tf.shape({a})[1] > 1, lambda: tf.tanh({a}), lambda: tf.cos({a}))": ANY,
    "tf.transpose(tf.scan(lambda z, e: tf.tanh(z + e), tf.transpose({a})))": ANY,
    "tf.map_fn(lambda r: r * tf.sin(r), {a})": ANY,
    "tf.vectorized_map(lambda r: r * tf.reduce_sum(tf.cos(r)), {a})": ANY,
    "{a} @ {W}": ANY,
    "tf.tanh({a} @ {W})": ANY,
    "tf.einsum('nk,km->nm', {a}, {W})": ANY,
    "tf.linalg.matvec({W}, {a}, transpose_a=True)": ANY,
    "tf.reverse({a}, [1])": ANY,
    "{a}[:, ::-1] + {a}": ANY,
    "{a}[:, 1:] * {a}[:, :-1] + {a}[:, :1]": ANY,
    "tf.roll({a}, 1, 1) - {a}": ANY,
    "tf.tile({a}, [1, 2])": ANY,
    "tf.repeat({a}, 2, 1)": ANY,
    "tf.pad({a}, [[0, 0], [1, 1]])": ANY,
    "tf.pad({a}, [[0, 0], [1, 0]], 'SYMMETRIC')": ANY,
    "tf.gather({a}, [0, 0, -1 % {k}], axis=1)": ANY,
    "tf.transpose(tf.transpose({a}) * 2.0)": ANY,
    "tf.reshape(tf.reshape({a}, [-1, 1, {k}]) ** 2, [-1, {k}])": ANY,
    "tf.nn.softmax({a})": ANY,
    "tf.nn.log_softmax({a})": ANY,
    "tf.reduce_logsumexp({a}, 1, keepdims=True)": ANY,
    "tf.reduce_mean({a}, 1, keepdims=True) * {a}": ANY,
    "tf.reduce_sum({a}, 1, keepdims=True) - {a}": ANY,
    "tf.reduce_max({a}, 1, keepdims=True)": _apart,
    "tf.reduce_min({a}, 1, keepdims=True) * {a}": _apart,
    "tf.sort({a}, 1)": _apart,
    "tf.nn.top_k({a}, 1).values": _apart,
    "tf.norm({a}, axis=1, keepdims=True)": _norm,
    "tf.math.reduce_euclidean_norm({a}, 1, keepdims=True)": _norm,
    "tf.linalg.l2_normalize({a}, 1)": _norm,
    "tf.math.reduce_variance({a}, 1, keepdims=True)": ANY,
    "({a} - tf.reduce_mean({a}, 1, keepdims=True)) * tf.math.rsqrt(tf.math.reduce_variance({a}, 1, keepdims=True) + 0.5)": ANY,
    "tf.cumsum({a}, 1)": ANY,
    "tf.cumsum({a}, 1, exclusive=True, reverse=True) + {a}": ANY,
    "tf.nn.conv1d({a}[..., None], tf.constant([[[0.5]], [[-1.0]]], {a}.dtype), 1, 'SAME')[..., 0]": ANY,
    "tf.nn.avg_pool1d({a}[..., None], 2, 1, 'SAME')[..., 0]": ANY,
    "tf.linalg.diag_part(tf.linalg.diag({a}) ** 2)": ANY,
    "tf.linalg.trace({a}[:, :, None] * {a}[:, None, :])[:, None]": ANY,
    "tf.linalg.det(0.1 * {a}[:, :, None] * {a}[:, None, :] + tf.eye({k}, dtype={a}.dtype))[:, None]": ANY,
    "tf.linalg.solve(0.1 * {a}[:, :, None] * {a}[:, None, :] + tf.eye({k}, dtype={a}.dtype), {a}[..., None])[..., 0]": ANY,
    "tf.linalg.cholesky(0.1 * {a}[:, :, None] * {a}[:, None, :] + tf.eye({k}, dtype={a}.dtype))[:, -1]": ANY,
    "tf.concat(tf.split({a}, {k}, 1)[::-1], 1)": ANY,
    "tf.reduce_sum(tf.stack(tf.unstack({a}, axis=1)[:2], 1), 1, keepdims=True)": ANY,
}  # fmt: skip
# Steps on two tensors of shape [batch, k].
BINARY = {
    **{f"{{a}} {sign} {{b}}": lambda u, v: True for sign in "+-*"},
    "{a} / {b}": lambda u, v: _off(0)(v) and np.all(np.abs(v) > 0.4),
    "tf.maximum({a}, {b})": lambda u, v: _off(0)(u - v),
    "tf.minimum({a}, tf.sin({b}))": lambda u, v: _off(0)(u - np.sin(v)),
    "tf.atan2({a}, {b})": lambda u, v: np.all(v > 0.4),
    "tf.math.squared_difference({a}, {b})": lambda u, v: True,
    "tf.pow({a}, {b})": lambda u, v: POSITIVE(u) and _within(-3, 3)(v),
    "tf.math.xlogy({a}, {b})": lambda u, v: _off(0)(u) and POSITIVE(v),
    "tf.math.divide_no_nan({a}, {b})": lambda u, v: _off(0)(v) and np.all(np.abs(v) > 0.4),
    "tf.where({a} > {b}, {a} * {b}, tf.cos({a}))": lambda u, v: _off(0)(u - v),
    "tf.add_n([{a}, {b}, {a}])": lambda u, v: True,
    "tf.concat([{a}, {b}], 1)": lambda u, v: True,
    "tf.reshape(tf.stack([{a}, {b}], 2), [-1, 2 * {k}])": lambda u, v: True,
    "tf.reduce_sum({a} * {b}, 1, keepdims=True)": lambda u, v: True,
    "(tf.expand_dims({a}, 1) @ tf.expand_dims({b}, 2))[:, 0]": lambda u, v: True,
    "tf.einsum('nk,nk->n', {a}, {b})[:, None]": lambda u, v: True,
}


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
    for _ in range(draw(st.integers(1, 6))):
        i = draw(st.sampled_from([len(values) - 1, len(values) - 1, 0, len(values) // 2]))
        u, k = values[i], values[i].shape[1]
        alike = [j for j, v in enumerate(values) if v.shape == u.shape]
        if draw(st.booleans()):
            j = draw(st.sampled_from(alike))
            fits = [step for step, domain in BINARY.items() if domain(u, values[j])]
        else:
            j, fits = i, [step for step, domain in UNARY.items() if domain(u)]
        step = draw(st.sampled_from(fits))
        quarters = st.integers(-8, 8).map(lambda q: q / 8)
        rows = draw(st.lists(st.lists(quarters, min_size=2, max_size=2), min_size=k, max_size=k))
        parts = {"a": f"a{i}", "b": f"a{j}", "k": k, "c": draw(quarters), "W": f"tf.constant({rows}, a0.dtype)"}
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
