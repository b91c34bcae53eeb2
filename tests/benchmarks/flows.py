"""Operators of vector calculus on a network of a point in space, in the ways compared."""

from functools import partial

import jax
import jax.numpy as jnp
import tensorflow as tf
from contest import Contest
from sides import along, in_jax, in_tf
from workloads import network, normal, parameters

import nthgrad as ng

OUTPUTS = {"curl": 3, "divergence": 9, "directional": 3}  # numbers of f at a point; 9 are a matrix

# ---------- f maps x, of shape [batch, 3], to its outputs; v has the shape of x

OURS = {
    "curl": lambda f, x, v: ng.curl(f)(x),
    "divergence": lambda f, x, v: ng.divergence(lambda x: tf.reshape(f(x), [-1, 3, 3]))(x),
    "directional": lambda f, x, v: ng.directional(f, 2)(x, v),
}


def slopes(f, x):
    """The Jacobian of each point, by a gradient of each output."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.batch_jacobian(y, x)


def curl_of(j, stack):
    """The curl, from Jacobians of shape [..., 3, 3]."""
    return stack([j[..., k, i] - j[..., i, k] for i, k in ((1, 2), (2, 0), (0, 1))], -1)


TAPES = {
    "curl": lambda f, x, v: curl_of(slopes(f, x), tf.stack),
    "divergence": lambda f, x, v: tf.linalg.trace(tf.reshape(slopes(f, x), [-1, 3, 3, 3])),
    "directional": lambda f, x, v: along(along(f, v), v)(x),
}

# ---------- in JAX f maps a point, of shape [3]


def twice(f, x, v):
    first = lambda x: jax.jvp(f, (x,), (v,))[1]  # noqa: E731
    return jax.jvp(first, (x,), (v,))[1]


JAX = {
    "curl": {
        "jax.jacfwd": lambda f, x, v: curl_of(jax.jacfwd(f)(x), jnp.stack),
        "jax.jacrev": lambda f, x, v: curl_of(jax.jacrev(f)(x), jnp.stack),
    },
    "divergence": {
        "jax.jacfwd": lambda f, x, v: jnp.trace(jax.jacfwd(lambda x: f(x).reshape(3, 3))(x), axis1=1, axis2=2),
    },
    "directional": {"jax.jvp of jvp": twice},
}


def _contest(name, batch=4096):
    widths = (3, 64, 64, 64, OUTPUTS[name])
    weights, x, v = parameters(*widths), normal(batch, 3, scale=1.0), normal(batch, 3, scale=1.0)

    def in_tensorflow(way, jit_compile):
        f = network(tf.tanh, *tf.nest.map_structure(tf.constant, weights))
        run = tf.function(partial(way, f), autograph=False, jit_compile=jit_compile)
        return in_tf(run, tf.constant(x), tf.constant(v))

    def with_jax(way):
        f = network(jnp.tanh, *jax.tree.map(jnp.asarray, weights))
        return in_jax(jax.jit(jax.vmap(partial(way, f))), jnp.asarray(x), jnp.asarray(v))

    ways = {"nthgrad": OURS[name], "tapes": TAPES[name]}
    sides = {
        **{f"{k}, XLA": partial(in_tensorflow, way, True) for k, way in ways.items()},
        **{k: partial(in_tensorflow, way, None) for k, way in ways.items()},
        **{k: partial(with_jax, way) for k, way in JAX[name].items()},
    }
    return Contest(f"{name} of a network, {'-'.join(map(str, widths))} at {batch} points, float32", sides)


CONTESTS = {name: partial(_contest, name) for name in OURS}
