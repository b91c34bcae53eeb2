"""Shortens the tracebacks of errors to the user's own frames and one of nthgrad's.

`tf.debugging.disable_traceback_filtering()` shows all frames, here as in TensorFlow.
"""

from __future__ import annotations

import ast
import concurrent.futures
import contextlib
import functools
import os
import sys
from types import FrameType, TracebackType

import tensorflow as tf

from nthgrad.engines.graph.trace import library
from nthgrad.errors import NthgradError

_BETWEEN = (os.path.dirname(concurrent.futures.__file__), contextlib.__file__, "<frozen ")
_GENERATED = "__autograph_generated_file"

Entry = tuple[FrameType, int, int]  # of a traceback: the frame, the instruction and the line


def shorter(error: Exception) -> Exception:
    """Returns the user's own exception for a caught one, with the user's frames only.

    AutoGraph replaces an exception of f by another, for the user's own classes by one of another class. This restores
    the original.
    """
    while (raised := _replaced(error)) is not None:
        outside, inside = _entries(error), _entries(raised)
        has_both = inside[-1:] == outside[-1:]  # AutoGraph copies the entries for some classes
        raised.__traceback__ = _of_entries(outside if has_both else outside + inside)
        error = raised
    if tf.debugging.is_traceback_filtering_enabled():
        for link in _chain(error):
            if link.__traceback__ is not None and not is_users(link.__traceback__.tb_frame.f_code.co_filename):
                link.__traceback__ = _of_entries(_users(link))
        if isinstance(error, NthgradError) and error.__cause__ is not None and error.__cause__.__traceback__ is None:
            error.__cause__ = None  # TensorFlow's error, which the message quotes
            error.__suppress_context__ = True
    return error


@functools.lru_cache(1024)
def is_users(filename: str) -> bool:
    """Whether a file is the user's, not one of nthgrad, TensorFlow, Keras or AutoGraph."""
    return not (library(filename) or filename.startswith(_BETWEEN) or _GENERATED in filename)


def depth() -> int:
    """Returns the `stacklevel` with which the caller warns at the user's line."""
    level, frame = 1, sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and not is_users(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    return level


def _replaced(error: Exception) -> Exception | None:
    """Returns the exception that AutoGraph replaced by this one. Only the text shows it; there is no public API."""
    context = error.__context__
    return context if isinstance(context, Exception) and str(error).startswith("in user code:") else None


def _chain(error: BaseException) -> list[BaseException]:
    """Returns an error and those that Python shows before it."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return found


def _entries(error: BaseException) -> list[Entry]:
    """Returns the entries of an error's traceback, outermost first."""
    found: list[Entry] = []
    tb = error.__traceback__
    while tb is not None:
        found.append((tb.tb_frame, tb.tb_lasti, tb.tb_lineno))
        tb = tb.tb_next
    return found


def _users(error: BaseException) -> list[Entry]:
    """Returns the entries of the user's code."""
    found: list[Entry] = []
    for entry in _entries(error):
        filename = entry[0].f_code.co_filename
        if _GENERATED in filename:
            found += _original(*entry, after=found)
        elif is_users(filename):
            found.append(entry)
    return found


def _original(frame: FrameType, lasti: int, line: int, after: list[Entry]) -> list[Entry]:
    """Maps an entry of AutoGraph's generated code to the user's line; to nothing if it has none.

    In generated code, parts of f are separate functions; the innermost one has the line. The map of lines is not
    public: it is read from the frame that calls the generated function. Without it, the entry is kept.
    """
    caller: FrameType | None = frame
    while caller is not None and "converted_f" not in caller.f_locals:
        caller = caller.f_back
    lines = getattr(caller and caller.f_locals["converted_f"], "ag_source_map", None)
    if lines is None:
        return [(frame, lasti, line)]
    file = frame.f_code.co_filename
    origin = next((o for at, o in lines.items() if (at.filename, at.lineno) == (file, line)), None)
    if origin is None:
        return []
    name = origin.function_name or "<lambda>"
    code = after[-1][0].f_code if after else None
    if code is not None and (code.co_filename, code.co_name) == (origin.loc.filename, name):
        after.pop()
    return [_frame(origin.loc.filename, origin.loc.lineno, name)]


def _frame(filename: str, line: int, name: str) -> Entry:
    """Builds an entry at a line of a file."""
    statement = ast.Raise(exc=ast.Name(id="error", ctx=ast.Load()))
    for node in ast.walk(statement):
        if isinstance(node, (ast.expr, ast.stmt)):
            node.lineno = node.end_lineno = line
            node.col_offset = node.end_col_offset = -1  # no columns, so that no carets are drawn
    code = compile(ast.Module([statement], []), filename, "exec").replace(co_name=name)
    try:
        exec(code, {"error": KeyError()})
    except KeyError as error:
        tb = error.__traceback__
        while tb is not None and tb.tb_frame.f_code is not code:
            tb = tb.tb_next
        assert tb is not None
        return tb.tb_frame, tb.tb_lasti, line
    raise AssertionError


def _of_entries(entries: list[Entry]) -> TracebackType | None:
    tb = None
    for entry in reversed(entries):
        tb = TracebackType(tb, *entry)
    return tb
