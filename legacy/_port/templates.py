"""Writes the new code of a row: puts the arguments of an old call into the new expression."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import libcst as cst
from libcst.helpers import get_full_name_for_node

from nthgrad.legacy._scan.rows import Row

Local: TypeAlias = Callable[[str], cst.BaseExpression]  # from a full name to how this file writes it

OWNER = "__owner__"  # `?` of a row
_BY_HAND = {"reuse", "scope"}  # arguments of functions that create variables by name
_ROOTS = {
    "absl", "collections", "functools", "importlib", "inspect", "io", "keras", "math", "ng", "np", "pickle", "scipy",
    "tf", "time", "urllib",
}  # fmt: skip
_ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.List, cst.Dict, cst.Set, cst.SimpleString)
_OPERATORS = (
    cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.BooleanOperation, cst.IfExp, cst.Lambda, cst.Await,
    cst.GeneratorExp, cst.NamedExpr, cst.Yield,
)  # fmt: skip
# Old strings of Keras 1, with the new ones.
_INITIALIZERS = {"one": "ones", "zero": "zeros", "normal": "random_normal", "uniform": "random_uniform"}
_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}


class Unfit(Exception):  # noqa: N818
    """A call that a row does not describe."""


class Bound(NamedTuple):
    """The arguments of a call, by the names of a row."""

    values: dict[str, cst.BaseExpression | None]  # None: not given
    rest: list[cst.Arg]


def bind(row: Row, args: Sequence[cst.Arg]) -> Bound:
    """Returns the arguments of a call by the parameters of a row; raises Unfit."""
    (function,) = ast.parse(f"def f({row.parameters}): pass").body
    assert isinstance(function, ast.FunctionDef)
    told = function.args
    defaults: list[ast.expr | None] = [None] * (len(told.args) - len(told.defaults)) + list(told.defaults)
    parameters = [*zip(told.args, defaults, strict=True), *zip(told.kwonlyargs, told.kw_defaults, strict=True)]
    names = [one.arg for one, _ in parameters]
    given: dict[str, cst.BaseExpression] = {}
    rest: list[cst.Arg] = []
    for place, arg in enumerate(args):
        name = arg.keyword.value if arg.keyword else None
        if name is None and not arg.star and place < len(told.args):
            name = names[place]
        if name in names and name not in given:
            given[str(name)] = arg.value
        elif told.vararg is not None and arg.star != "*" and name not in _BY_HAND:
            rest.append(arg)
        else:
            raise Unfit
    values: dict[str, cst.BaseExpression | None] = {}
    for parameter, default in parameters:
        value = given.get(parameter.arg)
        if value is None and default is None:
            raise Unfit
        if value is None and default is not None and ast.unparse(default) != "None":
            value = cst.parse_expression(ast.unparse(default))
        if isinstance(parameter.annotation, ast.Constant) and _literal(value) != parameter.annotation.value:
            raise Unfit
        values[parameter.arg] = value
    return Bound(values, rest)


def expression(new: str, bound: Bound, local: Local) -> cst.BaseExpression:
    """Returns the new expression of a row; raises Unfit."""
    parsed = cst.parse_expression(new.replace("?", OWNER))
    made = parsed.visit(_Filling(bound, local))
    assert isinstance(made, cst.BaseExpression)
    return made


def arguments(new: str, values: Mapping[str, cst.BaseExpression], local: Local) -> list[cst.Arg]:
    """Returns the new arguments of a row for keywords; raises Unfit."""
    call = expression(f"f({new})", Bound(dict(values), []), local)
    assert isinstance(call, cst.Call)
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return [arg.with_changes(equal=equal if arg.keyword else arg.equal) for arg in call.args]


def parenthesized(
    value: cst.BaseExpression, kinds: tuple[type[cst.BaseExpression], ...] = _OPERATORS
) -> cst.BaseExpression:
    """Puts parentheses around an operator, or another kind of expression."""
    if not isinstance(value, kinds) or value.lpar:
        return value
    return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


class _Filling(cst.CSTTransformer):
    """Replaces the parameters and the full names of a template."""

    def __init__(self, bound: Bound, local: Local) -> None:
        super().__init__()
        self.bound, self.local = bound, local
        self.parents: list[cst.CSTNode] = []
        self.written: set[int] = set()  # nodes that are done

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.parents.append(node)
        if isinstance(node, cst.Attribute) and self.full_name(node):
            return False
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> object:  # type: ignore[override]
        self.parents.pop()
        return super().on_leave(original_node, updated_node)

    def full_name(self, node: cst.BaseExpression) -> str | None:
        """Returns the full name of a module's attribute in the template."""
        name = get_full_name_for_node(node) if isinstance(node, cst.Attribute | cst.Name) else None
        root = (name or "").partition(".")[0]
        return name if root in _ROOTS and root not in self.bound.values else None

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        name = updated_node.value
        value = self.bound.values.get(name)
        parent = self.parents[-1] if self.parents else None
        if value is None:
            return self.local(name) if self.full_name(updated_node) else updated_node
        if parent is None or isinstance(parent, cst.Arg | cst.Element | cst.Index):
            return parenthesized(value.deep_clone(), (cst.GeneratorExp, cst.NamedExpr))
        return value.deep_clone() if isinstance(value, _ATOMS) else parenthesized(value.deep_clone())

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        name = self.full_name(original_node)
        return self.local(name) if name else updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(
        self, original_node: cst.Arg, updated_node: cst.Arg
    ) -> cst.Arg | cst.RemovalSentinel | cst.FlattenSentinel[cst.Arg]:
        value = original_node.value
        if isinstance(value, cst.Name):
            if original_node.star and value.value == "rest":
                return cst.FlattenSentinel([arg.deep_clone() for arg in self.bound.rest])
            if value.value in self.bound.values and self.bound.values[value.value] is None:
                return cst.RemoveFromParent()
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        name = original_node.func.value if isinstance(original_node.func, cst.Name) else ""
        values = [arg.value for arg in updated_node.args]
        if name == "initializer":
            return _translated(values[0], _INITIALIZERS, strict=False)
        if name == "ordering":
            return _translated(values[0], _ORDERINGS, strict=True)
        if name == "decayed":
            if _literal(values[1]) == 0:
                return values[0]
            new = "keras.optimizers.schedules.InverseTimeDecay(lr, 1, decay)"
            return expression(new, Bound({"lr": values[0], "decay": values[1]}, []), self.local)
        args = list(updated_node.args)
        if args:  # what came last in the old call may have had no comma, or one before a line's end
            args = [arg.with_changes(comma=_COMMA) for arg in args[:-1]] + [
                args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            ]
        return updated_node.with_changes(args=args)

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        left, right = _literal(updated_node.left), _literal(updated_node.right)
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            return updated_node
        value = left - right if isinstance(updated_node.operator, cst.Subtract) else left / right
        return cst.parse_expression(repr(float(f"{value:.12g}")))


_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _literal(value: cst.BaseExpression | None) -> object:
    """Returns the value of a literal, else None."""
    if isinstance(value, cst.SimpleString):
        return value.evaluated_value
    if isinstance(value, cst.Integer | cst.Float):
        return value.evaluated_value
    return None


def _translated(value: cst.BaseExpression, words: Mapping[str, str], *, strict: bool) -> cst.BaseExpression:
    word = _literal(value)
    if isinstance(value, cst.SimpleString) and word in words:
        return value.with_changes(value=f"{value.quote}{words[str(word)]}{value.quote}")
    if strict and word not in words.values():
        raise Unfit
    return value
