"""Marks what is to be ported by hand, in comments: `# port: tf.hessians: MIGRATION.md#tfhessians`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from nthgrad.legacy._scan import matches
from nthgrad.legacy._scan.source import places

PREFIX = "# port:"
OTHER_NUMBERS = "other numbers"


def marked(text: str, *, old: bool) -> str:
    """Returns a program with comments above the statements that have an old idiom left.

    Of statements in a row with the same idioms, the first has the comment.

    Args:
        text: the program.
        old: whether it is known to be old.
    """
    place = places(text)
    found: dict[tuple[int, int], list[tuple[str, str]]] = {}
    seen: set[tuple[str, str]] = set()  # what computes other numbers is marked once
    for match in matches(ast.parse(text), old=old):
        one = match.section_anchor, match.form
        if match.severity == "style" or (match.severity == "silent" and one in seen):
            continue
        seen.add(one)
        node = match.written.node
        start = place(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        prefix = f"{OTHER_NUMBERS}: " if match.severity == "silent" else ""
        found.setdefault(start, []).append((match.section_anchor, prefix + match.shown))
    if not found:
        return text
    return MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True).visit(_Marking(found)).code


def count(text: str) -> int:
    """Returns the number of marks in a program."""
    return sum(line.strip().startswith(PREFIX) for line in text.splitlines())


def mark(statement: Any, found: Iterable[tuple[str, str]], header: Iterable[cst.EmptyLine] = ()) -> Any:
    """Puts comments above a statement, unless it has one for the section.

    Args:
        statement: a statement with lines above it.
        found: pairs of a section's link and a form.
        header: lines above the statement that LibCST gives to the module, of which it is the first statement.
    """
    by_section: dict[str, dict[str, None]] = {}
    for anchor, form in found:
        by_section.setdefault(anchor, {})[form] = None
    lines = list(statement.leading_lines)
    comments = [line.comment.value for line in (*header, *lines) if line.comment]
    for anchor, forms in by_section.items():
        if not any(comment.startswith(PREFIX) and comment.endswith(f" {anchor}") for comment in comments):
            text = f"{PREFIX} {', '.join(forms)}: {anchor}"
            lines.append(cst.EmptyLine(comment=cst.Comment(text)))
    return statement.with_changes(leading_lines=lines)


class _Marking(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, found: dict[tuple[int, int], list[tuple[str, str]]]) -> None:
        super().__init__()
        self.found = found
        self.statements: list[list[tuple[str, str]]] = [[]]
        self.before: dict[int, set[tuple[str, str]]] = {}  # of the statement before, by depth
        self.header: Iterable[cst.EmptyLine] = ()  # of the module, for its first statement

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Module):
            self.header = node.header
        if isinstance(node, cst.BaseStatement):
            self.statements.append([])
        where = self.get_metadata(PositionProvider, node, None)
        if where is not None and not isinstance(node, cst.Module):
            start = where.start  # type: ignore[union-attr]
            self.statements[-1] += self.found.pop((start.line, start.column + 1), [])
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> object:  # type: ignore[override]
        made: object = super().on_leave(original_node, updated_node)
        if isinstance(original_node, cst.BaseStatement):
            found = self.statements.pop()
            depth = len(self.statements)
            if set(found) - self.before.get(depth, set()):
                made = mark(made, found, self.header if depth == 1 else ())
            self.header = self.header if depth > 1 else ()
            self.before = {one: forms for one, forms in self.before.items() if one < depth} | {depth: set(found)}
        return made
