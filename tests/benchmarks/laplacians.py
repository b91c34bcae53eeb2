"""The Laplacian and the biharmonic of a network of a point in d dimensions, on a batch, in the ways compared."""

from functools import partial
from itertools import combinations

import jax
import jax.numpy as jnp
import tensorflow as tf
from contest import Contest
from jax.experimental.jet import jet as jax_jet
from sides import in_jax, in_tf
from workloads import BLOCK, network, normal, parameters

import nthgrad as ng

# ---------- in TensorFlow, of functions from [batch, d] to [batch, 1]


def by_hessian(f):
    """The Laplacian of f by the trace of the whole Hessian, two tapes."""

    def g(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            slope = inner.gradient(y, x)
        return tf.linalg.trace(outer.batch_jacobian(slope, x))[:, None]

    return g


def by_columns(f):
    """The Laplacian of f by one gradient for each column of the Hessian."""

    def g(x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            slopes = tf.unstack(inner.gradient(y, x), axis=1)
        return tf.add_n([outer.gradient(s, x)[:, i : i + 1] for i, s in enumerate(slopes)])

    return g


# ---------- in JAX, of functions from [d] to a number


def by_jax_hessian(f):
    """The Laplacian of f by the trace of the whole Hessian."""
    return lambda x: jnp.trace(jax.hessian(f)(x))


def by_folx(f):
    """The Laplacian of f by folx."""
    import folx

    return lambda x: folx.forward_laplacian(f, disable_jit=True)(x).laplacian


def along(f, order):
    """The derivative of f of this order along v, by jet."""

    def g(x, v):
        return jax_jet(f, (x,), ([v, *[jnp.zeros_like(v)] * (order - 1)],))[1][-1]

    return g


def by_jet(f):
    """The Laplacian of f by jet along every axis."""
    return lambda x: jax.vmap(along(f, 2), (None, 0))(x, jnp.eye(x.size)).sum()


def biharmonic_by_jet(f):
    """The biharmonic of f by jet, with (d_i d_j)**2 from the fourth derivatives along e_i, e_j, e_i + e_j, e_i - e_j."""

    def g(x):
        axes = jnp.eye(x.size)
        pairs = list(combinations(range(x.size), 2))
        i, j = (axes[jnp.array(k)] for k in zip(*pairs, strict=True))
        fourth = jax.vmap(along(f, 4), (None, 0))
        alone = fourth(x, axes).sum()
        # sum over i, j of (d_i d_j)**2; each axis is in d - 1 pairs.
        both_signs = fourth(x, i + j).sum() + fourth(x, i - j).sum()
        return alone + 2 * (both_signs - 2 * (x.size - 1) * alone) / 12

    return g


# ---------- the contests


def twice(laplacian):
    return lambda f: laplacian(laplacian(f))


def _contest(title, widths, batch, ours, tensorflow, others, aims, blocks=1):
    weights, biases = parameters(*widths)
    points = normal(batch, widths[0], scale=1.0)

    # Weights are variables, and arguments: a compiler would compute with constants while it compiles.
    def in_tensorflow(operator, jit_compile):
        f = network(tf.tanh, [tf.Variable(w) for w in weights], [tf.Variable(b) for b in biases])
        return in_tf(tf.function(operator(f), autograph=False, jit_compile=jit_compile), tf.constant(points))

    def in_jax_(operator, blocks=1):
        @jax.jit
        def run(ws, bs, x):
            of_rows = jax.vmap(operator(lambda x: network(jnp.tanh, ws, bs)(x)[0]))
            found = of_rows(x) if blocks == 1 else jax.lax.map(of_rows, x.reshape(blocks, -1, x.shape[1]))
            return found.reshape(-1, 1)

        return in_jax(run, *(list(map(jnp.asarray, p)) for p in (weights, biases)), jnp.asarray(points))

    in_blocks = {"nthgrad, blocks": partial(ours, block=BLOCK)} if blocks > 1 else {}
    tensorflow = {"nthgrad": ours, **in_blocks, **tensorflow}
    sides = {
        **{f"{name}, XLA": partial(in_tensorflow, operator, True) for name, operator in tensorflow.items()},
        **{name: partial(in_tensorflow, operator, None) for name, operator in tensorflow.items()},
        **{name: partial(in_jax_, operator) for name, operator in others.items()},
        **{f"{name}, blocks": partial(in_jax_, operator, blocks) for name, operator in others.items() if blocks > 1},
    }
    shape = "-".join(map(str, widths))
    return Contest(f"{title}, {shape} at {batch} points, float32", sides, aims)


def laplacian():
    return _contest(
        "Laplacian",
        (50, 768, 768, 512, 512, 1),
        32,
        ng.laplacian,
        {"tapes, Hessian": by_hessian, "tapes, columns": by_columns},
        {"folx": by_folx, "jet": by_jet, "jax.hessian": by_jax_hessian},
        {"tapes, Hessian": 0.45, "tapes, columns": 0.45, "folx": 1.0},
    )


def biharmonic():
    return _contest(
        "Biharmonic",
        (5, 768, 768, 512, 512, 1),
        32,
        ng.biharmonic,
        {"tapes, Hessians": twice(by_hessian), "tapes, columns": twice(by_columns)},
        {"folx": twice(by_folx), "jet": biharmonic_by_jet, "jax.hessian": twice(by_jax_hessian)},
        {"tapes, Hessians": 0.45, "tapes, columns": 0.45, "folx": 1.0},
    )


def laplacian_of_many():
    return _contest(
        "Laplacian",
        (3, 64, 64, 64, 1),
        2**14,
        ng.laplacian,
        {"tapes, columns": by_columns},
        {"folx": by_folx, "jet": by_jet},
        {},
        2**14 // BLOCK,
    )


CONTESTS = {"laplacian": laplacian, "laplacian, blocks": laplacian_of_many, "biharmonic": biharmonic}
