"""Functions of norms where the norm is zero, and decompositions where eigenvalues are equal.

Each has the derivatives that the mathematics has there, NaN where it has none, or is refused by name. Functions of a
norm r are written by their Taylor coefficients in r, from which the derivatives at r = 0 follow: the Laplacian of r**k
in d dimensions is k (k + d - 2) r**(k - 2).
"""

import functools
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad.errors import UnsupportedOpError

NAN = math.nan
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
DTYPES = pytest.mark.parametrize("dtype", TOLERANCE)


def norm(x):
    return tf.norm(x, axis=-1)


def euclidean(x):
    return tf.math.reduce_euclidean_norm(x, axis=-1)


def kept(x):
    return tf.squeeze(tf.norm(x, axis=-1, keepdims=True), -1)


def root_of_squares(x):
    return tf.sqrt(x[:, 0] ** 2 + tf.square(x[:, 1]) + tf.math.squared_difference(x[:, 2], 0.0))


@tf.function(autograph=False)
def called(x):
    return norm(x) ** 2


def matern(x):
    r = norm(x)
    return (1 + 2.5 * r) * tf.exp(-2.5 * r)


def smoother_matern(x):
    r = math.sqrt(5) * norm(x) / 0.7
    return (1 + r + r**2 / 3) * tf.exp(-r)


def in_a_branch(x):
    return tf.cond(tf.reduce_sum(x) < 9, lambda: norm(x) ** 2, lambda: norm(x))


def in_a_loop(x):
    return tf.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, y + norm(x) ** 2), (0, 0 * x[:, 0]), maximum_iterations=3
    )[1]


# A function of x of shape [batch, 3], and its Taylor coefficients in r, up to where it has derivatives; then NaN.
A2, B2 = 2.5**2, 5 / 0.49
SMOOTH = {
    "norm**2": (lambda x: norm(x) ** 2, [0, 0, 1]),
    "square(norm)": (lambda x: tf.square(tf.norm(x, axis=-1, keepdims=True))[:, 0], [0, 0, 1]),
    "norm * norm": (lambda x: norm(x) * norm(x), [0, 0, 1]),
    "euclidean**2": (lambda x: euclidean(x) ** 2, [0, 0, 1]),
    "sqrt**2": (lambda x: root_of_squares(x) ** 2, [0, 0, 1]),
    "sqrt(square)**2": (lambda x: tf.square(tf.sqrt(tf.reduce_sum(x * x, -1) / 4)), [0, 0, 0.25]),
    "(norm / 2)**2": (lambda x: (norm(x) / 2.0) ** 2, [0, 0, 0.25]),
    "(-3 norm)**2": (lambda x: (-3.0 * kept(x)) ** 2, [0, 0, 9]),
    "complex norm": (lambda x: tf.math.real(tf.norm(tf.complex(x, x), axis=-1) ** 2), [0, 0, 2]),
    "abs**2": (lambda x: tf.reduce_sum(tf.abs(x) ** 2, -1), [0, 0, 1]),
    "abs of complex**2": (lambda x: tf.reduce_sum(tf.abs(tf.complex(x, x)) ** 2, -1), [0, 0, 2]),
    "exp(-norm**2 / 2)": (lambda x: tf.exp(-(norm(x) ** 2) / 2), [1, 0, -1 / 2, 0, 1 / 8]),
    "exp(-euclidean**2 / 2)": (lambda x: tf.exp(-tf.square(euclidean(x)) / 2), [1, 0, -1 / 2, 0, 1 / 8]),
    "log(1 + norm**2)": (lambda x: tf.math.log1p(norm(x) ** 2), [0, 0, 1, 0, -1 / 2]),
    "cosh(kept)": (lambda x: tf.cosh(kept(x)), [1, 0, 1 / 2, 0, 1 / 24]),
    "norm sin(norm)": (lambda x: norm(x) * tf.sin(norm(x)), [0, 0, 1, 0, -1 / 6]),
    "norm**3": (lambda x: norm(x) ** 3, [0, 0, 0, NAN, NAN]),
    "sum of squares**1.5": (lambda x: tf.reduce_sum(x**2, -1) ** 1.5, [0, 0, 0, NAN, NAN]),
    "norm**2.5": (lambda x: norm(x) ** 2.5, [0, 0, 0, NAN, NAN]),
    "Matern 3/2": (matern, [1, 0, -A2 / 2, NAN, NAN]),
    "Matern 5/2": (smoother_matern, [1, 0, -B2 / 6, 0, B2**2 / 24]),
    "Huber": (lambda x: tf.where(norm(x) < 1, norm(x) ** 2 / 2, norm(x) - 0.5), [0, 0, 1 / 2]),
    "where, a constant there": (lambda x: tf.where(norm(x) > 0, tf.cos(norm(x)), 1.0), [1, 0, 0]),
    "maximum": (lambda x: tf.maximum(norm(x), 0.25), [0.25, 0, 0]),
    "norm": (norm, [0, NAN, NAN]),
    "euclidean": (euclidean, [0, NAN, NAN]),
    "exp(-norm)": (lambda x: tf.exp(-norm(x)), [1, NAN, NAN]),
    "norm + norm**2": (lambda x: norm(x) + norm(x) ** 2, [0, NAN, NAN]),
}

FEW = ["sqrt(square)**2", "exp(-norm**2 / 2)", "cosh(kept)", "Matern 3/2", "Huber", "abs**2"]
LOST = [name for name, (_, c) in SMOOTH.items() if NAN in c[:3]]  # backward, it would cover the others of one function
BODIES = {
    "in a function": (lambda x: called(x) / 2, 1 / 2),
    "in a branch": (in_a_branch, 1),
    "in a loop": (in_a_loop, 3),
}
D = 3


def even(c, k):
    """The coefficient of r**k of a function that has derivatives of the order k at r = 0."""
    lost = next((i for i, x in enumerate(c) if math.isnan(x)), len(c) + 9)
    return NAN if k >= lost else c[k] if k < len(c) else 0.0


def same(got, want, dtype, scale=1.0):
    assert np.asarray(got).dtype == dtype
    np.testing.assert_allclose(got, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


def assert_no_derivative(got):
    assert not np.isfinite(got).any()


# Each row by power series and by tapes, whose expansions differ, in the cheapest operator of either. Hessians, Laplacians
# by tapes, float32 and XLA see a few rows that are rebuilt in different ways.
@pytest.mark.parametrize(
    ("dtype", "jit_compile", "operators", "names"),
    [
        ("float64", None, ["laplacian", "hvp by tapes"], [name for name in SMOOTH if name not in LOST]),
        ("float64", None, ["hessian"], FEW[::2]),
        ("float64", None, ["laplacian", "laplacian by tapes"], LOST),
        ("float64", None, ["hessian"], LOST[::2]),
        ("float32", None, ["laplacian", "laplacian by tapes"], FEW[1:4]),
        ("float32", None, ["hessian"], FEW[3:4]),
        ("float64", True, ["laplacian"], FEW),
        ("float64", True, ["hessian"], FEW[1::2]),
        ("float64", True, ["laplacian by tapes"], FEW[3:5]),
    ],
    ids=[
        "float64", "hessian", "no derivative", "hessian without derivatives", "float32", "hessian in float32",
        "compiled", "hessian, compiled", "tapes, compiled",
    ],
)  # fmt: skip
def test_operators_where_a_norm_is_zero(dtype, jit_compile, operators, names):
    x, v = np.zeros([2, D], dtype), np.array([[1.0, -2.0, 0.5]] * 2, dtype)
    all_of_them = lambda x: {name: SMOOTH[name][0](x) for name in names}  # noqa: E731
    stacked = lambda x: tf.stack([SMOOTH[name][0](x) for name in names], -1)  # noqa: E731
    options = {"jit_compile": jit_compile}
    wrong = []
    for operator in operators:
        if operator == "hessian":
            found = dict(zip(names, tf.unstack(ng.hessian(stacked, **options)(x), axis=1), strict=True))
            unit = 2 * np.eye(D) * np.ones([2, 1, 1])
        elif operator == "hvp by tapes":
            found, unit = ng.hvp(all_of_them, method="tape", **options)(x, v), 2 * v
        else:
            method = "tape" if operator == "laplacian by tapes" else "auto"
            found, unit = ng.laplacian(all_of_them, method=method, **options)(x), 2 * D * np.ones(2)
        for name in names:
            c, got = even(SMOOTH[name][1], 2), found[name]
            try:
                assert_no_derivative(got) if math.isnan(c) else same(got, c * unit, dtype)
            except AssertionError:
                wrong.append(f"{operator} of {name}: {np.asarray(got).ravel()}, not {(c * unit).ravel()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("f", "c"), BODIES.values(), ids=BODIES)
def test_norms_inside_of_functions_branches_and_loops(f, c):
    x = np.zeros([2, D])
    same(ng.gradient(f)(x), 0 * x, "float64")
    same(ng.laplacian(f, jit_compile=True)(x), [2 * D * c] * 2, "float64")
    if f is not in_a_loop:
        same(ng.hessian(f)(x), 2 * c * np.eye(D) * np.ones([2, 1, 1]), "float64")
    if f is not in_a_branch:  # both take a second
        v = np.array([[1.0, -2.0, 0.5]] * 2)
        same(ng.hvp(f, method="tape")(x, v), 2 * c * v, "float64")  # a third of the Laplacian's gradients


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("norm**2", "float32"),
        ("Matern 5/2", "float64"),
        ("exp(-euclidean**2 / 2)", "float32"),
        ("norm**3", "float64"),
    ],
)
def test_gradients_products_and_fourth_derivatives(name, dtype):
    f, c = SMOOTH[name]
    x, v = np.zeros([2, D], dtype), np.array([[1.0, -2.0, 0.5]] * 2, dtype)
    same(ng.gradient(f)(x), np.zeros([2, D]), dtype)
    same(tf.function(ng.hvp(f))(x, v), 2 * even(c, 2) * v, dtype)
    fourth = even(c, 4) * D * (D + 2) * 8  # of r**4: its Laplacian is 4 (d + 2) r**2, and that of r**2 is 2 d
    tower = [float(k[0]) for k in ng.taylor(f, 4)(x, v)]
    size = float(v[0] @ v[0])
    for k in range(5):
        want = even(c, k) * size ** (k / 2)
        assert_no_derivative(tower[k]) if math.isnan(want) else same(np.array(tower[k], dtype), want, dtype, size**2)
    got = ng.biharmonic(f)(x)
    assert_no_derivative(got) if math.isnan(fourth) else same(got, [fourth] * 2, dtype, abs(fourth))


@pytest.mark.parametrize(("method", "jit_compile"), [("taylor", None), ("taylor", True), ("tape", True)])
def test_partials_of_a_function_of_a_distance(method, jit_compile):
    u = lambda x, y: tf.exp(-(tf.sqrt(x**2 + y**2) ** 2) / 2) * (1 + x)  # noqa: E731
    x, y = np.array([0.0, 0.3]), np.array([0.0, -0.4])
    got = ng.partials(u, ["", "x", "y", "xx", "xy", "yy", "xxx"], method=method, jit_compile=jit_compile)(x, y)
    for name, derivative in got.items():
        with mp.workdps(40):
            orders = name.count("x"), name.count("y")
            want = [
                mp.diff(lambda a, b: mp.exp(-(a**2 + b**2) / 2) * (1 + a), (p, q), orders)
                for p, q in zip(x, y, strict=True)
            ]
        same(derivative, np.array(want, float), "float64")


@pytest.mark.parametrize(("method", "dtype"), [("taylor", "float32"), ("taylor", "float64"), ("tape", "float64")])
def test_elementwise_roots(method, dtype):
    x = np.array([0.0, 0.5, -2.0], dtype)
    f = lambda x: {"root": tf.sqrt(x**2) ** 2, "abs": tf.abs(x) * tf.abs(x), "cos": tf.cos(tf.abs(x))}  # noqa: E731
    order = 3 if method == "taylor" else 2  # tapes of a third order meet a norm in the partials above
    got = ng.derivatives(f, order, method=method)(x)
    want = [(x**2, np.cos(x)), (2 * x, -np.sin(x)), (2 + 0 * x, -np.cos(x)), (0 * x, np.sin(x))]
    for k, (square, cos) in enumerate(want[: order + 1]):
        same(got[k]["root"], square, dtype)
        same(got[k]["abs"], square, dtype)
        same(got[k]["cos"], cos, dtype)


RADIAL = {
    "norm**2": lambda r: r**2,
    "exp(-euclidean**2 / 2)": lambda r: mp.exp(-(r**2) / 2),
    "norm sin(norm)": lambda r: r * mp.sin(r),
    "norm**2.5": lambda r: r**2.5,
    "Matern 3/2": lambda r: (1 + 2.5 * r) * mp.exp(-2.5 * r),
    "exp(-norm)": lambda r: mp.exp(-r),
    "norm": lambda r: r,
    "euclidean": lambda r: r,
}


@DTYPES
def test_other_points_have_their_derivatives_beside_one_where_the_norm_is_zero(dtype):
    x, apart = (
        np.array([[0.5, -1.0, 0.25], point, [1.0, 2.0, -2.0]], dtype) for point in ([0.0, 0.0, 0.0], [0.7, 0.1, -0.2])
    )
    # Laplacians of all, and Hessians, whose traces they are, of one of each kind.
    names = ["norm**2", "norm sin(norm)", "norm**2.5", "exp(-norm)", "euclidean"] if dtype == "float64" else [*RADIAL]
    stacked = lambda x: tf.stack([SMOOTH[name][0](x) for name in names], -1)  # noqa: E731
    operator = (ng.hessian if dtype == "float64" else ng.laplacian)(stacked)
    found = np.array(operator(apart))
    np.testing.assert_array_equal(np.array(operator(x))[[0, 2]], found[[0, 2]])
    for n, point in enumerate(apart):
        with mp.workdps(40):
            r = mp.norm(list(map(mp.mpf, map(float, point))))
            want = [float(mp.diff(RADIAL[name], r, 2) + (D - 1) / r * mp.diff(RADIAL[name], r)) for name in names]
        same(np.trace(found[n], axis1=1, axis2=2) if dtype == "float64" else found[n], want, dtype)


def test_a_kernel_matrix_has_its_derivatives_on_the_diagonal():
    points = np.array([[0.0, 0.0], [1.0, 0.5], [0.0, 0.0]])

    def mean(x):  # of exp(-|a - b|**2 / 2) over all pairs of x and of points, one of which is x
        a = tf.concat([x[None], tf.constant(points)], 0)
        r = tf.norm(a[:, None] - a[None], axis=-1)
        return tf.reduce_sum(tf.exp(-(r**2) / 2)[0])

    k = np.exp(-0.625)
    slope = np.array([1.0, 0.5])
    want = -2 * np.eye(2) + k * (np.outer(slope, slope) - np.eye(2))
    same(ng.hessian(mean, batch_dims=0)(np.zeros(2)), want, "float64")


def test_weights_are_trained_through_a_norm_that_is_zero():
    w = tf.Variable(1.5, dtype=tf.float64)
    x = np.zeros([2, D])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(ng.laplacian(lambda x: tf.exp(-w * norm(x) ** 2) + tf.cos(w * norm(x)))(x))
    same(loss, 2 * D * (-2 * 1.5 - 1.5**2), "float64")
    same(tape.gradient(loss, w), 2 * D * (-2 - 2 * 1.5), "float64")


def test_derivatives_of_derivatives():
    third = ng.gradient(ng.laplacian(lambda x: (1 + x[:, 0]) * norm(x) ** 4))(np.zeros([1, D]))
    same(third, np.zeros([1, D]), "float64")
    fourth = ng.laplacian(ng.laplacian(lambda x: tf.cos(norm(x))))(np.zeros([1, D]))
    same(fourth, [D * (D + 2) * 8 / 24], "float64")


@pytest.mark.quick
def test_great_and_small_euclidean_norms():
    x = np.array([[3e-30, 4e-30], [3e30, 4e30]], "float32")
    got = ng.gradient(lambda x: tf.math.reduce_euclidean_norm(x, -1))(x)
    same(got, [[0.6, 0.8]] * 2, "float32")


# Eigenvalues and singular values.


def matrix(x):
    return tf.reshape(tf.gather(x, [0, 1, 1, 2]), [2, 2])


SPECTRA = {
    "eigvalsh": lambda x: tf.reduce_sum(tf.linalg.eigvalsh(matrix(x)) ** 2),
    "eigh": lambda x: tf.reduce_sum(tf.linalg.eigh(matrix(x))[0] ** 2),
    "singular values": lambda x: tf.reduce_sum(tf.linalg.svd(matrix(x), compute_uv=False) ** 2),
}
SECOND = {
    "hessian": ng.hessian,
    "laplacian": ng.laplacian,
    "laplacian by tapes": functools.partial(ng.laplacian, method="tape"),
}
EQUAL, APART = np.array([1.5, 0.0, 1.5]), np.array([1.5, 0.25, -0.5])


@pytest.mark.parametrize("f", SPECTRA.values(), ids=SPECTRA)
def test_first_derivatives_of_symmetric_functions_of_equal_values(f):
    for x in (EQUAL, APART):
        same(ng.gradient(f)(x), [2 * x[0], 4 * x[1], 2 * x[2]], "float64")
        same(ng.taylor(f, 1)(x, [1.0, 2.0, 3.0])[1], 2 * x[0] + 8 * x[1] + 6 * x[2], "float64")


@pytest.mark.parametrize("operator", SECOND.values(), ids=SECOND)
@pytest.mark.parametrize("f", SPECTRA.values(), ids=SPECTRA)
def test_second_derivatives_of_equal_values_are_refused_by_name(f, operator):
    right = np.diag([2.0, 4.0, 2.0]) if operator is ng.hessian else 8.0
    g = operator(f)
    np.testing.assert_allclose(g(APART), right, rtol=1e-12, atol=1e-12)
    with pytest.raises(UnsupportedOpError, match=r"(equal eigenvalues|equal or zero singular values) here"):
        g(EQUAL)
    # In a function, which traces it again, each operator with one decomposition, and each decomposition with one.
    n, m = [*SPECTRA.values()].index(f), [*SECOND.values()].index(operator)
    if n == m:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"(equal eigenvalues|equal or zero .*) here"):
            tf.function(g)(EQUAL)
    elif (n, m) in [(0, 2), (2, 1)]:  # XLA drops assertions; each op once
        assert_no_derivative(operator(f, jit_compile=True)(EQUAL))


def test_what_a_refusal_says():
    with pytest.raises(UnsupportedOpError) as caught:
        ng.hessian(SPECTRA["eigvalsh"])(EQUAL)
    lines = Path(__file__).read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.startswith('    "eigvalsh":'))
    assert str(caught.value) == (
        f"SelfAdjointEigV2 (named 'SelfAdjointEigV2', made at {__file__}:{line}) has equal eigenvalues here. This "
        "derivative divides by their differences. Write a symmetric function of them without the decomposition "
        "(tf.linalg.trace(a @ a) for the sum of their squares, tf.linalg.logdet(a) for that of their logarithms), or "
        "choose another point."
    )


def test_vectors_of_equal_eigenvalues_are_refused_at_first_order():
    f = lambda x: tf.linalg.eigh(matrix(x))[1][0, 0] ** 2  # noqa: E731
    with pytest.raises(UnsupportedOpError, match="equal eigenvalues here"):
        ng.gradient(f)(EQUAL)
    with pytest.raises(UnsupportedOpError, match="equal eigenvalues here"):
        ng.taylor(f, 1)(EQUAL, [1.0, 0.0, 0.0])
