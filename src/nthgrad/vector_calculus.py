"""Operators of vector calculus on a function of points: curl, symmetric gradient, directional derivatives."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nthgrad._call.arguments import Method, checked_engine, checked_order, checked_tapes
from nthgrad._call.block_size import Block
from nthgrad._call.pointwise import Operator, Points, as_many, pointwise
from nthgrad._call.reuse import reused
from nthgrad._call.transform import as_direction
from nthgrad.engines import directions as engine
from nthgrad.engines import orders
from nthgrad.errors import InputError
from nthgrad.operators import Argnum, Function


@reused
@tf.autograph.experimental.do_not_convert
def curl(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the curl of a vector field on points of two or three coordinates.

    In three dimensions it is the vector (dw/dy - dv/dz, du/dz - dw/dx, dv/dx - du/dy) of a field (u, v, w). In two it
    is the last component, one number (M. Gurtin, An introduction to continuum mechanics, 1981, section 4).

    Args:
        f: as in `gradient`, but returning a tensor of the shape of x. A list or tuple has the components, each of
            shape `[batch]` or `[batch, 1]`.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `gradient`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) has the shape `[batch, 3]` or, of two coordinates, `[batch]`. If the two are
        arguments of shape `[batch, 1]`, it has their shape. It has the dtype of f(x).

    Raises:
        InputError: (by g) a point does not have 2 or 3 coordinates, or x is a structure.
        OutputError: (by g) f(x) has more or fewer components than a point has coordinates.
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> swirl = lambda x: tf.stack([-x[1], x[0], x[0] * x[1]])
        >>> print(ng.curl(swirl)([3.0, 2.0, 1.0]).numpy())
        [ 3. -2.  2.]
        >>> vorticity = ng.curl(lambda x, y: [-y, x * y], argnum=("x", "y"))
        >>> print(vorticity(tf.ones([1, 1]), 2 * tf.ones([1, 1])).numpy())
        [[3.]]
    """
    tapes = checked_tapes(method)

    def turned(slopes: tf.Tensor) -> tf.Tensor:
        rows = [tf.unstack(row, axis=-1) for row in tf.unstack(slopes, axis=-2)]
        if len(rows) == 2:
            return rows[1][0] - rows[0][1]
        return tf.stack([rows[j][i] - rows[i][j] for i, j in ((1, 2), (2, 0), (0, 1))], -1)

    operator = Operator(
        name="curl",
        compute=lambda at, x, b: tf.nest.map_structure(turned, _slopes(at, x, b, tapes=tapes)),
        tapes=tapes,
        backward=True,
        leaf=_leaf("curl", (2, 3)),
        vector=True,
        refusal="The sign of a curl depends on the order of the coordinates, which a structure does not say. Give one "
        'tensor of points; or write f with an argument for each coordinate, and argnum=("x", "y", "z").',
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def symmetric_gradient(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the symmetric part of the Jacobian of a vector field, such as the strain of a displacement.

    Its element i, j is (du_i/dx_j + du_j/dx_i) / 2 (L. Landau and E. Lifshitz, Theory of elasticity, section 1). Off
    the diagonal it is half of the engineering shear strain.

    Args:
        f: as in `curl`, for points of any number of coordinates. If x is a structure, f returns one like it.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `gradient`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) has the shape `[batch, d, d]` and the dtype of f(x). If x is a structure, it is
        a structure of structures, as in `hessian`.

    Raises:
        InputError: (by g) a point has more or fewer than one axis.
        OutputError: (by g) f(x) has more or fewer components than a point has coordinates.
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> shear = lambda x: tf.stack([x[1] ** 2, tf.zeros_like(x[0])])
        >>> print(ng.symmetric_gradient(shear)([1.0, 2.0]).numpy())
        [[0. 2.]
         [2. 0.]]
    """
    tapes = checked_tapes(method)

    def symmetric(slopes: tf.Tensor) -> tf.Tensor:
        return (slopes + tf.linalg.matrix_transpose(slopes)) / 2

    operator = Operator(
        name="symmetric_gradient",
        compute=lambda at, x, b: tf.nest.map_structure(symmetric, _slopes(at, x, b, tapes=tapes)),
        tapes=tapes,
        backward=True,
        leaf=_leaf("symmetric gradient"),
        vector=True,
        blocks=2,
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def directional(
    f: Function,
    order: int = 1,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the derivative of a function in a direction of its own for each point, such as a normal.

    It is the derivative of f(x + s v) by s, at s = 0. So its length counts: the derivative of order n grows with
    |v|**n. The direction is held fixed, also where it is computed from x: at order 2 it is v . hessian . v. With the
    velocity u of a fluid, and v = (1, u) for the points (t, x), order 1 is the material derivative. The derivatives
    share nothing; `taylor` computes all orders at once.

    Args:
        f: as in `jacobian`.
        order: how often to differentiate, at least 0 (f itself).
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `derivative`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments and, after them or by name, v of the structure, the shape and the dtype of x. g(x, ..., v)
        is a structure like f(x).

    Raises:
        ArgumentError: order is invalid; (by g) v is missing.
        InputError: (by g) v is not like x.
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> x = tf.constant([[3.0, 4.0], [1.0, 0.0]])  # two points
        >>> radius = lambda x: tf.norm(x, axis=-1)
        >>> print(ng.directional(radius)(x, x / radius(x)[:, None]).numpy())  # by their normals
        [1. 1.]
    """
    n, series = checked_order(order), checked_engine(method)

    def compute(at: Function, x: tf.Tensor, b: int, v: tf.Tensor) -> Any:
        def along(s: tf.Tensor) -> Any:
            return at(x + tf.reshape(s, tf.concat([tf.shape(s), ones], 0)) * v)

        ones = tf.ones([len(x.shape) - b], tf.int32)
        start = tf.zeros(tf.shape(x)[:b], x.dtype)
        start.set_shape(x.shape[:b])
        return orders.derivatives(series, along, start, n, n)[0]

    operator = Operator(
        name=f"directional_{n}",
        compute=compute,
        order=n,
        tapes=method == "tape",
        directed=lambda v, x, b: as_direction(v, x),
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


def _slopes(at: Function, x: tf.Tensor, batch_dims: int, *, tapes: bool) -> Any:
    """Returns the Jacobians of f, of shape [*B, d, d]."""
    if tapes:
        return engine.jacobian_backward(at, x, batch_dims, None, custom=True)
    return engine.jacobian(at, x, batch_dims, None)


def _leaf(operator: str, counts: tuple[int, ...] = ()) -> Any:
    """Returns a `leaf` that refuses points that are no vectors, of these lengths if any are given."""
    components = as_many(operator)

    def leaf(y: tf.Tensor, x: Points, batch_dims: int) -> None:
        point = x.shape[batch_dims:]
        if len(point) != 1 or (counts and point[0] not in counts):
            needed = f"{' or '.join(map(str, counts))} coordinates" if counts else "one axis of coordinates"
            raise InputError(
                f"x has the shape {x.shape}, and a point the shape {point}, but a {operator} requires points of "
                f"{needed}. Give x the shape [batch, d], or batch_dims."
            )
        components(y, x, batch_dims)

    return leaf
