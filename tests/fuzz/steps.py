"""Steps of random programs: code on tensors of shape [batch, k], and the values at which it has all derivatives.

Nested tapes differentiate each of them four times.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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
# Steps on one tensor a of shape [batch, k]. W is a drawn matrix of k rows, c a drawn number.
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
    # Not maximum(a, b): TensorFlow with oneDNN takes maximum(x, 2 x) for a leaky ReLU in float32, wrongly.
    "tf.maximum({a}, {b} - 0.25)": lambda u, v: _off(0.25)(v - u),
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
# XLA cannot compile what holds one of these.
INTERPRETED = ("bessel_j1", "dawsn", "linalg.det")
