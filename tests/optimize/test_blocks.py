"""`optimize.minimize` in blocks of rows, and with arguments, against all rows at once."""

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad._call import shards
from nthgrad.optimize.derivatives import in_blocks, whole
from nthgrad.optimize.objective import Objective

RNG = np.random.default_rng(0)
START = [RNG.normal(size=shape) for shape in ([1, 6], [6], [6, 1])]
INSIDE = tf.constant(RNG.uniform(-1, 1, (50, 1)))
EDGE = np.array([[-1.0], [1.0]])


def problem(dtype="float64"):
    """The weights of u'' = -u, u(-1) = u(1) = 1, and its losses of rows."""
    weights = [tf.Variable(v, dtype=dtype) for v in START]
    u = lambda x: tf.tanh(x @ weights[0] + weights[1]) @ weights[2]  # noqa: E731
    u_xx = ng.derivative(u, 2)
    return weights, lambda inside, edge: {"inside": (u_xx(inside) + u(inside)) ** 2, "edge": [(u(edge) - 1) ** 2]}


def at_once(f):
    return lambda *sets: tf.add_n([tf.reduce_mean(leaf) for leaf in tf.nest.flatten(f(*sets))])


@pytest.mark.parametrize(
    ("method", "compiled"), [("L-BFGS-B", None), ("L-BFGS-B", True), ("Newton-CG", None), ("trust-krylov", True)]
)
def test_every_method_takes_the_same_steps(method, compiled):
    results = []
    for blocks in (True, False):
        weights, f = problem()
        loss = ng.loss_and_gradients(f, weights, block=16, jit_compile=compiled) if blocks else at_once(f)
        results.append(
            ng.optimize.minimize(
                loss,
                weights,
                method,
                args=(INSIDE, EDGE),
                options={"maxiter": 4},
                progress=False,
                jit_compile=compiled if blocks else None,
            )
        )
        np.testing.assert_array_equal(np.concatenate([np.ravel(w) for w in weights]), results[-1].x)
    found, wanted = results
    assert (found.nit, found.nfev) == (wanted.nit, wanted.nfev)
    for name in ("x", "fun", "jac"):  # four steps, in each of which a rounding grows with the condition, below 1e4
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-7, atol=1e-9)


def test_losses_gradients_and_products_of_some_variables():
    weights, f = problem()
    some = [weights[2], weights[0]]  # not all of them, and in another order
    sets = (INSIDE, tf.constant(EDGE))
    over = in_blocks(ng.loss_and_gradients(f, weights, block=16), sets, jit_compile=None), whole(at_once(f), sets)
    objectives = [Objective(o, some, jit_compile=None) for o in over]
    x, v = objectives[0].current(), RNG.normal(size=12)
    (value, slope), (value_at_once, slope_at_once) = (o(x) for o in objectives)
    product, product_at_once = (o.product(x, v) for o in objectives)
    np.testing.assert_allclose(value, value_at_once, rtol=1e-13)
    np.testing.assert_allclose(slope, slope_at_once, atol=1e-13 * np.abs(slope).max())
    np.testing.assert_allclose(product, product_at_once, atol=1e-13 * np.abs(product).max())


@pytest.mark.parametrize("cores", [1, 2])
def test_the_option_of_xla_is_that_of_the_loss(cores, monkeypatch):
    """On several cores, XLA compiles each shard, and not the step around them."""
    compiled = []
    monkeypatch.setattr(shards, "at_once", lambda: cores)
    monkeypatch.setattr(
        "nthgrad.optimize.Objective",
        lambda *args, jit_compile: compiled.append(jit_compile) or Objective(*args, jit_compile=None),
    )
    w = tf.Variable(1.0, dtype=tf.float64)
    for given, own in ((None, True), (False, True), (None, None)):
        g = ng.loss_and_gradients(lambda x: tf.sin(w * x) ** 2, w, block=16, jit_compile=own)
        ng.optimize.minimize(g, w, args=(INSIDE,), options={"maxiter": 1}, progress=False, jit_compile=given)
    assert compiled == [cores == 1, False, None]


def test_arguments_of_a_plain_loss():
    w = tf.Variable([0.0, 0.0])

    def loss(data, bias=0.0):
        return tf.reduce_sum((data["x"] * w - data["y"] - bias) ** 2)

    data = {"x": np.float32([1, 2]), "y": tf.constant([3.0, 4.0])}
    ng.optimize.minimize(loss, w, args=(data,), progress=False)
    np.testing.assert_allclose(w.numpy(), [3, 2], atol=1e-3)
    ng.optimize.minimize(loss, w, args=[data, 1.0], progress=False)
    np.testing.assert_allclose(w.numpy(), [4, 2.5], atol=1e-3)


def test_the_graph_has_no_copy_of_the_arguments(monkeypatch):
    sizes = []

    class Measured(Objective):
        def trace(self):
            super().trace()
            sizes.append(self._evaluate.get_concrete_function().graph.as_graph_def().ByteSize())

    monkeypatch.setattr("nthgrad.optimize.Objective", Measured)
    w = tf.Variable([1.0])
    for n in (10, 100_000):
        ng.optimize.minimize(lambda x: tf.reduce_mean((w - x) ** 2), w, args=(np.ones(n, np.float32),), progress=False)
    assert sizes[1] - sizes[0] < 1000
