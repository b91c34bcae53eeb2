"""Source files: where they are, and their syntax trees, also those of Python 2."""

from __future__ import annotations

import ast
import io
import os
import tokenize
import warnings
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nthgrad.errors import LegacyError

# What of Python 2 Python 3 cannot read; the rest, such as `xrange`, is names.
_SYNTAX = ("except", "exec", "ne", "numliterals", "paren", "print", "raise", "repr", "throw", "tuple_params", "unicode")


class Source(NamedTuple):
    """A file that was read."""

    tree: ast.Module
    place: Callable[[int, int], tuple[int, int]]  # line and column in the file, from a node's lineno and col_offset
    python_2: tuple[int, int] | None  # where it is Python 2 and not 3


def files(paths: Sequence[str | os.PathLike[str]]) -> Iterator[str]:
    """The files themselves and the `.py` files below the folders, sorted, each once.

    Hidden folders, virtual environments and links to folders are passed over.

    Raises:
        LegacyError: If there is nothing at a path, or a folder cannot be read.
    """
    seen: set[Path] = set()
    for path in [os.fspath(one) for one in paths]:
        if not os.path.exists(path):
            raise LegacyError(f"There is nothing at {path!r}. Give Python files, or folders that hold some.")
        for file in _below(path) if os.path.isdir(path) else [path]:
            if Path(file).resolve() not in seen:
                seen.add(Path(file).resolve())
                yield file


def _below(folder: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise LegacyError(f"The folder {error.filename!r} cannot be read: {error.strerror}. Give another.")

    for here, folders, names in os.walk(folder, onerror=refuse):
        virtual = [f for f in folders if os.path.exists(os.path.join(here, f, "pyvenv.cfg"))]
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in virtual)
        yield from (os.path.join(here, name) for name in sorted(names) if name.endswith(".py"))


def read(path: str) -> Source:
    """Reads a file as Python 3, or else as Python 2.

    Raises:
        LegacyError: If it cannot be read, or is neither.
    """
    try:
        content = Path(path).read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except OSError as error:
        raise LegacyError(f"{path} cannot be read: {error.strerror}. Give a file that can, or leave it out.") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        said = error.msg if isinstance(error, SyntaxError) else f"it is no {error.encoding}"
        raise LegacyError(f"{path} cannot be read: {said}. Save it as UTF-8, or leave it out.") from None
    try:
        return Source(_parse(text), _places(text), None)
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes
        unread = getattr(error, "lineno", None) or 1
        said = getattr(error, "msg", None) or str(error)
    except (RecursionError, MemoryError):
        raise LegacyError(f"{path} is nested too deeply to be read. Leave it out.") from None
    new, line = _in_python_3(text)
    try:
        tree = None if new is None else _parse(str(new))
    except (SyntaxError, ValueError):
        tree = None
    if tree is None:
        where = max(unread, line)  # the reading that got further is what the file is meant to be
        raise LegacyError(
            f"{path}:{where} is neither Python 3 ({said} in line {unread}) nor Python 2. Mend it, or leave it out."
        )
    return Source(tree, _original_places(new), _first_difference(text, str(new)))


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python thinks of "\d" is not what is asked
        return ast.parse(text)


def _in_python_3(text: str) -> tuple[Any, int]:
    """A concrete syntax tree of the text in Python 3's syntax; or none, and the line where it is no Python 2."""
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError
    from fissix.refactor import RefactoringTool

    try:
        tool = RefactoringTool([f"fissix.fixes.fix_{name}" for name in _SYNTAX])
        return tool.refactor_string(text if text.endswith("\n") else text + "\n", ""), 0
    except ParseError as error:
        return None, error.context[1][0]
    except (TokenError, IndentationError, RecursionError):
        return None, 0


def _places(text: str) -> Callable[[int, int], tuple[int, int]]:
    """Turns a node's place to line and column, both counted from 1, the column in characters and not in bytes."""
    lines = text.split("\n")  # as Python counts them: no form feeds

    def place(lineno: int, offset: int) -> tuple[int, int]:
        return lineno, len(lines[lineno - 1].encode()[:offset].decode(errors="ignore")) + 1

    return place


def _original_places(tree: Any) -> Callable[[int, int], tuple[int, int]]:
    """The same for a tree that was translated: every token knows where it stood, or stands behind one that does."""
    in_new = _places(str(tree))
    starts, origins = [(1, 1)], [(1, 1)]
    line, column = 1, 1
    for leaf in tree.leaves():
        for part in (leaf.prefix, leaf.value):
            if part is leaf.value and leaf.lineno:
                starts.append((line, column))
                origins.append((leaf.lineno, leaf.column + 1))
            line, column = line + part.count("\n"), len(part) - part.rfind("\n") + ("\n" not in part) * (column - 1)
    return lambda lineno, offset: origins[bisect(starts, in_new(lineno, offset)) - 1]


def _first_difference(old: str, new: str) -> tuple[int, int]:
    """Where a text starts to differ from another: the line, and the column in which it starts."""
    lines = zip(old.split("\n"), new.split("\n"), strict=False)
    for i, (was, now) in enumerate(lines, start=1):
        if was != now:
            return i, len(was) - len(was.lstrip()) + 1
    return 1, 1
