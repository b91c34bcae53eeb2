"""Cholesky, QR, singular value and eigenvalue decompositions.

The coefficients of all factors follow from one equation, A[k] = sum of the products of the factors' coefficients, and
from the form of the factors (triangular, orthogonal, diagonal). Where eigenvalues or singular values coincide, the
vectors have no derivative, and the coefficients are not finite. The phase of a complex vector is constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.rules.linalg import between, later, mapped
from nthgrad.engines.taylor.series import Coefficient, Index, Series, convolution, minus, total
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step
from nthgrad.errors import UnsupportedOpError

adjoint, diag, diag_part, matmul = tf.linalg.adjoint, tf.linalg.diag, tf.linalg.diag_part, tf.matmul


def _joint(values: Sequence[Any], solve: Callable[..., Sequence[Any]]) -> list[Series]:
    """Returns series whose coefficients are computed together, by `solve` from an index and these series."""
    known: dict[Index, Sequence[Any]] = {}

    def coefficient(k: Index, i: int) -> Any:
        if k not in known:
            known[k] = solve(k, *series)
        return known[k][i]

    series = [Series(v, lambda k, i=i: coefficient(k, i)) for i, v in enumerate(values)]
    return series


def _square(a: Any, b: Any) -> Any:
    return matmul(a, b, adjoint_a=True)


def _or_zeros(c: Coefficient, like: Any) -> Any:
    return tf.zeros_like(like) if c is None else c


def _strict(a: Any) -> Any:
    """Returns the part below the diagonal."""
    return tf.linalg.set_diag(tf.linalg.band_part(a, -1, 0), tf.zeros_like(diag_part(a)))


def _hermitian(a: Any) -> Any:
    """Returns the Hermitian matrix that the op reads from the lower triangle."""
    below = _strict(a)
    return below + adjoint(below) + diag(tf.cast(tf.math.real(diag_part(a)), a.dtype))


def _gaps(s: Any) -> Any:
    """Returns s_j - s_i, and 1 on the diagonal."""
    gaps = s[..., None, :] - s[..., :, None]
    return tf.linalg.set_diag(gaps, tf.ones_like(s))


def _real(s: Any) -> Any:
    """Returns the real part, in the same dtype."""
    return tf.cast(tf.math.real(s), s.dtype)


def _refuse_full(step: Step, *, full: bool) -> None:
    a = step.inputs[0].value
    if full and (a.shape[-1] is None or a.shape[-1] != a.shape[-2]):
        raise UnsupportedOpError(
            f"{trace.describe(step.op)} has no derivative by its input 0 with full_matrices=True, because a matrix "
            "that is not square does not determine the added vectors. Use full_matrices=False."
        )


def _cholesky(step: Step) -> Sequence[Input]:
    """Solves l l^H = a: with m = l^-1 (a[k] - ...) l^-H, l[k] is l times the lower triangle of m, diagonal halved."""
    a = mapped(_hermitian, step.inputs[0])

    def coefficient(k: Index) -> Coefficient:
        rest = minus(between(_with_adjoint, y, y, k), a[k])
        if rest is None:
            return None
        half = tf.linalg.triangular_solve(y.value, rest)
        m = tf.linalg.triangular_solve(y.value, adjoint(half))
        return matmul(y.value, _strict(m) + diag(diag_part(m) / 2))

    y = step.output(coefficient)
    return [y]


def _qr(step: Step) -> Sequence[Input]:
    """Solves q r = a with q^H q = 1 and r upper triangular."""
    (a,), (q0, r0) = step.inputs, step.values
    rows, columns = a.value.shape[-2:]
    tall = rows is None or columns is None or rows > columns
    _refuse_full(step, full=step.op.get_attr("full_matrices") and tall)

    first_columns: Any = (..., slice(tf.shape(r0)[-2]))
    r1 = r0[first_columns]

    def over_r(t: Any) -> Any:
        return adjoint(tf.linalg.triangular_solve(r1, adjoint(t[first_columns]), lower=False, adjoint=True))

    def solve(k: Index, q: Series, r: Series) -> Sequence[Any]:
        rest: Any = minus(between(matmul, q, r, k), _or_zeros(a[k], a.value))
        first = over_r(rest)
        m = _square(q0, first)
        unit = -_or_zeros(between(_square, q, q, k), m)
        below = _strict(m)
        turn = diag_part(unit) / 2 + diag_part(m) - _real(diag_part(m))
        x = below - adjoint(below) + adjoint(_strict(adjoint(unit))) + diag(turn)
        q_k = matmul(q0, x - m) + first
        return q_k, tf.linalg.band_part(_square(q0, rest) - matmul(x, r0), 0, -1)

    return _joint(step.values, solve)


def _eigh(step: Step) -> Sequence[Input]:
    """Solves a v = v diag(e) with v^H v = 1."""
    a = mapped(_hermitian, step.inputs[0])
    e0, v0 = tf.linalg.eigh(a.value) if not step.op.get_attr("compute_v") else step.values
    return _eigen(step, a, e0, v0, adjoint(v0))


def _eig(step: Step) -> Sequence[Input]:
    """Solves a v = v diag(e) with columns v of length 1."""
    a = mapped(lambda t: tf.cast(t, step.values[0].dtype), step.inputs[0])
    e0, v0 = tf.linalg.eig(a.value) if not step.op.get_attr("compute_v") else step.values
    return _eigen(step, a, e0, v0, tf.linalg.inv(v0))


def _eigen(step: Step, a: Any, e0: Any, v0: Any, inverse: Any) -> Sequence[Input]:
    gaps = tf.cast(_gaps(e0), v0.dtype)
    overlaps = _square(v0, v0)
    overlaps = tf.linalg.set_diag(overlaps, tf.zeros_like(diag_part(overlaps)))

    def solve(k: Index, e: Series, v: Series) -> Sequence[Any]:
        moved = between(_scaled, v, e, k)
        m = matmul(inverse, _or_zeros(minus(moved, later(matmul, a, v, k)), v0))
        x = tf.linalg.set_diag(m / gaps, tf.zeros_like(diag_part(m)))
        length = -_or_zeros(between(_square, v, v, k), m) / 2 - matmul(overlaps, x)
        x = tf.linalg.set_diag(x, diag_part(length))
        rate = diag_part(m)
        return (rate if e0.dtype.is_complex else tf.cast(tf.math.real(rate), e0.dtype)), matmul(v0, x)

    e, v = _joint((e0, v0), solve)
    return [e, v if step.op.get_attr("compute_v") else step.values[1]]


def _svd(step: Step) -> Sequence[Input]:
    """Solves u diag(s) v^H = a with u^H u = 1 and v^H v = 1: u[k] = u x and v[k] = v y plus orthogonal parts."""
    (a,), vectors = step.inputs, step.op.get_attr("compute_uv")
    _refuse_full(step, full=vectors and step.op.get_attr("full_matrices"))
    s0, u0, v0 = step.values if vectors else tf.linalg.svd(a.value)
    square = a.value.shape[-1] == a.value.shape[-2]
    size = tf.cast(s0, u0.dtype)
    rows, columns = tf.expand_dims(size, -1), tf.expand_dims(size, -2)
    squares = tf.linalg.set_diag((columns - rows) * (columns + rows), tf.ones_like(size))

    def solve(k: Index, s: Series, u: Series, v: Series) -> Sequence[Any]:
        us = Series(_scaled(u0, s0), convolution(_scaled, u, s))
        known = between(_scaled, u, s, k)
        known = total(
            [
                t
                for t in (between(_with_adjoint, us, v, k), None if known is None else _with_adjoint(known, v0))
                if t is not None
            ]
        )
        rest: Any = minus(known, _or_zeros(a[k], a.value))
        m = _square(u0, matmul(rest, v0))
        p, q = (-_or_zeros(between(_square, t, t, k), m) for t in (u, v))
        c, d = m - rows * q, adjoint(m) - p * rows
        turn = diag_part(m - _real(m)) / (2 * size)
        x = tf.linalg.set_diag((c * columns + d * rows) / squares, diag_part(p) / 2 + turn)
        y = tf.linalg.set_diag((c * rows + d * columns) / squares, diag_part(q) / 2 - turn)
        s_k = tf.math.real(diag_part(m) - size * diag_part(p + q) / 2)
        u_k, v_k = matmul(u0, x), matmul(v0, y)
        if not square:
            left, right = matmul(rest, v0), matmul(rest, u0, adjoint_a=True)
            u_k += (left - matmul(u0, m)) / columns
            v_k += (right - matmul(v0, adjoint(m))) / columns
        return tf.cast(s_k, s0.dtype), u_k, v_k

    s, u, v = _joint((s0, u0, v0), solve)
    return [s, u, v] if vectors else [s, *step.values[1:]]


def _scaled(c: Any, s: Any) -> Any:
    """Multiplies each column by a number."""
    return c * tf.cast(s, c.dtype)[..., None, :]


def _with_adjoint(c: Any, d: Any) -> Any:
    return matmul(c, d, adjoint_b=True)


RULES: dict[str, Rule | Apply] = {
    "Cholesky": _cholesky,
    "Qr": _qr,
    "SelfAdjointEigV2": _eigh,
    "Eig": _eig,
    "Svd": _svd,
}
