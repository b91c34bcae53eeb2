"""The Python values that the code of a function names outside of itself: where they change, it has to be traced anew.

It is a look at the code, not a proof. Looked at are the code itself, its defaults, the variables that it closes over,
the global variables and the attributes that it names, and the same of the user's functions and methods among these.
Of layers and models all public attributes are. What the code itself assigns is left out, as a counter of its calls.
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

from nthgrad import tracebacks

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_CHANGES = frozenset({"append", "extend", "add", "update", "insert", "pop", "setdefault", "clear", "remove"})
_LONG = 1000  # containers with more in them are compared by identity and length
_MODEL = (
    tf.__internal__.tracking.AutoTrackable
)  # what a layer of either Keras and a tf.Module are; it has no public name
_PARTS = (FunctionType, list, tuple, dict, _MODEL)
_PROGRESS = frozenset({"built", "stop_training"})  # which change as a model is used
_FUNCTION = tf.types.experimental.PolymorphicFunction


def readings(f: Any) -> list[Any]:
    """What f reads, in an order that is the same at each call as long as it is the same."""
    walk = _Walk()
    walk.visit(f, _Names(frozenset(), frozenset(), frozenset(), True))
    return walk.found


def same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """Whether two readings are of the same values."""
    return len(a) == len(b) and all(
        x is y or (type(x) is type(y) and type(x) in _PLAIN and x == y) for x, y in zip(a, b, strict=True)
    )


@dataclasses.dataclass(frozen=True)
class _Names:
    """The names that code reads, but for those that it assigns, and whether it leaves containers as they are."""

    globals: frozenset[str]
    attributes: frozenset[str]
    assigned: frozenset[str]
    contents: bool


class _Walk:
    def __init__(self) -> None:
        self.found: list[Any] = []
        self.seen: set[tuple[int, Any]] = set()

    def visit(self, value: Any, names: _Names) -> None:
        """Reads a value that code with these names uses."""
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
        """Reads those attributes of an object, a class or a module that code names, and its code if it is called."""
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
        """Reads the layers and the public attributes of a model, a layer or a module: code of its library uses them."""
        for name in sorted(own):
            public = not name.startswith("_") and name not in _PROGRESS
            if (public or name == "_trainable") and isinstance(own[name], (*_PLAIN, *_PARTS)):
                self.visit(own[name], names)
        layers = getattr(value, "layers", None)
        for layer in layers if isinstance(layers, list) else ():
            self.visit(layer, names)

    def function(self, f: FunctionType, owner: Any = None) -> None:
        """Reads what a function of the user's names; the owner is the object that it is a method of."""
        if not tracebacks.is_users(f.__code__.co_filename) or self.known(f, id(owner)):
            return
        names = _names(f.__code__)
        self.found.append(f.__code__)
        for value in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
            self.visit(value, names)
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            if name not in names.assigned:
                with contextlib.suppress(ValueError):  # empty as yet
                    self.visit(cell.cell_contents, names)
        for name in sorted(names.globals & f.__globals__.keys()):
            self.visit(f.__globals__[name], names)
        if owner is not None:
            self.visit(owner, names)

    def known(self, value: Any, how: Any) -> bool:
        """Whether a value has been read so before."""
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
    """A code, and those of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
