"""Applies the rows of the table of idioms to a program, and keeps its formatting."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import cast

import libcst as cst
from libcst.helpers import get_absolute_module_for_import
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from nthgrad.legacy._port import templates
from nthgrad.legacy._port.lines import GONE, import_line, in_lines, parsed, without_gone
from nthgrad.legacy._port.marks import OTHER_NUMBERS, mark
from nthgrad.legacy._port.naming import Naming
from nthgrad.legacy._port.tidying import tidied
from nthgrad.legacy._scan import Match, matches
from nthgrad.legacy._scan.rows import NOTHING, Row
from nthgrad.legacy._scan.source import places

BY_HAND = "=>"
DIFFERS = "~>"
_MOST = 5  # passes
# What surrounds an expression without need of parentheses.
_OPEN = (cst.Arg, cst.Assign, cst.AnnAssign, cst.Return, cst.Expr, cst.Element, cst.DictElement, cst.Index, cst.Lambda)

Place = tuple[int, int]


def rewritten(text: str, *, old: bool) -> str:
    """Returns a program with the rows applied, until nothing changes.

    Args:
        text: the program.
        old: whether it is known to be old.
    """
    for _ in range(_MOST):
        before, text = text, _once(text, old=old)
        if text == before:
            break
    return text


def _once(text: str, *, old: bool) -> str:
    tree = ast.parse(text)
    place = places(text)
    found: dict[tuple[Place, Place], list[Match]] = {}
    keywords: dict[Place, list[Match]] = {}
    for match in matches(tree, old=old):
        node = match.written.node
        start = place(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        if isinstance(node, ast.keyword):
            keywords.setdefault(start, []).append(match)
        elif match.rows:
            end = place(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
            found.setdefault((start, end), []).append(match)
    if not found and not keywords:
        return text
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    naming = Naming(tree)
    new = wrapper.visit(_Rewriting(found, keywords, naming)).code
    return tidied(text, new, list(naming.needed)) if new != text else text


class _Rewriting(cst.CSTTransformer):
    """Rewrites the matches of a program."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(
        self, found: dict[tuple[Place, Place], list[Match]], keywords: dict[Place, list[Match]], naming: Naming
    ) -> None:
        super().__init__()
        self.found, self.keywords, self.naming = found, keywords, naming
        self.other_numbers: list[list[Match]] = [[]]  # by statement, the innermost last
        self.parents: list[cst.CSTNode] = []

    def start(self, node: cst.CSTNode) -> Place:
        where = cast(CodeRange, self.get_metadata(PositionProvider, node))
        return where.start.line, where.start.column + 1

    def at(self, node: cst.CSTNode) -> list[Match]:
        where = cast(CodeRange, self.get_metadata(PositionProvider, node))
        return self.found.get(((where.start.line, where.start.column + 1), (where.end.line, where.end.column + 1)), [])

    def note(self, row: Row, match: Match) -> None:
        if row.arrow == DIFFERS:
            self.other_numbers[-1].append(match)

    # Names -----------------------------------------------------------------------------------------------------------

    def named(self, original: cst.Name | cst.Attribute, updated: cst.Name | cst.Attribute) -> cst.BaseExpression:
        for match in self.at(original):
            if isinstance(original, cst.Name) and not self.is_imported(original, match):
                continue
            row = next((row for row in match.rows if row.is_name and row.arrow != BY_HAND), None)
            if row is None or isinstance(match.written.node, ast.alias):
                continue
            self.note(row, match)
            if "?" in row.new:
                assert isinstance(updated, cst.Attribute)
                bound = templates.Bound({templates.OWNER: updated.value}, [])
                return templates.expression(row.new, bound, self.naming.expression)
            made = self.full(match, row, bare=isinstance(original, cst.Name))
            if isinstance(made, cst.Attribute) and isinstance(updated, cst.Attribute):
                made = made.with_changes(lpar=updated.lpar, rpar=updated.rpar)
            return made
        return updated

    def is_imported(self, name: cst.Name, match: Match) -> bool:
        """Tells whether a name is imported or a builtin; others change where they are bound."""
        return name.value in self.naming.imported or any(form.startswith("builtins.") for form in match.written.forms)

    def full(self, match: Match, row: Row, *, bare: bool) -> cst.BaseExpression:
        if not re.fullmatch(r"[\w.*]+", row.new):
            return templates.expression(row.new, templates.Bound({}, []), self.naming.expression)
        if not match.form.endswith(".*"):
            return self.naming.expression(row.new, bare=bare)
        return self.naming.expression(below(match, row), bare=bare)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.named(original_node, updated_node)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return self.named(original_node, updated_node)

    # Calls -----------------------------------------------------------------------------------------------------------

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        args = [*self.arguments(original_node, updated_node), *self.added(original_node)]
        call = updated_node.with_changes(args=args)
        for match in [*self.at(original_node), *self.at(original_node.func)]:
            for row in match.rows:
                if row.parameters is None or row.arrow == BY_HAND or row.new == NOTHING:
                    continue
                try:
                    made = self.call(call, row, original_node.func)
                except templates.Unfit:
                    continue
                self.note(row, match)
                return made if isinstance(self.parents[-1], _OPEN) else templates.parenthesized(made)
        return call

    def call(self, call: cst.Call, row: Row, func: cst.BaseExpression) -> cst.BaseExpression:
        bound = templates.bind(row, call.args)
        if "?" in row.new:
            if not isinstance(call.func, cst.Attribute):
                raise templates.Unfit
            bound.values[templates.OWNER] = call.func.value
        bare = isinstance(func, cst.Name)
        made = templates.expression(row.new, bound, lambda name: self.naming.expression(name, bare=bare))
        if isinstance(made, cst.Call) and not made.lpar:
            made = made.with_changes(lpar=call.lpar, rpar=call.rpar)
        return made

    def arguments(self, original: cst.Call, updated: cst.Call) -> Sequence[cst.Arg]:
        """Rewrites the arguments by name."""
        places = {arg.keyword.value: self.start(arg.keyword) for arg in original.args if arg.keyword}
        named = {arg.keyword.value: i for i, arg in enumerate(original.args) if arg.keyword}
        args: list[list[cst.Arg]] = [[arg] for arg in updated.args]
        for name, i in named.items():
            for match in self.keywords.get(places[name], []):
                rows = [row for row in match.rows if row.arrow != BY_HAND and set(row.keywords) <= set(named)]
                if rows and name == rows[0].keywords[0] and args[i]:
                    values = {one: updated.args[named[one]].value for one in rows[0].keywords}
                    try:
                        new = self.new_arguments(rows[0], values, updated.args[i])
                    except templates.Unfit:
                        continue
                    self.note(rows[0], match)
                    for one in rows[0].keywords:
                        args[named[one]] = []
                    args[i] = new
        if [arg for group in args for arg in group] == list(updated.args):
            return updated.args
        kept = [arg for group in args for arg in group]
        if kept:
            kept[-1] = kept[-1].with_changes(
                comma=updated.args[-1].comma, whitespace_after_arg=updated.args[-1].whitespace_after_arg
            )
        return kept

    def added(self, original: cst.Call) -> list[cst.Arg]:
        """Returns the arguments that a call lacks."""
        found: list[cst.Arg] = []
        for match in self.at(original):
            for row in match.rows:
                if row.adds and row.arrow != BY_HAND:
                    found += templates.arguments(row.new, {}, self.naming.expression)
        return found

    def new_arguments(self, row: Row, values: dict[str, cst.BaseExpression], old: cst.Arg) -> list[cst.Arg]:
        if row.new == NOTHING:
            return []
        return [
            old.with_changes(keyword=arg.keyword, value=arg.value)
            for arg in templates.arguments(row.new, values, self.naming.expression)
        ]

    # Statements ------------------------------------------------------------------------------------------------------

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.parents.append(node)
        if isinstance(node, cst.BaseStatement):
            self.other_numbers.append([])
        if isinstance(node, cst.Import | cst.ImportFrom):
            return False
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> object:  # type: ignore[override]
        self.parents.pop()
        made: object = super().on_leave(original_node, updated_node)
        if isinstance(original_node, cst.BaseStatement):
            noted = self.other_numbers.pop()
            if noted and isinstance(made, cst.BaseStatement):
                made = mark(made, [(match.section_anchor, f"{OTHER_NUMBERS}: {match.shown}") for match in noted])
        return made

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
        if len(original_node.body) != 1:
            return updated_node
        statement = original_node.body[0]
        if isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
            rows = [row for match in self.at(statement.value.func) for row in match.rows]
            if any(row.parameters is not None and row.new == NOTHING and row.arrow != BY_HAND for row in rows):
                return updated_node.with_changes(body=[GONE])
        if isinstance(statement, cst.Import | cst.ImportFrom):
            lines = self.imports(statement)
            if lines != [statement]:
                return in_lines(updated_node, lines)
        return updated_node

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return without_gone(updated_node)

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        return without_gone(updated_node)

    # Imports ---------------------------------------------------------------------------------------------------------

    def imports(self, statement: cst.Import | cst.ImportFrom) -> list[cst.BaseSmallStatement]:
        """Returns the imports that replace one; a name that its users write in full needs none."""
        if isinstance(statement.names, cst.ImportStar):
            match = next(iter(self.aliases(statement.names)), None)
            if match is None:
                return [statement]
            module = below(match, match.rows[0])
            self.naming.stars.add(module)
            return [parsed(f"from {module} import *")]
        kept: list[cst.ImportAlias] = []
        modules: dict[str, list[cst.ImportAlias]] = {}
        for alias in statement.names:
            match = next(iter(self.aliases(alias)), None)
            new = None if match is None else self.imported(match)
            if match is None:
                kept.append(alias)
            elif new is not None:
                module, _, last = new.rpartition(".")
                local = alias.evaluated_alias or (last if module else "")
                made = alias.with_changes(name=cst.Name(last), asname=alias.asname if local != last else None)
                self.naming.bind(new, local or new)
                if isinstance(statement, cst.ImportFrom) and get_absolute_module_for_import(None, statement) == module:
                    kept.append(made)
                else:
                    modules.setdefault(module, []).append(made)
        if kept == list(statement.names):
            return [statement]
        made_lines = [import_line(statement, module, names) for module, names in modules.items()]
        return made_lines + ([import_line(statement, None, kept)] if kept else [])

    def aliases(self, alias: cst.CSTNode) -> list[Match]:
        """Returns the matches of an import that have a row."""
        place = self.start(alias)
        return [
            match
            for (begin, _), found in self.found.items()
            for match in found
            if begin == place and isinstance(match.written.node, ast.alias) and match.rows[0].arrow != BY_HAND
        ]

    def imported(self, match: Match) -> str | None:
        """Returns the full name to import in the place of an old one; None if its users need none."""
        row = match.rows[0]
        new = below(match, row) if match.form.endswith(".*") else row.new
        return new if match.form.endswith(".*") or self.naming.by_name(new) else None


def below(match: Match, row: Row) -> str:
    """Returns the new name of a name below an old module."""
    return row.new.removesuffix(".*") + match.shown[len(match.form) - 2 :]
