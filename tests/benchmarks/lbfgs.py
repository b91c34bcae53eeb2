"""L-BFGS on the weights of a network: the fit of a function, and a differential equation, in the ways compared."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
import tensorflow as tf
from contest import Contest
from jax.flatten_util import ravel_pytree
from sides import Side
from workloads import network, parameters

import nthgrad as ng

WIDTHS, POINTS, STEPS, MEMORY = (1, 32, 32, 1), 512, 300, 10
X = np.linspace(-1, 1, POINTS, dtype="float32")[:, None]


def ours(loss, weights, jit_compile):
    """`nthgrad.optimize.minimize`."""

    def call():
        w = tf.nest.map_structure(tf.Variable, weights)
        options = {"maxiter": STEPS, "maxcor": MEMORY, "ftol": 0, "gtol": 0, "maxfun": 10**6}
        found = ng.optimize.minimize(lambda: loss(tf, w), w, options=options, jit_compile=jit_compile, progress=False)
        return np.array([found.fun])

    return Side(call, lambda: STEPS)


def by_scipy(loss, weights):
    """SciPy's optimizer on JAX's gradients."""

    def call():
        start, unravel = ravel_pytree(jax.tree.map(jnp.asarray, weights))
        slope = jax.jit(jax.value_and_grad(lambda w: loss(jnp, unravel(w))))

        def step(w):
            value, g = slope(w.astype("float32"))
            return float(value), np.asarray(g, "float64")

        options = {"maxiter": STEPS, "maxcor": MEMORY, "ftol": 0, "gtol": 0, "maxfun": 10**6}
        found = scipy.optimize.minimize(
            step, np.asarray(start, "float64"), jac=True, method="L-BFGS-B", options=options
        )
        return np.array([found.fun])

    return Side(call, lambda: STEPS)


def by_optax(loss, weights):
    """Optax's optimizer, a compiled loop."""
    import optax

    def call():
        w = jax.tree.map(jnp.asarray, weights)
        solver = optax.lbfgs(memory_size=MEMORY)
        value = lambda w: loss(jnp, w)  # noqa: E731
        slope = optax.value_and_grad_from_state(value)

        def step(_, carry):
            w, state = carry
            now, g = slope(w, state=state)
            updates, state = solver.update(g, state, w, value=now, grad=g, value_fn=value)
            return optax.apply_updates(w, updates), state

        w, _ = jax.jit(lambda w: jax.lax.fori_loop(0, STEPS, step, (w, solver.init(w))))(w)
        return np.asarray(jax.jit(value)(w))[None]

    return Side(call, lambda: STEPS)


def fit(library, w):
    """The mean square of the distance from a wave."""
    x = (tf.constant if library is tf else jnp.asarray)(X)
    mean = tf.reduce_mean if library is tf else jnp.mean
    return mean((network(library.tanh, *w)(x) - library.sin(5 * x)) ** 2)


def poisson(library, w):
    """The loss of u_xx = -25 sin(5 x) with u(-1), u(1) given."""
    exact = np.sin(5 * X)
    if library is tf:
        u = network(tf.tanh, *w)
        second, mean = ng.derivative(u, 2)(tf.constant(X)), tf.reduce_mean
    else:
        u = network(jnp.tanh, *w)
        first = lambda x: jax.jvp(u, (x,), (jnp.ones_like(x),))[1]  # noqa: E731
        second, mean = jax.jvp(first, (jnp.asarray(X),), (jnp.ones_like(X),))[1], jnp.mean
    return mean((second + 25 * exact) ** 2) / 625 + mean((u(X[[0, -1]]) - exact[[0, -1]]) ** 2)


def _contest(name, loss):
    weights = parameters(*WIDTHS)
    sides = {
        "nthgrad": partial(ours, loss, weights, None),
        "nthgrad, XLA": partial(ours, loss, weights, True),
        "SciPy, gradients by JAX": partial(by_scipy, loss, weights),
        "optax.lbfgs": partial(by_optax, loss, weights),
    }
    widths = "-".join(map(str, WIDTHS))
    return Contest(f"{STEPS} steps of L-BFGS, {name}, {widths} at {POINTS} points, float32", sides)


CONTESTS = {"fit": partial(_contest, "a fit", fit), "poisson": partial(_contest, "Poisson's equation", poisson)}
