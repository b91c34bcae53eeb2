"""Finds the functions that AutoGraph would not change: straight-line code on TensorFlow's functions.

AutoGraph parses the whole file that a lambda stands in. For a short function that takes longer than its derivative.
"""

from __future__ import annotations

import dis
import inspect
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

# What AutoGraph leaves as it is: no jump, no `not`, no `==`, no function inside the function. Versions of Python have
# other instructions; one that is missing here only costs time.
_INSTRUCTIONS = (
    "BINARY_", "BUILD_", "CALL", "COPY", "KW_NAMES", "LOAD_ATTR", "LOAD_CONST", "LOAD_DEREF", "LOAD_FAST",
    "LOAD_GLOBAL", "LOAD_METHOD", "NOP", "POP_TOP", "PRECALL", "PUSH_NULL", "RESUME", "RETURN_CONST", "RETURN_VALUE",
    "ROT_", "STORE_FAST", "SWAP", "UNARY_NEGATIVE", "UNPACK_SEQUENCE",
)  # fmt: skip
_ORDER = ("<", "<=", ">", ">=")
_NAMES = ("LOAD_DEREF", "LOAD_GLOBAL")
_VALUES = (
    bool, int, float, complex, str, type(None), np.generic, np.ndarray, tf.DType, tf.Tensor, tf.TensorShape,
    tf.Variable,
)  # fmt: skip

_MODULES = ("builtins", "ml_dtypes", "numpy", "tensorflow")


def is_straight(f: Callable[..., Any], args: Any) -> bool:
    """Whether AutoGraph would change nothing of a call of a Python function.

    Every name in it has to stand for TensorFlow, NumPy, `math`, a tensor, a number or another such function, and every
    argument, given or not, for tensors and numbers. All that it can call is then TensorFlow's, NumPy's or as straight.
    """
    return all(map(_is_data, tf.nest.flatten(args))) and _is_straight(f, set())


def _is_straight(f: Any, seen: set[Any]) -> bool:
    if f in seen:
        return True
    seen.add(f)
    code, defaults = f.__code__, [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
    if not all(_calls_nothing_else(value, seen) for value in defaults):
        return False
    cells = dict(zip(code.co_freevars, f.__closure__ or (), strict=True))
    for instruction in dis.get_instructions(code):
        name, value = instruction.opname, instruction.argval
        if not (name.startswith(_INSTRUCTIONS) or (name == "COMPARE_OP" and value in _ORDER)):
            return False
        if name in _NAMES and not _calls_nothing_else(_named(f, cells, value), seen):
            return False
    return True


def _named(f: Any, cells: dict[str, Any], name: str) -> Any:
    """Returns the value of a name in a function; for a builtin function, which AutoGraph replaces, a builtin."""
    try:
        return cells[name].cell_contents if name in cells else f.__globals__.get(name, getattr)
    except ValueError:  # an empty cell
        return getattr


def _calls_nothing_else(value: Any, seen: set[Any]) -> bool:
    """Whether all that a value can call is TensorFlow's or NumPy's, or straight."""
    if isinstance(value, ModuleType):
        return value in (math, np) or value.__name__.partition(".")[0] == "tensorflow"
    if type(value) in (list, tuple):
        return all(_calls_nothing_else(one, seen) for one in value)
    if inspect.isfunction(value):
        return not any(map(callable, vars(value).values())) and _is_straight(value, seen)
    return _is_data(value)


def _is_data(value: Any) -> bool:
    """Whether a value is a number, a tensor or the like, and of no class of a user's, whose methods may branch."""
    return isinstance(value, _VALUES) and type(value).__module__.partition(".")[0] in _MODULES
