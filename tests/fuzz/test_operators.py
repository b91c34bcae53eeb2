"""Gradient, Jacobian, Hessian and the other operators of random functions of points, against nested tapes."""

import numpy as np
import tensorflow as tf
from hypothesis import assume, note
from hypothesis import strategies as st

import nthgrad as ng
from fuzz import programs
from fuzz.bounded import cases

V = np.array([[0.5, -1.25, 2.0], [1.0, 0.25, -0.75], [-2.0, 1.5, 1.0]])


def derivatives(f, x, by):
    """The derivatives of the outputs by columns of x: shape [batch, *Q]."""
    columns = [tf.constant(c) for c in tf.split(x, x.shape[1], 1)]
    outputs = [f(tf.concat(columns, 1))]
    many = len(outputs[0].shape) == 2
    count = outputs[0].shape[1] if many else 1

    def one(q):
        return lambda *parts: (f(tf.concat(parts, 1))[:, q] if many else f(tf.concat(parts, 1)))[:, None]

    found = tf.concat([programs.partial(one(q), columns, by) for q in range(count)], 1)
    return found.numpy() if many else found.numpy()[:, 0]


def jacobian(f, x):
    return np.stack([derivatives(f, x, (i,)) for i in range(x.shape[1])], -1)


def hessian(f, x):
    d = range(x.shape[1])
    return np.stack([np.stack([derivatives(f, x, (i, j)) for j in d], -1) for i in d], -2)


def trace(h):
    return np.trace(h, axis1=-2, axis2=-1)


def laplacian(f, x):
    return trace(hessian(f, x))


def biharmonic(f, x):
    d = range(min(x.shape[1], 3))
    return sum(derivatives(f, x, (i, i, j, j)) for i in d for j in d)


def direction(x):
    return V[: x.shape[0], : x.shape[1]]


# What the operator is of, the operator, its other arguments, and the same by tapes.
OPERATORS = {
    "gradient": ("number", ng.gradient, (), jacobian),
    "jacobian": ("like x", ng.jacobian, (), jacobian),
    "hessian": ("number", ng.hessian, (), hessian),
    "hessian of a vector": ("like x", ng.hessian, (), hessian),
    "hvp": ("number", ng.hvp, (direction,), lambda f, x: np.einsum("nij,nj->ni", hessian(f, x), direction(x))),
    "laplacian": ("number", ng.laplacian, (), laplacian),
    "laplacian of a vector": ("like x", ng.laplacian, (), laplacian),
    "biharmonic": ("number", ng.biharmonic, (), biharmonic),
    "divergence": ("like x", ng.divergence, (), lambda f, x: trace(jacobian(f, x))),
}
CHUNKED = ("jacobian", "hessian", "hessian of a vector", "laplacian", "divergence")


@st.composite
def problems(draw):
    """Points, a function, an operator, the dtype and the options."""
    x = draw(programs.points(draw(st.integers(1, 3))))
    operator = draw(st.sampled_from(list(OPERATORS)))
    program = draw(programs.programs(x, last=OPERATORS[operator][0]))
    options = {"jit_compile": draw(st.sampled_from([None, None, program.compiles or None]))}
    if operator in CHUNKED and draw(st.booleans()):
        options["chunk_size"] = draw(st.integers(1, 3))
    if draw(st.integers(0, 4)) == 0 and operator != "biharmonic":
        options["method"] = "tape"
    return x, program, operator, draw(st.sampled_from(["float32", "float64"])), options


@cases(3, problems(), st.booleans())
def test_operators(problem, traced):
    x, program, operator, dtype, options = problem
    note(f"{program}{operator}, {options}, {dtype}: {x.tolist()}")
    f, (_, build, others, by_tapes) = program.function, OPERATORS[operator]
    want, own = (by_tapes(f, tf.constant(x, kind)) for kind in ("float64", dtype))
    assume(programs.usable(want))
    g = build(f, **options)
    g = tf.function(g, autograph=False) if traced else g
    got = g(tf.constant(x, dtype), *(tf.constant(make(x), dtype) for make in others))
    lost = 10 * np.abs(own - want).max() / np.sqrt(np.finfo(dtype).eps)
    programs.compare(got, want, max(1.0, np.abs(want).max()) + lost, dtype, operator)
