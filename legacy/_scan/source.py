"""Finds source files and parses them, Python 2 included."""

from __future__ import annotations

import ast
import io
import os
import stat
import tokenize
import warnings
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

from nthgrad.errors import LegacyError

# Fixes for syntax of Python 2 that Python 3 cannot parse; names such as `xrange` need none.
_SYNTAX = ("except", "exec", "ne", "numliterals", "paren", "print", "raise", "repr", "throw", "tuple_params", "unicode")

LARGEST = 10_000_000  # bytes of a file; parsing takes up to 500 times as much memory
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
# Errors of Python's tokenizer for nesting that Python 2 refuses, too.
_TOO_DEEP = ("too many levels of indentation", "too many nested parentheses")

Refuse = Callable[[LegacyError], None]  # called for each unreadable file or folder


class Source(NamedTuple):
    """A file that was read."""

    tree: ast.Module
    place: Callable[[int, int], tuple[int, int]]  # maps a node's lineno and col_offset to line and column in the file
    python_2: tuple[int, int] | None  # the first place that is not Python 3, in a file of Python 2
    translated: str | None = None  # the text in Python 3 of a file of Python 2


def files(paths: Sequence[str | os.PathLike[str]], refuse: Refuse) -> Iterator[str]:
    """Yields the files themselves and the `.py` files below the folders, sorted, each once.

    Hidden folders, virtual environments and links to folders are skipped. Calls `refuse` for missing paths and
    unreadable folders.
    """
    seen: set[str] = set()
    for path in [os.fspath(one) for one in paths]:
        if not os.path.lexists(path):
            refuse(LegacyError(f"There is nothing at {path!r}. Give Python files, or folders that hold some."))
            continue
        for file in _below(path, refuse) if os.path.isdir(path) else [path]:
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file


def _below(folder: str, refuse: Refuse) -> Iterator[str]:
    def unread(error: OSError) -> None:
        refuse(LegacyError(f"The folder {error.filename!r} cannot be read: {error.strerror}. Give another."))

    for here, folders, names in os.walk(folder, onerror=unread):
        virtual = [f for f in folders if os.path.exists(os.path.join(here, f, "pyvenv.cfg"))]
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in virtual)
        yield from (os.path.join(here, name) for name in sorted(names) if name.endswith(".py"))


def read(path: str) -> Source:
    """Reads a file as Python 3, or else as Python 2.

    Raises:
        LegacyError: if it cannot be read, or is neither.
        RecursionError: if it is nested too deeply.
        MemoryError: from Python's parser, for the same reason.
    """
    text = decoded(path)[0]
    try:
        return Source(_parse(text), places(text), None)
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes
        unread = getattr(error, "lineno", None) or 1
        said = getattr(error, "msg", None) or str(error)
    if said in _TOO_DEEP:
        raise RecursionError(said)
    new, line = _in_python_3(text)
    try:
        tree = None if new is None else _parse(str(new))
    except (SyntaxError, ValueError):
        tree = None
    if tree is None:
        where = max(unread, line)  # the parser that got further probably has the right version
        raise LegacyError(
            f"{path}:{where} is neither Python 3 ({said} in line {unread}) nor Python 2. Correct it, or leave it out."
        )
    return Source(tree, _original_places(new), _first_difference(text, str(new)), str(new))


def python_3(path: str) -> str:
    """Returns the text of a file, translated if it is Python 2; raises as `read` does."""
    translated = read(path).translated
    return decoded(path)[0] if translated is None else translated


def decoded(path: str) -> tuple[str, str, str]:
    """Returns the text of a file, its encoding, and its end of a line; raises LegacyError."""
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
        if kind != stat.S_IFREG:  # opening a pipe waits for its writer
            what = _KINDS.get(kind, "no file")
            raise LegacyError(f"{path} cannot be read: it is {what}. Give a file, or leave it out.")
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise LegacyError(f"{path} cannot be read: {error.strerror}. Give a file that can, or leave it out.") from None
    if len(content) > LARGEST:
        raise LegacyError(f"{path} cannot be read: it has more than {LARGEST:,} bytes. Split it, or leave it out.")
    encoding = ""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = io.TextIOWrapper(io.BytesIO(content), encoding).read()
        return text, encoding, "\r\n" if b"\r\n" in content else "\n"
    except SyntaxError as error:
        said = error.msg
    except LookupError:  # `rot13` and others do not map bytes to text
        said = f"{encoding} is no encoding of text"
    except UnicodeError:
        said = f"it is not encoded in {encoding}"
    raise LegacyError(f"{path} cannot be read: {said}. Save it as UTF-8, or leave it out.")


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as invalid escape sequences
        return ast.parse(text)


def _in_python_3(text: str) -> tuple[Any, int]:
    """Translates Python 2 to a syntax tree of Python 3; else returns None and the line of the error."""
    from fissix.pgen2.parse import ParseError
    from fissix.refactor import RefactoringTool

    try:
        tool = RefactoringTool([f"fissix.fixes.fix_{name}" for name in _SYNTAX])
        return tool.refactor_string(text if text.endswith("\n") else text + "\n", ""), 0
    except ParseError as error:
        return None, error.context[1][0]
    except (RecursionError, MemoryError):
        raise
    except Exception:  # fissix and its fixes raise undocumented errors on invalid files
        return None, 0


def places(text: str) -> Callable[[int, int], tuple[int, int]]:
    """Returns a function from lineno and col_offset to line and column: from 1, in characters, not bytes."""
    lines = text.split("\n")  # not splitlines(): Python counts no form feeds

    @cache  # a large file may be a single line
    def ends(lineno: int) -> list[int]:
        return list(accumulate(len(character.encode()) for character in lines[lineno - 1]))

    def place(lineno: int, offset: int) -> tuple[int, int]:
        return lineno, 1 + (offset if lines[lineno - 1].isascii() else bisect(ends(lineno), offset))

    return place


def _original_places(tree: Any) -> Callable[[int, int], tuple[int, int]]:
    """Does the same for a translated tree, whose tokens keep their old place or follow one that does."""
    in_new = places(str(tree))
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
    """Returns the first line that differs, and the column at which its text starts."""
    lines = zip(old.split("\n"), new.split("\n"), strict=False)
    for i, (was, now) in enumerate(lines, start=1):
        if was != now:
            return i, len(was) - len(was.lstrip()) + 1
    return 1, 1
