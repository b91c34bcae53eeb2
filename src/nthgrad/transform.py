"""From a function f to another g of the same arguments: which one is x, how f is traced, what is compiled."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nthgrad.engines import outputs, trace
from nthgrad.errors import ArgumentError, InputError
from nthgrad.points import as_argument, as_point, is_python
from nthgrad.signatures import OncePerSignature


def transform(
    f: Callable[..., Any],
    compute: Callable[..., Any],
    *,
    argnum: int | str,
    jit_compile: bool | None,
    name: str,
    directed: bool = False,
    tapes: bool = False,
) -> Callable[..., Any]:
    """The function g(...) = compute(f as a function of its argument x, x), with the arguments of f.

    Args:
        f: a callable on tensors.
        compute: what to do inside the graph being traced.
        argnum: the argument of f that is x.
        jit_compile: handed to `tf.function`.
        name: the name of g.
        directed: whether g takes a direction v of x's shape after the arguments of f, and compute takes it after x; f
            may then return tensors of any shape, else only those that `outputs.checked` finds fit.
        tapes: whether compute nests `tf.GradientTape`s.
    """
    if not callable(f):
        raise ArgumentError(f"f is {f!r}, a {type(f).__name__}, which cannot be called. Give a function.")
    if isinstance(argnum, bool) or not isinstance(argnum, (int, str)):
        raise ArgumentError(f"argnum is {argnum!r}. Give the position of an argument of f, or its name.")
    # The Python function under a tf.function is traced in place: a call to it would hide its ops.
    called = trace.converted(getattr(f, "python_function", f))

    def traced(x: tf.Tensor, key: int | str, _open: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        unknown: list[tf.Tensor] = []
        args, direction = (args[:-1], args[-1:]) if directed else (args, ())

        def at(t: tf.Tensor) -> Any:
            if isinstance(key, int):
                y = called(*args[:key], t, *args[key:], **kwargs)
            else:
                y = called(*args, **kwargs, **{key: t})
            if directed:
                return outputs.tensors(y, t)
            y, lengths = outputs.checked(y, t)
            unknown.extend(lengths)
            return y

        return compute(at, x, *direction), unknown

    compiled = OncePerSignature(traced, jit_compile, tapes)

    @tf.autograph.experimental.do_not_convert
    def g(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and (done := compiled.shortcut(args)) is not None:
            return done
        args, direction = (args[:-1], args[-1:]) if directed else (args, ())
        key = _locate(f, argnum, args, kwargs)
        if isinstance(key, int):
            x, args = as_point(args[key]), (*args[:key], *args[key + 1 :])
        else:
            x = as_point(kwargs.pop(key), key)
        args, kwargs = as_argument((args, kwargs), like=x)
        args = (*args, *(_direction(v, x) for v in direction))
        if not kwargs and isinstance(key, int):
            tensors = (*args[:key], x, *args[key:])
            compiled.open_shortcut(tensors, key)
            if (done := compiled.shortcut(tensors)) is not None:
                return done
        return compiled(x, key, args, kwargs)

    with contextlib.suppress(TypeError, ValueError):  # not every callable has one
        signature = inspect.signature(f)
        if directed:
            v = inspect.Parameter("v", inspect.Parameter.POSITIONAL_ONLY)
            signature = inspect.Signature([*(p.replace(kind=v.kind) for p in signature.parameters.values()), v])
        g.__signature__ = signature  # type: ignore[attr-defined]
    g.__name__ = g.__qualname__ = f"{name}_of_{getattr(f, '__name__', type(f).__name__)}"
    return g


def _direction(v: Any, x: tf.Tensor) -> tf.Tensor:
    v = as_point(tf.constant(v, x.dtype) if is_python(v) else v, "v")
    if v.dtype != x.dtype or not v.shape.is_compatible_with(x.shape):
        raise InputError(
            f"v is {v.dtype.name} of shape {v.shape}, but x is {x.dtype.name} of shape {x.shape}. Give a direction of "
            "the dtype and the shape of x."
        )
    return v


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
