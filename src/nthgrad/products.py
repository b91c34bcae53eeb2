"""Products with Jacobians and Gauss-Newton matrices, and the gradient of a loss for each row of its data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad._call.arguments import Method, checked_argnum, checked_tapes
from nthgrad._call.inputs import as_argument
from nthgrad._call.model_inputs import by_name
from nthgrad._call.pointwise import checked_chunk
from nthgrad._call.reuse import reused
from nthgrad._call.rows import by_rows
from nthgrad._call.structured import Structured, like
from nthgrad._call.structures import replaced
from nthgrad._call.transform import Computation, as_direction, locate, transform
from nthgrad.engines import complex_parts, outputs
from nthgrad.engines import products as engine
from nthgrad.engines.graph import custom_gradients, opaque, trace
from nthgrad.errors import ArgumentError, OutputError

Function = Callable[..., Any]


@reused
@tf.autograph.experimental.do_not_convert
def jvp(f: Function, *, argnum: int | str = 0, method: Method = "auto", jit_compile: bool | None = None) -> Function:
    """Returns g, the Jacobian of f times a vector: the derivative of f in a direction.

    It costs about twice as much as f, for any number of coordinates (Griewank and Walther, Evaluating Derivatives,
    2008, chapter 3). `nthgrad.taylor(f, 1)` also returns f(x), and higher orders.

    Args:
        f: a function, `tf.function`, `keras.Model` or any callable on tensors. It returns any `tf.nest` structure of
            tensors, of any shapes; they may be complex, except with `method="tape"`.
        argnum: the argument of f that is x, by position or by name. x is a tensor, or a structure as in
            `nthgrad.gradient`.
        method: as in `nthgrad.gradient`. `"tape"` takes two gradients, of which the second is by the seed of the first.
        jit_compile: passed to `tf.function`; True compiles with XLA.

    Returns:
        g with f's arguments and, after them or by name, a direction v of the structure, the shapes and the dtype of x.
        g(x, ..., v) has the structure, the shapes and the dtypes of f(x, ...).

    Raises:
        ArgumentError: argnum or method is invalid; (by g) v is missing.
        InputError: (by g) x or v is not a dense, real, floating-point, non-empty tensor, or v is not like x.
        OutputError: (by g) an output of f is no tensor, or has no derivative.
        DependenceError: (by g) f(x) does not depend on x.
        UnsupportedOpError: (by g) an op in f has no derivative.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.jvp(lambda x: tf.stack([x[0] * x[1], x[0] ** 2]))  # the Jacobian at (3, 2) is [[2, 3], [6, 0]]
        >>> print(g([3.0, 2.0], [1.0, 1.0]).numpy())
        [5. 6.]
    """
    tapes = checked_tapes(method)

    def compute(at: Function, x: tf.Tensor, v: tf.Tensor) -> Any:
        return engine.pushed_backward(at, x, v) if tapes else engine.pushed(at, x, v)

    computation = Computation(
        name="jvp",
        compute=compute,
        tapes=tapes,
        backward=tapes,
        returned=_real if tapes else outputs.tensors,
        directed=as_direction,
        structured=Structured(blocks=0),
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def vjp(f: Function, *, argnum: int | str = 0, method: Method = "auto", jit_compile: bool | None = None) -> Function:
    """Returns g, a vector times the Jacobian of f: the gradient of <v, f(x)> by x.

    It costs a few times as much as f, for any number of coordinates.

    Args:
        f: as in `jvp`, but its outputs are real.
        argnum: as in `jvp`.
        method: as in `nthgrad.gradient`.
        jit_compile: as in `jvp`.

    Returns:
        g with f's arguments and, after them or by name, v of the structure, the shapes and the dtypes of f(x, ...).
        g(x, ..., v) has the structure, the shapes and the dtype of x.

    Raises:
        OutputError: (by g) an output of f is complex or no tensor.
        InputError: (by g) as `jvp`, but v is not like f(x).
        NthgradError: as `jvp`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.vjp(lambda x: tf.stack([x[0] * x[1], x[0] ** 2]))  # the Jacobian at (3, 2) is [[2, 3], [6, 0]]
        >>> print(g([3.0, 2.0], [1.0, 0.5]).numpy())
        [5. 3.]
    """
    tapes = checked_tapes(method)

    def compute(at: Function, x: tf.Tensor, v: Any) -> tf.Tensor:
        def seeded(t: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
            y = at(t)
            leaves = tf.nest.flatten(y)
            return leaves, like(v, y, leaves, "f(x)")

        return engine.pulled(seeded, x, custom=tapes)

    computation = Computation(
        name="vjp",
        compute=compute,
        tapes=tapes,
        backward=True,
        returned=_real,
        directed=lambda v, x: as_argument(v, like=x),
        structured=Structured(blocks=1, like_x=False),
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def gauss_newton_vp(f: Function, loss: Function, *, argnum: int | str = 0, jit_compile: bool | None = None) -> Function:
    """Returns g, the generalized Gauss-Newton matrix of loss(f(x)) times a vector.

    The matrix is J^T H J, with the Jacobian J of f and the Hessian H of the loss at f(x). It is the part of the Hessian
    of loss(f(x)) without second derivatives of f, and is positive semidefinite if the loss is convex. The product costs
    a few times as much as f (N. Schraudolph, Fast curvature matrix-vector products for second-order gradient descent,
    Neural Computation 14, 2002). For the loss sum(y**2) / 2 it is the matrix of Gauss and Newton, J^T J. For the
    cross-entropy of logits it is the Fisher information matrix.

    Args:
        f: a function of x, such as the weights of a network, and of other arguments. It returns any `tf.nest` structure
            of real tensors. A `tf.custom_gradient` in f or in the loss has no effect.
        loss: a function of f(x) that returns one number. It takes the whole structure: for data that change from call
            to call, let f return them with its predictions.
        argnum: as in `jvp`.
        jit_compile: as in `jvp`.

    Returns:
        g with f's arguments and, after them or by name, a direction v of the structure, the shapes and the dtype of x.
        g(x, ..., v) has these too. Each call of gauss_newton_vp builds a new g: build it once.

    Raises:
        ArgumentError: loss cannot be called.
        OutputError: (by g) an output of f is complex or no tensor, or loss(f(x)) is not one real number.
        DependenceError: (by g) f(x) does not depend on x, or loss(f(x)) not on f(x).
        NthgradError: as `jvp`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> f = lambda w: tf.stack([w[0] * w[1], w[0] ** 2])  # the Jacobian at (3, 2) is [[2, 3], [6, 0]]
        >>> g = ng.gauss_newton_vp(f, lambda y: tf.reduce_sum(y**2) / 2)
        >>> print(g([3.0, 2.0], [1.0, 0.0]).numpy())
        [40.  6.]
    """
    if not callable(loss):
        raise ArgumentError(
            f"loss is {loss!r}, a {type(loss).__name__}. Give a function of f(x) that returns a number."
        )

    def number(y: Any) -> tf.Tensor:
        made = loss(y)
        value, _ = _real(made, tf.nest.flatten(y)[0])
        if not tf.is_tensor(value) or value.shape.num_elements() != 1:
            found = "a structure" if tf.nest.is_nested(value) else f"a tensor of shape {value.shape}"
            raise OutputError(f"loss(f(x)) is {found}. Return one number, for example by tf.reduce_mean.")
        return value

    computation = Computation(
        name="gauss_newton_vp",
        compute=lambda at, x, v: engine.gauss_newton(at, number, x, v),
        order=2,
        backward=True,
        returned=_real,
        directed=as_direction,
        structured=Structured(blocks=1),
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def per_example(
    f: Function,
    *,
    argnum: int | str = 0,
    method: Method = "auto",
    chunk_size: int | None = None,
    jit_compile: bool | None = None,
) -> Function:
    """Returns g, the gradient by x of a loss on each row of its data alone, for all rows at once.

    x are weights, say, and the other arguments of f are a batch of data. Row i of g(x, data) is the gradient of
    f(x, data[i:i + 1]). All rows are computed at once (`tf.vectorized_map`); if f has a loop, such as a GRU, one by one
    (`tf.map_fn`). For an f that is the mean over its rows, the mean of the gradients is the gradient of f. Private
    training clips such gradients one by one (M. Abadi and others, Deep learning with differential privacy, 2016).

    Args:
        f: a function of x and of data that returns one number for a batch of one row: a tensor of shape `[]`, `[1]` or
            `[1, 1]`. The loss of training is such a function.
        argnum: as in `nthgrad.gradient`; x is a tensor, or a structure as there.
        method: as in `nthgrad.gradient`.
        chunk_size: how many rows to compute at a time; all by default. Bounds the memory.
        jit_compile: as in `nthgrad.gradient`.

    Returns:
        g with f's arguments; g(x, ...) has the structure of x, and tensors of shape `[batch, *shape of x]`. The other
        tensors and arrays have the same length on their first axis, the batch. Scalars and Python values are the same
        for each row.

    Raises:
        ArgumentError: chunk_size is invalid.
        InputError: (by g) there is no other argument with rows, or they differ in length.
        NthgradError: as `nthgrad.gradient`.

    Example:
        >>> import numpy as np, tensorflow as tf, nthgrad as ng
        >>> loss = lambda w, x, y: tf.reduce_mean((tf.linalg.matvec(x, w["slope"]) + w["offset"] - y) ** 2)
        >>> w = {"slope": tf.constant([1.0, 2.0]), "offset": tf.constant(0.0)}
        >>> g = ng.per_example(loss)(w, np.float32([[1, 0], [1, 1]]), np.float32([0, 0]))
        >>> print(g["slope"].numpy().tolist(), g["offset"].numpy().tolist())
        [[2.0, 0.0], [6.0, 6.0]] [2.0, 6.0]
    """
    chunk = checked_chunk(chunk_size)
    tapes = checked_tapes(method)
    computation = Computation(
        name="per_example",
        compute=lambda at, x: at(x),
        order=0,
        tapes=tapes,
        returned=lambda y, x: (y, []),
        structured=Structured(blocks=0),
        rows_of_others=True,
    )
    if not callable(f):
        return transform(f, computation, argnums=(), jit_compile=jit_compile)  # raises
    rows = by_rows(f, _of_one_row(f, checked_argnum(argnum), custom=tapes), checked_argnum(argnum), chunk)
    return transform(rows, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)


def _of_one_row(f: Function, argnum: int | str, *, custom: bool) -> Function:
    """Returns the gradient of f by x for a batch of one row, as a function to call in the graph of all rows."""
    f = by_name(f)
    called = trace.converted(getattr(f, "python_function", f))

    @tf.autograph.experimental.do_not_convert
    def slope(*args: Any, **kwargs: Any) -> Any:
        key = locate(f, argnum, args, kwargs)
        x = kwargs[key] if isinstance(key, str) else args[key]
        graph = tf.compat.v1.get_default_graph()
        known = len(graph.get_operations())

        def at(ts: list[tf.Tensor]) -> Any:
            placed, named = replaced(key, lambda _: tf.nest.pack_sequence_as(x, ts), args, kwargs)
            y = called(*placed, **named)
            try:
                return complex_parts.split(_numbers(y, ts[0]))
            except OutputError:
                opaque.refuse(ts, tf.nest.flatten(y))  # opaque ops have outputs of unknown shape
                raise

        try:
            found = [complex_parts.join(by_x) for by_x in engine.slopes(at, tf.nest.flatten(x), custom=custom)]
        finally:
            custom_gradients.own(graph.get_operations()[known:])
        blocks = [tf.nest.pack_sequence_as(x, of_leaf) for of_leaf in zip(*map(tf.nest.flatten, found), strict=True)]
        return tf.nest.pack_sequence_as(found[0], blocks)

    return slope


def _numbers(y: Any, x: tf.Tensor) -> Any:
    """Converts every leaf of an output to a tensor of one element, or raises."""
    structure, _ = outputs.tensors(y, x)
    for t in tf.nest.flatten(structure):
        if t.shape.num_elements() != 1:
            raise OutputError(
                f"f maps one row to a tensor of shape {t.shape}, not to one number. Return one number for a batch of "
                "one row, for example by tf.reduce_mean."
            )
    return structure


def _real(y: Any, x: tf.Tensor) -> tuple[Any, list[tf.Tensor]]:
    """Converts every leaf of an output to a real tensor, or raises."""
    structure, unknown = outputs.tensors(y, x)
    if any(t.dtype.is_complex for t in tf.nest.flatten(structure)):
        raise OutputError("f(x) is complex. Return its real and its imaginary part.")
    return structure, unknown
