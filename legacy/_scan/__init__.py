"""`legacy.scan`: finds old idioms in source files, with the sections of MIGRATION.md that treat them."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from nthgrad.errors import LegacyError
from nthgrad.legacy._scan import source
from nthgrad.legacy._scan.forms import Calls, Reader, Written
from nthgrad.legacy._scan.idioms import ALIASES, IDIOMS, PYTHON_2, Idiom, expand


class Finding(NamedTuple):
    """An old idiom in a file."""

    file: str
    line: int  # from 1
    column: int  # from 1, in characters
    idiom: str  # the form, such as `tf.gradients(grad_ys=)`
    what: str
    section: str  # a heading of MIGRATION.md
    python: int  # the version of Python of the file, 2 or 3

    @property
    def anchor(self) -> str:
        """The link to the section."""
        return "MIGRATION.md#" + re.sub(r"[^\w\- ]", "", self.section.lower()).replace(" ", "-")


def scan(
    paths: Sequence[str | os.PathLike[str]], *, on_error: Callable[[LegacyError], None] | None = None
) -> list[Finding]:
    """Finds names, arguments and idioms of TensorFlow 1, Keras 1 and 2, and Python 2 that MIGRATION.md treats.

    Names are followed through imports and aliases in the syntax tree, so a program for TensorFlow 2 has no findings.
    Nothing is imported or run.

    Args:
        paths: files, and folders whose `.py` files are read; hidden folders and virtual environments are skipped.
        on_error: called with a LegacyError for each unreadable file or folder; the other files are read. The default is
            to raise the error.

    Returns:
        The findings, by file, line and column.

    Raises:
        LegacyError: if a file cannot be read and there is no `on_error`: it is neither Python 3 nor Python 2, is not in
            its declared encoding, has more than 10,000,000 bytes, is nested too deeply, is a pipe, a socket or a
            device, or the system refuses access.

    Example:
        >>> import pathlib, tempfile
        >>> from nthgrad import legacy
        >>> program = pathlib.Path(tempfile.mkdtemp(), "old.py")
        >>> _ = program.write_text("import tensorflow as T; print(T.log(3.0))")
        >>> for one in legacy.scan([program]):
        ...     print(one.line, one.column, one.idiom, one.anchor)
        1 31 tf.log MIGRATION.md#names-that-moved
        >>> unread = []
        >>> legacy.scan(["nothing.py"], on_error=unread.append)
        []
        >>> print(unread[0])
        There is nothing at 'nothing.py'. Give Python files, or folders that hold some.
    """
    return [finding for findings in by_file(paths, on_error or _raise) for finding in findings]


def by_file(paths: Sequence[str | os.PathLike[str]], refuse: source.Refuse) -> Iterator[list[Finding]]:
    """Yields the findings of each file; calls `refuse` for unreadable files."""
    for file in source.files(paths, refuse):
        try:
            findings = in_file(file)
        except LegacyError as error:
            refuse(error)
        else:
            yield findings


def _raise(error: LegacyError) -> None:
    raise error


def in_file(file: str) -> list[Finding]:
    """Returns the findings in one file; raises LegacyError if it cannot be read."""
    try:
        return _in_file(file)
    except (RecursionError, MemoryError):
        pass  # raised below: here, the error would keep a thousand frames alive
    raise LegacyError(f"{file} is nested too deeply to be read. Leave it out.")


def _in_file(file: str) -> list[Finding]:
    read = source.read(file)
    found = set()
    python = 3 if read.python_2 is None else 2
    if read.python_2 is not None:
        line, column = read.python_2
        found.add(Finding(file, line, column, "Python 2", PYTHON_2.what, PYTHON_2.section, python))
    for idiom, form, written in _idioms(Reader(read.tree).written):
        line, column = read.place(written.node.lineno, written.node.col_offset)  # type: ignore[attr-defined]
        found.add(Finding(file, line, column, form, idiom.what, idiom.section, python))
    return sorted(found)


def _idioms(written: list[Written]) -> Iterator[tuple[Idiom, str, Written]]:
    """Yields each idiom in a program, its form to show, and its place."""
    table = _table()
    present = {form for one in written for name in one.forms for form, _ in _candidates(name)}
    around: dict[Calls | None, frozenset[str]] = {None: frozenset()}
    for one in written:
        calls = _surrounding(one.calls, around)
        found = [
            (bool(idiom.inside), bool(idiom.requires), rank, shown, idiom)
            for name in sorted(one.forms)
            for rank, (form, shown) in enumerate(reversed(_candidates(name)))
            for idiom in table.get(form, [])
            if not (one.bare and form.endswith(".*"))  # already found at the import line
            and (not idiom.inside or calls & _forms(idiom.inside))
            and (not idiom.requires or present & _forms(idiom.requires))
        ]
        if found:
            *_, shown, idiom = max(found, key=lambda match: match[:3])
            yield idiom, shown, one


def _surrounding(calls: Calls | None, known: dict[Calls | None, frozenset[str]]) -> frozenset[str]:
    """Returns the forms of the surrounding calls that some idiom requires; `known` is a cache."""
    if calls not in known:
        assert calls is not None
        known[calls] = _surrounding(calls.around, known) | _required(calls.forms)
    return known[calls]


@lru_cache(maxsize=2**14)
def _required(names: frozenset[str]) -> frozenset[str]:
    return frozenset(form for name in names for form, _ in _candidates(name) if form in _inside())


@cache
def _forms(text: str) -> frozenset[str]:
    return frozenset(expand(text))


@cache
def _table() -> dict[str, list[Idiom]]:
    table: dict[str, list[Idiom]] = {}
    for idiom in IDIOMS:
        for form in expand(idiom.forms):
            table.setdefault(form, []).append(idiom)
    return table


@cache
def _inside() -> frozenset[str]:
    return frozenset(form for idiom in IDIOMS for form in expand(idiom.inside))


@cache
def _all() -> frozenset[str]:
    return frozenset(_table()) | _inside() | {form for idiom in IDIOMS for form in expand(idiom.requires)}


@lru_cache(maxsize=2**14)
def _candidates(name: str) -> list[tuple[str, str]]:
    """Returns the forms in the table that match a form, the most certain first, and how to show each."""
    stages = [name]
    while (shorter := _shorter(stages[-1])) != stages[-1]:
        stages.append(shorter)
    last = stages[-1]
    exact = [(stage, stage.lstrip("?").removeprefix("builtins.")) for stage in stages]
    of_anything = [("?" + last[i:], last[i:]) for i, sign in enumerate(last) if sign == "."]
    plain = [stage for stage in stages if re.fullmatch(r"[\w.]+", stage)]
    below = [(stage[: end.start()] + ".*", stage) for stage in plain for end in re.finditer(r"\.|$", stage)]
    found = exact + of_anything + sorted(below, key=lambda one: -len(one[0]))
    return [one for one in found if one[0] in _all()]


def _shorter(name: str) -> str:
    """Returns the form with its module's alias replaced, if there is one."""
    end = re.match(r"[\w.]*", name).end()  # type: ignore[union-attr]
    while end > 0:
        if name[:end] in ALIASES:
            return ALIASES[name[:end]] + name[end:]
        end = name.rfind(".", 0, end)
    return name
