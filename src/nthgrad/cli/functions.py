"""Finds the function that `nthgrad differentiate` names, and computes its derivatives at points."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nthgrad._display.echo import quoted
from nthgrad.cli import expression
from nthgrad.errors import ArgumentError, NthgradError, OutputError


def function(text: str, given: Sequence[str], dtype: str) -> tuple[Callable[..., Any], list[str]]:
    """Returns the function to differentiate.

    Args:
        text: a formula, or `module:function`, where Python can import the module in the current folder.
        given: the names of the variables that have values.
        dtype: the dtype of the variables.

    Returns:
        the function, and its variables in the order of its arguments.

    Raises:
        ArgumentError: text is neither, or its variables are not the given ones.
        NthgradError: the module raises while it is imported.
    """
    if ":" in text:
        f = _imported(text)
        names = _parameters(f, text, given)
    else:
        for name in given:
            if name in expression.FUNCTIONS or name in expression.CONSTANTS:
                raise ArgumentError(f"{name} has a meaning in expressions. Give the variable another name.")
        f = expression.function(text, list(given), dtype)
        names = list(given)
    return f, names


def derivatives(
    f: Callable[..., Any], values: Sequence[np.ndarray], index: int, order: int, method: str
) -> list[np.ndarray]:
    """Computes a function and its derivatives by one of its arguments.

    Args:
        f: a function of one tensor for each of the values.
        values: arrays of shape [n] and of one dtype.
        index: which of them to differentiate by.
        order: the highest order.
        method: a method of `nthgrad.derivatives`, or `"difference"`.

    Returns:
        order + 1 arrays of shape [n].

    Raises:
        NthgradError: as `nthgrad.derivatives`, or f raised any exception.
    """
    import nthgrad
    from nthgrad._display.quiet import tensorflow

    tf = tensorflow()
    tensors = [tf.constant(v) for v in values]
    try:
        if method == "difference":
            from nthgrad.differences import finite_difference

            results = [finite_difference(f, k, argnum=index)(*tensors) for k in range(order + 1)]
        else:
            results = nthgrad.derivatives(f, order, argnum=index, method=method)(*tensors)  # type: ignore[arg-type]
    except NthgradError:
        raise
    except Exception as error:
        raise NthgradError(
            f"The function raised {_described(error, f)}. Correct it, or give it other points."
        ) from error
    for y in results:
        if not tf.is_tensor(y) or y.shape != tensors[index].shape:
            found = f"a tensor of shape {y.shape}" if tf.is_tensor(y) else f"a {type(y).__name__}"
            raise OutputError(
                f"f returned {found} for points of shape {values[index].shape}. Return one tensor of that shape."
            )
    return [y.numpy() for y in results]


def names(variable: str, order: int) -> list[str]:
    """Returns the names of the derivatives in files and tables: `f`, `df_dx`, `d2f_dx2`, ..."""
    return ["f", *(f"d{k if k > 1 else ''}f_d{variable}{k if k > 1 else ''}" for k in range(1, order + 1))]


def _imported(text: str) -> Callable[..., Any]:
    from nthgrad._display.quiet import tensorflow

    module, _, path = text.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *path.split(".")]):
        raise ArgumentError(
            f"{quoted(text)} is neither an expression nor module:function. Write for example mymodule:f."
        )
    tensorflow()  # before the user's module imports it with its messages
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise ArgumentError(
                f"There is no module {error.name!r}. Run nthgrad in the folder that holds it, or install it."
            ) from error
        raise NthgradError(f"Importing {module} raised {_described(error)}. Correct the module.") from error
    except (Exception, SystemExit) as error:
        raise NthgradError(f"Importing {module} raised {_described(error)}. Correct the module.") from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise ArgumentError(f"{module} has no {path}. Give the name of a function that it defines.")
        found = getattr(found, name)
    if not callable(found):
        raise ArgumentError(f"{text} is of type {type(found).__name__} and cannot be called. Give a function.")
    return found


def _parameters(f: Callable[..., Any], text: str, given: Sequence[str]) -> list[str]:
    """Returns the given variables in the order of f's parameters."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{text} has no signature. Wrap it in a function with named arguments.") from error
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [p.name for p in positional]
    for name in given:
        if name not in names:
            raise ArgumentError(f"{text} has no argument {name!r}. Its arguments are {', '.join(names) or 'none'}.")
    for p in parameters:
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in given:
            raise ArgumentError(f"There is no value for {text}'s argument {p.name}. Add --at {p.name}=VALUE.")
    taken = [name for name in names if name in given]
    if names[: len(taken)] != taken:
        left = next(name for name in names if name not in given)
        raise ArgumentError(f"There is no value for {text}'s argument {left}. Add --at {left}=VALUE.")
    return taken


def _described(error: BaseException, f: Callable[..., Any] | None = None) -> str:
    """Describes an exception of the user's code in one line: class, message and place."""
    name, text = type(error).__name__, str(error)
    if text.startswith("in user code:"):  # AutoGraph puts the traceback before the message
        places = [(file, int(line)) for file, line in re.findall(r'File "(.+?)", line (\d+)', text)]
        text = text.rpartition(f"{name}: ")[2]
    else:
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = getattr(getattr(f, "__code__", None), "co_filename", None)
    if f is None:  # while importing: the user's lines are neither nthgrad's nor Python's
        ours = os.path.dirname(os.path.dirname(__file__))
        here = [place for place in places if not place[0].startswith(("<", ours, os.path.dirname(importlib.__file__)))]
    else:
        here = [place for place in places if place[0] == own]
    where = f" ({os.path.relpath(here[-1][0])}, line {here[-1][1]})" if here else ""
    message = " ".join(text.split()).rstrip(".")
    return f"{name}: {message}{where}" if message else f"{name}{where}"
