"""Rewrites a session that runs a pure graph of constants, variables and gradients: functions, and derivatives of them.

A program that does anything else with its graph stays as it is: the result must have no old idiom left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from nthgrad.legacy._port.marks import mark
from nthgrad.legacy._port.reading import (
    Read,
    assigned,
    bound,
    free_name,
    has_text,
    keyword,
    names,
    old_forms,
    simple,
    used,
)
from nthgrad.legacy._port.tidying import tidied

_SESSIONS = ("tf.Session", "tf.InteractiveSession")
_RUNS = ("tf.Session().run", "tf.InteractiveSession().run")
_INITIALIZERS = ("tf.global_variables_initializer", "tf.initialize_all_variables")
_GRADIENTS = ("tf.gradients", "tf.hessians")  # by order
_EVALS = {"<Tensor>.eval", "<Variable>.eval"}
_CHAINED = "MIGRATION.md#tfgradients-chained"
_NUMPY = "tf.nest.map_structure(lambda t: t.numpy(), x)"

_TWO_LINES = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]


class _Otherwise(Exception):  # noqa: N818
    """A program that is no pure graph."""


@dataclass
class _Function:
    """A function to write: a tensor, as a function of another."""

    name: str
    y: str
    x: str
    slice: list[int]  # statements to move into it
    after: int  # the statement after which it is defined
    keep: bool  # whether the statements stay where they are, too
    assigned: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])  # derivatives; whether lists
    comments: list[cst.EmptyLine] = field(default_factory=list[cst.EmptyLine])  # of the derivatives
    scalar: bool = False  # whether x is a number
    total: bool = False  # whether y is a sum


def without_session(text: str) -> str:
    """Returns a program without its session; the same if it is no pure graph."""
    if not old_forms(text) & {*_SESSIONS}:
        return text
    try:
        new = _Porting(Read(text)).ported()
    except _Otherwise:
        return text
    new = tidied(text, new, ["import nthgrad as ng"] if "ng." in new else [])
    return text if old_forms(new) else new


class _Porting:
    """The statements of a module, without the session around them."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.sessions: set[str] = set()
        self.initializers: set[str] = set()
        self.statements = self.flat(read.module.body)
        self.functions: dict[tuple[str, str], _Function] = {}
        self.gradients: dict[str, tuple[str, str, int]] = {}  # y, x and order, by name
        self.listed: set[str] = set()  # gradients that are lists
        self.removed: set[int] = set()
        self.taken = names(read.module)

    def flat(self, body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        found: list[cst.BaseStatement] = []
        for statement in body:
            name, value = assigned(statement) or ("", None)
            if isinstance(statement, cst.With) and len(statement.items) == 1 and self.opens(statement.items[0].item):
                target = statement.items[0].asname
                if target is None or not isinstance(target.name, cst.Name):
                    raise _Otherwise
                if not isinstance(statement.body, cst.IndentedBlock) or _comments(statement.body):
                    raise _Otherwise
                self.sessions.add(target.name.value)
                inner = self.flat(statement.body.body)  # type: ignore[arg-type]
                if inner and statement.leading_lines:
                    lines = [*statement.leading_lines, *inner[0].leading_lines]  # type: ignore[union-attr]
                    inner[0] = inner[0].with_changes(leading_lines=lines)
                found += inner
            elif value is not None and self.opens(value):
                self.sessions.add(name)
            elif self.opens(getattr(simple(statement), "value", None)):
                continue  # tf.InteractiveSession()
            elif value is not None and any(self.read.calls(value, form) for form in _INITIALIZERS):
                self.initializers.add(name)
            elif not self.closes(statement) and not self.initializes(statement):
                found.append(statement)
        return found

    def opens(self, value: cst.BaseExpression | None) -> bool:
        if not any(self.read.calls(value, form) for form in _SESSIONS):
            return False
        assert isinstance(value, cst.Call)
        if value.args:
            raise _Otherwise
        return True

    def closes(self, statement: cst.CSTNode) -> bool:
        call = getattr(simple(statement), "value", None)
        return (
            isinstance(call, cst.Call)
            and isinstance(call.func, cst.Attribute)
            and call.func.attr.value == "close"
            and names(call.func.value) <= self.sessions
        )

    def initializes(self, statement: cst.CSTNode) -> bool:
        call = getattr(simple(statement), "value", None)
        if not isinstance(call, cst.Call) or not any(self.read.calls(call, form) for form in _RUNS):
            return False
        argument = call.args[0].value if len(call.args) == 1 else None
        return any(self.read.calls(argument, form) for form in _INITIALIZERS) or (
            isinstance(argument, cst.Name) and argument.value in self.initializers
        )

    def ported(self) -> str:
        """Returns the new program; raises _Otherwise."""
        for i, statement in enumerate(self.statements):
            self.find_chain(i, statement)
        calls = _Calls(self)
        made = [one if i in self.removed else one.visit(calls) for i, one in enumerate(self.statements)]
        body: list[cst.BaseStatement] = []
        for i, statement in enumerate(made):
            if i not in self.removed:
                assert isinstance(statement, cst.BaseStatement)
                body.append(_apart(statement, body))
            for function in self.functions.values():
                if function.after == i:
                    body += self.written(function)
        if names(*body) & (self.sessions | self.initializers):
            raise _Otherwise
        return self.read.module.with_changes(body=body).code

    def find_chain(self, i: int, statement: cst.BaseStatement) -> None:
        """Reads an assignment of a gradient, which becomes a derivative of a function."""
        name, value = assigned(statement) or ("", None)
        one = value
        listed = True
        if isinstance(one, cst.Subscript):
            one, listed = one.value, False
        if not isinstance(one, cst.Call) or not self.read.calls(one, "tf.gradients"):
            return
        y, x = self.arguments(one)
        order = 1
        if y in self.gradients:
            y, by, order = self.gradients[y]
            if by != x:
                raise _Otherwise
            order += 1
        function = self.function(y, x, i)
        if order != len(function.assigned) + 1 or (function.total and order > 1):
            raise _Otherwise
        function.assigned.append((name, listed))
        function.comments += _comments(statement, trailing=True)
        self.listed |= {name} if listed else set()
        self.gradients[name] = y, x, order
        self.removed.add(i)

    def arguments(self, call: cst.Call) -> tuple[str, str]:
        """Returns the names of y and x of a gradient."""
        y, x = _only(keyword(call, "ys", 0)), _only(keyword(call, "xs", 1))
        if _first(y) in self.listed:
            y = cst.Name(_first(y))
        if len(call.args) != 2 or not isinstance(y, cst.Name) or not isinstance(x, cst.Name):
            raise _Otherwise
        return y.value, x.value

    def function(self, y: str, x: str, before: int) -> _Function:
        """Returns the function that computes y from x; it replaces the statements that compute y, if it can."""
        if (y, x) in self.functions:
            return self.functions[y, x]
        depends, found = {x}, dict[str, int]()
        for i, statement in enumerate(self.statements[:before]):
            one = assigned(statement)
            if used(statement) & depends and i not in self.removed:
                if one is None:
                    continue  # it reads a value, and binds no name of the graph
                if one[0] in found or isinstance(statement, cst.BaseCompoundStatement):
                    raise _Otherwise
                depends.add(one[0])
                found[one[0]] = i
        for statement in self.statements:
            if isinstance(statement, cst.FunctionDef | cst.ClassDef) and names(statement.body) & depends:
                raise _Otherwise  # a function that reads x as a global
        if y not in found or any("random" in self.code(i) for i in found.values()):
            raise _Otherwise
        needed, chosen = {y}, list[int]()
        for name, i in reversed(list(found.items())):
            if name in needed:
                chosen.insert(0, i)
                needed |= used(self.statements[i])
        where = [i for i, statement in enumerate(self.statements[:before]) if x in bound(statement)]
        once = all(sum(name in bound(one) for one in self.statements[:before]) <= 1 for name in needed)
        if len(where) != 1 or not once or needed & self.gradients.keys():
            raise _Otherwise
        if any(names(self.statements[i]) & self.sessions for i in chosen):
            raise _Otherwise
        inner = {name for name, i in found.items() if i in chosen and name != y}
        keep = any(used(one) & inner for i, one in enumerate(self.statements) if i not in chosen)
        name = free_name(f"{y}_of", self.taken)
        self.taken.add(name)
        function = _Function(name, y, x, chosen, found[y], keep)
        function.scalar = _is_number(assigned(self.statements[where[0]]))
        function.total = not function.scalar and _is_sum(assigned(self.statements[found[y]]))
        self.functions[y, x] = function
        if not keep:
            self.removed |= set(chosen)
        return function

    def code(self, i: int) -> str:
        return self.read.module.code_for_node(self.statements[i])

    def written(self, function: _Function) -> list[cst.BaseStatement]:
        """Returns the definition of a function, and the line that computes its derivatives."""
        definition = cst.parse_statement(f"\n\ndef {function.name}({function.x}):\n    return {function.y}\n")
        assert isinstance(definition, cst.FunctionDef)
        lines: list[cst.BaseStatement] = []
        for i in function.slice[:-1]:
            one = self.statements[i]
            lines.append(one.deep_clone().with_changes(leading_lines=_comments(one)))  # type: ignore[arg-type]
        last = self.statements[function.slice[-1]]
        _, value = assigned(last) or ("", cst.Name(function.y))
        lines.append(cst.SimpleStatementLine([cst.Return(value.deep_clone())], _comments(last, trailing=True)))
        made: list[cst.BaseStatement] = [
            definition.with_changes(body=cst.IndentedBlock(lines), leading_lines=_TWO_LINES)
        ]
        wanted = self.wants(function)
        order = len(function.assigned)
        targets = [name for name, _ in function.assigned]
        call = f"({function.x})"
        if not order:
            text = f"{function.y} = {function.name}{call}" if wanted else ""
        elif function.total and order == 1:
            text = f"{targets[0]} = ng.gradient({function.name}){call}"
            if wanted:
                text = f"{function.y} = {function.name}{call}\n{text}"
        elif wanted:
            text = f"{', '.join([function.y, *targets])} = ng.derivatives({function.name}, {order}){call}"
        elif order == 1:
            text = f"{targets[0]} = ng.derivative({function.name}){call}"
        else:
            text = f"{', '.join(targets)} = ng.derivatives({function.name}, {order}){call}[1:]"
        for line in filter(None, text.split("\n")):
            made.append(cst.parse_statement(line))  # type: ignore[arg-type]
        if text:
            first = made[1].with_changes(leading_lines=[*_TWO_LINES, *function.comments])
            if order and not function.scalar and not function.total:
                first = mark(
                    first, [(_CHAINED, f"if each element of {function.y} depends on its own element of {function.x}")]
                )
            made[1] = first
        lists = [name for name, listed in function.assigned if listed]
        if lists:
            line = f"{', '.join(lists)} = {', '.join(f'[{name}]' for name in lists)}"
            made.append(cst.parse_statement(line))  # type: ignore[arg-type]
        return made

    def wants(self, function: _Function) -> bool:
        """Tells whether the program reads y itself."""
        if function.keep:
            return False
        others = [one for i, one in enumerate(self.statements) if i not in self.removed]
        return any(function.y in used(self.without_gradients(one)) for one in others)

    def without_gradients(self, statement: cst.BaseStatement) -> cst.CSTNode:
        return statement.visit(_Emptying(self.read))  # type: ignore[return-value]


class _Calls(cst.CSTTransformer):
    """Replaces `sess.run(x)`, and gradients inside an expression."""

    def __init__(self, porting: _Porting) -> None:
        super().__init__()
        self.porting, self.read = porting, porting.read

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        if any(self.read.calls(original_node, form) for form in _RUNS):
            if len(original_node.args) != 1 or original_node.args[0].keyword or has_text(original_node):
                raise _Otherwise
            made = cst.parse_expression(_NUMPY)
            assert isinstance(made, cst.Call)
            value = updated_node.args[0].value
            if isinstance(value, cst.Name) and self.is_tensor(value.value):
                return cst.parse_expression(f"{value.value}.numpy()")
            return made.with_changes(args=[made.args[0], made.args[1].with_changes(value=value)])
        order = next((i for i, form in enumerate(_GRADIENTS, 1) if self.read.calls(original_node, form)), 0)
        if order:
            return cst.parse_expression(self.derivative(original_node, order))
        if self.read.forms(original_node.func) & _EVALS and not original_node.args:
            assert isinstance(updated_node.func, cst.Attribute)
            return updated_node.with_changes(func=updated_node.func.with_changes(attr=cst.Name("numpy")))
        return updated_node

    def derivative(self, call: cst.Call, order: int) -> str:
        """Returns what replaces a gradient or a Hessian inside an expression."""
        y, x = self.porting.arguments(call)
        function = self.porting.function(y, x, len(self.porting.statements))
        if function.scalar:
            return f"[ng.derivative({function.name}{', 2' * (order == 2)})({x})]"
        if order == 2:
            return f"[ng.hessian({function.name})({x})]"
        if not function.total:
            raise _Otherwise
        return f"[ng.gradient({function.name})({x})]"

    def is_tensor(self, name: str) -> bool:
        """Tells whether a name is a tensor, and no list."""
        listed = {one: is_list for f in self.porting.functions.values() for one, is_list in f.assigned}
        return name in {y for y, _ in self.porting.functions} or listed.get(name) is False


class _Emptying(cst.CSTTransformer):
    """Leaves out the arguments of gradients."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        gradient = any(self.read.calls(original_node, form) for form in _GRADIENTS)
        return updated_node.with_changes(args=[]) if gradient else updated_node


def _comments(node: cst.CSTNode, *, trailing: bool = False) -> list[cst.EmptyLine]:
    """Returns the comments above a statement, or of a block; also the one behind it."""
    if isinstance(node, cst.IndentedBlock):
        behind = [cst.EmptyLine(comment=node.header.comment)] if node.header.comment else []
        return [*behind, *(line for line in node.footer if line.comment)]
    lines = [line for line in getattr(node, "leading_lines", ()) if line.comment]
    if trailing and isinstance(node, cst.SimpleStatementLine) and node.trailing_whitespace.comment:
        lines.append(cst.EmptyLine(comment=node.trailing_whitespace.comment))
    return lines


def _only(node: cst.BaseExpression | None) -> cst.BaseExpression | None:
    """Returns the only element of a list, or what is no list."""
    if isinstance(node, cst.List) and len(node.elements) == 1:
        return node.elements[0].value
    return node


def _first(node: cst.BaseExpression | None) -> str:
    """Returns the name of a list whose first item is taken; empty for other expressions."""
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name) and len(node.slice) == 1:
        index = node.slice[0].slice
        if isinstance(index, cst.Index) and isinstance(index.value, cst.Integer) and index.value.value == "0":
            return node.value.value
    return ""


def _apart(statement: cst.BaseStatement, before: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
    """Returns the statement with blank lines above it, if a function is before it."""
    if not before or not isinstance(before[-1], cst.FunctionDef):
        return statement
    lines = list(statement.leading_lines)  # type: ignore[union-attr]
    while lines and lines[0].comment is None:
        lines.pop(0)
    return statement.with_changes(leading_lines=[*_TWO_LINES, *lines])


def _is_number(constant: tuple[str, cst.BaseExpression] | None) -> bool:
    """Tells whether an assignment is of a constant number."""
    value = constant[1] if constant else None
    if not isinstance(value, cst.Call) or not value.args:
        return False
    first = value.args[0].value
    return isinstance(first.expression if isinstance(first, cst.UnaryOperation) else first, cst.Float | cst.Integer)


def _is_sum(statement: tuple[str, cst.BaseExpression] | None) -> bool:
    """Tells whether an assignment is of a sum or a mean over all elements."""
    value = statement[1] if statement else None
    if not isinstance(value, cst.Call) or len(value.args) != 1 or not isinstance(value.func, cst.Attribute):
        return False
    return value.func.attr.value.startswith("reduce_")
