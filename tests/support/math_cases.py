"""The ops of mathematics, each on tensors that are quadratic in x: what the rules are tested on.

At `POINT` the elements of a curve lie in [low, high]; no op has a kink or a singularity near them.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from support.interpolation import POINT, curve

raw = tf.raw_ops


u, v, w = curve(4, seed=11), curve(4, seed=2), curve(4, low=0.5, high=1.5, seed=3)
row, column = curve(1, 3, seed=21), curve(2, 1, low=0.5, high=1.5, seed=22)
large = curve(4, low=4.5, high=6.0, seed=23)
inside, unit = curve(4, low=0.3, high=0.6, seed=4), curve(4, low=-0.8, high=0.8, seed=24)
A, B, C, D = curve(3, 3, seed=5), curve(3, 2, seed=6), curve(2, 3, 3, seed=7), curve(4, 3, seed=25)


def apart(x):
    """Elements that keep their order, and their sign."""
    return v(x) / 10 + [0.5, -0.5, 1.0, -1.1]


def ranked(x):
    """Elements that keep their order, in a matrix."""
    return A(x) / 10 + np.array([[1.0, 2.0, 3.0], [-1.0, -3.0, -2.0], [0.5, -0.5, 0.0]])


def z(x):
    return tf.complex(u(x), w(x))


def near(x):
    return tf.complex(inside(x), inside(x) ** 2)


def tall(x):
    return D(x) + np.eye(4, 3) * [3.0, 5.0, 7.0]


def regular(x):
    return A(x) / 2 + np.diag([3.0, 4.5, 6.0])


def complex_regular(x):
    return tf.complex(regular(x), C(x)[0])


def definite(x):
    return tf.matmul(A(x), A(x), transpose_b=True) + 3 * np.eye(3)


def hermitian(x):
    a = tf.complex(A(x), C(x)[1])
    return a + tf.linalg.adjoint(a) + np.diag([0.0, 6.0, 12.0])


def wide(x):
    return tf.transpose(D(x)) + np.eye(3, 4) * [3.0, 5.0, 7.0, 0.0]


def large_matrix(x):
    return curve(7, 7, seed=26)(x) / 4 + np.diag(np.arange(1.0, 8.0))


def singular(x):
    """Of rank 1 at POINT."""
    return (x - POINT) * A(x) + np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 1.5])


def signs(q):
    """Without the signs that the columns of a factor may have."""
    return q * tf.math.conj(q[..., :1, :])


def weighed(f: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """The sum of all that f gives, no two elements alike."""

    @tf.autograph.experimental.do_not_convert
    def g(x):
        y = tf.reshape(f(x), [-1])
        y = tf.concat([tf.math.real(y), tf.math.imag(y)], 0) if y.dtype.is_complex else y
        return tf.reduce_sum(y * tf.cos(tf.cast(tf.range(tf.size(y)), y.dtype)))

    return g


def elementwise(kind: str, *arguments: Callable[[tf.Tensor], tf.Tensor], **attributes):
    """An op of some curves."""
    op = getattr(raw, kind)
    names = [n for n in op.__signature__.parameters if n != "name" and n not in attributes]

    def f(x):
        return op(**dict(zip(names, (a(x) for a in arguments), strict=False)), **attributes)

    return f


Case = Callable[[tf.Tensor], tf.Tensor]

UNARY: dict[Callable, str] = {
    v: "Atan Asinh Cos Cosh Erf Erfc Exp Expm1 FresnelCos FresnelSin Sigmoid Sin Sinh Softplus Square Tanh Tan "
    "BesselI0 BesselI1 BesselJ0 BesselJ1 Dawsn",
    w: "BesselK0 BesselK0e BesselK1 BesselK1e BesselY0 BesselY1 Digamma Expint Inv Lgamma Log Log1p Reciprocal Rsqrt "
    "Spence Sqrt",
    unit: "Acos Asin Atanh Erfinv",
    inside: "Ndtri",
    large: "Acosh BesselI0 BesselI1 BesselJ0 BesselJ1 Dawsn Spence",
    apart: "Abs BesselI0e BesselI1e Elu LeakyRelu Relu Relu6 Selu Softsign",
    z: "Acos Exp Inv Log Reciprocal Rsqrt Sigmoid Sign Sqrt Square Tanh",
    near: "Acosh Asinh Atan Atanh Log1p Sin Tan",
}

CASES: dict[str, Case] = {
    **{f"{kind}, {i}": elementwise(kind, x) for i, (x, kinds) in enumerate(UNARY.items()) for kind in kinds.split()},
    "Angle": lambda x: tf.math.angle(z(x)),
    "ComplexAbs": lambda x: tf.abs(z(x)),
    # arithmetic
    "Add": elementwise("Add", row, column),
    "AddV2": lambda x: row(x) + column(x),
    "Sub": lambda x: row(x) - column(x),
    "Mul": lambda x: row(x) * column(x) * (1 + row(x)) * 2.0,
    "Div": elementwise("Div", u, w),
    "RealDiv": lambda x: row(x) / column(x) + 1 / column(x),
    "DivNoNan": elementwise("DivNoNan", row, column),
    "MulNoNan": elementwise("MulNoNan", u, w),
    "Xdivy": elementwise("Xdivy", u, w),
    "Xlogy": elementwise("Xlogy", u, w),
    "Xlog1py": elementwise("Xlog1py", u, w),
    "Xlogy, complex": elementwise("Xlogy", z, z),
    "SquaredDifference": elementwise("SquaredDifference", row, column),
    "SquaredDifference, complex": elementwise("SquaredDifference", z, lambda x: tf.complex(v(x), u(x))),
    "FloorMod": elementwise("FloorMod", lambda x: large(x) + w(x), large),
    "Mod": elementwise("Mod", lambda x: -large(x) - w(x), large),
    "TruncateMod": elementwise("TruncateMod", lambda x: -large(x) - w(x), large),
    "NextAfter": lambda x: row(x) * raw.NextAfter(x1=row(x), x2=column(x)),
    "Atan2": elementwise("Atan2", row, column),
    "Maximum": elementwise("Maximum", apart, u),
    "Minimum": elementwise("Minimum", apart, u),
    "ClipByValue": lambda x: raw.ClipByValue(t=3 * apart(x), clip_value_min=-2 - x, clip_value_max=2 * x),
    "SelectV2": lambda x: tf.where([True, False, True, True], u(x), tf.exp(w(x))),
    # powers
    "Pow by whole numbers": lambda x: tf.pow(u(x), 3.0) + tf.pow(u(x), 1.0) + tf.pow(w(x), -2.0),
    "Pow by broken numbers": lambda x: tf.pow(w(x), 2.5) + tf.pow(w(x), -0.5),
    "Pow by a vector": lambda x: tf.pow(w(x), [3.0, 0.5, 0.0, -1.0]),
    "Pow of two": elementwise("Pow", w, v),
    "Pow of a constant": lambda x: tf.pow(tf.constant(2.0, tf.float64), v(x)),
    "Pow, complex": lambda x: tf.pow(z(x), z(x)) + z(x) ** 3,
    # what gradients are made of
    **{
        f"{kind}Grad": elementwise(f"{kind}Grad", apart, v)
        for kind in ["Sigmoid", "Tanh", "Sqrt", "Rsqrt", "Reciprocal", "Inv"]
    },
    **{
        f"{kind}Grad": elementwise(f"{kind}Grad", v, apart)
        for kind in ["Softplus", "Softsign", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu"]
    },
    "TanhGrad, complex": elementwise("TanhGrad", z, lambda x: tf.complex(v(x), u(x))),
    # special functions of several arguments
    "Polygamma": lambda x: raw.Polygamma(a=tf.constant(2.0, tf.float64), x=w(x)),
    "Zeta": lambda x: raw.Zeta(x=tf.constant(2.5, tf.float64), q=w(x)),
    "Zeta by both": elementwise("Zeta", large, w),
    "Igamma": lambda x: raw.Igamma(a=tf.constant(2.5, tf.float64), x=w(x)),
    "Igamma by both": elementwise("Igamma", w, inside),
    "Igamma by both, further": elementwise("Igamma", w, large),
    "Igammac": lambda x: raw.Igammac(a=tf.constant(2.5, tf.float64), x=w(x)),
    "Igammac by a": lambda x: raw.Igammac(a=w(x), x=tf.constant([0.5, 1.0, 3.0, 20.0], tf.float64)),
    "IgammaGradA": elementwise("IgammaGradA", w, inside),
    "IgammaGradA, further": elementwise("IgammaGradA", w, large),
    "Betainc": lambda x: raw.Betainc(
        a=tf.constant([2.5] * 4, tf.float64), b=tf.constant([1.5] * 4, tf.float64), x=inside(x)
    ),
    "Betainc by all": elementwise("Betainc", w, large, inside),
    "Betainc by all, from the other end": elementwise("Betainc", large, w, lambda x: 1 - inside(x) / 2),
    "RandomGammaGrad": elementwise("RandomGammaGrad", w, large),
    # reductions and scans
    "Max": lambda x: tf.reduce_max(ranked(x), 1),
    "Min": lambda x: tf.reduce_min(ranked(x), [0, 1], keepdims=True),
    "Prod": lambda x: tf.reduce_prod(C(x), [0, 2]) + tf.reduce_prod(A(x), 0, keepdims=True),
    "Cumprod": lambda x: tf.math.cumprod(A(x), 1, exclusive=True, reverse=True),
    "CumulativeLogsumexp": lambda x: tf.math.cumulative_logsumexp(3 * A(x), 1),
    "CumulativeLogsumexp, exclusive": lambda x: tf.math.cumulative_logsumexp(A(x), 0, exclusive=True, reverse=True)[
        :-1
    ],
    "EuclideanNorm": lambda x: tf.math.reduce_euclidean_norm(A(x), 1),
    "EuclideanNorm, complex": lambda x: tf.math.reduce_euclidean_norm(z(x), keepdims=True),
    "Softmax": lambda x: tf.nn.softmax(5 * A(x)),
    "LogSoftmax": lambda x: tf.nn.log_softmax(5 * A(x)),
    # products of matrices
    "MatMul": lambda x: tf.matmul(A(x), B(x), transpose_a=True),
    "MatMul, complex": lambda x: tf.matmul(complex_regular(x), complex_regular(x), adjoint_b=True),
    "BatchMatMul": lambda x: raw.BatchMatMul(x=C(x), y=C(x), adj_y=True),
    "BatchMatMulV2": lambda x: tf.matmul(C(x), A(x), adjoint_b=True),
    "BatchMatMulV3": lambda x: raw.BatchMatMulV3(x=C(x), y=A(x), Tout=tf.float64),
    "Cross": lambda x: tf.linalg.cross(A(x), C(x)[0]),
    "Einsum": lambda x: tf.einsum("bij,jk,ki->bk", C(x), A(x), A(x)) + tf.einsum("bii->b", C(x))[:, None],
    "TridiagonalMatMul": lambda x: raw.TridiagonalMatMul(
        superdiag=A(x)[:1], maindiag=A(x)[1:2] ** 2, subdiag=A(x)[2:], rhs=B(x)
    ),
    # solutions and inverses
    "MatrixInverse": lambda x: tf.linalg.inv(regular(x)) + tf.linalg.inv(C(x) + 4 * np.eye(3), adjoint=True),
    "MatrixInverse, complex": lambda x: tf.linalg.inv(complex_regular(x), adjoint=True),
    "MatrixSolve": lambda x: tf.linalg.solve(regular(x), B(x)) + tf.linalg.solve(regular(x), B(x) ** 2, adjoint=True),
    "MatrixSolve, complex": lambda x: tf.linalg.solve(complex_regular(x), complex_regular(x) ** 2, adjoint=True),
    "MatrixTriangularSolve": lambda x: (
        tf.linalg.triangular_solve(regular(x), C(x))
        + tf.linalg.triangular_solve(regular(x), C(x), lower=False, adjoint=True)
    ),
    "BandedTriangularSolve": lambda x: (
        tf.linalg.banded_triangular_solve(A(x)[:2] + 3, B(x), lower=False)
        + tf.linalg.banded_triangular_solve(A(x)[:2] + 3, B(x), adjoint=True)
    ),
    "TridiagonalSolve": lambda x: tf.linalg.tridiagonal_solve(
        A(x) + np.reshape([0.0, 4.0, 0.0], [3, 1]), B(x), "compact"
    ),
    "MatrixSolveLs": lambda x: raw.MatrixSolveLs(matrix=tall(x), rhs=D(x)[:, :2] ** 2, l2_regularizer=x),
    "MatrixSolveLs, wide, slow": lambda x: tf.linalg.lstsq(wide(x), B(x), fast=False),
    # functions of a matrix, and factorizations
    "MatrixDeterminant": lambda x: tf.linalg.det(regular(x)),
    "MatrixDeterminant, singular": lambda x: tf.linalg.det(singular(x)),
    "MatrixDeterminant, large": lambda x: tf.linalg.det(large_matrix(x)),
    "MatrixDeterminant, complex": lambda x: tf.linalg.det(complex_regular(x)),
    "LogMatrixDeterminant": lambda x: tf.linalg.slogdet(-regular(x))[1],
    "LogMatrixDeterminant, complex": lambda x: tf.add(*tf.linalg.slogdet(complex_regular(x))),
    "MatrixSquareRoot": lambda x: tf.linalg.sqrtm(definite(x)),
    "MatrixSquareRoot, complex": lambda x: tf.linalg.sqrtm(complex_regular(x)),
    "Cholesky": lambda x: tf.linalg.cholesky(definite(x)),
    "Cholesky, complex": lambda x: tf.linalg.cholesky(hermitian(x) + 5 * np.eye(3)),
    "Qr": lambda x: tf.matmul(tall(x), tf.linalg.qr(tall(x))[1], adjoint_b=True) + tf.linalg.qr(tall(x))[0][:, :1] ** 2,
    "Qr, wide": lambda x: tf.linalg.qr(wide(x))[1],
    "Qr, complex": lambda x: tf.linalg.qr(complex_regular(x))[1],
    "SelfAdjointEigV2": lambda x: tf.linalg.eigvalsh(hermitian(x)),
    "SelfAdjointEigV2, vectors": lambda x: signs(tf.linalg.eigh(hermitian(x))[1]),
    "Eig": lambda x: tf.reduce_sum(tf.exp(tf.linalg.eigvals(regular(x)) / 3)),
    "Eig, vectors": lambda x: tf.abs(tf.linalg.eig(complex_regular(x))[1]),
    "Svd": lambda x: tf.linalg.svd(tall(x), compute_uv=False),
    "Svd, wide": lambda x: tf.matmul(tf.linalg.svd(wide(x))[1], tf.linalg.svd(wide(x))[2], adjoint_b=True),
    "Svd, complex": lambda x: tf.abs(tf.linalg.svd(complex_regular(x))[2]),
}
