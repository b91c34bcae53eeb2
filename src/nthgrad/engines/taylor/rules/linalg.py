"""Products, solutions, inverses and determinants of matrices.

Each rule solves the equation that the output satisfies, for its coefficient k: the other terms are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.algebra import ops, or_zeros
from nthgrad.engines.taylor.families import bilinear, each, expanded, linear
from nthgrad.engines.taylor.series import (
    Coefficient,
    Index,
    Series,
    below,
    convolution,
    less,
    minus,
    over_number,
    products,
    shortest,
    total,
    value,
    varying,
)
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step

Product = Callable[[Any, Any], Any]

BIRD = 6
"""Up to this size a determinant is computed without a division, so that it is right for singular matrices too."""


def mapped(f: Callable[[Any], Any], x: Input) -> Input:
    """Applies a linear map of tensors to a series."""
    return Series(f(x.value), lambda k: None if x[k] is None else f(x[k])) if isinstance(x, Series) else f(x)


def later(product: Product, a: Input, b: Series, k: Index) -> Coefficient:
    """Returns the sum of a[j] b[k - j] over j > 0: the terms of a coefficient of a b without a[0]."""
    return total(products(a, b, k, any, product))


def between(product: Product, a: Series, b: Series, k: Index) -> Coefficient:
    """Returns the sum of a[j] b[k - j] over 0 < j < k: the terms of a coefficient of a b without a[k] and b[k]."""
    return total(products(a, b, k, lambda j: any(j) and j != k, product))


def solution(matrix: Callable[[Step, Any], Any] = lambda step, a: a, product: Product | None = None) -> Rule:
    """Solves A x = b: x[k] = A[0]^-1 (b[k] - sum of A[j] x[k - j] over j > 0).

    Args:
        matrix: builds A from the op's first input.
        product: the product of A and x; by default that of matrices.
    """

    def rule(step: Step) -> Sequence[Input]:
        a, b = step.inputs[:2]
        form = mapped(lambda t: matrix(step, t), a)

        def multiply(c: Any, x: Any) -> Any:
            return tf.matmul(c, x, adjoint_a=step.op.get_attr("adjoint")) if product is None else product(c, x)

        def coefficient(k: Index) -> Coefficient:
            rest = minus(later(multiply, form, x, k), varying(b, k))
            return None if rest is None else step.rebuild([value(a), rest])[0]

        x = step.output(coefficient)
        return [x]

    return Rule(rule)


def _triangle(step: Step, a: Any) -> Any:
    return tf.linalg.band_part(a, -1, 0) if step.op.get_attr("lower") else tf.linalg.band_part(a, 0, -1)


def _banded(step: Step, a: Any) -> Any:
    """Builds the triangular matrix from its diagonals; the main diagonal is given first or last."""
    n = tf.shape(a)[-2]
    return tf.linalg.diag(a, k=tf.stack([1 - n, 0] if step.op.get_attr("lower") else [0, n - 1]), align="LEFT_RIGHT")


def _tridiagonal(d: Any, x: Any) -> Any:
    return tf.linalg.tridiagonal_matmul(d, x, diagonals_format="compact")


def _tridiagonal_matmul(step: Step) -> Sequence[Input]:
    *diagonals, x = step.inputs

    def together(k: Index) -> Coefficient:
        parts = [varying(d, k) for d in diagonals]
        if all(c is None for c in parts):
            return None
        return tf.concat([or_zeros(c, d) for c, d in zip(parts, diagonals, strict=True)], -2)

    d = tf.concat([value(d) for d in diagonals], -2)
    d = Series(d, together) if any(isinstance(d, Series) for d in diagonals) else d
    return [step.output(convolution(_tridiagonal, d, x))]


def _inverse(step: Step) -> Sequence[Input]:
    """Solves x y = 1."""
    adjoint = step.op.get_attr("adjoint")

    def coefficient(k: Index) -> Coefficient:
        rest = later(lambda c, y: tf.matmul(c, y, adjoint_a=adjoint), step.inputs[0], y, k)
        return None if rest is None else -tf.matmul(y.value, rest)

    y = step.output(coefficient)
    return [y]


def _least_squares(op: Any, a: Any, b: Any, ridge: Any) -> Any:
    """Solves the normal equations."""
    rows, columns = a.shape[-2:]
    wide = rows is not None and columns is not None and rows < columns
    square = tf.matmul(a, a, adjoint_b=True) if wide else tf.matmul(a, a, adjoint_a=True)
    if op.get_attr("fast"):
        square += tf.cast(ridge, a.dtype) * tf.eye(tf.shape(square)[-1], dtype=a.dtype)
    if wide:
        return tf.matmul(a, tf.linalg.solve(square, b), adjoint_a=True)
    return tf.linalg.solve(square, tf.matmul(a, b, adjoint_a=True))


def _log_determinant(a: Any) -> Series:
    """Returns log(det a) minus its value; its derivative is the trace of a^-1 a'."""
    inverse = ops.MatrixInverse(a)

    def coefficient(k: Index) -> Coefficient:
        axis = shortest(k)
        pairs = [(a.rate(j, axis), inverse[less(k, j)]) for j in below(k) if j[axis] and a[j] is not None]
        traces = [tf.einsum("...ij,...ji->...", c, d) for c, d in pairs if d is not None]
        return over_number(total(traces), k[axis])

    return Series(tf.zeros_like(a.value[..., 0, 0]), coefficient)


def _determinant(step: Step) -> Sequence[Input]:
    (a,) = step.inputs
    n = a.value.shape[-1]
    if n is not None and n <= BIRD:
        return expanded(_bird)(step)
    y = step.values[0] * ops.Exp(_log_determinant(a))
    return [step.output(y.__getitem__)]


def _bird(op: Any, a: Any) -> Any:
    """Computes the determinant without a division (R. Bird, 2011)."""
    n, f = int(a.shape[-1]), a
    if n == 0:
        return tf.ones(tf.shape(a)[:-2], a.dtype)
    for _ in range(n - 1):
        diagonal = -tf.cumsum(tf.linalg.diag_part(f), axis=-1, exclusive=True, reverse=True)
        f = tf.matmul(tf.linalg.set_diag(tf.linalg.band_part(f, 0, -1), diagonal), a)
    return f[..., 0, 0] if n % 2 else -f[..., 0, 0]


def _log_matrix_determinant(step: Step) -> Sequence[Input]:
    """Returns the sign, or for complex matrices the phase, and the logarithm of the absolute value."""
    log = _log_determinant(step.inputs[0])
    sign, size = step.values
    if not sign.dtype.is_complex:
        return [sign, step.output(log.__getitem__, 1)]
    phase = sign * ops.Exp(mapped(lambda t: tf.complex(tf.zeros_like(tf.math.imag(t)), tf.math.imag(t)), log))
    return [
        step.output(phase.__getitem__),
        step.output(mapped(lambda t: tf.cast(tf.math.real(t), size.dtype), log).__getitem__, 1),
    ]


def _square_root(step: Step) -> Sequence[Input]:
    """Solves y y = x, which is y[0] z + z y[0] = rest for z = y[k], by Kronecker products."""
    (x,), y0 = step.inputs, step.values[0]
    one = tf.eye(tf.shape(y0)[-1], dtype=y0.dtype)
    sums = tf.einsum("...ij,kl->...ikjl", y0, one) + tf.einsum("ij,...lk->...ikjl", one, y0)
    n = tf.shape(y0)[-1]
    sums = tf.reshape(sums, tf.concat([tf.shape(y0)[:-2], [n * n, n * n]], 0))

    def coefficient(k: Index) -> Coefficient:
        rest = minus(between(tf.matmul, y, y, k), x[k])
        if rest is None:
            return None
        flat = tf.reshape(rest, tf.concat([tf.shape(rest)[:-2], [n * n, 1]], 0))
        return tf.reshape(tf.linalg.solve(sums, flat), tf.shape(rest))

    y = step.output(coefficient)
    return [y]


RULES: dict[str, Rule | Apply] = {
    # products
    **each("BatchMatMul BatchMatMulV2 BatchMatMulV3 Cross SparseMatMul", bilinear(0, 1)),
    "MatMul": bilinear(0, 1, by_rows=lambda op: not op.get_attr("transpose_a")),
    "Einsum": lambda step: (linear if len(step.inputs) == 1 else bilinear(0, 1))(step),
    "TridiagonalMatMul": _tridiagonal_matmul,
    # solutions and inverses
    "MatrixInverse": _inverse,
    "MatrixSolve": solution(),
    "MatrixTriangularSolve": solution(_triangle),
    "BandedTriangularSolve": solution(_banded),
    "TridiagonalSolve": solution(product=_tridiagonal),
    "MatrixSolveLs": expanded(_least_squares),
    # functions of a matrix
    "MatrixDeterminant": _determinant,
    "LogMatrixDeterminant": _log_matrix_determinant,
    "MatrixSquareRoot": _square_root,
}
