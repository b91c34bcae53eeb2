"""Placeholders for names that are not available: an import that is never used goes on, and the first use raises.

An import inside `try` with `except ImportError` raises at once, because the program has another way.
"""

import ast
import importlib
import linecache
import os
import sys
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

from nthgrad.errors import LegacyError

_BETWEEN = (f"{Path(__file__).parents[1]}{os.sep}", f"{Path(importlib.__file__).parent}{os.sep}", "<frozen ")
_LIBRARIES = tuple(f"{os.sep}site-packages{os.sep}{name}{os.sep}" for name in ("tensorflow", "tf_keras"))
_CATCHING = {"ImportError", "Exception", "BaseException"}
# What Python calls in a use of an object: a call, an item, a loop, a base class, a test of its class, arithmetic.
_USES = """call getitem setitem iter next contains enter exit mro_entries instancecheck subclasscheck array float int
    index lt le gt ge add radd sub rsub mul rmul truediv rtruediv matmul pow neg"""


class MissingNameError(LegacyError, ImportError):
    """An old name is refused; an ImportError too, as programs expect for a missing name."""


def refused(name: str, reason: str) -> Any:
    """Returns a placeholder of a name.

    Args:
        name: its full name, as in "tf.contrib.slim.conv2d".
        reason: what to use in its place, one or more sentences.

    Raises:
        MissingNameError: if the program catches an ImportError there.
    """
    _raise_if_caught(name, reason)
    return Placeholder(name, reason)


def refused_module(full_name: str, name: str, reason: str) -> ModuleType:
    """Returns a placeholder of a module; see `refused`.

    Args:
        full_name: its key in `sys.modules`.
        name: see `refused`.
        reason: see `refused`.
    """
    _raise_if_caught(name, reason)
    return PlaceholderModule(full_name, name, reason)


class Placeholder:
    """A name that is not available; its attributes are placeholders too, any other use raises MissingNameError."""

    def __init__(self, name: str, reason: str) -> None:
        self.__dict__["_refused"] = name, reason

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder(f"{self._refused[0]}.{name}", self._refused[1])

    def __repr__(self) -> str:
        return f"<{self._refused[0]}, which is not available>"

    def _use(self, *args: Any, **kwargs: Any) -> NoReturn:
        name, reason = self._refused
        frame = _users_frame()
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        raise MissingNameError(f"{name}, used at {place}, is not available. {reason}")


for _name in _USES.split():
    setattr(Placeholder, f"__{_name}__", Placeholder._use)


class PlaceholderModule(ModuleType):
    """A module that is not available; its attributes are placeholders."""

    def __init__(self, full_name: str, name: str, reason: str) -> None:
        super().__init__(full_name)
        self.__path__: list[str] = []
        self._refused = name, reason

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # `from ... import *` would silently import nothing
            Placeholder(f"{self._refused[0]}.*", self._refused[1])._use()
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return refused(f"{self._refused[0]}.{name}", self._refused[1])


def _raise_if_caught(name: str, reason: str) -> None:
    if _catches(_users_frame()):
        raise MissingNameError(f"{name} is not available. {reason}")


def _users_frame() -> FrameType:
    """Returns the innermost frame of the program."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _hidden(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _hidden(file: str) -> bool:
    return file.startswith(_BETWEEN) or any(library in file for library in _LIBRARIES)


def _catches(frame: FrameType) -> bool:
    """Returns whether the line is in a `try` that catches an ImportError."""
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if not any("except" in line for line in lines):
        return False
    tries = [node for node in ast.walk(ast.parse("".join(lines))) if isinstance(node, ast.Try)]
    return any(
        node.body[0].lineno <= frame.f_lineno <= (node.body[-1].end_lineno or 0) and any(map(_all, node.handlers))
        for node in tries
    )


def _all(handler: ast.ExceptHandler) -> bool:
    """Returns whether a handler catches every ImportError."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", None) in _CATCHING for kind in kinds)
