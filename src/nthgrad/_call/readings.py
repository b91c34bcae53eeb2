"""Reads the Python values that a function uses: if they change, the function has to be traced again.

These are its code, its defaults, its closure, and the global variables and attributes that it names; the same for the
user's functions and methods among them. For layers and models, all public attributes are read. Values that the code
assigns are excluded, such as a counter of calls. This is a heuristic, not a proof.
"""

from __future__ import annotations

import contextlib
import dataclasses
import dis
import functools
import inspect
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call import tracebacks

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_CHANGES = frozenset({"append", "extend", "add", "update", "insert", "pop", "setdefault", "clear", "remove"})
_LONG = 1000  # longer containers are compared by identity and length
_MODEL = tf.__internal__.tracking.AutoTrackable  # the class of layers of both Keras and of tf.Module; not public
_PARTS = (FunctionType, list, tuple, dict, _MODEL)
_PROGRESS = frozenset({"built", "stop_training"})  # change as a model is used
_FUNCTION = tf.types.experimental.PolymorphicFunction


def readings(f: Any) -> list[Any]:
    """Returns the values that f uses. Their order depends on f only."""
    walk = _Walk()
    walk.visit(f, _Names(frozenset(), frozenset(), frozenset(), True))
    return walk.found


def same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """Whether two readings hold the same values."""
    return len(a) == len(b) and all(
        x is y or (type(x) is type(y) and type(x) in _PLAIN and x == y) for x, y in zip(a, b, strict=True)
    )


@dataclasses.dataclass(frozen=True)
class _Names:
    """The names that code reads and does not assign, and whether the contents of containers count as read."""

    globals: frozenset[str]
    attributes: frozenset[str]
    assigned: frozenset[str]
    contents: bool


class _Walk:
    def __init__(self) -> None:
        self.found: list[Any] = []
        self.seen: set[tuple[int, Any]] = set()

    def visit(self, value: Any, names: _Names) -> None:
        """Reads a value used by code with these names."""
        if inspect.ismethod(value):
            self.found.append(value.__func__)
            self.visit(value.__self__, names)
            self.function(value.__func__, value.__self__)
            return
        self.found.append(value)
        if isinstance(value, _PLAIN) or tf.is_tensor(value) or self.known(value, names):
            return
        if isinstance(value, functools.partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self.visit(part, names)
        elif isinstance(value, FunctionType):
            self.function(value)
        elif isinstance(value, _FUNCTION):
            self.visit(getattr(value, "python_function", None), names)
        elif isinstance(value, (list, tuple, dict)):
            if names.contents:
                self.found.append(len(value))
                if len(value) <= _LONG:
                    for part in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
                        self.visit(part, names)
        elif isinstance(value, np.ndarray):
            if names.contents and not value.dtype.hasobject:
                self.found.append(zlib.crc32(value.tobytes()))
        else:
            self.object(value, names)

    def object(self, value: Any, names: _Names) -> None:
        """Reads the named attributes of an object, a class or a module, and the code of a callable object."""
        kind = None if isinstance(value, (ModuleType, type)) else type(value)
        for method in ("__call__", "call"):
            if isinstance(found := inspect.getattr_static(kind, method, None), FunctionType):
                self.function(found, value)
        own = getattr(value, "__dict__", {})
        if isinstance(value, _MODEL):
            self.model(value, own, names)
        for name in sorted(names.attributes):
            if name in own:
                self.visit(own[name], names)
                continue
            found = inspect.getattr_static(kind, name, None)
            found = found.fget if isinstance(found, property) else found
            if isinstance(found, FunctionType):
                self.function(found, value)
            elif isinstance(found, _PLAIN):
                self.found.append(found)

    def model(self, value: Any, own: Mapping[str, Any], names: _Names) -> None:
        """Reads the layers and the public attributes of a model, a layer or a module."""
        for name in sorted(own):
            public = not name.startswith("_") and name not in _PROGRESS
            if (public or name == "_trainable") and isinstance(own[name], (*_PLAIN, *_PARTS)):
                self.visit(own[name], names)
        layers = getattr(value, "layers", None)
        for layer in layers if isinstance(layers, list) else ():
            self.visit(layer, names)

    def function(self, f: FunctionType, owner: Any = None) -> None:
        """Reads the values that a user's function names. The owner is the object of a method."""
        if not tracebacks.is_users(f.__code__.co_filename) or self.known(f, id(owner)):
            return
        names = _names(f.__code__)
        self.found.append(f.__code__)
        for value in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self.visit(value, names)
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            if name not in names.assigned:
                with contextlib.suppress(ValueError):  # still empty
                    self.visit(cell.cell_contents, names)
        for name in sorted(names.globals & f.__globals__.keys()):
            self.visit(f.__globals__[name], names)
        if owner is not None:
            self.visit(owner, names)

    def known(self, value: Any, how: Any) -> bool:
        """Whether a value has been read before, with the same names."""
        key = id(value), how
        if key in self.seen:
            return True
        self.seen.add(key)
        return False


@functools.lru_cache(1024)
def _names(code: CodeType) -> _Names:
    variables: set[str] = set()
    attributes: set[str] = set()
    assigned: set[str] = set()
    contents = True
    for part in _codes(code):
        for step in dis.get_instructions(part):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                variables.add(step.argval)
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
                attributes.add(step.argval)
            elif step.opname in ("STORE_GLOBAL", "STORE_NAME", "STORE_DEREF", "STORE_ATTR", "DELETE_ATTR"):
                assigned.add(step.argval)
            contents = contents and step.opname != "STORE_SUBSCR"
    contents = contents and not attributes & _CHANGES
    return _Names(frozenset(variables - assigned), frozenset(attributes - assigned), frozenset(assigned), contents)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yields a code object and those of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
