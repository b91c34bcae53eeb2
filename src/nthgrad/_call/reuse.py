"""Reuses g: the same f and options return the same g; warns if many functions of the same code are traced.

An attribute of f holds g, so g lives as long as f. The two are a cycle, which Python collects. A table of weak
references would keep f alive, because g refers to f.
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

from nthgrad._call import tracebacks
from nthgrad._call.readings import readings, same
from nthgrad.engines import tape, taylor
from nthgrad.engines.taylor import interpreter
from nthgrad.errors import RetracingWarning

P = ParamSpec("P")
G = TypeVar("G")

FUNCTIONS = 5
"""Warns when so many functions of one code are traced with the same options."""

_NAME = "__nthgrad__"
_LOCK = threading.RLock()
_TRACED: weakref.WeakKeyDictionary[Any, dict[Request, int]] = weakref.WeakKeyDictionary()


class Request:
    """A call of a public function: its name and options."""

    def __init__(self, maker: str, options: dict[str, Any], defaults: dict[str, Any]):
        self.maker, self.defaults = maker, defaults
        self.options = {name: list(v) if isinstance(v, list) else v for name, v in options.items()}
        # g also depends on the rules of the walk and on the limits.
        rules = interpreter.RULES
        self._key = (maker, _frozen(options), tuple(rules.values()), tape.MAX_OPS, taylor.MAX_OPS)

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
    """Decorates a public function of f and options: the same f and the same options return the same g.

    Builds a new g if `readings` shows that f has changed. Builds a new g for each call if an option is a function, and
    in a TensorFlow 1 graph: the tensors of f belong to that graph. The decorator also describes g and shortens
    tracebacks.
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
                return maker(*args, **kwargs)  # raises, with Python's own text
            request = Request(maker.__name__, {name: given.get(name, defaults[name]) for name in rest}, defaults)
            with _LOCK:
                return _made(given[first], lambda: maker(*args, **kwargs), request)
        except Exception as caught:
            error = tracebacks.shorter(caught)
        raise error

    return made


def _made(f: Any, make: Callable[[], G], request: Request) -> G:
    """Returns the g that f holds for a request, or a new one."""
    functions = any(callable(v) for v in request.options.values())  # they may change too, and would be kept with f
    kept = _kept(f) if tf.compat.v1.executing_eagerly_outside_functions() and not functions else None
    read = None if kept is None else _read(f)
    if kept is None or read is None:
        g = make()
    else:
        key = getattr(f, "__func__", None), request
        before, g = kept.functions.get(key, (None, None))
        if before is not None and same(read, before):
            return g
        g = make()
        kept.functions[key] = read, g
    g.made_for(request)  # type: ignore[attr-defined]
    return g


def _read(f: Any) -> list[Any] | None:
    """Returns the readings of f; None if an object that it names raises during inspection."""
    try:
        return readings(f)
    except Exception:
        return None


class _Kept:
    """The functions built from one object, its owner. Copies and wrappers of the owner do not inherit them."""

    def __init__(self, owner: Any):
        self.owner = owner
        self.functions: dict[Any, tuple[Any, Any]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


def _kept(f: Any) -> _Kept | None:
    """Returns the functions built from f; None if f holds no attributes. For a method, its object holds them."""
    owner = f.__self__ if inspect.ismethod(f) else f
    attributes = getattr(owner, "__dict__", None)
    if not callable(f) or not isinstance(attributes, dict):
        return None
    kept = attributes.get(_NAME)
    if not isinstance(kept, _Kept) or kept.owner is not owner:
        kept = attributes[_NAME] = _Kept(owner)
    return kept


def warn_of_retracing(f: Any, request: Request | None) -> None:
    """Counts a function traced for the first time; warns if there are too many of the same code."""
    while isinstance(f, functools.partial) or hasattr(f, "python_function"):
        f = f.func if isinstance(f, functools.partial) else f.python_function
    code = f.__code__ if inspect.isfunction(f) else None
    if code is None or request is None or not tf.executing_eagerly() or not tracebacks.is_users(code.co_filename):
        return
    with _LOCK:
        counts = _TRACED.setdefault(code, {})
        counts[request] = counts.get(request, 0) + 1
        if counts[request] != FUNCTIONS:
            return
    warnings.warn(
        f"nthgrad.{request.maker} has traced {FUNCTIONS} functions with the same code, {f.__name__!r} at "
        f"{code.co_filename}:{code.co_firstlineno}, one by one; tracing takes longer than computing. Define the "
        "function once, outside the loop, and pass the values that change as arguments.",
        RetracingWarning,
        stacklevel=tracebacks.depth(),
    )


def _frozen(value: Any) -> Any:
    """Converts an option to a key: lists by their contents; True is not 1."""
    if isinstance(value, dict):
        return tuple((k, _frozen(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(_frozen, value))
    try:
        hash(value)
    except TypeError:
        return type(value), id(value)  # an invalid option, refused later
    return type(value), value
