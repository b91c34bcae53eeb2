"""`legacy.scan`: finds old idioms in source files, with the sections of MIGRATION.md that treat them."""

import ast
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from nthgrad.errors import LegacyError
from nthgrad.legacy._scan import source
from nthgrad.legacy._scan.expanding import expand
from nthgrad.legacy._scan.forms import Calls, Reader, Written
from nthgrad.legacy._scan.idioms import BY_COMPAT, IDIOMS, OLD, PYTHON_2, Idiom
from nthgrad.legacy._scan.kinds import stages
from nthgrad.legacy._scan.rows import Row


class Finding(NamedTuple):
    """An old idiom in a file."""

    file: str
    line: int  # from 1
    column: int  # from 1, in characters
    idiom: str  # the form, such as `tf.gradients(grad_ys=)`
    what: str
    section: str  # a heading of MIGRATION.md
    python: int  # the version of Python of the file, 2 or 3
    severity: str  # "breaks", "silent" for other numbers without an error, or "style"
    new: str  # the new name or expression; empty if it depends on the program

    @property
    def anchor(self) -> str:
        """The link to the section."""
        return _anchor(self.section)


class Match(NamedTuple):
    """An idiom at a place of a program."""

    idiom: Idiom
    form: str  # of the table
    shown: str
    written: Written

    @property
    def rows(self) -> list[Row]:
        """The rewrites of the form."""
        return self.idiom.rewrites.get(self.form, [])

    @property
    def severity(self) -> str:
        """The idiom's severity; what `tf.compat.v1` still has is a matter of style."""
        compat = any(form.startswith(("tensorflow.compat.v1.", "tf.compat.v1.")) for form in self.written.forms)
        return "style" if compat and self.idiom.section in BY_COMPAT else self.idiom.severity

    @property
    def section_anchor(self) -> str:
        """The link to the section."""
        return _anchor(self.idiom.section)

    @property
    def new(self) -> str:
        """The new name or expression; empty if it depends on the program."""
        return self.rows[0].shown if self.rows else ""


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
        idiom = PYTHON_2
        found.add(Finding(file, line, column, "Python 2", idiom.what, idiom.section, python, idiom.severity, ""))
    for match in matches(read.tree, old=True if read.python_2 else None):
        node = match.written.node
        line, column = read.place(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        what, section = match.idiom.what, match.idiom.section
        found.add(Finding(file, line, column, match.shown, what, section, python, match.severity, match.new))
    return sorted(found)


def matches(tree: ast.Module, *, old: bool | None = None) -> list[Match]:
    """Returns the idioms in a program, in the order in which the program is read.

    Args:
        tree: the program.
        old: whether it is known to be old; None looks for an idiom that breaks.
    """
    found = list(_matches(tree))
    if old is None:
        old = any(match.severity == "breaks" and match.idiom.requires != OLD for match in found)
    return [match for match in found if old or match.idiom.requires != OLD]


def _matches(tree: ast.Module) -> Iterator[Match]:
    written = Reader(tree).written
    table = _table()
    present = {form for one in written for name in one.forms for form, _ in _candidates(name)}
    around: dict[Calls | None, frozenset[str]] = {None: frozenset()}
    for one in written:
        calls = _surrounding(one.calls, around)
        found = [
            (bool(idiom.inside), bool(idiom.requires), rank, form, shown, idiom)
            for name in sorted(one.forms)
            for rank, (form, shown) in enumerate(reversed(_candidates(name)))
            for idiom in table.get(form, [])
            if not (one.bare and (form.endswith(".*") or form[0] in "?<"))  # found at its import, or its assignment
            and (not idiom.inside or calls & _forms(idiom.inside))
            and (not idiom.requires or idiom.requires == OLD or present & _forms(idiom.requires))
            and not (one.imported and idiom.requires == OLD)
            and not (idiom.unless and present & _forms(idiom.unless))
        ]
        if found:
            *_, form, shown, idiom = max(found, key=lambda match: match[:3])
            yield Match(idiom, form, shown, one)


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
        for form in idiom.all_forms:
            table.setdefault(form, []).append(idiom)
    return table


@cache
def _inside() -> frozenset[str]:
    return frozenset(form for idiom in IDIOMS for form in expand(idiom.inside))


@cache
def _all() -> frozenset[str]:
    asked = {form for idiom in IDIOMS for form in [*expand(idiom.requires), *expand(idiom.unless)]}
    return frozenset(_table()) | _inside() | asked


@lru_cache(maxsize=2**14)
def _candidates(name: str) -> list[tuple[str, str]]:
    """Returns the forms in the table that match a form, the most certain first, and how to show each."""
    steps = stages(name)
    exact = [(one, _shown(one)) for one in steps]
    of_anything = [("?" + one[i:], one[i:]) for one in steps for i, sign in enumerate(one) if sign == "."]
    plain = [stage for stage in steps if re.fullmatch(r"[\w.]+", stage)]
    below = [(stage[: end.start()] + ".*", stage) for stage in plain for end in re.finditer(r"\.|$", stage)]
    found = exact + of_anything + sorted(below, key=lambda one: -len(one[0]))
    return [one for one in found if one[0] in _all()]


def _anchor(section: str) -> str:
    return "MIGRATION.md#" + re.sub(r"[^\w\- ]", "", section.lower()).replace(" ", "-")


def _shown(form: str) -> str:
    return re.sub(r"^<(\w+)>", r"\1", form.lstrip("?").removeprefix("builtins."))
