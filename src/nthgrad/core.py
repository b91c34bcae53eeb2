"""nth derivatives of a function: checks the arguments and chooses the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad._call.arguments import Method, checked_argnum, checked_engine, checked_order
from nthgrad._call.reuse import reused
from nthgrad._call.transform import Computation, direction, transform
from nthgrad.engines import outputs
from nthgrad.engines import taylor as taylor_engine


@reused
@tf.autograph.experimental.do_not_convert
def derivative(
    f: Callable[..., Any],
    order: int = 1,
    *,
    argnum: int | str = 0,
    method: Method = "auto",
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """The derivative of f of a given order, as a function.

    Every element of f's output has to depend on its own element (or row) of x only, as in a function of one variable
    applied to a batch of points; a scalar x may have an output of any shape. What comes back is traced and compiled
    once for each signature, whatever the values and the batch size.

    The traced ops of f are checked for this, one by one. An op that surely combines rows, or exchanges them, is
    refused, also if a later op undoes it: a softmax or a cumsum along the batch, x - x[0], a BatchNormalization in
    training mode. For most ops it is proved that they keep rows independent. An f without a proof of either is let
    through: rows in a permutation that depends on x, an op without a rule. For such an f, compare with `nthgrad.check`.

    It computes in the dtype of x. In half precision tanh and log lose about a rounding an order: at orders 1 to 4 the
    errors are within 0.1, 0.2, 0.3 and 0.4 % of the largest value in float16 (eps is 2**-10), 0.8 to 3 % in bfloat16
    (2**-7). The layers of a network round too. In float16 what exceeds 65504 is infinite, such as the fourth derivative
    of log below 0.098. Where that is not enough, cast x to float32.

    In any dtype a derivative too large for it is infinite. From a few orders further on it is NaN, where infinities of
    both signs are added: for tanh at 0.5 in float32 orders 41 and 44 are infinite, and order 47 is NaN.

    g differentiates what f computes eagerly. TensorFlow 2.21 optimizes a plain `tf.function` to other values where one
    output of a `tf.unstack` or `tf.split` is stacked with itself, or its `tf.exp` reduced to a maximum. g is traced so
    that this does not happen; `nthgrad.engines.grappler` says where it still can, in functions of your own.

    Args:
        f: a function, `tf.function`, `keras.Model`, `tf_keras.Model` or any callable on tensors; it may return any
            `tf.nest` structure of real tensors. A functional model of several inputs takes a tensor for each, in their
            order or by their names.
        order: how often to differentiate, at least 0 (which gives f).
        argnum: the argument of f to differentiate by, by position or by name.
        method: the engine. `"taylor"` carries power series through the traced ops of f; what an order costs grows with
            its number, and a `tf.custom_gradient` in f is walked through. `"tape"` nests `tf.GradientTape`s, whose cost
            grows geometrically; it keeps custom gradients in force. `"auto"` is `"taylor"`, also at orders 1 and 2,
            where tapes are faster for a small network without XLA but have no digits where it is saturated.
        jit_compile: handed to `tf.function`; True compiles with XLA.

    Returns:
        g with f's arguments. g(x, ...) has the structure, shapes and dtypes of f(x, ...). x may be a real tensor,
        variable or NumPy array, whose dtype is kept, or a Python float, which takes the dtype of the other arguments or
        else Keras's `floatx`. Floats among the other arguments take x's dtype, arrays become tensors, and anything else
        is part of the signature. The same f and options return the same g, which lives as long as f. A new g is built
        if a Python variable, attribute or function that f names has changed.

    Raises:
        ArgumentError: order, argnum or method is not one that there is.
        InputError: (by g) x is not a dense, real, floating-point, non-empty tensor.
        OutputError: (by g) f's output mixes elements of x or is not real.
        MixingError: (by g) an op of f surely mixes the rows of x.
        DependenceError: (by g) f(x) does not depend on x.
        UnsupportedOpError: (by g) an op in f has no derivative of an order asked for.
        CostError: (by g) the graph would grow past sense.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.derivative(lambda x: tf.math.log(x + 2.0), 2)
        >>> round(float(g(1.0)), 6)
        -0.111111
    """
    n, engine = checked_order(order), checked_engine(method)
    computation = Computation(
        name=f"derivative_{n}",
        compute=lambda at, x: engine.derivatives(at, x, n, n)[0],
        order=n,
        tapes=method == "tape",
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def derivatives(
    f: Callable[..., Any],
    order: int,
    *,
    argnum: int | str = 0,
    method: Method = "auto",
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """The function f and all its derivatives up to an order, as one function that shares the work between them.

    Args:
        f: as in `derivative`.
        order: the highest order, at least 0.
        argnum: as in `derivative`.
        method: as in `derivative`.
        jit_compile: as in `derivative`.

    Returns:
        g with f's arguments. g(x, ...) is the tuple (f, f', ..., f^(order)), each as `derivative` gives it.

    Raises:
        NthgradError: as `derivative`.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.derivatives(tf.exp, 3)
        >>> [float(y) for y in g(0.0)]
        [1.0, 1.0, 1.0, 1.0]
    """
    n, engine = checked_order(order), checked_engine(method)
    computation = Computation(
        name=f"derivatives_{n}",
        compute=lambda at, x: tuple(engine.derivatives(at, x, n)),
        order=n,
        tapes=method == "tape",
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)


@reused
@tf.autograph.experimental.do_not_convert
def taylor(
    f: Callable[..., Any],
    order: int,
    *,
    argnum: int | str = 0,
    jit_compile: bool | None = None,
) -> Callable[..., Any]:
    """The Taylor coefficients of f along a line: of s -> f(x + s v) about s = 0.

    Here f may mix the elements of x as it likes: the k-th coefficient times k! is the k-th derivative along v.

    Args:
        f: as in `derivative`, but for its output, which may be of any shape, and complex.
        order: the highest order, at least 0.
        argnum: as in `derivative`.
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
        directed=direction,
    )
    return transform(f, computation, argnums=(checked_argnum(argnum),), jit_compile=jit_compile)
