"""What is differentiated in the benchmarks: each function in TensorFlow and in JAX, of the same weights and points."""

import itertools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(0)
BLOCK = 256  # rows of a block, of the sides that do not choose it themselves


@dataclass(frozen=True)
class Workload:
    """A function of x to differentiate along v, elementwise or not.

    Attributes:
        in_tf: the function on tensors.
        in_jax: the same on JAX arrays.
        x: the points.
        v: the direction; None where each element of f(x) depends on its own element (or row) of x only.
        orders: which orders to take.
        weights: the kernels of a tanh network; none for a function without matrix products; None for other functions.
    """

    in_tf: Any
    in_jax: Any
    x: np.ndarray
    v: np.ndarray | None
    orders: tuple[int, ...]
    weights: tuple[np.ndarray, ...] | None = None


def normal(*shape, scale=None):
    scale = shape[0] ** -0.5 if scale is None else scale
    return RNG.normal(scale=scale, size=shape).astype("float32")


def both(*arrays):
    """The arrays as tensors and as JAX arrays."""
    return [tf.constant(a) for a in arrays], [jnp.asarray(a) for a in arrays]


def parameters(*widths):
    """Weights and biases of a network of these widths."""
    return [normal(m, n) for m, n in itertools.pairwise(widths)], [normal(n, scale=0.1) for n in widths[1:]]


def network(tanh, ws, bs):
    """A tanh network, of either library's arrays."""

    def f(x):
        for w, b in zip(ws[:-1], bs[:-1], strict=True):
            x = tanh(x @ w + b)
        return x @ ws[-1] + bs[-1]

    return f


def mlp(batch=1024, orders=tuple(range(1, 11))):
    """A tanh network 1-64-64-64-1."""
    weights, biases = parameters(1, 64, 64, 64, 1)
    (tw, jw), (tb, jb) = both(*weights), both(*biases)
    x = RNG.uniform(-1, 1, (batch, 1)).astype("float32")
    fs = network(tf.tanh, tw, tb), network(jnp.tanh, jw, jb)
    return Workload(*fs, x, None, orders, tuple(weights))


def elementwise():
    """exp(-x**2) sin(3 x) / (1 + x**2) at ten million points."""

    def function(library):
        return lambda x: library.exp(-x * x) * library.sin(3 * x) / (1 + x * x)

    x = RNG.uniform(-2, 2, 10_000_000).astype("float32")
    return Workload(function(tf), function(jnp), x, None, (1, 2, 4, 8), ())


def transformer():
    """A Transformer block (layer norm, attention of 4 heads, network of gelus) on 8 sequences of 32 tokens of 64 numbers."""
    batch, length, width, heads = 8, 32, 64, 4
    weights = [normal(width, 3 * width), normal(width, width), normal(width, 4 * width), normal(4 * width, width)]

    def block(reshape, einsum, softmax, tanh, mean, rsqrt, ws):
        qkv, out, up, down = ws

        def norm(h):
            d = h - mean(h)
            return d * rsqrt(mean(d * d) + 1e-5)

        def gelu(h):
            return 0.5 * h * (1 + tanh(0.7978845608 * (h + 0.044715 * h * h * h)))

        def f(x):
            p = reshape(norm(x) @ qkv, (batch, length, 3, heads, width // heads))
            q, k, v = p[:, :, 0], p[:, :, 1], p[:, :, 2]
            a = softmax(einsum("bqhd,bkhd->bhqk", q, k) * (width // heads) ** -0.5)
            x = x + reshape(einsum("bhqk,bkhd->bqhd", a, v), (batch, length, width)) @ out
            return x + gelu(norm(x) @ up) @ down

        return f

    tw, jw = both(*weights)
    in_tf = block(
        tf.reshape, tf.einsum, tf.nn.softmax, tf.tanh, lambda h: tf.reduce_mean(h, -1, keepdims=True), tf.math.rsqrt, tw
    )
    in_jax = block(
        jnp.reshape, jnp.einsum, jax.nn.softmax, jnp.tanh, lambda h: jnp.mean(h, -1, keepdims=True), jax.lax.rsqrt, jw
    )
    shape = (batch, length, width)
    return Workload(in_tf, in_jax, normal(*shape, scale=1.0), normal(*shape, scale=1.0), (1, 2, 3, 4))


def gru():
    """A GRU of 32 units over 16 steps of 8 numbers, batch 64, as a loop: tf.scan and jax.lax.scan."""
    batch, length, width, units = 64, 16, 8, 32
    weights = [normal(width, 3 * units), normal(units, 3 * units)]

    def cell(split, sigmoid, tanh, w, u):
        def step(h, x):
            xz, xr, xh = split(x @ w)
            hz, hr, hh = split(h @ u)
            z, r = sigmoid(xz + hz), sigmoid(xr + hr)
            return z * h + (1 - z) * tanh(xh + r * hh)

        return step

    tw, jw = both(*weights)
    in_tf, in_jax = (
        cell(lambda a: tf.split(a, 3, -1), tf.sigmoid, tf.tanh, *tw),
        cell(lambda a: jnp.split(a, 3, -1), jax.nn.sigmoid, jnp.tanh, *jw),
    )

    def along_tf(x):
        return tf.scan(in_tf, x, tf.zeros([batch, units]))[-1]

    def along_jax(x):
        return jax.lax.scan(lambda h, x: (in_jax(h, x), None), jnp.zeros((batch, units)), x)[0]

    shape = (length, batch, width)
    return Workload(along_tf, along_jax, normal(*shape, scale=1.0), normal(*shape, scale=1.0), (1, 2, 3, 4))


WORKLOADS = {
    "mlp": mlp,
    "mlp-4096": lambda: mlp(4096, (2, 4, 8, 10)),
    "elementwise": elementwise,
    "transformer": transformer,
    "gru": gru,
}
