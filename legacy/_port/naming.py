"""Chooses how a file writes a full name, such as `keras.ops.square`, and which imports that needs."""

from __future__ import annotations

import ast
import re

import libcst as cst

_ALIASES = {"tensorflow.compat.v1": "tf", "tensorflow.keras": "keras", "tensorflow": "tf", "numpy": "np"}
# The usual imports: the line, and the name that it binds.
_USUAL = {
    "tf": ("import tensorflow as tf", "tf"),
    "np": ("import numpy as np", "np"),
    "keras": ("import keras", "keras"),
    "ng": ("import nthgrad as ng", "ng"),
    "keras.ops": ("from keras import ops", "ops"),
    "absl.flags": ("from absl import flags", "flags"),
    "absl.app": ("from absl import app", "app"),
}
_WHOLE = ("collections.abc", "urllib.request", "scipy.special")  # modules that are imported by their full name
_BY_NAME = re.compile(
    r"keras\.(layers|models|losses|metrics|optimizers|initializers|regularizers|callbacks|utils)\.\w+"
)


class Naming:
    """The imports of a file: those that it has, and those that its new names need."""

    def __init__(self, tree: ast.Module) -> None:
        """Reads the imports of a module, also those in its top-level blocks."""
        self.local: dict[str, str] = {}  # by full name
        self.stars: set[str] = set()
        self.needed: dict[str, None] = {}  # lines
        self.imported: set[str] = set()  # local names
        self.taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.taken |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        for node in imports(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.bind(_full(name), alias.asname or name)
            elif not node.level:
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.add(str(node.module))
                    else:
                        self.bind(_full(f"{node.module}.{alias.name}"), alias.asname or alias.name)

    def bind(self, name: str, local: str) -> None:
        """Adds an import; of two for the same name, the shorter one is used."""
        self.imported.add(local)
        self.local[name] = min(local, self.local.get(name, local), key=len)

    def expression(self, name: str, *, bare: bool = False) -> cst.BaseExpression:
        """Returns the expression for a full name.

        Args:
            name: the full name: `keras.ops.square`; a name without a module is a builtin.
            bare: whether the old name was written without its module.
        """
        module, _, last = name.rpartition(".")
        if bare and module in self.stars:
            return cst.Name(last)
        if bare and self.by_name(name):
            self.needed[f"from {module} import {last}"] = None
            return cst.Name(last)
        if bare and name in self.local:
            return cst.Name(self.local[name])
        return cst.parse_expression(self._dotted(name))

    @staticmethod
    def by_name(name: str) -> bool:
        """Tells whether a name is imported by itself, as the classes of Keras are."""
        return bool(_BY_NAME.fullmatch(name))

    def _dotted(self, name: str) -> str:
        end = len(name)
        while end > 0:
            prefix = name[:end]
            if prefix in self.local:
                return self.local[prefix] + name[end:]
            line, bound = _USUAL.get(prefix, ("", ""))
            if line and bound not in self.local.values() and (bound not in self.taken or "." not in prefix):
                self.needed[line] = None
                return bound + name[end:]
            end = name.rfind(".", 0, end)
        root = next((one for one in _WHOLE if name.startswith(f"{one}.")), name.partition(".")[0])
        if "." in name:
            self.needed[f"import {root}"] = None
        return name


def _full(name: str) -> str:
    for long, short in _ALIASES.items():
        if name == long or name.startswith(f"{long}."):
            return short + name[len(long) :]
    return name


def imports(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """Returns the imports of a module, without those in functions and classes."""
    pending: list[ast.AST] = [tree]
    found: list[ast.Import | ast.ImportFrom] = []
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            pending += ast.iter_child_nodes(node)
    return found
