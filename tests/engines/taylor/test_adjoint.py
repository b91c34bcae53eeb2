"""Outer tapes through the coefficients of elementwise functions, once and twice, against mpmath; and what that costs."""

import mpmath
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

FUNCTIONS = {
    "tanh": (tf.tanh, mpmath.tanh),
    "exp": (tf.exp, mpmath.exp),
    "expm1": (tf.math.expm1, mpmath.expm1),
    "sin": (tf.sin, mpmath.sin),
    "cos": (tf.cos, mpmath.cos),
    "tan": (tf.tan, mpmath.tan),
    "sinh": (tf.sinh, mpmath.sinh),
    "cosh": (tf.cosh, mpmath.cosh),
    "sigmoid": (tf.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": (tf.math.softplus, lambda x: mpmath.log(1 + mpmath.exp(x))),
    "erf": (tf.math.erf, mpmath.erf),
    "exp(sin(x)) tanh(x)": (
        lambda x: tf.exp(tf.sin(x)) * tf.tanh(x),
        lambda x: mpmath.exp(mpmath.sin(x)) * mpmath.tanh(x),
    ),
}
ORDER = 3
POINTS = [0.25, -0.5, 0.75]
W = 1.25


def exact(phi, times, order=ORDER):
    """Of w -> the nth derivative of x -> phi(w x), w**n times that of phi at w x: the derivative taken so many times."""
    with mpmath.workdps(40):
        nth = lambda w, x: w**order * mpmath.diff(phi, w * x, order)  # noqa: E731
        return [float(mpmath.diff(lambda w, x=x: nth(w, x), mpmath.mpf(W), times)) for x in POINTS]


# Each plain, and every third compiled: XLA is given the same ops.
@pytest.mark.parametrize(
    ("name", "jit_compile"), [*((name, None) for name in FUNCTIONS), *((name, True) for name in [*FUNCTIONS][2::3])]
)
def test_once_and_twice(name, jit_compile):
    f, phi = FUNCTIONS[name]
    x = tf.constant(POINTS, tf.float64)
    w = tf.Variable(tf.fill([3], tf.constant(W, tf.float64)))
    third = ng.derivative(lambda x: f(w * x), ORDER)

    @tf.function(jit_compile=jit_compile)
    def both():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = third(x)
            once = inner.gradient(y, w)
        return once, outer.gradient(once, w)

    for times, got in enumerate(both(), 1):
        np.testing.assert_allclose(got, exact(phi, times), rtol=1e-10)


def test_through_many_directions_and_a_value_that_they_share():
    """Of sum((d2/dx_i2 of tanh(w . x))), by w, with u = w . x: |w|**2 tanh''(u), where |w|**2 and u vary with w."""
    w = tf.Variable([0.5, -1.0, 0.25], dtype=tf.float64)
    x = np.random.default_rng(0).normal(size=(4, 3))
    g = ng.laplacian(lambda x: tf.tanh(tf.linalg.matvec(x, w)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(g(tf.constant(x)))
    u, n = x @ w.numpy(), float(tf.reduce_sum(w**2))
    t = np.tanh(u)
    second, third = -2 * t * (1 - t**2), (6 * t**2 - 2) * (1 - t**2)
    want = 2 * second.sum() * w.numpy() + n * third @ x
    np.testing.assert_allclose(tape.gradient(loss, w), want, rtol=1e-12)


def test_two_tapes_that_do_not_know_of_each_other():
    """Each goes back through one trace, in a graph of its own."""
    w = tf.Variable(W, dtype=tf.float64)
    g = ng.derivatives(lambda x: tf.tanh(w * x), ORDER)
    x = tf.constant(POINTS, tf.float64)
    for order in (ORDER, 1, ORDER):
        with tf.GradientTape() as tape:
            y = g(x)[order]
        np.testing.assert_allclose(tape.gradient(y, w), sum(exact(mpmath.tanh, 1, order)), rtol=1e-12)


def test_the_way_back_is_short():
    """The products of two orders more, there and back, grow with the order and not with its square."""

    def products(order):
        w = tf.Variable(tf.ones([8, 1], tf.float64))

        @tf.function
        def run(x):
            with tf.GradientTape() as tape:
                y = ng.derivative(lambda x: tf.tanh(w * x), order)(x)
            return tape.gradient(y, w)

        found, todo = set(), [t.op for t in run.get_concrete_function(tf.TensorSpec([8, 1], tf.float64)).outputs]
        while todo:
            op = todo.pop()
            if op.name not in found:
                found.add(op.name)
                todo += [t.op for t in op.inputs]
        return sum(op.type == "Mul" for op in op.graph.get_operations() if op.name in found)

    assert 0 < products(8) - products(6) < 24  # 16 were counted, and 38 by the gradients of the recurrences


def test_ops_grow_with_the_square_of_the_order():
    def ops(order):
        run = tf.function(ng.derivative(tf.tanh, order))
        return len(run.get_concrete_function(tf.TensorSpec([1], tf.float64)).graph.get_operations())

    assert ops(30) < 4.4 * ops(15)


def test_the_precise_slope_of_tanh_computes_nothing_twice():
    """(1 + |tanh x|)**2 exp(-2 |x|) is all: 1 - tanh(x)**2, whose gradient tapes take, is left out where none does."""
    g = tf.function(ng.derivative(lambda x: tf.tanh(x)), jit_compile=True)
    made = g.experimental_get_compiler_ir(tf.ones([8]))(stage="optimized_hlo")
    counts = {op: made.count(f" {op}(") for op in ("tanh", "exponential", "add", "multiply", "subtract")}
    assert counts == {"tanh": 1, "exponential": 1, "add": 1, "multiply": 3, "subtract": 0}
