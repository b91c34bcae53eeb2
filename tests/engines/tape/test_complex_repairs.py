"""Gradients of complex ops, plain and compiled, against mpmath: XLA's kernels of some miss a conjugate."""

import functools
import math

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad.engines.tape.complex_repairs import COMPLEX_REPAIRS

R = tf.raw_ops
inert = tf.autograph.experimental.do_not_convert  # AutoGraph takes longer than the derivatives
POINTS = np.array([-0.75, 0.25, 1.5])
ORDER = 2

OPS = {
    "Acos": (tf.acos, mp.acos),
    "Angle": (lambda z: tf.cast(tf.math.angle(z), z.dtype), mp.arg),
    "Asin": (tf.asin, mp.asin),
    "Atan": (tf.atan, mp.atan),
    "Atanh": (tf.atanh, mp.atanh),
    "Inv": (lambda z: R.Inv(x=z), lambda z: 1 / z),
    "Log": (tf.math.log, mp.log),
    "Log1p": (tf.math.log1p, lambda z: mp.log(1 + z)),
    "Reciprocal": (tf.math.reciprocal, lambda z: 1 / z),
    "Rsqrt": (tf.math.rsqrt, lambda z: 1 / mp.sqrt(z)),
    "Sqrt": (tf.sqrt, mp.sqrt),
    "Tan": (tf.tan, mp.tan),
}
# Not repaired, because XLA computes their gradients as TensorFlow does.
OTHERS = {
    "Asinh": (tf.asinh, mp.asinh),
    "Cosh": (tf.cosh, mp.cosh),
    "Exp": (tf.exp, mp.exp),
    "Expm1": (tf.math.expm1, mp.expm1),
    "Sigmoid": (tf.sigmoid, lambda z: 1 / (1 + mp.exp(-z))),
    "Sin": (tf.sin, mp.sin),
    "Square": (tf.square, lambda z: z * z),
    "Tanh": (tf.tanh, mp.tanh),
}
ALL = {**OPS, **OTHERS}


def along(x):
    return tf.complex(x, x * x / 2 + 0.375)


@functools.cache
def tower(name):
    """To 30 digits, from the Taylor series of the real and the imaginary part."""
    f = lambda part: lambda z: part(ALL[name][1](z + 1j * (z * z / 2 + 0.375)))  # noqa: E731
    with mp.workdps(30):
        found = [[mp.taylor(f(part), x, ORDER) for part in (mp.re, mp.im)] for x in POINTS]
    return [np.array([complex(real[k], imag[k]) for real, imag in found]) * math.factorial(k) for k in range(ORDER + 1)]


def near(got, want):
    assert got.dtype == tf.complex128
    np.testing.assert_allclose(got, want, rtol=0, atol=1000 * np.finfo(float).eps * max(1, np.abs(want).max()))


def test_each_repair_has_a_case():
    assert OPS.keys() == COMPLEX_REPAIRS.keys()


# The second order, which takes three times as long as the first, of some repairs compiled and of others plain. All are
# compiled in the next test, to first order. Acos and Log1p are made of Asin and Log, and Atan of Atanh.
FIRST_ORDER = ("Asin", "Atan", "Log")
COMPILED_TWICE = ("Angle", "Inv", "Sqrt", "Tan")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "order", "jit_compile"),
    [
        *((name, 1 if name in FIRST_ORDER else 2, True if name in COMPILED_TWICE else None) for name in OPS),
        *((name, 1, True) for name in OTHERS),
    ],
)
def test_by_tapes(name, order, jit_compile):
    g = ng.derivatives(inert(lambda x: ALL[name][0](along(x))), order, method="tape", jit_compile=jit_compile)
    for got, want in zip(g(tf.constant(POINTS)), tower(name)[: order + 1], strict=True):
        near(got, want)


def test_backward_in_operators():
    """The default engine takes gradients backward, also of complex tensors on the way to a real one.

    Each op has its own row, and all of them are compiled once.
    """
    x = np.repeat(POINTS, len(OPS))[:, None]

    @inert
    def f(x):
        rows = tf.reshape(along(x[:, 0]), [-1, len(OPS)])
        return tf.reshape(tf.stack([tf.math.real(OPS[name][0](rows[:, i])) for i, name in enumerate(OPS)], 1), [-1])

    got = np.reshape(ng.gradient(f, jit_compile=True)(x), [-1, len(OPS)])
    for i, name in enumerate(OPS):
        np.testing.assert_allclose(got[:, i], tower(name)[1].real, rtol=1e-12, atol=1e-12, err_msg=name)


def looped(x):
    return tf.while_loop(lambda i, z: i < 2, lambda i, z: (i + 1, tf.math.reciprocal(z + 2)), (0, along(x)))[1]


# The second derivative of a loop takes ten times as long as the first.
@pytest.mark.parametrize(
    ("f", "exact", "order"),
    [
        (looped, lambda z: 1 / (2 + 1 / (2 + z)), 1),
        (lambda x: tf.cond(x < 5, lambda: tf.sqrt(along(x)), lambda: along(x)), mp.sqrt, 2),
    ],
    ids=["a loop", "a branch"],
)
def test_in_a_loop_and_a_branch(f, exact, order):
    got = ng.derivative(inert(f), order, method="tape")(0.25 * tf.ones([], tf.float64))
    on_curve = lambda z: exact(z + 1j * (z * z / 2 + 0.375))  # noqa: E731
    near(got, complex(*(mp.diff(lambda z, part=part: part(on_curve(z)), 0.25, order) for part in (mp.re, mp.im))))


@pytest.mark.parametrize("scale", [1e-12, 1e-200, 1e200])
def test_values_of_any_size(scale):
    """A repair computes what the op computes, to rounding of the whole number."""
    z = np.array([1 + 0.5j, -1 + 1j, 0.25 - 1j, 1 - 0.001j]) * scale
    x = tf.constant(z)
    for name in ("Log", "Log1p", "Atan", "Atanh", "Sqrt", "Rsqrt", "Reciprocal", "Angle"):
        got, want = COMPLEX_REPAIRS[name](x).numpy(), OPS[name][1]
        with mp.workdps(400):
            for value, point in zip(got, z, strict=True):
                right = complex(want(mp.mpc(point)))
                assert abs(value - right) <= 1000 * np.finfo(float).eps * abs(right), (name, point)
