"""Hostile formulas for `nthgrad differentiate`: a number or the documented error, and nothing typed is run as Python."""

import ast
import contextlib
import io
import math
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import note
from hypothesis import strategies as st

from fuzz.bounded import cases
from nthgrad.__main__ import main
from nthgrad.cli import expression
from nthgrad.errors import ArgumentError

X = 0.75
# What Python itself computes; the rest of the functions are compared in tests/cli/.
_IN_MATH = (
    "acos acosh asin asinh atan atan2 atanh cos cosh erf erfc exp expm1 lgamma log log1p pow sin sinh sqrt tan tanh"
)
KNOWN = {
    **{name: getattr(math, name) for name in _IN_MATH.split()},
    "abs": abs,
    "maximum": max,
    "minimum": min,
    "square": lambda u: u * u,
}
NUMBERS = st.one_of(
    st.integers(0, 9).map(str),
    st.sampled_from(["1e308", "1e-320", "0.1", ".5", "5.", "1_000", "0x1f", "0b11", "0o7", "1e400", "9" * 400, "9" * 5000,
                     "1j", "True", "None", "'a'", "b'a'", "...", "f'{x}'", "1if x else 2", "nan", "inf"]),
)  # fmt: skip
NAMES = st.sampled_from(["x", "x", "x", "pi", "e", "y", "__import__", "os", "self", "X", "é", "ｘ", "lambda", "_"])
HOSTILE = st.sampled_from(
    ["().__class__.__bases__[0].__subclasses__()", "__import__('os').system('true')", "open('/tmp/x', 'w')", "exec('1')",
     "eval('1')", "[x for x in (1,)]", "(lambda: x)()", "x.numpy()", "x.__class__", "globals()", "(y := 1)", "x[0]", "{x}",
     "{**x}", "*x", "**x", "x if x else x", "x < 1", "x and x", "not x", "~x", "x ^ 2", "x % 2", "x // 2", "x @ x", "x << 9",
     "9**9**9", "9**9**9**9", "(-8)**0.5", "0**-1", "1/0", "log(x=1)", "log(*x)", "log(x)(x)", "2(x)", "pi(x)", "x(x)",
     "sin", "log()", "pow(x)", "pow(x, x, x)", "yield x", "await x", "x; x", "x = 1", "x\nx", "x # y", "x\\\nx", "\x00",
     "\ud800", "x\x0c", "\ufeffx", "import os", "sin.x", "tf.sin(x)", "print(x)", "f'{exec(1)}'", "a:b", "os:getcwd", "::",
     "(" * 90 + "x" + ")" * 90, "(" * 500, "-" * 140 + "x", "-" * 5000 + "x", "x" + "+x" * 140, "x" + "+x" * 3000,
     "x" + "**x" * 30, "1" + "**2" * 60, "sin(" * 100 + "x" + ")" * 100])  # fmt: skip


def grown(inner):
    """Formulas of smaller ones."""
    return st.one_of(
        st.tuples(st.sampled_from(sorted(expression.FUNCTIONS)), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["pow", "atan2", "maximum"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "^", "%", "//"]), inner).map(" ".join),
        st.tuples(st.sampled_from(["-", "+", "~", "not ", "("]), inner).map("".join),
        inner.map(lambda t: f"({t})"),
    )


GRAMMAR = st.recursive(NUMBERS | NAMES | st.just("x") | HOSTILE, grown, max_leaves=6)
SOUP = st.lists(
    HOSTILE | NAMES | NUMBERS | st.sampled_from(list("()[]{}+-*/.,:;='\" \t\n\\%^&|~<>@!")), max_size=8
).map("".join)
MUTATED = st.tuples(GRAMMAR, st.integers(0, 40), st.characters()).map(lambda p: p[0][: p[1]] + p[2] + p[0][p[1] :])
TEXTS = GRAMMAR | SOUP | MUTATED | st.text(max_size=20)

# What Python tells of itself while a formula runs that is no formula.
WATCHED = {"exec", "os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen", "socket.connect", "import",
           "os.remove", "os.rename", "ctypes.dlopen", "marshal.loads", "code.__new__", "builtins.input"}  # fmt: skip
_events: list = []
_watching = [False]


def _hook(event, arguments, watching=_watching):  # at the end of the process, the module's names are gone
    if watching[0] and (event in WATCHED or (event == "open" and str(arguments[1]) != "r")):
        _events.append((event, str(arguments)[:200]))


sys.addaudithook(_hook)  # cannot be taken away again: it sleeps


@contextlib.contextmanager
def watched():
    """Raises if something is run, imported or written in the block."""
    _events.clear()
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False
    assert not _events, _events


def by_python(text, x=X):
    """The number that Python computes for an accepted formula at x; None if it computes none, or has not the functions."""
    tree = ast.parse(text.strip(), mode="eval")
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)}
    if not called <= set(KNOWN):
        return None

    class Floats(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.copy_location(ast.Constant(float(node.value)), node)

    code = compile(ast.fix_missing_locations(Floats().visit(tree)), "formula", "eval")
    try:
        value = eval(code, {"__builtins__": {}, "e": math.e, "pi": math.pi, "x": x, **KNOWN})
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, float) else None


def computed(text):
    """What `nthgrad differentiate` computes at x, or the ArgumentError."""
    try:
        return expression.function(text, ["x"], "float64")(tf.constant(X, tf.float64))
    except ArgumentError as error:
        return error


@pytest.mark.quick
@cases(100, TEXTS)
def test_a_number_or_the_documented_error(text):
    computed("sin(x) + 1")  # what is imported once
    with watched():
        found = computed(text)
    if isinstance(found, ArgumentError):
        assert str(found).endswith("."), found
        return
    assert found.dtype == tf.float64
    assert found.shape == ()
    known = by_python(text)
    note(f"{text!r}: {found}")
    if known is not None and abs(known) < 1e100 and np.isfinite(found):
        close(float(found), known, text)


def close(found, known, text):
    """Compares, where the formula is not so steep at x that a rounding of it changes all digits."""
    moved = [v for v in (by_python(text, X * (1 + s * 1e-9)) for s in (1, -1)) if v is not None]
    steep = max((abs(v - known) for v in moved), default=0.0)
    assert abs(found - known) <= 1e-9 * max(1.0, abs(known)) + 10 * steep, (text, found, known)


@cases(5, TEXTS)
def test_the_command_line(text):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["differentiate", "--at", f"x={X}", "--order", "1", "--", text])
    said = err.getvalue()
    note(f"{text!r}: {status}, {said}")
    assert status in (0, 1, 2)
    assert "Traceback" not in said
    assert (status == 0) == bool(out.getvalue())
    assert status == 0 or (said.startswith("nthgrad: ") and len(said) < 700)
