"""From a function f to another g of the same arguments: which one is x, how f is traced, what is compiled."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines import norms, outputs, trace
from nthgrad.errors import ArgumentError, InputError
from nthgrad.points import as_argument, as_point, is_python
from nthgrad.signatures import Keys, OncePerSignature, Tensors


def transform(
    f: Callable[..., Any],
    compute: Callable[..., Any],
    *,
    argnums: tuple[int | str, ...],
    jit_compile: bool | None,
    name: str,
    points: Callable[[Sequence[tf.Tensor]], None] | None = None,
    returned: Callable[..., tuple[Any, list[tf.Tensor]]] = outputs.checked,
    directed: Callable[[Any, tf.Tensor], tf.Tensor] | None = None,
    tapes: bool = False,
    order: int = 1,
    backward: bool = False,
) -> Callable[..., Any]:
    """The function g(...) = compute(f as a function of some of its arguments, these), with the arguments of f.

    Args:
        f: a callable on tensors.
        compute: what to do inside the graph being traced, with a function `at` and the tensors xs that it takes.
        argnums: the arguments of f that are xs.
        jit_compile: handed to `tf.function`.
        name: the name of g.
        points: raises where xs are not what compute can work with.
        returned: makes of what f returned, and of xs[0], a structure of tensors and what is left to check when running.
        directed: if given, g takes one argument after those of f, this makes a tensor of it and of xs[0], and compute
            takes that after xs.
        tapes: whether compute nests `tf.GradientTape`s.
        order: the highest order of differentiation.
        backward: whether compute differentiates f by a `tf.GradientTape`, also if by one only.
    """
    if not callable(f):
        raise ArgumentError(f"f is {f!r}, a {type(f).__name__}, which cannot be called. Give a function.")
    # The Python function under a tf.function is traced in place: a call to it would hide its ops.
    called = trace.converted(getattr(f, "python_function", f))

    def traced(xs: Tensors, keys: Keys, _open: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        unknown: list[tf.Tensor] = []
        args, v = (args[:-1], args[-1:]) if directed else (args, ())

        def at(*ts: tf.Tensor) -> Any:
            positional, named = _placed(args, dict(zip(keys, ts, strict=True)))
            y = called(*positional, **kwargs, **named)
            y, lengths = returned(y, ts[0])
            unknown.extend(lengths)
            made = norms.smooth(ts, tf.nest.flatten(y), order, backward=tapes or backward)
            return tf.nest.pack_sequence_as(y, made)

        return compute(at, *xs, *v), unknown

    compiled = OncePerSignature(traced, jit_compile, tapes)

    @tf.autograph.experimental.do_not_convert
    def g(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and (done := compiled.shortcut(args)) is not None:
            return done
        args, v = (args[:-1], args[-1:]) if directed else (args, ())
        keys = tuple(_locate(f, argnum, args, kwargs) for argnum in argnums)
        xs = tuple(
            as_point(
                kwargs[key] if isinstance(key, str) else args[key],
                next((n for n in (key, argnum) if isinstance(n, str)), "x"),
            )
            for key, argnum in zip(keys, argnums, strict=True)
        )
        if points is not None:
            points(xs)
        args = tuple(v for i, v in enumerate(args) if i not in keys)
        kwargs = {k: v for k, v in kwargs.items() if k not in keys}
        args, kwargs = as_argument((args, kwargs), like=xs[0])
        if directed:
            if not v:
                raise ArgumentError("The direction v is missing. Give it after the arguments of f.")
            args = (*args, directed(v[0], xs[0]))
        places = tuple(key for key in keys if isinstance(key, int))
        if not kwargs and places == keys:
            tensors, _ = _placed(args, dict(zip(keys, xs, strict=True)))
            compiled.open_shortcut(tensors, places)
            if (done := compiled.shortcut(tensors)) is not None:
                return done
        return compiled(xs, keys, args, kwargs)

    with contextlib.suppress(TypeError, ValueError):  # not every callable has one
        signature = inspect.signature(f)
        if directed:
            v = inspect.Parameter("v", inspect.Parameter.POSITIONAL_ONLY)
            signature = inspect.Signature([*(p.replace(kind=v.kind) for p in signature.parameters.values()), v])
        g.__signature__ = signature  # type: ignore[attr-defined]
    g.__name__ = g.__qualname__ = f"{name}_of_{getattr(f, '__name__', type(f).__name__)}"
    return g


def direction(v: Any, x: tf.Tensor) -> tf.Tensor:
    """A direction in which to differentiate at x, as a tensor, or an InputError."""
    v = as_point(tf.constant(v, x.dtype) if is_python(v) else v, "v")
    if v.dtype != x.dtype or not v.shape.is_compatible_with(x.shape):
        raise InputError(
            f"v is {v.dtype.name} of shape {v.shape}, but x is {x.dtype.name} of shape {x.shape}. Give a direction of "
            "the dtype and the shape of x."
        )
    return v


def _named(*names: int | str) -> str:
    return next((name for name in names if isinstance(name, str)), "x")


def _placed(args: Sequence[Any], apart: Mapping[int | str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and the named arguments of a call, those that were taken apart put back where they stood."""
    rest = iter(args)
    count = len(args) + sum(isinstance(key, int) for key in apart)
    return tuple(apart[i] if i in apart else next(rest) for i in range(count)), {
        key: t for key, t in apart.items() if isinstance(key, str)
    }


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
