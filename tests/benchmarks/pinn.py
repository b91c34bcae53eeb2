"""The loss of a differential equation on a network u(t, x), and its gradients by the weights, in the ways compared.

Derivatives are dicts by the names of `nthgrad.partials`: "" is u itself, "xx" its second derivative by x.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import pi
from typing import Any

import floor
import jax
import jax.numpy as jnp
import numpy as np
import tensorflow as tf
from contest import Contest
from jax.experimental.jet import jet as jax_jet
from sides import Side, in_jax, in_tf
from workloads import BLOCK, RNG, both, network, parameters

import nthgrad as ng


@dataclass(frozen=True)
class Step:
    """What a training step computes.

    Attributes:
        order: the highest derivative by x; by t it is the first.
        residual: of the differential equation, from the derivatives by name.
        parameters: weights and biases.
        points: t and x, columns of shape [batch, 1].
    """

    order: int
    residual: Callable[[dict[str, Any]], Any]
    parameters: tuple[list[np.ndarray], list[np.ndarray]]
    points: tuple[np.ndarray, np.ndarray]

    @property
    def along_x(self):
        """The names of u and its derivatives by x."""
        return ["x" * n for n in range(self.order + 1)]


def step(order, residual, widths, batch):
    columns = tuple(RNG.uniform(-1, 1, (batch, 1)).astype("float32") for _ in range(2))
    return Step(order, residual, parameters(*widths), columns)


# ---------- in TensorFlow


def _in_tf(s, jit_compile, derivatives):
    """The step, with derivatives(u, t, x) -> dict, where u(z) is the network on a tensor z of shape [batch, 2]."""
    ws, bs = ([tf.Variable(p) for p in ps] for ps in s.parameters)
    u = network(tf.tanh, ws, bs)

    @tf.function(autograph=False, jit_compile=jit_compile)
    def run(t, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(s.residual(derivatives(u, t, x)) ** 2)
        return loss, tape.gradient(loss, [*ws, *bs])

    return in_tf(run, *map(tf.constant, s.points))


def nthgrad(s, jit_compile=None):
    """`nthgrad.partials`."""
    names = ["t", *s.along_x]
    return _in_tf(s, jit_compile, lambda u, t, x: ng.partials(lambda t, x: u(tf.concat([t, x], 1)), names)(t, x))


def nthgrad_in_blocks(s, jit_compile=None):
    """`nthgrad.loss_and_gradients` of `nthgrad.partials`."""
    ws, bs = ([tf.Variable(p) for p in ps] for ps in s.parameters)
    u = network(tf.tanh, ws, bs)
    partials = ng.partials(lambda t, x: u(tf.concat([t, x], 1)), ["t", *s.along_x])
    g = ng.loss_and_gradients(lambda t, x: s.residual(partials(t, x)) ** 2, [*ws, *bs], jit_compile=jit_compile)
    points = [tf.constant(c) for c in s.points]
    size = in_tf(tf.function(g, autograph=False), *points).size
    return Side(lambda: [v.numpy() for v in tf.nest.flatten(g(*points))], size)


def partials_alone(s, **options):
    """`nthgrad.partials`, without a loss."""
    u = network(tf.tanh, *both(*s.parameters[0])[:1], *both(*s.parameters[1])[:1])
    g = ng.partials(lambda t, x: u(tf.concat([t, x], 1)), ["t", *s.along_x], **options)
    return in_tf(g, *map(tf.constant, s.points))


def floors(s, gradients=True):
    """The matrix products of the step, or of the derivatives alone, whole and in blocks.

    A layer multiplies the coefficients along x and the one along t: s.order + 2 tensors of the rows.
    """
    rows = len(s.points[0])
    make = lambda block: floor.products(s.parameters[0], s.order + 2, rows, block, gradients=gradients)  # noqa: E731
    return {"floor": lambda: make(None)} | ({"floor, blocks": lambda: make(BLOCK)} if rows % BLOCK == 0 else {})


def tapes(s, jit_compile=None):
    """Tapes nested by hand, one an order; the innermost gives both first derivatives."""

    def derivatives(u, t, x):
        def below(n):
            with tf.GradientTape() as tape:
                tape.watch([t, x] if n == 1 else x)
                d = {"": u(tf.concat([t, x], 1))} if n == 1 else below(n - 1)
            if n == 1:
                d["t"], d["x"] = tape.gradient(d[""], [t, x])
            else:
                d["x" * n] = tape.gradient(d["x" * (n - 1)], x)
            return d

        return below(s.order)

    return _in_tf(s, jit_compile, derivatives)


def deepxde(s, jit_compile=None):
    """`dde.grad.jacobian` and `dde.grad.hessian`, as in DeepXDE's examples; plain is what it does on a CPU."""
    os.environ["DDE_BACKEND"] = "tensorflow"
    import deepxde as dde

    def derivatives(u, t, x):
        z = tf.concat([t, x], 1)
        y = u(z)
        d = {"": y, "t": dde.grad.jacobian(y, z, i=0, j=0), "x": dde.grad.jacobian(y, z, i=0, j=1)}
        for n in range(2, s.order + 1, 2):
            d["x" * n] = dde.grad.hessian(d["x" * (n - 2)], z, i=1, j=1)
        dde.gradients.clear()
        return d

    return _in_tf(s, jit_compile, derivatives)


# ---------- in JAX


def _in_jax(s, derivatives, blocks=1):
    """The step, jitted, with derivatives(u, t, x) -> dict, where u(t, x) is the network on columns."""

    @jax.jit
    def run(parameters, t, x):
        def loss(parameters, t, x):
            f = network(jnp.tanh, *parameters)
            return jnp.mean(s.residual(derivatives(lambda t, x: f(jnp.concatenate([t, x], 1)), t, x)) ** 2)

        step = jax.value_and_grad(loss)
        if blocks == 1:
            value, (ws, bs) = step(parameters, t, x)
        else:
            parts = [c.reshape(blocks, -1, 1) for c in (t, x)]
            each = jax.lax.map(lambda part: step(parameters, *part), parts)
            value, (ws, bs) = jax.tree.map(lambda v: jnp.mean(v, 0), each)
        return value, [*ws, *bs]

    return in_jax(run, [both(*ps)[1] for ps in s.parameters], *map(jnp.asarray, s.points))


def jet(s, blocks=1):
    """`jax.experimental.jet` along x, `jax.jvp` along t; in blocks, by `jax.lax.map`."""
    return _in_jax(s, partial(_by_jet, s), blocks)


def jet_alone(s, blocks=1):
    """The same without a loss."""

    @jax.jit
    def run(parameters, t, x):
        f = network(jnp.tanh, *parameters)
        of_rows = lambda part: _by_jet(s, lambda t, x: f(jnp.concatenate([t, x], 1)), *part)  # noqa: E731
        if blocks == 1:
            return of_rows((t, x))
        found = jax.lax.map(of_rows, tuple(c.reshape(blocks, -1, 1) for c in (t, x)))
        return {name: y.reshape(-1, 1) for name, y in found.items()}

    return in_jax(run, [both(*ps)[1] for ps in s.parameters], *map(jnp.asarray, s.points))


def _by_jet(s, u, t, x):
    one = jnp.ones_like(x)
    y, rest = jax_jet(lambda x: u(t, x), (x,), ([one, *[jnp.zeros_like(x)] * (s.order - 1)],))
    return {"t": jax.jvp(lambda t: u(t, x), (t,), (one,))[1], **dict(zip(s.along_x, (y, *rest), strict=True))}


def nested_grad(s):
    """Nested `jax.grad` of one point, under `jax.vmap`."""

    def derivatives(u, t, x):
        def point(t, x):
            return u(t.reshape(1, 1), x.reshape(1, 1)).reshape(())

        d, f = {"t": jax.grad(point)}, point
        for name in s.along_x:
            d[name], f = f, jax.grad(f, argnums=1)
        return {name: jax.vmap(f)(t[:, 0], x[:, 0]) for name, f in d.items()}

    return _in_jax(s, derivatives)


def nested_jvp(s):
    """Nested `jax.jvp` along x, and one along t."""

    def derivatives(u, t, x):
        one = jnp.ones_like(x)

        def below(n):
            if n == 0:
                return lambda x: (u(t, x),)

            def f(x):
                lower, tangents = jax.jvp(below(n - 1), (x,), (one,))
                return (*lower, tangents[-1])

            return f

        along = dict(zip(s.along_x, below(s.order)(x), strict=True))
        return {"t": jax.jvp(lambda t: u(t, x), (t,), (one,))[1], **along}

    return _in_jax(s, derivatives)


# ---------- the contests


def _sides(s):
    in_blocks = {}
    if (blocks := len(s.points[0]) // BLOCK) * BLOCK == len(s.points[0]):
        in_blocks["jet, blocks"] = lambda: jet(s, blocks)
    return {
        "nthgrad, blocks, XLA": lambda: nthgrad_in_blocks(s, True),
        "nthgrad, blocks": lambda: nthgrad_in_blocks(s),
        "nthgrad, XLA": lambda: nthgrad(s, True),
        "nthgrad": lambda: nthgrad(s),
        "tapes, XLA": lambda: tapes(s, True),
        "tapes": lambda: tapes(s),
        "deepxde, XLA": lambda: deepxde(s, True),
        "deepxde": lambda: deepxde(s),
        "jet": lambda: jet(s),
        **in_blocks,
        "nested jax.grad": lambda: nested_grad(s),
        "nested jax.jvp": lambda: nested_jvp(s),
    }


def _kuramoto_sivashinsky(batch):
    return step(4, lambda d: d["t"] + d[""] * d["x"] + d["xx"] + d["xxxx"], (2, 64, 64, 64, 1), batch)


def kuramoto_sivashinsky():
    s = _kuramoto_sivashinsky(4096)
    aims = {"jet": 0.22, "nested jax.grad": 0.1}
    title = "Kuramoto-Sivashinsky step, 2-64-64-64-1 at 4096 points, float32"
    return Contest(title, _sides(s), aims, floors(s))


def derivatives_alone():
    s = _kuramoto_sivashinsky(2**16)
    sides = {
        "nthgrad, XLA": lambda: partials_alone(s, jit_compile=True),
        "nthgrad, blocks, XLA": lambda: partials_alone(s, jit_compile=True, block=BLOCK),
        "nthgrad, whole, XLA": lambda: partials_alone(s, jit_compile=True, block=None),
        "nthgrad": lambda: partials_alone(s),
        "jet": lambda: jet_alone(s),
        "jet, blocks": lambda: jet_alone(s, 2**16 // BLOCK),
    }
    return Contest(
        "u, u_t, u_x ... u_xxxx, 2-64-64-64-1 at 65536 points, float32", sides, {}, floors(s, gradients=False)
    )


def burgers(widths=(2, 64, 64, 64, 1), batch=4096):
    s = step(2, lambda d: d["t"] + d[""] * d["x"] - 0.01 / pi * d["xx"], widths, batch)
    shape = "-".join(map(str, widths))
    return Contest(f"Burgers step, {shape} at {batch} points, float32", _sides(s), {"deepxde": 1 / 3}, floors(s))


CONTESTS = {
    "kuramoto-sivashinsky": kuramoto_sivashinsky,
    "derivatives": derivatives_alone,
    "burgers": burgers,
    "burgers, small": lambda: burgers((2, 20, 20, 20, 1), 2540),  # as in DeepXDE's own example
}
