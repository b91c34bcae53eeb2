"""nth derivatives of a function: checks the arguments, chooses the engine, traces once for each signature."""

from __future__ import annotations

import contextlib
import inspect
import operator
from collections.abc import Callable
from typing import Any, Literal

import tensorflow as tf

from nthgrad.engines import outputs, tape, taylor, trace
from nthgrad.errors import ArgumentError
from nthgrad.points import as_argument, as_point
from nthgrad.signatures import OncePerSignature

Method = Literal["auto", "tape", "taylor"]

ENGINES: dict[Method, Callable[..., Any]] = {"tape": tape.derivatives, "taylor": taylor.derivatives}
_METHODS = {"auto": taylor.derivatives, **ENGINES}


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

    Args:
        f: a function, `tf.function`, `keras.Model`, `tf_keras.Model` or any callable on tensors; it may return any
            `tf.nest` structure of real tensors.
        order: how often to differentiate, at least 0 (which gives f).
        argnum: the argument of f to differentiate by, by position or by name.
        method: the engine: `"tape"`, nested `tf.GradientTape`s, or `"auto"`.
        jit_compile: handed to `tf.function`; True compiles with XLA.

    Returns:
        g with f's arguments. g(x, ...) has the structure, shapes and dtypes of f(x, ...). x may be a real tensor,
        variable or NumPy array, whose dtype is kept, or a Python float, which takes Keras's `floatx`. Floats beside
        it take x's dtype, arrays become tensors, anything else is passed on and is part of the signature.

    Raises:
        ArgumentError: order, argnum or method is not one that there is.
        InputError: (by g) x is not a dense, real, floating-point, non-empty tensor.
        OutputError: (by g) f's output mixes elements of x or is not real.
        DependenceError: (by g) f(x) does not depend on x.
        UnsupportedOpError: (by g) TensorFlow has no derivative of an op in f at an order asked for.
        CostError: (by g) the graph would grow past sense.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> g = ng.derivative(lambda x: tf.math.log(x + 2.0), 2)
        >>> round(float(g(1.0)), 6)
        -0.111111
    """
    return _build(f, order, argnum, method, jit_compile, "derivative", lowest=None)


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
    return _build(f, order, argnum, method, jit_compile, "derivatives", lowest=0)


def checked_order(order: Any, name: str = "order") -> int:
    """An order of differentiation as an int, or an ArgumentError."""
    if not isinstance(order, bool):
        try:
            n = operator.index(order)
        except TypeError:
            pass
        else:
            if n >= 0:
                return n
            raise ArgumentError(f"{name} is {n}; derivatives have no negative order. Give an integer of 0 or more.")
    raise ArgumentError(f"{name} is {order!r}, a {type(order).__name__}. Give an integer of 0 or more.")


def _build(
    f: Callable[..., Any],
    order: int,
    argnum: int | str,
    method: str,
    jit_compile: bool | None,
    kind: str,
    lowest: int | None,
) -> Callable[..., Any]:
    n = checked_order(order)
    if not callable(f):
        raise ArgumentError(f"f is {f!r}, a {type(f).__name__}, which cannot be called. Give a function.")
    if method not in _METHODS:
        raise ArgumentError(f"method is {method!r}. The methods are {', '.join(map(repr, _METHODS))}.")
    if isinstance(argnum, bool) or not isinstance(argnum, (int, str)):
        raise ArgumentError(f"argnum is {argnum!r}. Give the position of an argument of f, or its name.")
    engine = _METHODS[method]
    # The Python function under a tf.function is traced in place: a call to it would hide its ops.
    called = trace.converted(getattr(f, "python_function", f))

    def traced(x: tf.Tensor, key: int | str, _open: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        unknown: list[tf.Tensor] = []

        def at(t: tf.Tensor) -> Any:
            if isinstance(key, int):
                y = called(*args[:key], t, *args[key:], **kwargs)
            else:
                y = called(*args, **kwargs, **{key: t})
            y, lengths = outputs.checked(y, t)
            unknown.extend(lengths)
            return y

        tower = engine(at, x, n, n if lowest is None else lowest)
        return tower[0] if lowest is None else tuple(tower), unknown

    compiled = OncePerSignature(traced, jit_compile)

    @tf.autograph.experimental.do_not_convert
    def g(*args: Any, **kwargs: Any) -> Any:
        key = _locate(f, argnum, args, kwargs)
        if isinstance(key, int):
            x, args = as_point(args[key]), (*args[:key], *args[key + 1 :])
        else:
            x = as_point(kwargs.pop(key), key)
        args, kwargs = as_argument((args, kwargs), like=x)
        return compiled(x, key, args, kwargs)

    with contextlib.suppress(TypeError, ValueError):  # not every callable has one
        g.__signature__ = inspect.signature(f)  # type: ignore[attr-defined]
    g.__name__ = g.__qualname__ = f"{kind}_{n}_of_{getattr(f, '__name__', type(f).__name__)}"
    return g


def _locate(f: Callable[..., Any], argnum: int | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | str:
    """Where the argument to differentiate by stands in a call: a position, or a name."""
    if isinstance(argnum, str) and argnum in kwargs:
        return argnum
    if isinstance(argnum, int) and 0 <= argnum < len(args):
        return argnum
    try:
        names = [
            p.name
            for p in inspect.signature(f).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        names = []
    if isinstance(argnum, str) and argnum in names and names.index(argnum) < len(args):
        return names.index(argnum)
    if isinstance(argnum, int) and 0 <= argnum < len(names) and names[argnum] in kwargs:
        return names[argnum]
    raise ArgumentError(
        f"argnum is {argnum!r}, but the call has {len(args)} positional arguments and the names {sorted(kwargs)}, and "
        f"f takes {names}. Give the position or the name of an argument that is there."
    )
