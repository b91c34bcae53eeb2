"""nth derivatives of a function: checks the arguments and chooses the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad._call.arguments import Method, checked_argnum, checked_engine, checked_flag, checked_order
from nthgrad._call.block_size import Block
from nthgrad._call.reuse import reused
from nthgrad._call.structured import Structured
from nthgrad._call.transform import Computation, as_direction, transform
from nthgrad.engines import orders, outputs, rounding
from nthgrad.engines import taylor as taylor_engine
from nthgrad.engines.point_axis import checked, checked_axis, restore
from nthgrad.errors import ArgumentError


@reused
@tf.autograph.experimental.do_not_convert
def derivative(
    f: Callable[..., Any],
    order: int = 1,
    *,
    argnum: int | str = 0,
    axis: int = 0,
    method: Method = "auto",
    return_error: bool = False,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """Returns g, the derivative of f of a given order.

    Every element of f's output has to depend on its own element (or row) of x only: f is a function of one variable,
    applied to a batch of points. A scalar x may have an output of any shape. g is traced and compiled once for each
    signature, for all values and batch sizes.

    The traced ops of f are checked for this, one by one. An op that surely mixes rows is refused, also if a later op
    undoes it: a softmax or a cumsum over the batch, x - x[0], a BatchNormalization in training mode. For most ops there
    is a proof that rows are independent. An f without a proof of either is accepted: rows in a permutation that depends
    on x, an op without a rule. For such an f, compare with `nthgrad.check`.

    g computes in the dtype of x. In half precision, tanh and log lose about one rounding an order: at orders 1 to 4 the
    errors are within 0.1, 0.2, 0.3 and 0.4 % of the largest value in float16 (eps is 2**-10), 0.8 to 3 % in bfloat16
    (2**-7). The layers of a network round too. In float16, values above 65504 are infinite, such as the fourth
    derivative of log below 0.098. If that is not enough, cast x to float32.

    In any dtype a derivative too large for it is infinite. Some orders further on it is NaN: the terms of its sum are
    infinite, with both signs.

    Where f cancels, its derivatives lose digits: those of sin(x) / x near 0 lose one or two an order. `return_error`
    estimates how many. g then repeats the computation 8 times with each operation rounded up or down at random (J.
    Vignes, A stochastic arithmetic for reliable scientific computation, Mathematics and Computers in Simulation 35,
    1993). A sixth of the largest change is the estimated error. It is no bound. It includes the rounding of f and of
    its derivatives, but not that of x, of weights and of constants. The inaccuracy of TensorFlow's special functions is
    included as measured away from their poles. By chance, one element may be much more exact than its estimate. A call
    takes 35 to 100 times as long (orders 2 and 4, with XLA and without), the first call 2 to 10 times.

    g differentiates the values that f computes eagerly. TensorFlow 2.21 optimizes some plain `tf.function`s to other
    values: if one output of a `tf.unstack` or `tf.split` is stacked with itself, or its `tf.exp` reduced to a maximum.
    g is traced so that this does not happen. `nthgrad.engines.grappler` lists where it still can, in your functions.

    Args:
        f: a function, `tf.function`, `keras.Model`, `tf_keras.Model` or any callable on tensors; it may return any
            `tf.nest` structure of real or complex tensors. A functional model of several inputs takes a tensor for
            each, in their order or by their names.
        order: how often to differentiate, at least 0 (f itself).
        argnum: the argument of f to differentiate by, by position or by name.
        axis: the axis of f's output where those of the points begin. It is 1 for outputs `[functions, points]` of x of
            shape `[points]` or `[points, 1]`, as of a DeepONet (L. Lu and others, Nature Machine Intelligence 3, 2021).
        method: the engine. `"taylor"` computes power series through the traced ops of f. The cost grows polynomially
            with the order, and a `tf.custom_gradient` in f has no effect. `"tape"` nests `tf.GradientTape`s. Its cost
            grows geometrically, and custom gradients have effect. `"auto"` is `"taylor"`, also at orders 1 and 2: there
            tapes are faster for a small network without XLA, but have no correct digits where it is saturated.
        return_error: whether g returns `(value, error)`. All rows are computed at once.
        block: the rows of a block, at most. g computes a larger batch in blocks of rows, one after another, that fit
            into the cache. `"auto"` does so where it is measured to pay, and chooses the rows: with `jit_compile=True`,
            on a CPU, in a call outside of a caller's `tf.function` and of gradient tapes. It needs a proof, op by op,
            that rows are independent, and that f draws and changes nothing; without it all rows are computed at once. A
            number cuts every larger batch, also in a `tf.function`, and raises without the proof. With XLA, blocks have
            no gradient: under a tape all rows are computed at once (`loss_and_gradients` trains in blocks). With XLA
            on several cores, each core takes an equal share of the rows. None forbids blocks.
        jit_compile: passed to `tf.function`; True compiles with XLA.

    Returns:
        g with f's arguments. g(x, ...) has the structure, shapes and dtypes of f(x, ...). With `return_error` it is a
        pair of such structures; the errors are real, also those of complex values, infinite where a value is not
        finite, and constants for an outer tape. x may be a real tensor,
        variable or NumPy array, whose dtype is kept. A Python float takes the dtype of the other arguments, or else
        Keras's `floatx`. Floats among the other arguments take x's dtype, arrays become tensors, and anything else is
        part of the signature. The same f and options return the same g, which lives as long as f. A new g is built
        if a Python variable, attribute or function that f names has changed.

    Raises:
        ArgumentError: order, argnum, axis, method, return_error or block is invalid.
        InputError: (by g) x is not a dense, real, floating-point, non-empty tensor.
        OutputError: (by g) f's output mixes elements of x, or is no floating-point or complex tensor.
        MixingError: (by g) an op of f surely mixes the rows of x; or rows are not proved independent, block is a
            number, and the batch has more rows.
        DependenceError: (by g) f(x) does not depend on x.
        UnsupportedOpError: (by g) an op in f has no derivative of a requested order.
        CostError: (by g) the graph would be too large.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.derivative(lambda x: tf.math.log(x + 2.0), 2)
        >>> round(float(g(1.0)), 6)
        -0.111111
        >>> sinc = ng.derivative(lambda x: tf.sin(x) / x, 4, return_error=True)
        >>> value, error = sinc(0.25)  # in float32; the exact value is 0.19555
        >>> bool(abs(value - 0.19555) < 10 * error), bool(1e-5 < error < 1e-1)
        (True, True)
        >>> g = ng.derivative(tf.sin, 3, block=256)  # in the memory of 256 rows
        >>> print(g(tf.zeros([10**5, 1]))[-1].numpy())
        [-1.]
    """
    n, engine, at_axis = checked_order(order), checked_engine(method), checked_axis(axis)
    estimated = _checked_return_error(return_error, block)

    def compute(at: Callable[..., Any], x: tf.Tensor) -> Any:
        return restore(orders.derivatives(engine, at, x, n, n)[0], x, at_axis)

    computation = Computation(
        name=f"derivative_{n}",
        compute=rounding.with_errors(compute) if estimated else compute,
        order=n,
        tapes=method == "tape",
        returned=lambda y, x: checked(y, x, at_axis),
    )
    return transform(
        f, computation, argnums=(checked_argnum(argnum),), block=None if estimated else block, jit_compile=jit_compile
    )


@reused
@tf.autograph.experimental.do_not_convert
def derivatives(
    f: Callable[..., Any],
    order: int,
    *,
    argnum: int | str = 0,
    axis: int = 0,
    method: Method = "auto",
    return_error: bool = False,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """Returns g, which computes f and all its derivatives up to an order; they share the work.

    Args:
        f: as in `derivative`.
        order: the highest order, at least 0.
        argnum: as in `derivative`.
        axis: as in `derivative`.
        method: as in `derivative`.
        return_error: whether g returns `(values, errors)`, two such tuples; as in `derivative`.
        block: as in `derivative`.
        jit_compile: as in `derivative`.

    Returns:
        g with f's arguments. g(x, ...) is the tuple (f, f', ..., f^(order)), each as from `derivative`.

    Raises:
        NthgradError: as `derivative`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.derivatives(tf.exp, 3)
        >>> [float(y) for y in g(0.0)]
        [1.0, 1.0, 1.0, 1.0]
    """
    n, engine, at_axis = checked_order(order), checked_engine(method), checked_axis(axis)
    estimated = _checked_return_error(return_error, block)

    def compute(at: Callable[..., Any], x: tf.Tensor) -> Any:
        return restore(tuple(orders.derivatives(engine, at, x, n)), x, at_axis)

    computation = Computation(
        name=f"derivatives_{n}",
        compute=rounding.with_errors(compute) if estimated else compute,
        order=n,
        tapes=method == "tape",
        returned=lambda y, x: checked(y, x, at_axis),
    )
    return transform(
        f, computation, argnums=(checked_argnum(argnum),), block=None if estimated else block, jit_compile=jit_compile
    )


@reused
@tf.autograph.experimental.do_not_convert
def taylor(
    f: Callable[..., Any],
    order: int,
    *,
    argnum: int | str = 0,
    block: Block = "auto",
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """Returns g, which computes the Taylor coefficients of s -> f(x + s v) about s = 0.

    Here f may mix the elements of x: the k-th coefficient times k! is the k-th derivative in the direction v. x may be
    a structure, as in `nthgrad.gradient`.

    Args:
        f: as in `derivative`, but its output may have any shape.
        order: the highest order, at least 0.
        argnum: as in `derivative`.
        block: as in `derivative`.
        jit_compile: as in `derivative`.

    Returns:
        g with f's arguments and, after them or by name, a direction v like x. g(x, ..., v) is the tuple
        (c_0, ..., c_order) of structures like f(x, ...), with f(x + s v) = c_0 + c_1 s + ... + c_order s**order +
        O(s**(order + 1)).

    Raises:
        NthgradError: as `derivative`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.taylor(lambda x: x[0] * tf.exp(x[1]), 2)
        >>> [float(c) for c in g([1.0, 0.0], [2.0, 1.0])]  # (1 + 2 s) exp(s)
        [1.0, 3.0, 2.5]
    """
    n = checked_order(order)
    computation = Computation(
        name=f"taylor_{n}",
        compute=lambda at, x, v: tuple(taylor_engine.coefficients(at, x, v, n)),
        order=n,
        returned=outputs.tensors,
        directed=as_direction,
        structured=Structured(blocks=0),
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), block=block, jit_compile=jit_compile)


def _checked_return_error(return_error: Any, block: Any) -> bool:
    """Returns the flag; raises an ArgumentError if it is no flag, or if `block` is a number."""
    if checked_flag(return_error, "return_error") and block not in ("auto", None):
        raise ArgumentError(
            f"return_error is True and block is {block!r}. Errors are estimated for all rows at once: leave out one."
        )
    return return_error
