"""Computes operators of vector analysis on a function of points: gradient, jacobian, hessian, laplacian, ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nthgrad._call.arguments import Method, checked_tapes
from nthgrad._call.block_size import Block
from nthgrad._call.pointwise import Operator, checked_chunk, one_number, pointwise, rows_as_long
from nthgrad._call.reuse import reused
from nthgrad._call.summing import estimated, sum_of_seconds, summing_operator, twice
from nthgrad._call.transform import as_direction
from nthgrad.engines import directions as engine

Argnum = int | str | Sequence[int | str]
Function = Callable[..., Any]


@reused
@tf.autograph.experimental.do_not_convert
def gradient(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the gradient of a function with one number for each point.

    As in all operators here, the leading axes of x count the points; the other axes, of shape P, are the coordinates of
    a point. A scalar or vector x is one point. For any other x the first axis counts the points, as in `[batch, d]`,
    unless `batch_dims` is given. f(x) has the same leading axes, and each row depends on its own point only.

    The d coordinates of a point may also be d arguments of f, as for `partials`: `argnum=("x", "y")` for u(t, x, y).
    They have one shape, `[batch, 1]`, `[batch]` or any other, and one dtype; a scalar is the same for every point. Then
    x below is the tensor `[batch, d]` of the points.

    In all operators but `curl`, x may also be a structure, such as a model's `trainable_variables`. That is a dict,
    list or tuple, nested as in `tf.nest`, that holds tensors, arrays or variables of one dtype. f takes tensors in the
    same structure. All of it is one point, unless `batch_dims` is given. A list of Python numbers is one tensor.

    Args:
        f: a function, `tf.function`, `keras.Model` or any callable on tensors. It returns a real or complex tensor of
            shape `[batch]` or `[batch, 1]`; for one point, of shape `[]` or `[1]`.
        argnum: the argument of f that is x, by position or by name; a tuple of them for coordinates given one by one.
        batch_dims: how many leading axes of x, or of each tensor in x, count points. With 0, all of x is one point.
        method: `"taylor"`, the same as `"auto"`, differentiates the ops of f; a `tf.custom_gradient` in f has no
            effect. `"tape"` uses TensorFlow's gradients only; custom gradients have effect.
        block: as in `derivative`.
        jit_compile: passed to `tf.function`; True compiles with XLA.

    Returns:
        g with f's arguments; g(x, ...) has the structure, the shapes and the dtype of x, or is complex if f(x) is.

    Raises:
        ArgumentError: argnum, batch_dims or method is invalid.
        InputError: (by g) x is not a dense, real, floating-point, non-empty tensor of known coordinates, or a structure
            of such tensors of one dtype.
        OutputError: (by g) f(x) is not one number for each point.
        MixingError: (by g) an op of f surely mixes the rows of the batch, as in `derivative`.
        DependenceError: (by g) f(x) does not depend on x.
        UnsupportedOpError: (by g) an op in f has no derivative of the required order.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.gradient(lambda x: x[0] ** 2 * x[1])
        >>> print(g([3.0, 2.0]).numpy())
        [12.  9.]
        >>> g = ng.gradient(lambda w: w["a"] ** 2 * w["b"])
        >>> {name: float(d) for name, d in g({"a": 3.0, "b": 2.0}).items()}
        {'a': 12.0, 'b': 9.0}
    """
    tapes = checked_tapes(method)
    operator = Operator(
        name="gradient",
        compute=lambda at, x, b: engine.pull(at, x, custom=tapes),
        tapes=tapes,
        backward=True,
        leaf=one_number("nthgrad.jacobian"),
        blocks=1,
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def jacobian(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    chunk_size: int | None = None,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the Jacobian of a function with a tensor for each point: all derivatives of all its elements.

    Uses forward derivatives in each coordinate, or backward gradients of each output: whichever are fewer.

    Args:
        f: as in `gradient`, but returning any `tf.nest` structure of tensors of shapes `[batch, *Q]`.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `gradient`.
        chunk_size: how many derivatives to compute at a time; all by default. Bounds the memory.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) is a structure like f(x), of shapes `[batch, *Q, *P]`. If x is a structure, each
        leaf is a structure like x, a tensor for each tensor of x.

    Raises:
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.jacobian(lambda x: tf.stack([x[0] * x[1], x[0] ** 2, x[1]]))
        >>> print(g([3.0, 2.0]).numpy())
        [[2. 3.]
         [6. 0.]
         [0. 1.]]
    """
    chunk, tapes = checked_chunk(chunk_size), checked_tapes(method)

    def compute(at: Function, x: tf.Tensor, b: int) -> Any:
        if tapes:
            return engine.jacobian_backward(at, x, b, chunk, custom=True)
        return engine.jacobian(at, x, b, chunk)

    operator = Operator(
        name="jacobian",
        compute=compute,
        tapes=tapes,
        backward=True,
        blocks=1,
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def hessian(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    chunk_size: int | None = None,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the Hessian of a function: all second derivatives.

    For its trace only, use `laplacian`; for its product with a vector, `hvp`. Neither builds a Hessian.

    Args:
        f: as in `jacobian`.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `gradient`.
        chunk_size: as in `jacobian`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) is a structure like f(x), of shapes `[batch, *Q, *P, *P]`. If x is a structure,
        each leaf h is a structure of structures: the block `h[i][j]` has the derivatives by x[i] and x[j].

    Raises:
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.hessian(lambda x: x[0] ** 2 * x[1])
        >>> print(g([3.0, 2.0]).numpy())
        [[4. 6.]
         [6. 0.]]

        By the weights of a Keras model, block by block:

        >>> import keras
        >>> model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
        >>> def loss(weights, x):
        ...     y, _ = model.stateless_call(weights, model.non_trainable_variables, x)
        ...     return tf.reduce_mean(y**2)
        >>> h = ng.hessian(loss)(model.trainable_variables, tf.constant([[1.0, 2.0]]))
        >>> h[0][1].shape.as_list(), h[1][1].numpy().item()  # by the kernel and the bias, by the bias twice
        ([2, 1, 1], 2.0)
    """
    chunk, tapes = checked_chunk(chunk_size), checked_tapes(method)

    def compute(at: Function, x: tf.Tensor, b: int) -> Any:
        if tapes:
            return engine.hessian_backward(at, x, b, chunk, custom=True)
        return engine.hessian(at, x, b, chunk)

    operator = Operator(
        name="hessian",
        compute=compute,
        order=2,
        tapes=tapes,
        backward=True,
        blocks=2,
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def hvp(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the Hessian of a function with one number for each point, times a vector.

    It is the derivative of the gradient in the direction of the vector (B. Pearlmutter, Fast exact multiplication by
    the Hessian, 1994). It costs a few times as much as f, for any number of coordinates.

    Args:
        f: as in `gradient`.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `gradient`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments and, after them, v of the structure, the shapes and the dtype of x; g(x, ..., v) has these
        too, or is complex if f(x) is.

    Raises:
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.hvp(lambda x: x[0] ** 2 * x[1])
        >>> print(g([3.0, 2.0], [1.0, 0.0]).numpy())
        [4. 6.]
    """
    tapes = checked_tapes(method)

    def compute(at: Function, x: tf.Tensor, b: int, v: tf.Tensor) -> Any:
        if tapes:
            return engine.hvp_backward(at, x, v, custom=True)
        return engine.coefficient(lambda t: engine.pull(at, t), x, v)

    operator = Operator(
        name="hvp",
        compute=compute,
        order=2,
        tapes=tapes,
        backward=True,
        leaf=one_number("nthgrad.hessian"),
        directed=lambda v, x, b: as_direction(v, x),
        blocks=1,
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def laplacian(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    estimate: bool = False,
    method: Method = "auto",
    chunk_size: int | None = None,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the Laplacian of a function: the sum of its second derivatives by each coordinate.

    `"taylor"`, the default, sums the second Taylor coefficients op by op and builds no Hessian (the forward Laplacian
    of R. Li and others, 2024; the collapsed Taylor mode of F. Dangel and others, 2025). `"tape"`, the reference, nests
    two `tf.GradientTape`s, with a gradient for each coordinate.

    Args:
        f: as in `jacobian`.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        estimate: whether to estimate it by the mean of the second derivatives in directions given with each call, for
            points of hundreds of coordinates. The estimate is unbiased if the covariance of the directions is the unit
            matrix, as for standard normal ones or random signs (Z. Hu and others, Stochastic Taylor derivative
            estimator, NeurIPS 2024).
        method: `"auto"`, `"taylor"` or `"tape"`.
        chunk_size: how many directions to compute at a time; all by default. Bounds the memory.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) is a structure like f(x). With `estimate`, the directions follow them, one
        tensor of shape `[R, *P]`, the same for each point. If x is a structure, the sum is over the coordinates of all
        of its tensors, and the directions are a structure like x, of tensors of shape `[R, *P]`.

    Raises:
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.laplacian(lambda x: tf.reduce_sum(x**3, -1))
        >>> print(g(tf.constant([[1.0, 2.0], [0.0, 3.0]])).numpy())
        [18. 18.]
        >>> g = ng.laplacian(lambda x: x["a"] ** 2 * tf.reduce_sum(x["b"] ** 2))
        >>> print(g({"a": 1.0, "b": tf.constant([2.0, 3.0])}).numpy())
        30.0
    """
    compute = estimated(2, 1, method, chunk_size) if estimate else sum_of_seconds(method, chunk_size)
    operator = summing_operator("laplacian", 2, compute, method, estimate=estimate)
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def biharmonic(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    estimate: bool = False,
    method: Method = "auto",
    chunk_size: int | None = None,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the biharmonic of a function: the Laplacian of its Laplacian, as for a thin plate's deflection.

    Args:
        f: as in `jacobian`.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        estimate: whether to estimate it by a third of the mean of the fourth derivatives in directions given with each
            call. The estimate is unbiased for standard normal directions only, not for random signs.
        method: as in `laplacian`.
        chunk_size: as in `laplacian`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) is a structure like f(x). With `estimate`, the directions follow them, as in
        `laplacian`.

    Raises:
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.biharmonic(lambda x: tf.reduce_prod(x**2, -1))
        >>> print(g([1.0, 2.0]).numpy())
        8.0
    """
    compute = estimated(4, 3, method, chunk_size) if estimate else twice(sum_of_seconds(method, chunk_size))
    operator = summing_operator("biharmonic", 4, compute, method, estimate=estimate)
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def divergence(
    f: Function,
    *,
    argnum: Argnum = 0,
    batch_dims: int | None = None,
    method: Method = "auto",
    chunk_size: int | None = None,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the divergence of a vector field: the sum of the derivatives of each component by its own coordinate.

    The divergence of a matrix, such as a stress, is that of each row: (div S)_i is the sum over j of dS_ij/dx_j. So the
    last axis of S goes with the coordinates (M. Gurtin, An introduction to continuum mechanics, 1981, section 4). For
    the other convention, by columns, return the transposed matrix.

    Args:
        f: as in `gradient`, but returning a tensor of shape `[batch, *Q, *P]`: of the shape of x for a vector
            field, with the shape Q of a column before that for matrices. A list or tuple has the components (of a
            matrix the rows), each of shape `[batch]` or `[batch, 1]`. If x is a structure, f returns one like it.
        argnum: as in `gradient`.
        batch_dims: as in `gradient`.
        method: as in `gradient`.
        chunk_size: as in `jacobian`.
        block: as in `derivative`.
        jit_compile: as in `gradient`.

    Returns:
        g with f's arguments; g(x, ...) has the shape `[batch, *Q]`. Of a vector field whose coordinates are arguments
        of shape `[batch, 1]`, it has their shape.

    Raises:
        OutputError: (by g) f(x) has more or fewer components than a point has coordinates.
        NthgradError: as `gradient`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> print(ng.divergence(lambda x: x**2)([3.0, 2.0]).numpy())
        10.0
        >>> stress = lambda x, y: [[x * y, y**2], [y**2, x]]
        >>> print(ng.divergence(stress, argnum=("x", "y"))(3.0, 2.0).numpy())
        [6. 0.]
    """
    chunk, tapes = checked_chunk(chunk_size), checked_tapes(method)

    def compute(at: Function, x: tf.Tensor, b: int) -> Any:
        if tapes:
            return engine.divergence_backward(at, x, b, chunk, custom=True)
        return engine.divergence(at, x, b, chunk)

    operator = Operator(
        name="divergence",
        compute=compute,
        tapes=tapes,
        leaf=rows_as_long,
        vector=True,
    )
    return pointwise(f, operator, argnum=argnum, batch_dims=batch_dims, block=block, jit_compile=jit_compile)
