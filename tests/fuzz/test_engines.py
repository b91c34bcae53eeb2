"""Derivatives of random functions of one number: power series against nested tapes and eager values."""

import numpy as np
import tensorflow as tf
from hypothesis import assume, note
from hypothesis import strategies as st

import nthgrad as ng
from fuzz import programs
from fuzz.bounded import cases

# How a derivative of f is called.
MODES = {
    "plain": lambda f, n: ng.derivatives(f, n),
    "of a tf.function": lambda f, n: ng.derivatives(tf.function(f, autograph=False), n),
    "in a tf.function": lambda f, n: tf.function(ng.derivatives(f, n), autograph=False),
    "XLA": lambda f, n: ng.derivatives(f, n, jit_compile=True),
    "one order": lambda f, n: lambda x: [ng.derivative(f, k)(x) for k in range(n + 1)],
    "of a derivative": lambda f, n: lambda x: [ng.derivative(ng.derivative(f, k // 2), k - k // 2)(x) for k in range(n + 1)],
    "tapes": lambda f, n: ng.derivatives(f, min(n, 2), method="tape"),
}  # fmt: skip


@st.composite
def problems(draw):
    """Points, a function, the order, the dtype and the mode."""
    x = draw(programs.points(1))
    shape = draw(st.sampled_from(["[batch]", "[batch, 1]"]))
    first = "x[:, None]" if shape == "[batch]" else "x"
    program = draw(programs.programs(x, first=first))
    if shape == "[batch, 1]":
        program = programs.Program("x", (*program.lines[:-1], program.lines[-1].replace(", 1)", ", 1, keepdims=True)")))
    x = x[:, 0] if shape == "[batch]" else x
    modes = [mode for mode in MODES if program.compiles or mode != "XLA"]
    order, dtype = draw(st.integers(0, 4)), draw(st.sampled_from(["float32", "float64"]))
    return x, program, order, dtype, draw(st.sampled_from(modes))


def tower(f, x, order):
    """The values of f and its derivatives, each by a tape about the lower ones."""
    if not order:
        return [f(x)]
    with tf.GradientTape() as tape:
        tape.watch(x)
        lower = tower(f, x, order - 1)
    return [*lower, programs.slope(tape, lower[-1], x)]


def compare(problem):
    x, program, order, dtype, mode = problem
    note(f"{program}x, order {order}, {dtype}, {mode}: {x.tolist()}")
    f = program.function
    want = [y.numpy() for y in tower(f, tf.constant(x), order)]
    assume(programs.usable(*want))
    got = MODES[mode](f, order)(tf.constant(x, dtype))
    largest = np.maximum.accumulate([max(1.0, np.abs(y).max()) for y in want])
    # In half the digits of float32 there is room for what nested tapes lose there, too.
    own = [y.numpy() for y in tower(f, tf.constant(x, dtype), order)]
    for k, y in enumerate(got):
        lost = 10 * np.abs(own[k] - want[k]).max() / np.sqrt(np.finfo(dtype).eps)
        programs.compare(y, want[k], largest[k] + lost, dtype, f"order {k}")


@cases(6, problems())
def test_towers(problem):
    compare(problem)
