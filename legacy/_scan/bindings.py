"""Finds the bindings of every name of a program: modules, values of expressions, or unknown values."""

from __future__ import annotations

import ast
from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_BRANCHING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, getattr(ast, "TryStar", ast.Try), ast.match_case)
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

MOST = 50  # modules that a name may come from; with more, it is unknown

Place = tuple[int, int]
Block = tuple[int, ...]  # the branches around a statement, the outermost first


class Value(NamedTuple):
    """The value of a binding: an expression with a suffix, or a module's name."""

    expression: ast.expr | None
    suffix: str
    module: str = ""


class Binding(NamedTuple):
    """A place where a name is bound, and the value."""

    value: Value
    scope: Scope  # of the expression
    place: Place  # after which the binding holds
    block: Block
    loops: Block


class Scope:
    """The names of a module, a class, a function or a comprehension."""

    def __init__(self, parent: Scope | None, *, is_class: bool = False) -> None:
        self.parent, self.is_class = parent, is_class
        self.values: dict[str, list[Binding]] = {}
        self.stars: set[str] = set()  # modules of `from ... import *`
        self.passed: dict[str, list[ast.expr]] = {}  # names of functions, with the callees to which they are passed

    def outward(self) -> Iterator[Scope]:
        """Yields this scope and its enclosing scopes, without the classes that Python skips."""
        scope: Scope | None = self
        while scope is not None:
            if scope is self or not scope.is_class:
                yield scope
            scope = scope.parent

    def its_class(self) -> Scope | None:
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.parent
        return scope


class History:
    """The bindings of a name, sorted by place."""

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self.bindings = sorted(bindings, key=lambda one: one.place)
        modules = frozenset(one.value.module for one in bindings if one.value.module)
        self.modules = modules if len(modules) <= MOST else frozenset({"?"})
        self.every = range(len(bindings))
        self._places = [one.place for one in self.bindings]
        self._in_block: dict[int, list[int]] = {}  # by the innermost branch
        self._last_in_loop: dict[int, int] = {}
        for i, one in enumerate(self.bindings):
            self._in_block.setdefault(one.block[-1] if one.block else 0, []).append(i)
            self._last_in_loop.update(dict.fromkeys(one.loops, i))

    def in_force(self, place: Place, block: Block, loops: Block) -> range:
        """Returns the bindings that may hold at a place in the scope.

        These are the earlier bindings, back to the last unconditional one, and the later bindings in a loop around
        both. They are contiguous, because the bindings in a loop are.
        """
        before = bisect(self._places, place) - 1
        first = -1
        for branch in (0, *block):
            indices = self._in_block.get(branch, [])
            at = bisect(indices, before)
            first = max(first, indices[at - 1] if at else -1)
        around = self.bindings[first].loops if first >= 0 else ()
        last = max([before, *(self._last_in_loop.get(loop, -1) for loop in loops if loop not in around)])
        return range(max(first, 0), last + 1)

    def settle(self, values: list[frozenset[str] | None]) -> None:
        """Sets the forms of each binding; None is unknown."""
        self._values = values
        self._same_from: list[int] = []
        for i, value in enumerate(values):
            self._same_from.append(self._same_from[-1] if i and value == values[i - 1] else i)

    def common(self, span: range) -> frozenset[str] | None:
        """Returns the forms of contiguous bindings; None if there are none or they differ."""
        return self._values[span[-1]] if span and self._same_from[span[-1]] <= span[0] else None


NOTHING = Value(None, "")
RETURNS = "<-"  # suffix of a function's form: a call has the form before it
DERIVED = "<:"  # suffix of a class's form: a class derived from the one before it


class Binder(ast.NodeVisitor):
    """Collects the bindings of every name."""

    def __init__(self, tree: ast.Module) -> None:
        self.scope = Scope(None)
        self.scopes: dict[ast.AST, Scope] = {tree: self.scope}
        self.blocks: dict[ast.AST, tuple[Block, Block]] = {}  # the branches and loops of every name and attribute
        self.block: Block = ()
        self.loops: Block = ()
        self.place: Place = (0, 0)
        self.returned: list[ast.expr | None] = []  # by the function around; None is unknown
        self.visit(tree)

    def visit(self, node: ast.AST) -> None:
        """Visits a node and tracks the branches and loops around it."""
        if isinstance(node, ast.stmt):
            self.place = node.end_lineno or 0, node.end_col_offset or 0
        if isinstance(node, ast.Name | ast.Attribute):
            self.blocks[node] = self.block, self.loops
        if not isinstance(node, _BRANCHING):
            super().visit(node)
            return
        before = self.block, self.loops
        if isinstance(node, ast.For | ast.AsyncFor):
            self.place = node.lineno, node.col_offset
            self.target(node.target, node.iter, "[]")
        for field, part in ast.iter_fields(node):
            children = part if isinstance(part, list) else [part]
            if isinstance(node, ast.For | ast.AsyncFor | ast.While) and field != "iter":
                self.loops = (*before[1], id(node))
            if isinstance(part, list) and field != "finalbody":
                self.block = (*before[0], id(part))
            for child in children:
                if isinstance(child, ast.AST):
                    self.visit(child)
            self.block, self.loops = before

    def bind(self, name: str, value: Value, owner: Scope | None = None, within: Scope | None = None) -> None:
        """Binds a name in this scope, or in the class that owns it.

        Args:
            name: the name.
            value: its value.
            owner: the scope that has the name; by default this one.
            within: the scope of the value's expression; by default this one.
        """
        binding = Binding(value, within or self.scope, self.place, self.block, self.loops)
        (owner or self.scope).values.setdefault(name, []).append(binding)

    def inside(self, node: ast.AST, children: list[ast.AST], *, is_class: bool = False) -> None:
        before = self.scope, self.block, self.loops, self.place
        self.scope = self.scopes[node] = Scope(self.scope, is_class=is_class)
        self.block = self.loops = ()
        for child in children:
            self.visit(child)
        self.scope, self.block, self.loops, self.place = before

    def target(self, target: ast.AST, expression: ast.expr | None, suffix: str = "") -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, Value(expression, suffix))
        elif isinstance(target, ast.Starred):
            self.target(target.value, None)
        elif isinstance(target, ast.Tuple | ast.List):
            values: list[ast.expr] | None = None
            if isinstance(expression, ast.Tuple | ast.List) and len(expression.elts) == len(target.elts) and not suffix:
                values = expression.elts
            for i, part in enumerate(target.elts):
                self.target(part, values[i] if values else expression, suffix if values else suffix + "[]")
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            owner = self.scope.its_class()
            if owner is not None:
                self.bind(f"self.{target.attr}", Value(expression, suffix), owner)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.bind(name, Value(None, "", alias.name if alias.asname else name))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            module = "?" if node.level else f"{node.module}.{alias.name}"
            if alias.name != "*":
                self.bind(alias.asname or alias.name, Value(None, "", module))
            elif not node.level and len(self.scope.stars) <= MOST:
                self.scope.stars.add(str(node.module))

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.target(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.target(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.place = node.end_lineno or 0, node.end_col_offset or 0
        self.target(node.target, node.value)
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self.place = node.optional_vars.lineno, node.optional_vars.col_offset
            self.target(node.optional_vars, node.context_expr)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.place = node.lineno, node.col_offset
            self.bind(node.name, NOTHING)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.bind(node.name, NOTHING)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            self.visit(left.right)
            left = left.left
        self.visit(left)

    def visit_Call(self, node: ast.Call) -> None:
        for part in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(part, ast.Name):
                self.scope.passed.setdefault(part.id, []).append(node.func)
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bind(node.name, Value(node.bases[0], DERIVED) if node.bases else NOTHING)
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        self.inside(node, list(node.body), is_class=True)

    def function(self, node: _Function) -> None:
        around = node.args
        for part in [*around.defaults, *around.kw_defaults]:
            if part is not None:
                self.visit(part)
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        before_returned, self.returned = self.returned, []
        self.inside(node, body)
        returned, self.returned = self.returned, before_returned
        inner = self.scopes[node]
        if not isinstance(node, ast.Lambda):
            one = returned[0] if len(returned) == 1 and not node.decorator_list else None
            self.bind(node.name, Value(one, RETURNS) if one else NOTHING, within=inner)
            if one and self.scope.is_class:
                self.bind(f"self.{node.name}", Value(one, RETURNS), within=inner)
        outer, self.scope = self.scope, inner
        self.place, before = (0, 0), self.place
        for one in [*around.posonlyargs, *around.args, *around.kwonlyargs, around.vararg, around.kwarg]:
            if one is not None:
                self.bind(one.arg, NOTHING)
        self.scope, self.place = outer, before

    def visit_Return(self, node: ast.Return) -> None:
        self.returned.append(node.value)
        self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield | ast.YieldFrom) -> None:
        self.returned += [None, None]  # a generator: its call has no form
        self.generic_visit(node)

    visit_YieldFrom = visit_Yield  # noqa: N815

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in node.decorator_list:
            self.visit(part)
        self.function(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815
    visit_Lambda = function  # noqa: N815

    def comprehension(self, node: _Comprehension) -> None:
        self.inside(node, list(ast.iter_child_nodes(node)))
        before = self.scope, self.block, self.loops, self.place
        self.scope, self.block, self.loops, self.place = self.scopes[node], (), (), (0, 0)
        for part in node.generators:
            self.target(part.target, part.iter, "[]")
        self.scope, self.block, self.loops, self.place = before

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension  # noqa: N815
