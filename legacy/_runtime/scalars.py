"""Converts arrays of one element to numbers, as NumPy 1 did: `float(loss)`, `"%f" % loss`, `math.exp(loss)`.

In a script, `Session.run` returns arrays of the class here, which converts itself. For other arrays, conversions are
inserted in the program's syntax tree.
"""

import ast
import builtins
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np


class array(np.ndarray):  # noqa: N801  NumPy prints the name
    """An array that converts to a number if it has one element."""

    def __array_wrap__(
        self,
        array: np.ndarray,
        context: Any = None,
        return_scalar: bool = False,  # noqa: FBT001, FBT002  NumPy passes it by position
    ) -> Any:
        """Wraps the result of a ufunc or reduction: `a.mean()` is a scalar, as with any array."""
        return array[()] if array.ndim == 0 else super().__array_wrap__(array, context)

    def __float__(self) -> float:
        return float(self.item())

    def __bool__(self) -> bool:
        return bool(self.size) and super().__bool__()  # an empty array was False

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


def convertible(value: Any) -> Any:
    """Views an array as an `array`; also those in a list, tuple or dict, to any depth."""
    if type(value) is np.ndarray:
        return value.view(array)
    if isinstance(value, list):
        return [convertible(each) for each in value]
    if isinstance(value, tuple):
        items = [convertible(each) for each in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, Mapping):
        return type(value)((key, convertible(each)) for key, each in value.items())  # pyright: ignore[reportCallIssue]
    return value


def number(value: Any) -> Any:
    """Prepares an argument of `float` and the like: views an array of one element as an `array`."""
    return value.view(array) if type(value) is np.ndarray and value.size == 1 and value.ndim else value


def formatted(text: Any, values: Any) -> Any:
    """Computes `text % values`."""
    if isinstance(values, tuple) and type(values) is tuple:
        return text % tuple(number(each) for each in values)
    if type(values) is dict:
        return text % {key: number(each) for key, each in values.items()}
    return text % number(values)


class Rewriting(ast.NodeTransformer):
    """Inserts calls of `number` and `formatted` where a program converts arrays."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Changes `"literal" % x`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            return ast.copy_location(_call("formatted", node.left, node.right), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """Changes `a[0] = x`."""
        self.generic_visit(node)
        if any(isinstance(target, ast.Subscript) for target in node.targets):
            node.value = ast.copy_location(_call("number", node.value), node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Changes `a[0] += x`."""
        self.generic_visit(node)
        if isinstance(node.target, ast.Subscript):
            node.value = ast.copy_location(_call("number", node.value), node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Changes `float(x)`, `int(x)`, `math.exp(x)`."""
        self.generic_visit(node)
        function = node.func
        by_name = isinstance(function, ast.Name) and function.id in ("float", "int") and len(node.args) == 1
        of_math = isinstance(function, ast.Attribute) and getattr(function.value, "id", None) == "math"
        if (by_name or of_math) and not any(isinstance(each, ast.Starred) for each in node.args):
            node.args = [ast.copy_location(_call("number", each), each) for each in node.args]
        return node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    """Builds a call of one of this module's functions, under a name that the program does not use."""
    return ast.Call(ast.Attribute(ast.Name(_NAME, ast.Load()), name, ast.Load()), list(arguments), [])


_NAME = "__nthgrad__"


def compiled(source: bytes, path: str) -> Any:
    """Compiles a program's file."""
    setattr(builtins, _NAME, sys.modules[__name__])
    tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    return compile(ast.fix_missing_locations(Rewriting().visit(tree)), path, "exec", dont_inherit=True)
