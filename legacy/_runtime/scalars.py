"""Arrays of one element as the numbers that NumPy 1 took them for: `float(loss)`, `"%f" % loss`, `math.exp(loss)`.

What `Session.run` returns in a script can do it itself; of other arrays the program's own text sees to it, by a change
in its syntax tree.
"""

import ast
import builtins
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np


class array(np.ndarray):  # noqa: N801  NumPy prints the name
    """An array that converts to a number if it has one element, and else is as any other."""

    def __array_wrap__(
        self,
        array: np.ndarray,
        context: Any = None,
        return_scalar: bool = False,  # noqa: FBT001, FBT002  NumPy passes it by position
    ) -> Any:
        """What a ufunc or a reduction gives: `a.mean()` is a scalar, as of any array."""
        return array[()] if array.ndim == 0 else super().__array_wrap__(array, context)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


def convertible(value: Any) -> Any:
    """The same array, if it is one, as an `array`; also those in a list, tuple or dict, to any depth."""
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
    """What `float` and the like are given: an array of one element so that it converts."""
    return value.view(array) if type(value) is np.ndarray and value.size == 1 and value.ndim else value


def formatted(text: Any, values: Any) -> Any:
    """`text % values`."""
    if isinstance(values, tuple) and type(values) is tuple:
        return text % tuple(number(each) for each in values)
    if type(values) is dict:
        return text % {key: number(each) for key, each in values.items()}
    return text % number(values)


class Rewriting(ast.NodeTransformer):
    """Puts `number` and `formatted` where a program converts."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`"literal" % x`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            return ast.copy_location(_call("formatted", node.left, node.right), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """`a[0] = x`, for a place of one number."""
        self.generic_visit(node)
        if any(isinstance(target, ast.Subscript) for target in node.targets):
            node.value = ast.copy_location(_call("number", node.value), node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`a[0] += x`."""
        self.generic_visit(node)
        if isinstance(node.target, ast.Subscript):
            node.value = ast.copy_location(_call("number", node.value), node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`float(x)`, `int(x)`, `math.exp(x)`."""
        self.generic_visit(node)
        function = node.func
        by_name = isinstance(function, ast.Name) and function.id in ("float", "int") and len(node.args) == 1
        of_math = isinstance(function, ast.Attribute) and getattr(function.value, "id", None) == "math"
        if (by_name or of_math) and not any(isinstance(each, ast.Starred) for each in node.args):
            node.args = [ast.copy_location(_call("number", each), each) for each in node.args]
        return node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    """A call of one of this module's functions, whatever names the program has."""
    return ast.Call(ast.Attribute(ast.Name(_NAME, ast.Load()), name, ast.Load()), list(arguments), [])


_NAME = "__nthgrad__"


def compiled(source: bytes, path: str) -> Any:
    """The code of a program's file."""
    setattr(builtins, _NAME, sys.modules[__name__])
    tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    return compile(ast.fix_missing_locations(Rewriting().visit(tree)), path, "exec", dont_inherit=True)
