"""Makes and removes the lines of a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import libcst as cst

GONE = cst.Pass()  # a statement to remove, once the lines above it have gone to the next

Block = TypeVar("Block", cst.Module, cst.IndentedBlock)


def parsed(line: str) -> cst.BaseSmallStatement:
    """Returns the statement of a line."""
    statement = cst.parse_statement(line)
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement.body[0]


def import_line(
    old: cst.Import | cst.ImportFrom, module: str | None, names: Sequence[cst.ImportAlias]
) -> cst.BaseSmallStatement:
    """Returns an import of names from a module; None is the old one's."""
    names = [*names[:-1], names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
    if isinstance(old, cst.ImportFrom) and module:
        return old.with_changes(module=cst.parse_expression(module), names=names)
    if module:
        return cst.ImportFrom(module=cst.parse_expression(module), names=names)  # type: ignore[arg-type]
    return old.with_changes(names=names) if module is None else cst.Import(names=names)


def in_lines(
    old: cst.SimpleStatementLine, statements: Sequence[cst.BaseSmallStatement]
) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
    """Returns one line for each statement, with the comments of an old line around them."""
    if not statements:
        return old.with_changes(body=[GONE])
    lines = [cst.SimpleStatementLine([statement]) for statement in statements]
    lines[0] = lines[0].with_changes(leading_lines=old.leading_lines)
    lines[-1] = lines[-1].with_changes(trailing_whitespace=old.trailing_whitespace)
    return cst.FlattenSentinel(lines)


def without_gone(block: Block) -> Block:
    """Removes the lines without a statement; the comments and blank lines above one go to the next."""
    body: list[cst.CSTNode] = []
    above: list[cst.EmptyLine] = []
    for one in block.body:
        if isinstance(one, cst.SimpleStatementLine) and one.body[0] is GONE:
            above += one.leading_lines
        else:
            lines = [*above, *one.leading_lines]  # type: ignore[union-attr]
            body.append(one.with_changes(leading_lines=lines) if above else one)
            above = []
    if len(body) == len(block.body):
        return block
    return block.with_changes(body=body, footer=[*above, *block.footer])
