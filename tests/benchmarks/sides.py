"""The ways to the n-th derivative that are compared."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from math import factorial
from typing import Any

import jax
import jax.numpy as jnp
import tensorflow as tf
from jax.experimental.jet import jet as jax_jet
from stablehlo import Function
from workloads import BLOCK

import nthgrad as ng

jax.config.update("jax_enable_x64", False)  # what stablehlo has set; the others here are of float32


@dataclass(frozen=True)
class Side:
    """A derivative, built.

    Attributes:
        call: computes it, and returns when the result is there.
        size: the number of ops in its graph.
        memory: MiB that it needs beside its input, as its compiler says, or None where only running it tells.
    """

    call: Callable[[], Any]
    size: Callable[[], int]
    memory: Callable[[], float | None] = lambda: None


def in_tf(g, *args):
    """A function of tensors, called with them."""

    def size():
        graph = tf.function(g, autograph=False).get_concrete_function(*args).graph.as_graph_def()
        return len(graph.node) + max((len(f.node_def) for f in graph.library.function), default=0)

    run = g.get_concrete_function(*args) if hasattr(g, "get_concrete_function") else g

    def call():
        y = run(*args)
        tf.test.experimental.sync_devices()
        return y

    return Side(call, size)


def in_jax(g, *args):
    """A jitted function of JAX arrays, called with them."""

    def memory():
        analysis = g.lower(*args).compile().memory_analysis()
        return (analysis.temp_size_in_bytes + analysis.output_size_in_bytes) / 2**20

    return Side(lambda: jax.block_until_ready(g(*args)), lambda: _equations(jax.make_jaxpr(g)(*args).jaxpr), memory)


def _equations(jaxpr):
    inner = [v for e in jaxpr.eqns for p in e.params.values() for v in (p if isinstance(p, (list, tuple)) else [p])]
    inner = [getattr(v, "jaxpr", v) for v in inner]
    return len(jaxpr.eqns) + sum(_equations(v) for v in inner if hasattr(v, "eqns"))


def forward(w, jit_compile):
    """The function itself."""
    return in_tf(tf.function(w.in_tf, autograph=False, jit_compile=jit_compile), tf.constant(w.x))


def taylor(w, n, **options):
    """The Taylor engine of nthgrad."""
    return in_tf(*_taylor(w, n, **options))


def _taylor(w, n, jit_compile=None, block=None):
    if w.v is None:
        g = ng.derivative(w.in_tf, n, method="taylor", jit_compile=jit_compile, block=block)
        return g, tf.constant(w.x)
    g = ng.taylor(w.in_tf, n, jit_compile=jit_compile, block=block)
    last = tf.function(lambda x, v: g(x, v)[n] * factorial(n), jit_compile=jit_compile, autograph=False)
    return last, tf.constant(w.x), tf.constant(w.v)


def exported(w, n):
    """The Taylor engine's derivative as StableHLO, compiled and run by JAX as `jet` is."""
    g, *args = _taylor(w, n)
    with tempfile.TemporaryDirectory() as folder:
        ng.export.stablehlo(g, f"{folder}/g", *args)
        function = Function(f"{folder}/g")
    arrays = [function.put(a.numpy()) for a in args]
    return Side(lambda: jax.block_until_ready(function(*arrays)[0]), in_tf(g, *args).size, function.memory)


def along(f, v):
    """The derivative in the direction v by two gradients, for a tape knows no direction."""

    def df(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            u = tf.ones_like(y)
            outer.watch(u)
            g = inner.gradient(y, x, u)
        return outer.gradient(g, u, v)

    return df


def tapes(w, n, jit_compile):
    """Tapes nested by hand, in a tf.function."""

    def elementwise(f):
        def df(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            return tape.gradient(y, x)

        return df

    g = w.in_tf
    for _ in range(n):
        g = elementwise(g) if w.v is None else along(g, w.v)
    return in_tf(tf.function(g, autograph=False, jit_compile=jit_compile), tf.constant(w.x))


def jet(w, n, blocks=1):
    """jax.experimental.jet, jitted; in blocks of rows, by jax.lax.map."""
    x = jnp.asarray(w.x)
    parts = x if blocks == 1 else x.reshape(blocks, -1, *x.shape[1:])
    v = jnp.ones_like(x if blocks == 1 else parts[0]) if w.v is None else jnp.asarray(w.v)
    series = [v] + [jnp.zeros_like(v)] * (n - 1)
    of_rows = lambda x: jax_jet(w.in_jax, (x,), (series,))[1][-1]  # noqa: E731
    return in_jax(jax.jit(of_rows if blocks == 1 else lambda parts: jax.lax.map(of_rows, parts)), parts)


def nested(w, n):
    """Nested jax.grad of one point under vmap, or nested jax.jvp along v; jitted."""
    x = jnp.asarray(w.x)
    if w.v is None:
        g = lambda t: w.in_jax(t.reshape((1, 1) if x.ndim == 2 else (1,))).reshape(())  # noqa: E731
        for _ in range(n):
            g = jax.grad(g)
        g = jax.jit(jax.vmap(g))
        x = x.reshape(-1)
    else:
        g = w.in_jax
        for _ in range(n):
            g = lambda t, g=g: jax.jvp(g, (t,), (jnp.asarray(w.v),))[1]  # noqa: E731
        g = jax.jit(g)
    return in_jax(g, x)


SIDES: dict[str, Callable] = {
    "taylor, XLA": lambda w, n: taylor(w, n, jit_compile=True),
    "taylor, by JAX": exported,
    "taylor": taylor,
    "tapes, XLA": lambda w, n: tapes(w, n, True),
    "tapes": lambda w, n: tapes(w, n, None),
    "jet": jet,
    "nested jax": nested,
}
IN_BLOCKS: dict[str, Callable] = {
    "taylor, blocks, XLA": lambda w, n: taylor(w, n, jit_compile=True, block=BLOCK),
    "jet, blocks": lambda w, n: jet(w, n, len(w.x) // BLOCK),
}


def of_workload(w):
    """The sides by name; a network's are also in blocks of rows."""
    return {**SIDES, **(IN_BLOCKS if w.weights else {})}
