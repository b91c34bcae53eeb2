"""Converts formulas typed by the user to functions on tensors. They are never run as Python code."""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from nthgrad._display.echo import brief, quoted
from nthgrad._display.quiet import tensorflow
from nthgrad.errors import ArgumentError

# The functions of tf.math that a formula may call, by their number of arguments.
_OF_ONE = """abs acos acosh asin asinh atan atanh cos cosh digamma erf erfc exp expm1 lgamma log log1p sigmoid sign sin
    sinh softplus softsign sqrt square tan tanh"""
_OF_TWO = """atan2 maximum minimum pow"""
FUNCTIONS = {**dict.fromkeys(_OF_ONE.split(), 1), **dict.fromkeys(_OF_TWO.split(), 2)}
CONSTANTS = {"e": math.e, "pi": math.pi}


def power(a: Any, b: Any) -> Any:
    """Computes `a ** b`. For two Python floats, raises an ArithmeticError where Python's result would be complex."""
    if not (isinstance(a, float) and isinstance(b, float)):
        return a**b
    try:
        return math.pow(a, b)
    except ValueError:
        raise ArithmeticError(f"{a:g} ** {b:g} is not a real number") from None
    except OverflowError:
        raise OverflowError(f"{a:g} ** {b:g} is too large for a float") from None


OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: power,
    ast.UAdd: lambda a: a,  # tensors have no unary plus
    ast.USub: operator.neg,
}

_GRAMMAR = (*OPERATORS, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load)
_DEPTH = 150  # simpleeval needs three Python calls for each level
_HELP = 'Write it as in Python, for example "log(x + 2)".'


def function(text: str, variables: Sequence[str], dtype: str) -> Callable[..., Any]:
    """Converts a formula to a function.

    Args:
        text: numbers, variables, `FUNCTIONS`, `CONSTANTS`, `+ - * / **` and parentheses, written as in Python.
        variables: the names of the arguments, in their order.
        dtype: the dtype of the arguments and numbers.

    Returns:
        a function of one tensor for each variable, all of this dtype and of shapes that broadcast.

    Raises:
        ArgumentError: text is no such formula, has unknown names, or does not name all the variables.

    Example:
        >>> import tensorflow as tf
        >>> f = function("log(x + 2)", ["x"], "float64")
        >>> round(float(f(tf.constant(1.0, tf.float64))), 6)
        1.098612
    """
    tree = _parsed(text)
    _check(tree, text, variables)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in variables:
        if name not in used:
            raise ArgumentError(f"{quoted(text)} has no variable {name}. Leave out --at {name}=VALUE.")
    tf = tensorflow()  # after the checks, so that typing errors are refused at once

    @tf.autograph.experimental.do_not_convert
    def expression(*values: Any) -> Any:
        try:
            y = _evaluator(variables, values, dtype).eval(text, previously_parsed=tree)
        except ArithmeticError as error:
            raise ArgumentError(f"{quoted(text)} has no value: {error}. Change that part of the expression.") from error
        return tf.convert_to_tensor(y, dtype)

    return expression


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "1if x else 2", which is refused anyway
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        column = f" (column {error.offset})" if error.offset else ""
        raise ArgumentError(f"{quoted(text)} is not an expression: {error.msg}{column}. {_HELP}") from error
    except ValueError as error:  # a number of thousands of digits
        raise ArgumentError(f"The expression cannot be read: {error}. {_HELP}") from error
    except (MemoryError, RecursionError) as error:
        raise ArgumentError(
            "The expression is nested too deep. Write it as a function, and give module:function."
        ) from error


def _check(tree: ast.expr, text: str, variables: Sequence[str]) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if depth > _DEPTH:
        raise ArgumentError("The expression is nested too deep. Write it as a function, and give module:function.")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise ArgumentError(f"{quoted(text)} holds the operator ^. Write ** for powers.")
        if not isinstance(node, _GRAMMAR) or not isinstance(getattr(node, "op", None), (*OPERATORS, type(None))):
            raise ArgumentError(
                f"{brief(ast.unparse(node))} in {quoted(text)} is not arithmetic. Write + - * / ** and functions such "
                "as log."
            )
        if isinstance(node, ast.Constant):
            _check_number(node, text)
        elif isinstance(node, ast.Call):
            _check_call(node, text, variables)
        elif isinstance(node, ast.Name) and id(node) not in called:
            _check_name(node, text, variables)


def _check_number(node: ast.Constant, text: str) -> None:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise ArgumentError(f"{brief(repr(node.value))} in {quoted(text)} is not a real number. {_HELP}")
    try:
        finite = math.isfinite(float(node.value))
    except OverflowError:
        finite = False
    if not finite:
        raise ArgumentError(f"A number in {quoted(text)} is too large for a float. Write a smaller one.")


def _check_call(node: ast.Call, text: str, variables: Sequence[str]) -> None:
    name = brief(node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func))
    number = isinstance(node.func, (ast.BinOp, ast.Call, ast.Constant, ast.UnaryOp))
    if number or name in variables or name in CONSTANTS:
        factor = f"({name})" if isinstance(node.func, (ast.BinOp, ast.UnaryOp)) else name
        raise ArgumentError(f"{name} in {quoted(text)} is a number, and is called. Write {factor}*(...) for a product.")
    if name not in FUNCTIONS:
        raise ArgumentError(f"There is no function {name!r} for {quoted(text)}. There are {_names(FUNCTIONS)}.")
    wanted, given = FUNCTIONS[name], len(node.args)
    if given != wanted or node.keywords:
        found = "named arguments" if node.keywords else f"{given} argument{'s' * (given != 1)}"
        raise ArgumentError(f"{name} in {quoted(text)} has {found}. Give it {'one' if wanted == 1 else 'two'}.")


def _check_name(node: ast.Name, text: str, variables: Sequence[str]) -> None:
    if node.id in FUNCTIONS:
        raise ArgumentError(f"{node.id} in {quoted(text)} is a function. Write {node.id}(...).")
    if node.id not in variables and node.id not in CONSTANTS:
        raise ArgumentError(f"There is no value for {node.id} in {quoted(text)}. Add --at {node.id}=VALUE.")


def _evaluator(variables: Sequence[str], values: Sequence[Any], dtype: str) -> Any:
    from simpleeval import SimpleEval

    tf = tensorflow()

    def called(name: str) -> Callable[..., Any]:
        math_function = getattr(tf.math, name)
        # A Python float would become float32.
        return lambda *arguments: math_function(*(tf.convert_to_tensor(a, dtype) for a in arguments))

    names = {**CONSTANTS, **dict(zip(variables, values, strict=True))}
    evaluator = SimpleEval(OPERATORS, {name: called(name) for name in FUNCTIONS}, names)
    handlers: Any = evaluator.nodes
    kept: dict[Any, Any] = {kind: handlers[kind] for kind in (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name)}
    # Numbers become floats, so that 9**9**9 overflows at once.
    evaluator.nodes = {**kept, ast.Constant: lambda node: float(node.value)}
    return evaluator


def _names(table: Sequence[str] | dict[str, Any]) -> str:
    return ", ".join(sorted(table))
