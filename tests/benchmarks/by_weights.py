"""Derivatives of a network and of its loss by all of its weights, in the ways compared."""

from functools import partial

import jax
import jax.numpy as jnp
import tensorflow as tf
from contest import Contest
from sides import in_jax, in_tf
from workloads import network, normal, parameters

import nthgrad as ng

# ---------- f is the network, loss the loss, of weights w = (matrices, vectors); v is like w, u like the output


def ours(name):
    """What nthgrad computes."""
    return {
        "jvp": lambda f, loss, w, v, u, x: ng.jvp(f)(w, x, v),
        "vjp": lambda f, loss, w, v, u, x: ng.vjp(f)(w, x, u),
        "hvp": lambda f, loss, w, v, u, x: ng.hvp(loss)(w, x, v),
        "gauss_newton_vp": lambda f, loss, w, v, u, x: ng.gauss_newton_vp(f, lambda y: tf.reduce_mean(y**2))(w, x, v),
        "per_example": lambda f, loss, w, v, u, x: ng.per_example(loss)(w, x),
        "jacobian": lambda f, loss, w, v, u, x: ng.jacobian(f)(w, x),
    }[name]


def slopes(f, w, seed=None):
    """The gradient by a tape, as a function that another tape sees."""
    with tf.GradientTape() as tape:
        tape.watch(w)
        y = f(w)
    return tape.gradient(y, w, seed)


def backward_twice(f, loss, w, v, u, x):
    with tf.GradientTape() as outer:
        outer.watch(w)
        found = slopes(lambda w: loss(w, x), w)
    return outer.gradient(found, w, v)


def rows_of_a_tape(f, loss, w, v, u, x):
    return tf.vectorized_map(lambda row: slopes(lambda w: loss(w, row[None]), w), x)


def jacobian_of_a_tape(f, loss, w, v, u, x):
    with tf.GradientTape() as tape:
        tape.watch(w)
        y = f(w, x)
    return tape.jacobian(y, w)


TAPES = {
    "vjp": lambda f, loss, w, v, u, x: slopes(lambda w: f(w, x), w, u),
    "hvp": backward_twice,
    "per_example": rows_of_a_tape,
    "jacobian": jacobian_of_a_tape,
}


def gauss_newton_in_jax(f, loss, w, v, u, x):
    y, push = jax.jvp(lambda w: f(w, x), (w,), (v,))
    curved = jax.jvp(jax.grad(lambda y: jnp.mean(y**2)), (y,), (push,))[1]
    return jax.vjp(lambda w: f(w, x), w)[1](curved)[0]


JAX = {
    "jvp": {"jax.jvp": lambda f, loss, w, v, u, x: jax.jvp(lambda w: f(w, x), (w,), (v,))[1]},
    "vjp": {"jax.vjp": lambda f, loss, w, v, u, x: jax.vjp(lambda w: f(w, x), w)[1](u)[0]},
    "hvp": {
        "jax.jvp of grad": lambda f, loss, w, v, u, x: jax.jvp(jax.grad(lambda w: loss(w, x)), (w,), (v,))[1],
    },
    "gauss_newton_vp": {"jax.jvp, vjp": gauss_newton_in_jax},
    "per_example": {
        "jax.vmap of grad": lambda f, loss, w, v, u, x: jax.vmap(jax.grad(lambda w, x: loss(w, x[None])), (None, 0))(
            w, x
        ),
    },
    "jacobian": {
        "jax.jacrev": lambda f, loss, w, v, u, x: jax.jacrev(lambda w: f(w, x))(w),
        "jax.jacfwd": lambda f, loss, w, v, u, x: jax.jacfwd(lambda w: f(w, x))(w),
    },
}


def _contest(name):
    widths, batch = ((2, 16, 16, 1), 64) if name == "jacobian" else ((2, 64, 64, 64, 1), 1024)
    w, v = parameters(*widths), parameters(*widths)
    u, x = normal(batch, 1), normal(batch, widths[0], scale=1.0)

    def side(library, way, jit_compile=None):
        in_tensorflow = library is tf
        mean, tanh = (tf.reduce_mean, tf.tanh) if in_tensorflow else (jnp.mean, jnp.tanh)

        def f(w, x):
            return network(tanh, *w)(x)

        def loss(w, x):
            return mean(f(w, x) ** 2)

        def run(*given):
            return way(f, loss, *given)

        given = tf.nest.map_structure(tf.constant if in_tensorflow else jnp.asarray, [w, v, u, x])
        if in_tensorflow:
            return in_tf(tf.function(run, autograph=False, jit_compile=jit_compile), *given)
        return in_jax(jax.jit(run), *given)

    ways = {"nthgrad": ours(name), **({"tapes": TAPES[name]} if name in TAPES else {})}
    sides = {
        **{f"{k}, XLA": partial(side, tf, way, True) for k, way in ways.items()},
        **{k: partial(side, tf, way) for k, way in ways.items()},
        **{k: partial(side, jnp, way) for k, way in JAX[name].items()},
    }
    return Contest(f"{name} by the weights, {'-'.join(map(str, widths))} at {batch} points, float32", sides)


CONTESTS = {name: partial(_contest, name) for name in JAX}
