"""The mutants of a Python file: small changes, one at a time, by Python's own `ast`.

A mutant changes a comparison, an operator, a number, a word or a condition, or leaves out a keyword argument, an entry
of a table, a statement, a decorator, or the value that a function returns. Docstrings and annotations stay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "%", ast.Mod: "//", ast.Pow: "*",
    ast.BitAnd: "|", ast.BitOr: "&", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=",
    ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_CHECKS = ("strict",)  # of zip: says that lengths agree, and changes nothing where they do
_LEFT_OUT = (ast.AugAssign, ast.Break, ast.Continue, ast.Delete, ast.Raise)


@dataclass(frozen=True)
class Mutant:
    """A change of a file: the text between two bytes, which begins on a line, becomes another."""

    file: str
    line: int
    last: int
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The changed file."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def described(self, source: bytes) -> str:
        """The change in a line."""
        was, now = (" ".join(part.split()) for part in (source[self.start : self.end].decode(), self.text))
        return f"{self.file}:{self.line}: {was or '(nothing)'}  ->  {now or '(nothing)'}"


def mutants(file: str, source: bytes) -> list[Mutant]:
    """All mutants of a file that Python can compile."""
    starts, offset = [0], 0
    for line in source.splitlines(keepends=True):
        offset += len(line)
        starts.append(offset)
    tree = ast.parse(source)

    def place(node: ast.AST) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    found = []
    for node, start, end, text in _changes(tree, source, place):
        mutant = Mutant(file, node.lineno, node.end_lineno, start, end, text)
        if mutant.applied(source) == source:
            continue
        try:
            compile(mutant.applied(source), file, "exec")
        except SyntaxError:
            continue
        found.append(mutant)
    return found


def _changes(tree: ast.AST, source: bytes, place) -> Iterator[tuple[ast.AST, int, int, str]]:
    def text(node: ast.AST) -> str:
        start, end = place(node)
        return source[start:end].decode()

    def joined(left: ast.AST, operator: ast.AST, right: ast.AST):
        if other := _OPERATORS.get(type(operator)):
            yield left, place(left)[1], place(right)[0], _between(text, left, right, source, place, other)

    for node in _walk(tree):
        if isinstance(node, ast.BinOp):
            yield from joined(node.left, node.op, node.right)
        elif isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
                yield from joined(left, operator, right)
        elif isinstance(node, ast.BoolOp):
            word = "or" if isinstance(node.op, ast.And) else "and"
            yield node, *place(node), "(" + f") {word} (".join(map(text, node.values)) + ")"
        elif isinstance(node, ast.UnaryOp):
            yield node, *place(node), f"({text(node.operand)})"
        elif isinstance(node, ast.Constant):
            yield from ((node, *place(node), other) for other in _constants(node.value))
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            yield node.test, *place(node.test), "False"
            if not isinstance(node, ast.While):
                yield node.test, *place(node.test), "True"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node, *place(node), "return None"
        elif _may_be_left_out(node):
            yield node, *place(node), "pass"
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in _CHECKS:
                    continue
                yield keyword, *_with_comma(place(keyword), source), ""
        elif isinstance(node, ast.Dict) and len(node.values) > 1:
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None:
                    yield key, *_with_comma((place(key)[0], place(value)[1]), source), ""
        elif isinstance(node, (ast.Set, ast.List, ast.Tuple)) and len(node.elts) > 2:
            for element in node.elts:
                yield element, *_with_comma(place(element), source), ""
        for decorator in getattr(node, "decorator_list", ()):
            start, end = place(decorator)
            yield decorator, start - 1, end, ""


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose places in the file are known, and which are run: none of annotations, docstrings, f-strings."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.keyword) and node.arg in _CHECKS:
            continue
        for child in value if isinstance(value, list) else [value]:
            docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not docstring and not isinstance(child, (ast.Import, ast.ImportFrom)):
                yield child
                yield from _walk(child)


def _may_be_left_out(node: ast.AST) -> bool:
    """Whether a statement makes no name that others need."""
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], (ast.Attribute, ast.Subscript))
    return isinstance(node, _LEFT_OUT) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))


def _constants(value: object) -> list[str]:
    if isinstance(value, bool):
        return [str(not value)]
    if isinstance(value, int):
        return [str(value + 1)]
    if isinstance(value, float):
        return [repr(value * 1.5 or 1.0)]
    if isinstance(value, str):
        return [repr(f"XX{value.lstrip()}")]
    return []


def _between(text, left: ast.AST, right: ast.AST, source: bytes, place, other: str) -> str:
    """What stands between two operands, with another operator: brackets and new lines stay."""
    there = source[place(left)[1] : place(right)[0]].decode()
    before, after = there.rstrip(" (\n").count(")"), there.count("(")
    return ")" * before + f" {other} " + "(" * after


def _with_comma(place: tuple[int, int], source: bytes) -> tuple[int, int]:
    """An argument or entry with the comma after it."""
    start, end = place
    rest = source[end:].lstrip()
    if rest.startswith(b","):
        end = len(source) - len(rest) + 1
    return start, end
