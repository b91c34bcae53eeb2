"""Reads a program with LibCST: its statements, and the old forms of its expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import libcst as cst
from libcst import matchers
from libcst.matchers import findall
from libcst.metadata import MetadataWrapper, PositionProvider

from nthgrad.legacy._scan import matches
from nthgrad.legacy._scan.source import places


class Read:
    """A program, with the old forms of its expressions."""

    def __init__(self, text: str) -> None:
        """Parses the program."""
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        self.module = wrapper.module
        self._positions = wrapper.resolve(PositionProvider)
        self._forms: dict[tuple[int, int, int, int], set[str]] = {}
        place = places(text)
        for match in matches(ast.parse(text)):
            node = match.written.node
            start = place(node.lineno, node.col_offset)  # type: ignore[attr-defined]
            end = place(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
            self._forms.setdefault((*start, *end), set()).add(match.form)

    def forms(self, node: cst.CSTNode) -> set[str]:
        """Returns the old forms of an expression."""
        where = self._positions.get(node)
        if where is None:  # a node that was made
            return set()
        start, end = where.start, where.end  # type: ignore[union-attr]
        return self._forms.get((start.line, start.column + 1, end.line, end.column + 1), set())

    def calls(self, node: cst.CSTNode | None, form: str) -> bool:
        """Tells whether an expression is a call of an old form."""
        return isinstance(node, cst.Call) and form in self.forms(node.func)


def old_forms(text: str) -> set[str]:
    """Returns the old forms in a program that are more than style."""
    return {match.form for match in matches(ast.parse(text)) if match.severity != "style"}


def simple(statement: cst.CSTNode) -> cst.BaseSmallStatement | None:
    """Returns the only statement of a line."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def assigned(statement: cst.CSTNode) -> tuple[str, cst.BaseExpression] | None:
    """Returns the name and the value of an assignment to one name."""
    small = simple(statement)
    if isinstance(small, cst.Assign) and len(small.targets) == 1 and isinstance(small.targets[0].target, cst.Name):
        return small.targets[0].target.value, small.value
    return None


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False


def names(*nodes: cst.CSTNode) -> set[str]:
    """Returns the names in nodes, without attributes and the names of arguments."""
    visitor = _Names()
    for node in nodes:
        node.visit(visitor)
    return visitor.found


class _Bound(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def target(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.Name):
            self.found.add(node.value)
        elif isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self.target(element.value)
        elif isinstance(node, cst.StarredElement):
            self.target(node.value)
        elif isinstance(node, cst.Subscript | cst.Attribute):
            self.found |= names(node)  # it changes the value

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self.target(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self.target(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self.target(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self.target(node.target)

    def visit_For(self, node: cst.For) -> None:
        self.target(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self.target(node.name)

    def visit_Del(self, node: cst.Del) -> None:
        self.target(node.target)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.found.add(node.name.value)
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self.found.add(node.name.value)
        return False


def bound(statement: cst.CSTNode) -> set[str]:
    """Returns the names that a statement binds, or changes."""
    visitor = _Bound()
    statement.visit(visitor)
    return visitor.found


def has_text(node: cst.CSTNode) -> bool:
    """Tells whether an expression has a string in it."""
    return bool(findall(node, matchers.SimpleString() | matchers.FormattedString()))


def used(statement: cst.CSTNode) -> set[str]:
    """Returns the names that a statement reads."""
    one = assigned(statement)
    return names(one[1]) if one else names(statement)


def free_name(name: str, taken: Iterable[str]) -> str:
    """Returns the name, or with underscores after it if it is taken."""
    while name in set(taken):
        name += "_"
    return name


def keyword(call: cst.Call, name: str, place: int | None = None) -> cst.BaseExpression | None:
    """Returns an argument of a call, by its name or its place."""
    found = [arg.value for arg in call.args if arg.keyword and arg.keyword.value == name]
    if not found and place is not None:
        found = [arg.value for i, arg in enumerate(call.args) if i == place and not arg.keyword and not arg.star]
    return found[0] if found else None
