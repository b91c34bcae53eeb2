"""Tidies the imports of a program after its names have changed."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

import libcst as cst


def tidied(old: str, new: str, needed: Sequence[str]) -> str:
    """Returns a program with the imports that it needs, and without those that it no longer uses.

    Args:
        old: the program before.
        new: the program after.
        needed: lines to add, unless the program has them.
    """
    unused = set(_used(ast.parse(old))) - set(_used(ast.parse(new)))
    module = cst.parse_module(new).visit(_Removing(unused))
    assert isinstance(module, cst.Module)
    present = {line.strip() for line in module.code.splitlines()}
    bound = _bound(ast.parse(module.code))
    lines = [line for line in needed if line not in present and not _is_bound(line, bound)]
    if not lines:
        return module.code
    body = list(module.body)
    at = _after_imports(body)
    added = [cst.parse_statement(line, config=module.config_for_parsing) for line in lines]
    if at < len(body) and at == 0:
        first = body[0]
        added[0] = added[0].with_changes(leading_lines=first.leading_lines)  # type: ignore[union-attr]
        body[0] = first.with_changes(leading_lines=[])  # type: ignore[union-attr]
    return module.with_changes(body=[*body[:at], *added, *body[at:]]).code


def _used(tree: ast.Module) -> Counter[str]:
    """Counts the names that a program uses; a text that is a name may be of `__all__`."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found[node.id] += 1
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found[node.value] += 1
    return found


def _bound(tree: ast.Module) -> set[tuple[str, str]]:
    """Returns the imports at the top of a program: pairs of a full name and a local one."""
    found: set[tuple[str, str]] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {(alias.name, alias.asname or alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names}
    return found


def _is_bound(line: str, bound: set[tuple[str, str]]) -> bool:
    return _bound(ast.parse(line)) <= bound


def _after_imports(body: Sequence[cst.BaseStatement]) -> int:
    """Returns the place after the first imports of a module."""
    at = last = 0
    for at, statement in enumerate(body):
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        if isinstance(small, cst.Import | cst.ImportFrom):
            last = at + 1
        elif not (isinstance(small, cst.Expr) and isinstance(small.value, cst.BaseString)):
            break
        elif at == 0:
            last = 1  # the docstring
    return last


class _Removing(cst.CSTTransformer):
    """Removes imports of names."""

    def __init__(self, unused: set[str]) -> None:
        super().__init__()
        self.unused = unused

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import | cst.RemovalSentinel:
        kept = self.kept(updated_node.names)
        return updated_node.with_changes(names=kept) if kept else cst.RemoveFromParent()

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        kept = self.kept(updated_node.names)
        return updated_node.with_changes(names=kept) if kept else cst.RemoveFromParent()

    def kept(self, names: Sequence[cst.ImportAlias]) -> Sequence[cst.ImportAlias]:
        """Returns the imports that are used."""
        kept = [alias for alias in names if self.local(alias) not in self.unused]
        if kept and len(kept) < len(names):
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return kept

    def local(self, alias: cst.ImportAlias) -> str:
        return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]
