"""Resolves expressions to forms: follows names through imports, aliases and assignments.

If the bindings of a name differ, it is unknown. Every binding is resolved once, after its dependencies, so the cost of
a use does not grow with the number of bindings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nthgrad.legacy._scan.bindings import MOST, RETURNS, Binder, Binding, History, Scope
from nthgrad.legacy._scan.cycles import components
from nthgrad.legacy._scan.kinds import TENSOR, is_tensor

UNKNOWN = frozenset({"?"})
LONGEST = 500  # characters of a form; every idiom is shorter
_STEPS = 50  # bindings to follow among names that depend on each other
_OPERANDS = 16  # operands of a sum to look at

Key = tuple[Scope, str]


class Names:
    """The names of a program, each with its history."""

    def __init__(self, binder: Binder) -> None:
        """Resolves every binding."""
        self.blocks = binder.blocks
        self.histories = {
            (scope, name): History(bindings)
            for scope in dict.fromkeys(binder.scopes.values())
            for name, bindings in scope.values.items()
        }
        self._cycle: dict[Key, int] = {}  # an equal number for names that depend on each other
        self._steps = 0
        edges = {key: set(self._dependencies(history)) for key, history in self.histories.items()}
        for number, keys in enumerate(components(edges)):
            self._cycle.update(dict.fromkeys(keys, number))
            for key in keys:
                history = self.histories[key]
                if not history.modules:
                    history.settle([self._settled(binding, key) for binding in history.bindings])

    def forms(self, node: ast.AST | None, scope: Scope, followed: tuple[Key, ...] = ()) -> frozenset[str]:
        """Returns the forms of an expression's value.

        Args:
            node: the expression.
            scope: the scope of the expression.
            followed: the names whose bindings are being followed, so that none is followed twice.
        """
        node, suffixes = _base(node)
        key = self._key(node, scope)
        if key is not None:
            found = self._bound(key, node if isinstance(node, ast.Name) and key[0] is scope else None, followed)
        elif isinstance(node, ast.Name):
            found = _unbound(node.id, scope)
        elif isinstance(node, ast.Attribute):
            found = frozenset({f"?.{node.attr}"})
        elif isinstance(node, ast.List | ast.Tuple):
            found = frozenset({"[]"})
        elif isinstance(node, ast.Constant) and node.value is None:
            found = frozenset({"None"})
        elif isinstance(node, ast.BinOp | ast.UnaryOp):
            operands = (self.forms(one, scope, followed) for one in _operands(node))
            found = frozenset({TENSOR}) if any(is_tensor(one) for forms in operands for one in forms) else UNKNOWN
        else:
            found = UNKNOWN
        for suffix in reversed(suffixes):
            found = suffixed(found, suffix)
        return found

    def _key(self, node: ast.AST | None, scope: Scope) -> Key | None:
        """Returns the name of a node, with the scope that binds it."""
        if isinstance(node, ast.Name):
            return next(((one, node.id) for one in scope.outward() if node.id in one.values), None)
        owner = scope.its_class() if isinstance(node, ast.Attribute) else None
        if owner is not None and isinstance(node, ast.Attribute) and f"self.{node.attr}" in owner.values:
            return owner, f"self.{node.attr}"
        return None

    def _dependencies(self, history: History) -> Iterator[Key]:
        for binding in history.bindings if not history.modules else []:
            base = _base(binding.value.expression)[0]
            for one in _operands(base) if isinstance(base, ast.BinOp | ast.UnaryOp) else [base]:
                key = self._key(_base(one)[0], binding.scope)
                if key is not None:
                    yield key

    def _bound(self, key: Key, node: ast.Name | None, followed: tuple[Key, ...]) -> frozenset[str]:
        """Returns the forms of a name at a node of its scope, or anywhere."""
        history = self.histories[key]
        if history.modules:  # several, if a failed import falls back to another
            return history.modules
        place = None if node is None else (node.lineno, node.col_offset)
        span = history.in_force(place, *self.blocks.get(node, ((), ()))) if place and node else history.every
        if not followed or self._cycle[key] != self._cycle[followed[0]]:
            return history.common(span) or UNKNOWN
        return UNKNOWN if key in followed else self._in_cycle(history, span, (*followed, key))

    def _settled(self, binding: Binding, key: Key) -> frozenset[str] | None:
        self._steps = _STEPS
        return self._value(binding, (key,))

    def _value(self, binding: Binding, followed: tuple[Key, ...]) -> frozenset[str] | None:
        expression, suffix, _ = binding.value
        return None if expression is None else suffixed(self.forms(expression, binding.scope, followed), suffix)

    def _in_cycle(self, history: History, span: range, followed: tuple[Key, ...]) -> frozenset[str]:
        """Returns the common forms of the bindings; not cached, as the result depends on `followed`."""
        common = None
        for i in span:
            self._steps -= 1
            value = self._value(history.bindings[i], followed) if self._steps >= 0 else None
            if value is None or common not in (None, value):
                return UNKNOWN
            common = value
        return common or UNKNOWN


def suffixed(forms: frozenset[str], suffix: str) -> frozenset[str]:
    """Appends a suffix to forms; an unknown form stays unknown, unless the suffix is an attribute."""
    if suffix == "()":
        forms = frozenset(form + suffix if not form.endswith(RETURNS) else form[: -len(RETURNS)] for form in forms)
        suffix = ""
    if suffix.startswith("."):
        return frozenset(_short(form) + suffix for form in forms)
    return frozenset(_short(form + suffix) for form in forms if form not in ("?", "?()")) or UNKNOWN


def _short(form: str) -> str:
    return form if len(form) <= LONGEST else "?"


def _base(node: ast.AST | None) -> tuple[ast.AST | None, list[str]]:
    """Splits an expression into its base and its attributes, calls and items, the last first."""
    suffixes = []
    while True:
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            suffixes.append(f".{node.attr}")
            node = node.value
        elif isinstance(node, ast.Call):
            suffixes.append("()")
            node = node.func
        elif isinstance(node, ast.Subscript):
            suffixes.append("[]")
            node = node.value
        else:
            return node, suffixes


def _operands(node: ast.expr) -> list[ast.expr]:
    """Returns the first operands of nested operators."""
    pending, found = [node], []
    while pending and len(found) < _OPERANDS:
        one = pending.pop()
        if isinstance(one, ast.BinOp):
            pending += [one.left, one.right]
        elif isinstance(one, ast.UnaryOp):
            pending.append(one.operand)
        else:
            found.append(one)
    return found


def _unbound(name: str, scope: Scope) -> frozenset[str]:
    stars = frozenset[str]().union(*(one.stars for one in scope.outward()))
    return UNKNOWN if len(stars) > MOST else frozenset({f"builtins.{name}", *(f"{star}.{name}" for star in stars)})
