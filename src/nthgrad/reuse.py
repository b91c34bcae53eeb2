"""Builds one g for one f: the public functions give it again, and warn where they cannot.

A g is kept on its f, in an attribute. So it lives as long as f does, and no longer: f and g are a cycle, which Python
collects. A table of weak references could not do that, because g refers to f.
"""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import tensorflow as tf

from nthgrad import tracebacks
from nthgrad.engines import tape, taylor
from nthgrad.engines.taylor import interpreter
from nthgrad.errors import RetracingWarning
from nthgrad.readings import readings, same

P = ParamSpec("P")
G = TypeVar("G")

FUNCTIONS = 5
"""So many functions of one code, traced with the same options, are warned of."""

_NAME = "__nthgrad__"
_LOCK = threading.RLock()
_TRACED: weakref.WeakKeyDictionary[Any, dict[Request, int]] = weakref.WeakKeyDictionary()


class Request:
    """A call of a public function but for f: the function's name, and its options."""

    def __init__(self, maker: str, options: dict[str, Any], defaults: dict[str, Any]):
        self.maker, self.defaults = maker, defaults
        self.options = {name: list(v) if isinstance(v, list) else v for name, v in options.items()}
        # Another rule makes another g, as does another limit.
        self._key = (maker, _frozen(options), tuple(interpreter.RULES.values()), tape.MAX_OPS, taylor.MAX_OPS)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and self._key == other._key

    def __str__(self) -> str:
        said = {k: v for k, v in self.options.items() if k in ("order", "method") or v != self.defaults[k]}
        compiled = said.pop("jit_compile", None)
        texts = [f'{k} "{v}"' if isinstance(v, str) else f"{k} {v!r}" for k, v in said.items()]
        return ", ".join([*texts, f"XLA {'on' if compiled else 'off'}"])


def reused(maker: Callable[P, G]) -> Callable[P, G]:
    """Decorates a public function of f and options, so that the same f and the same options give the same g.

    They do not where f has changed meanwhile, as far as `readings` tells, and in a TensorFlow 1 graph, to which the
    tensors of f belong. The decorator also tells g what it is, and shortens the tracebacks of errors.
    """
    signature = inspect.signature(maker)
    first, *rest = signature.parameters
    defaults = {name: signature.parameters[name].default for name in rest}

    @functools.wraps(maker)
    def made(*args: P.args, **kwargs: P.kwargs) -> G:
        try:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError:
                return maker(*args, **kwargs)  # which says what is wrong
            request = Request(maker.__name__, {name: given.get(name, defaults[name]) for name in rest}, defaults)
            with _LOCK:
                return _made(given[first], lambda: maker(*args, **kwargs), request)
        except Exception as caught:
            error = tracebacks.shorter(caught)
        raise error

    return made


def _made(f: Any, make: Callable[[], G], request: Request) -> G:
    """The g that f has for a request, or a new one."""
    kept = _kept(f) if tf.compat.v1.executing_eagerly_outside_functions() else None
    read = None if kept is None else _read(f)
    if kept is None or read is None:
        g = make()
    else:
        key = getattr(f, "__func__", None), request
        before, g = kept.functions.get(key, (None, None))
        if before is not None and same(read, before):
            return g  # type: ignore[return-value]
        g = make()
        kept.functions[key] = read, g
    g.made_for(request)  # type: ignore[attr-defined]
    return g


def _read(f: Any) -> list[Any] | None:
    """What f reads, None where an object that it names does not let itself be looked at."""
    try:
        return readings(f)
    except Exception:
        return None


class _Kept:
    """What was built from one object. A copy of the object, or a wrapper that takes its attributes, has none of it."""

    def __init__(self, owner: Any):
        self.owner = owner
        self.functions: dict[Any, tuple[Any, Any]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


def _kept(f: Any) -> _Kept | None:
    """What was built from f, None where f has no place for it. Of a method, its object has it: methods come and go."""
    owner = f.__self__ if inspect.ismethod(f) else f
    attributes = getattr(owner, "__dict__", None)
    if not callable(f) or not isinstance(attributes, dict):
        return None
    kept = attributes.get(_NAME)
    if not isinstance(kept, _Kept) or kept.owner is not owner:
        kept = attributes[_NAME] = _Kept(owner)
    return kept


def warn_of_retracing(f: Any, request: Request | None) -> None:
    """Counts a function that is traced for the first time; warns of too many that the same code made."""
    while isinstance(f, functools.partial) or hasattr(f, "python_function"):
        f = f.func if isinstance(f, functools.partial) else f.python_function
    code = f.__code__ if inspect.isfunction(f) else None
    if code is None or request is None or not tf.executing_eagerly():
        return
    with _LOCK:
        counts = _TRACED.setdefault(code, {})
        counts[request] = counts.get(request, 0) + 1
        if counts[request] != FUNCTIONS:
            return
    warnings.warn(
        f"nthgrad.{request.maker} has traced {FUNCTIONS} functions that the same code makes, {f.__name__!r} at "
        f"{code.co_filename}:{code.co_firstlineno}, and traces each anew: tracing takes longer than computing. Define "
        "the function once, outside of the loop, and give it what changes as an argument.",
        RetracingWarning,
        stacklevel=tracebacks.depth(),
    )


def _frozen(value: Any) -> Any:
    """An option as a key: lists by what they hold now, and True apart from 1."""
    if isinstance(value, dict):
        return tuple((k, _frozen(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(_frozen, value))
    try:
        hash(value)
    except TypeError:
        return type(value), id(value)  # no option is: it is refused
    return type(value), value
