"""Second derivatives of a complex network, of a DeepONet, and of a Keras model of two inputs, in the ways compared."""

from functools import partial

import jax
import jax.numpy as jnp
import keras
import numpy as np
import tensorflow as tf
from contest import Contest
from sides import along, in_jax, in_tf
from workloads import network, normal, parameters

import nthgrad as ng


def _in_tf(way, arrays, weights, jit_compile):
    """A way(f or weights, *tensors), in a tf.function."""
    given = tf.nest.map_structure(tf.constant, weights)
    run = tf.function(partial(way, given), autograph=False, jit_compile=jit_compile)
    return in_tf(run, *map(tf.constant, arrays))


def _in_jax(way, arrays, weights):
    given = jax.tree.map(jnp.asarray, weights)
    return in_jax(jax.jit(partial(way, given)), *map(jnp.asarray, arrays))


def _sides(ours, tapes, others, arrays, weights):
    ways = {"nthgrad": ours, "tapes": tapes}
    return {
        **{f"{k}, XLA": partial(_in_tf, way, arrays, weights, True) for k, way in ways.items()},
        **{k: partial(_in_tf, way, arrays, weights, None) for k, way in ways.items()},
        **{k: partial(_in_jax, way, arrays, weights) for k, way in others.items()},
    }


# ---------- a wave, of a network of two outputs: its amplitude's logarithm and its phase


def wave(library, w):
    y = network(library.tanh, *w)
    compound = tf.complex if library is tf else jax.lax.complex
    return lambda x: library.exp(compound(y(x)[:, :1], y(x)[:, 1:]))


def twice_by_tapes(f, x):
    """The second derivative by x of a real f."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        slope = inner.gradient(y, x)
    return outer.gradient(slope, x)


def complex_by_tapes(w, x):
    f = wave(tf, w)
    parts = (lambda x: tf.math.real(f(x))), (lambda x: tf.math.imag(f(x)))
    return tf.complex(*(twice_by_tapes(part, x) for part in parts))


def complex_in_jax(w, x):
    f, v = wave(jnp, w), jnp.ones_like(x)
    first = lambda x: jax.jvp(f, (x,), (v,))[1]  # noqa: E731
    return jax.jvp(first, (x,), (v,))[1]


def real_parts(way, both):
    """The real and the imaginary part of a result, for the comparison of numbers."""

    def parts(w, x):
        y = way(w, x)
        return both([y.real, y.imag]) if both is jnp.stack else both([tf.math.real(y), tf.math.imag(y)])

    return parts


def complex_contest(batch=4096):
    widths = (1, 64, 64, 64, 2)
    ours = real_parts(lambda w, x: ng.derivative(wave(tf, w), 2)(x), tf.stack)
    others = {"jax.jvp of jvp": real_parts(complex_in_jax, jnp.stack)}
    sides = _sides(
        ours, real_parts(complex_by_tapes, tf.stack), others, [normal(batch, 1, scale=1.0)], parameters(*widths)
    )
    return Contest(f"second derivative of a complex network, {batch} points, float32", sides)


# ---------- a DeepONet: the branch takes a function's values at 32 places, the trunk a point


def deeponet(library, w):
    branch, trunk = (network(library.tanh, *part) for part in w)
    return lambda a, x: branch(a) @ library.transpose(trunk(x))


def deeponet_in_jax(w, a, x):
    u = lambda a, x: deeponet(jnp, w)(a[None], x.reshape(1, 1))[0, 0]  # noqa: E731
    second = jax.grad(jax.grad(u, 1), 1)
    return jax.vmap(jax.vmap(second, (None, 0)), (0, None))(a, x[:, 0])


def deeponet_by_columns(w, a, x):
    """One point at a time, of all functions."""
    u = lambda x: deeponet(jnp, w)(a, x.reshape(1, 1))[:, 0]  # noqa: E731
    first = lambda x: jax.jvp(u, (x,), (jnp.ones_like(x),))[1]  # noqa: E731
    return jax.vmap(lambda x: jax.jvp(first, (x,), (jnp.ones_like(x),))[1], out_axes=1)(x[:, 0])


def deeponet_contest(functions=128, points=512):
    arrays = [normal(functions, 32, scale=1.0), normal(points, 1, scale=1.0)]
    weights = [parameters(32, 64, 64, 64), parameters(1, 64, 64, 64)]
    ours = lambda w, a, x: ng.derivative(deeponet(tf, w), 2, argnum=1, axis=1)(a, x)  # noqa: E731

    def tapes(w, a, x):
        v = tf.ones_like(x)
        return along(along(partial(deeponet(tf, w), a), v), v)(x)

    others = {"jax.vmap of vmap of grad": deeponet_in_jax, "jax.vmap of jvp": deeponet_by_columns}
    title = f"second derivative of a DeepONet, {functions} functions by {points} points, float32"
    return Contest(title, _sides(ours, tapes, others, arrays, weights))


# ---------- u_t - u_xx of a Keras model


def keras_contest(batch=4096):
    inputs = [keras.Input((1,), name=name) for name in "tx"]
    y = keras.layers.Concatenate()(inputs)
    for _ in range(3):
        y = keras.layers.Dense(64, "tanh")(y)
    model = keras.Model(inputs, keras.layers.Dense(1)(y))
    partials = ng.partials(model, ["t", "xx"])

    def ours(_, t, x):
        d = partials(t, x)
        return d["t"] - d["xx"]

    def tapes(_, t, x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch([t, x])
                u = model([t, x])
            u_t, u_x = inner.gradient(u, [t, x])
        return u_t - outer.gradient(u_x, x)

    arrays = [np.float32(normal(batch, 1, scale=1.0)) for _ in range(2)]
    return Contest(f"u_t - u_xx of a Keras model, {batch} points, float32", _sides(ours, tapes, {}, arrays, []))


CONTESTS = {"complex": complex_contest, "deeponet": deeponet_contest, "keras": keras_contest}
