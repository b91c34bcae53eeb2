"""Lists the forms in a program: `tf.log`, `tf.gradients(grad_ys=)`, `tf.Session().run`, `tf.Variable()+=`.

Names are followed through imports, aliases and assignments. A name with different bindings is unknown. The table of
idioms is in `idioms.py`.

| form | meaning |
|---|---|
| `tf.log` | a name, under any alias |
| `tf.gradients(grad_ys=)` | a call with this keyword |
| `tf.gradients([])`, `tf.multiply(tf.gradients()[])` | a call with this argument |
| `?.predict(x=None)` | a call with this keyword argument |
| `tf.Session().run`, `?.shape[].value` | an attribute of a call's result or of an item; `?` is anything |
| `tf.Variable()+=`, `tf.gradients()[]*` | an operator with this operand |
| `<Layer>.output_shape` | an attribute of a value of this kind (`kinds.py`) |
| `?.history['acc']` | an item of this name |
| `?.save_weights('.h5')` | a call with a string that ends so; `''` has no such ending |
| `tf.summary.scalar(-step)` | a call without this argument |
| `tf.nn.dropout(#2)` | a call with this number of arguments by place |
| `<Model>.trainable=` | an assignment to an attribute |
| `builtins.xrange` | a name that the file does not bind |
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import NamedTuple

from nthgrad.legacy._scan.bindings import Binder, Scope
from nthgrad.legacy._scan.names import UNKNOWN, Names, suffixed

_OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.RShift: ">>",
}


_DEEPEST = 4  # nested operations of a text to look into
_COUNTED = (2, 3)  # numbers of arguments that are a form, unless the last is a list
_NEEDED = {"step": 3, "verbose": 3}  # arguments whose absence is a form, with their place


@dataclass(frozen=True, eq=False)
class Calls:
    """The calls around a place, the innermost first: the place is in their arguments."""

    forms: frozenset[str]
    around: Calls | None


class Written(NamedTuple):
    """A place in a program, with its forms."""

    node: ast.AST
    forms: frozenset[str]  # one, or several candidates
    imported: bool  # on an import line
    bare: bool  # a name without dots, found already at its import line
    calls: Calls | None  # the calls around it


class Reader(ast.NodeVisitor):
    """Lists the forms in a program."""

    def __init__(self, tree: ast.Module) -> None:
        """Reads the tree; the result is `written`."""
        binder = Binder(tree)
        self.names = Names(binder)
        self.scopes, self.scope = binder.scopes, binder.scopes[tree]
        self.written: list[Written] = []
        self.calls: Calls | None = None
        self._callers: dict[tuple[Scope, str], frozenset[str]] = {}
        self.visit(tree)

    def write(self, node: ast.AST, forms: frozenset[str], *, imported: bool = False, bare: bool = False) -> None:
        if forms != UNKNOWN:
            self.written.append(Written(node, forms, imported, bare, self.calls))

    def forms(self, node: ast.AST | None) -> frozenset[str]:
        """Returns the forms of an expression's value in the current scope."""
        return self.names.forms(node, self.scope)

    # Visitors ------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.write(alias, frozenset({alias.name}), imported=True)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names if not node.level else []:
            name = str(node.module) if alias.name == "*" else f"{node.module}.{alias.name}"
            self.write(alias, frozenset({name}), imported=True)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.write(node, self.forms(node), bare=True)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.write(node, self.forms(node))
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):  # `a.b` of `a.b.c` is no separate place
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.visit(inner)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str) and len(node.slice.value) < 20:
            self.write(node, suffixed(self.forms(node.value), f"[{node.slice.value!r}]"))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = self.forms(node.func)
        given = {keyword.arg for keyword in node.keywords}
        if len(node.args) in _COUNTED and not isinstance(node.args[-1], ast.Tuple | ast.List | ast.Starred):
            self.write(node, suffixed(called, f"(#{len(node.args)})"))
        for name, place in _NEEDED.items():
            if not given & {name, None} and len(node.args) < place:
                self.write(node, suffixed(called, f"(-{name})"))
        for keyword in node.keywords:
            if keyword.arg is not None:
                self.write(keyword, suffixed(called, f"({keyword.arg}=)"))
            self.argument(keyword, called, f"{keyword.arg}=" if keyword.arg else "**", keyword.value)
        for part in node.args:
            self.argument(node, called, "", part)
        self.visit(node.func)
        self.among(called, [*node.args, *(keyword.value for keyword in node.keywords)])

    def argument(self, node: ast.AST, called: frozenset[str], name: str, value: ast.expr) -> None:
        known = [form for form in self.forms(value) if not form.startswith(("?", "builtins."))]
        if (ending := _ending(value)) is not None:
            known = [ending]
        self.write(node, frozenset(f"{form}({name}{one})" for form in called for one in known) or UNKNOWN)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        left: ast.expr = node
        while isinstance(left, ast.BinOp):  # a sum of a thousand terms is nested a thousand deep
            sign = _OPERATORS.get(type(left.op))
            for side in (left.left, left.right) if sign else ():
                self.write(left, suffixed(self.forms(side), str(sign)))
            self.visit(left.right)
            left = left.left
        self.visit(left)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                self.write(target, suffixed(self.forms(target), "="))
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        sign = _OPERATORS.get(type(node.op))
        if sign:
            self.write(node, suffixed(self.forms(node.target), f"{sign}="))
        self.generic_visit(node)

    def among(self, called: frozenset[str], nodes: list[ast.expr] | list[ast.stmt]) -> None:
        before = self.calls
        if called:
            self.calls = Calls(called, before)
        for node in nodes:
            self.visit(node)
        self.calls = before

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, node.args]:
            self.visit(part)
        callers = self.callers(node.name)
        outer, self.scope = self.scope, self.scopes[node]
        self.among(callers, node.body)
        self.scope = outer

    def callers(self, name: str) -> frozenset[str]:
        """Returns the functions to which a function of this scope is passed."""
        key = self.scope, name
        if key not in self._callers:
            found = [self.forms(called) for called in self.scope.passed.get(name, [])]
            self._callers[key] = frozenset[str]().union(*found)
        return self._callers[key]

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        outer, self.scope = self.scope, self.scopes[node]
        self.among(frozenset(), node.body)
        self.scope = outer

    def within(self, node: ast.AST) -> None:
        outer, self.scope = self.scope, self.scopes[node]
        self.generic_visit(node)
        self.scope = outer

    visit_Lambda = visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = within  # noqa: N815


def _ending(node: ast.expr) -> str | None:
    """Returns the end of a file's name, or a short word, in quotes; None if the value is no text."""
    for _ in range(_DEEPEST):
        if isinstance(node, ast.JoinedStr) and node.values:
            node = node.values[-1]
        elif isinstance(node, ast.BinOp):
            node = node.left if isinstance(node.op, ast.Mod) else node.right
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join")
        ):
            node = node.func.value if node.func.attr == "format" else (node.args or [node.func])[-1]
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    text = node.value
    ending = re.search(r"(\.weights)?\.(h5|hdf5|keras|ckpt)$", text)
    return repr(ending[0] if ending else text if re.fullmatch(r"\w{2,20}", text) else "")
