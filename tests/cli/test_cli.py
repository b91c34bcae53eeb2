"""The command line: what it computes against closed forms, what it refuses, and what reaches the screen."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import mpmath
import numpy as np
import pytest

from nthgrad.__main__ import main
from nthgrad._display import plot, quiet, table
from nthgrad.cli import expression, ways
from nthgrad.errors import NthgradError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Runs every test in a folder of its own, and lets modules of that folder be imported afresh."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv(quiet.LEVEL, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def computed(*arguments: str) -> dict[str, np.ndarray]:
    """The columns that `nthgrad eval` writes."""
    assert main(["eval", *arguments, "--out", "computed.npz"]) == 0
    with np.load("computed.npz") as file:
        return {name: file[name] for name in file.files}


def process(*arguments: str, **options) -> subprocess.CompletedProcess:
    """A run in a process of its own, as a user's shell starts it."""
    environment = {k: v for k, v in os.environ.items() if k not in (quiet.LEVEL, "COLUMNS")}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        **options,
    )


# ---------- what is computed

LOG = [math.log(3), 1 / 3, -1 / 9, 2 / 27, -6 / 81]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("dtype", "method", "tolerance"),
    [
        ("float64", "auto", 1e-15),
        ("float64", "tape", 1e-15),
        ("float64", "taylor", 1e-15),
        ("float64", "difference", 1e-7),
        ("float32", "auto", 1e-6),
    ],
)
def test_log(dtype, method, tolerance):
    columns = computed("log(x + 2)", "--at", "x=1", "--order", "4", "--dtype", dtype, "--method", method)
    assert list(columns) == ["x", "f", "df_dx", "d2f_dx2", "d3f_dx3", "d4f_dx4"]
    assert {c.dtype.name for c in columns.values()} == {dtype}
    assert {c.shape for c in columns.values()} == {(1,)}
    np.testing.assert_allclose([c[0] for c in list(columns.values())[1:]], LOG, rtol=tolerance)


# Every function of the expressions: how it is written, mpmath's word for it, and where.
CASES = {
    **{name: (f"{name}(x)", getattr(mpmath, name), 0.3) for name in
       ("acos", "asin", "asinh", "atan", "atanh", "cos", "cosh", "digamma", "erf", "erfc", "exp", "expm1", "log",
        "log1p", "sign", "sin", "sinh", "sqrt", "tan", "tanh")},
    "abs": ("abs(x)", mpmath.fabs, -0.3),
    "acosh": ("acosh(x)", mpmath.acosh, 1.7),
    "atan2": ("atan2(x, 0.7)", lambda x: mpmath.atan2(x, mpmath.mpf(0.7)), 0.3),
    "lgamma": ("lgamma(x)", mpmath.loggamma, 2.3),
    "maximum": ("maximum(x*x, 0.01)", lambda x: x * x, 0.3),
    "minimum": ("minimum(x*x, 4)", lambda x: x * x, 0.3),
    "pow": ("pow(x, 2.5)", lambda x: x ** mpmath.mpf(2.5), 0.3),
    "sigmoid": ("sigmoid(x)", lambda x: 1 / (1 + mpmath.exp(-x)), 0.3),
    "softplus": ("softplus(x)", lambda x: mpmath.log1p(mpmath.exp(x)), 0.3),
    "softsign": ("softsign(x)", lambda x: x / (1 + abs(x)), 0.3),
    "square": ("square(x)", lambda x: x * x, 0.3),
}  # fmt: skip


def test_every_function_has_a_case():
    assert set(CASES) == set(expression.FUNCTIONS)


@pytest.mark.parametrize("name", sorted(CASES))
def test_functions(name):
    text, oracle, at = CASES[name]
    order = 0 if name == "sign" else 2
    columns = list(computed(text, "--at", f"x={at}", "--order", str(order)).values())
    with mpmath.workdps(50):
        exact = [float(mpmath.diff(oracle, mpmath.mpf(at), n)) for n in range(order + 1)]
    np.testing.assert_allclose([c[0] for c in columns[1:]], exact, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("x**2 + 3*x - 1", 4.04, 5.4),
        ("-x**2", -1.44, -2.4),
        ("+x/4 - -x", 1.5, 1.25),
        ("-tanh(x)", -math.tanh(1.2), -1 / math.cosh(1.2) ** 2),  # and not the options -t, -a, -n, -h
        ("--x", 1.2, 1),
        ("(x + 1)*(x - 1)", 0.44, 2.4),
        ("x**-2", 1.2**-2, -2 * 1.2**-3),
        ("2**x", 2**1.2, 2**1.2 * math.log(2)),
        ("x**x", 1.2**1.2, 1.2**1.2 * (math.log(1.2) + 1)),
        ("pi*x + e", math.pi * 1.2 + math.e, math.pi),
        ("x*2**0.5", 1.2 * 2**0.5, 2**0.5),
        ("x*log(2)", 1.2 * math.log(2), math.log(2)),  # not rounded to float32
        ("0.1*x", 0.1 * 1.2, 0.1),
        ("7/2*x", 4.2, 3.5),
        ("x*1_000", 1200, 1000),
        (" x * 3 ", 1.2 * 3, 3),
    ],
)
def test_arithmetic(text, value, slope):
    columns = computed(text, "--at", "x=1.2")
    np.testing.assert_allclose([columns["f"][0], columns["df_dx"][0]], [value, slope], rtol=1e-14)


def test_two_variables():
    columns = computed("sin(x*y)", "--at", "x=0.5,1,2", "--at", "y=3", "--by", "y", "--order", "2")
    x = np.array([0.5, 1, 2])
    assert list(columns) == ["x", "y", "f", "df_dy", "d2f_dy2"]
    np.testing.assert_array_equal(columns["y"], [3, 3, 3])
    exact = [np.sin(3 * x), x * np.cos(3 * x), -x * x * np.sin(3 * x)]
    np.testing.assert_allclose(list(columns.values())[2:], exact, rtol=1e-14)


def test_the_first_variable_is_the_default():
    columns = computed("x*y**2", "--at", "y=3", "--at", "x=2")
    assert list(columns) == ["y", "x", "f", "df_dy"]
    assert (columns["f"][0], columns["df_dy"][0]) == (18, 12)


# ---------- points


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.csv", "x\n0.5\n1e0\n-2\n", [0.5, 1, -2]),
        ("p.csv", "0.5\n1\n", [0.5, 1]),
        ("p.csv", "t,x\n9,0.5\n8,1\n", [0.5, 1]),
        ("p.csv", "\ufeffx, t\n\n 0.5 ,9\n1,8\n", [0.5, 1]),
        ("p.csv", "speed\n3\n", [3]),
        ("P.CSV", "x\r\n3\r\n", [3]),
        ("p.npy", np.array([0.5, 1.0]), [0.5, 1]),
        ("p.npy", np.array([[1], [2]], np.int32), [1, 2]),
        ("p.npy", np.array(4.0, np.float32), [4]),
    ],
)
def test_files_of_points(name, content, expected):
    if isinstance(content, str):
        Path(name).write_text(content, encoding="utf-8")
    else:
        np.save(name, content)
    columns = computed("x**2", "--at", f"x={name}")
    np.testing.assert_array_equal(columns["x"], expected)
    np.testing.assert_array_equal(columns["df_dx"], 2 * np.array(expected, float))


def test_negative_and_float32_points():
    columns = computed("x**3", "--at", "x=-1,0.1", "--dtype", "float32")
    np.testing.assert_array_equal(columns["x"], np.array([-1, 0.1], np.float32))


# ---------- functions of the user

MODULE = """
import tensorflow as tf

def f(x, y=2.0):
    if x[0] > 0:
        return tf.sin(x) * y
    return tf.cos(x)

class Cube:
    def __call__(self, x):
        return x**3

cube = Cube()
number = 3

def raises(x):
    raise RuntimeError("no such thing.\\nNot at all")

def mixes(x):
    return tf.reduce_sum(x * x)

def keyword(x, *, k):
    return x * k

def several(a, b=1.0, c=2.0):
    return a * c

def interrupted(x):
    raise KeyboardInterrupt
"""


@pytest.fixture
def module(here):
    """A module in the current folder."""
    (here / "functions_of_mine.py").write_text(MODULE)
    return "functions_of_mine"


@pytest.mark.parametrize("method", ["auto", "difference"])
def test_function_of_the_user(module, method):
    columns = computed(f"{module}:f", "--at", "x=1,2", "--order", "2", "--method", method)
    x = np.array([1.0, 2.0])
    exact = [2 * np.sin(x), 2 * np.cos(x), -2 * np.sin(x)]
    np.testing.assert_allclose(list(columns.values())[1:], exact, rtol=1e-8)


def test_function_of_several_arguments(module):
    columns = computed(f"{module}:f", "--at", "y=3", "--at", "x=1", "--by", "y")
    assert list(columns) == ["y", "x", "f", "df_dy"]
    np.testing.assert_allclose([columns["f"][0], columns["df_dy"][0]], [3 * math.sin(1), math.sin(1)], rtol=1e-15)


def test_object_that_can_be_called(module):
    assert [c[0] for c in computed(f"{module}:cube", "--at", "x=2", "--order", "3").values()] == [2, 8, 12, 12, 6]


def test_function_of_an_installed_module():
    assert [c[0] for c in computed("tensorflow.math:log", "--at", "x=1").values()] == [1, 0, 1]


def test_module_that_raises_when_imported(here, capsys):
    (here / "broken_of_mine.py").write_text("x = 1\nraise ValueError('too early')\n")
    assert main(["eval", "broken_of_mine:f", "--at", "x=1"]) == 1
    assert capsys.readouterr().err == (
        "nthgrad: Importing broken_of_mine raised ValueError: too early (broken_of_mine.py, line 2). "
        "Correct the module.\n"
    )


@pytest.mark.parametrize("method", ["auto", "difference"])
def test_function_that_raises(module, method, capsys):
    line = 1 + MODULE[: MODULE.index("raise RuntimeError")].count("\n")
    assert main(["eval", f"{module}:raises", "--at", "x=1", "--method", method]) == 1
    assert capsys.readouterr().err == (
        "nthgrad: The function raised RuntimeError: no such thing. Not at all "
        f"({module}.py, line {line}). Correct it, or give it other points.\n"
    )


def test_ctrl_c(module, capsys):
    assert main(["eval", f"{module}:interrupted", "--at", "x=1"]) == 130
    assert capsys.readouterr().err.strip() == ""


# ---------- what is refused

NAMES = ", ".join(sorted(expression.FUNCTIONS))
AS_PYTHON = 'Write it as in Python, for example "log(x + 2)".'
ARITHMETIC = "is not arithmetic. Write + - * / ** and functions such as log."

REFUSED = {
    # expressions
    "foo(x) --at x=1": f"There is no function 'foo' for 'foo(x)'. There are {NAMES}.",
    "log(x --at x=1": f"'log(x' is not an expression: '(' was never closed (column 4). {AS_PYTHON}",
    "x=3 --at x=1": f"'x=3' is not an expression: invalid syntax (column 2). {AS_PYTHON}",
    "x;x --at x=1": f"'x;x' is not an expression: invalid syntax (column 2). {AS_PYTHON}",
    "x+y --at x=1": "There is no value for y in 'x+y'. Add --at y=VALUE.",
    "log(y) --at x=1": "There is no value for y in 'log(y)'. Add --at y=VALUE.",
    "x --at x=1 --at y=2": "'x' has no variable y. Leave out --at y=VALUE.",
    "x^2 --at x=1": "'x^2' holds the operator ^. Write ** for powers.",
    "x//2 --at x=1": f"x // 2 in 'x//2' {ARITHMETIC}",
    "x%2 --at x=1": f"x % 2 in 'x%2' {ARITHMETIC}",
    "~x --at x=1": f"~x in '~x' {ARITHMETIC}",
    "x<1 --at x=1": f"x < 1 in 'x<1' {ARITHMETIC}",
    "x.shape --at x=1": f"x.shape in 'x.shape' {ARITHMETIC}",
    "x[0] --at x=1": f"x[0] in 'x[0]' {ARITHMETIC}",
    "[x]*9 --at x=1": f"[x] in '[x]*9' {ARITHMETIC}",
    "log(*x) --at x=1": f"*x in 'log(*x)' {ARITHMETIC}",
    "x.op.graph() --at x=1": f"There is no function 'x.op.graph' for 'x.op.graph()'. There are {NAMES}.",
    "__import__(x) --at x=1": f"There is no function '__import__' for '__import__(x)'. There are {NAMES}.",
    "log --at x=1": "log in 'log' is a function. Write log(...).",
    "x(2) --at x=1": "x in 'x(2)' is a number, and is called. Write x*(...) for a product.",
    "(1)(x) --at x=1": "1 in '(1)(x)' is a number, and is called. Write 1*(...) for a product.",
    "(x+1)(x) --at x=1": "x + 1 in '(x+1)(x)' is a number, and is called. Write (x + 1)*(...) for a product.",
    "log(x)(x) --at x=1": "log(x) in 'log(x)(x)' is a number, and is called. Write log(x)*(...) for a product.",
    "log(x,x) --at x=1": "log in 'log(x,x)' has 2 arguments. Give it one.",
    "pow(x) --at x=1": "pow in 'pow(x)' has 1 argument. Give it two.",
    "log(x=x) --at x=1": "log in 'log(x=x)' has named arguments. Give it one.",
    "x*True --at x=1": f"True in 'x*True' is not a real number. {AS_PYTHON}",
    "x*2j --at x=1": f"2j in 'x*2j' is not a real number. {AS_PYTHON}",
    "x*'a' --at x=1": f"""'a' in "x*'a'" is not a real number. {AS_PYTHON}""",
    "x*1e999 --at x=1": "A number in 'x*1e999' is too large for a float. Write a smaller one.",
    "x+9**9**9 --at x=1": "'x+9**9**9' has no value: 9 ** 3.8742e+08 is too large for a float. Change that part of the "
    "expression.",
    "x+(-8)**0.5 --at x=1":
        "'x+(-8)**0.5' has no value: -8 ** 0.5 is not a real number. Change that part of the expression.",
    "x+1/0 --at x=1": "'x+1/0' has no value: float division by zero. Change that part of the expression.",
    # module:function
    "nothere_of_mine:f --at x=1":
        "There is no module 'nothere_of_mine'. Run nthgrad in the folder that holds it, or install it.",
    "functions_of_mine:g --at x=1": "functions_of_mine has no g. Give the name of a function that it defines.",
    "functions_of_mine:number --at x=1":
        "functions_of_mine:number is of type int and cannot be called. Give a function.",
    "functions_of_mine:f --at z=1": "functions_of_mine:f has no argument 'z'. Its arguments are x, y.",
    "functions_of_mine:f --at y=1": "There is no value for functions_of_mine:f's argument x. Add --at x=VALUE.",
    "functions_of_mine:keyword --at x=1":
        "There is no value for functions_of_mine:keyword's argument k. Add --at k=VALUE.",
    "functions_of_mine:several --at a=1 --at c=2": "There is no value for functions_of_mine:several's argument b. "
    "Add --at b=VALUE.",
    "a:b:c --at x=1": "'a:b:c' is neither an expression nor module:function. Write for example mymodule:f.",
    ": --at x=1": "':' is neither an expression nor module:function. Write for example mymodule:f.",
    # points
    "x": "No point is given. Add --at x=1.",
    "x --at 1": "--at 1 names no variable. Write --at NAME=VALUES, for example --at x=1.",
    "x --at x=abc": "x=abc is neither numbers nor a .npy or .csv file. Write for example x=1 or x=0.5,1,2.",
    "x --at x=": "x= is neither numbers nor a .npy or .csv file. Write for example x=1 or x=0.5,1,2.",
    "x --at x=1,,2": "x=1,,2 is neither numbers nor a .npy or .csv file. Write for example x=1 or x=0.5,1,2.",
    "x --at x=1,nan": "Value 2 of x is nan and no finite float64. Give finite numbers.",
    "x --at x=1e999": "Value 1 of x is inf and no finite float64. Give finite numbers.",
    "x --at x=1e300 --dtype float32": "Value 1 of x is 1e+300 and no finite float32. Give finite numbers.",
    "x --at x=1 --at x=2": "--at gives x twice. Give all its values at once, for example --at x=0.5,1,2.",
    "x*y --at x=1,2 --at y=1,2,3":
        "The numbers of values differ: 2 of x, 3 of y. Give each variable one value, or all as many.",
    "x --at x=none.npy": "none.npy cannot be read: No such file or directory. Give a file that can.",
    "x --at x=none.csv": "none.csv cannot be read: No such file or directory. Give a file that can.",
    "x --at x=words.csv": "words.csv, line 3: 'two' is not a number. Correct it or take the line out.",
    "x --at x=columns.csv": "columns.csv has the columns s, t, and none is x. Name that column x in the first line.",
    "x --at x=nameless.csv":
        "nameless.csv has 2 columns without names, and none is x. Name that column x in the first line.",
    "x --at x=empty.csv": "empty.csv is empty. Give at least one point.",
    "x --at x=header.csv": "There is no value of x. Give at least one point.",
    "x --at x=text.npy": "text.npy is not a NumPy file of numbers. Write it with numpy.save.",
    "x --at x=square.npy": "square.npy holds an array of shape (2, 2). Give one of shape (n,).",
    "x --at x=complex.npy": "complex.npy does not hold one array of real numbers. Write such an array with numpy.save.",
    "x --at e=1": "e has a meaning in expressions. Give the variable another name.",
    "f*f --at f=1": "The variable f has the name of a result. Give it another name.",
    "x --at x=1 --by y": "--by y is none of the variables x. Name one that --at gives.",
    "x --at x=many.npy": "1001 points are too many for a table. Add --out FILE.csv.",
    # options
    "x --nope --at x=1": "Got unexpected extra argument (--nope)",
    "x --at x=1 --order -1":
        "Invalid value for '--order': -1 is no order of differentiation. Give an integer from 0 to 100.",
    "x --at x=1 --order two":
        "Invalid value for '--order': two is no order of differentiation. Give an integer from 0 to 100.",
    "x --at x=1 --order 9999999999999999999999": "Invalid value for '--order': 9999999999999999999999 is no order of "
    "differentiation. Give an integer from 0 to 100.",
    "x --at x=1 --out a.txt": "a.txt has an unknown ending. Write a file that ends with .csv or .npz.",
    "x --at x=1 --out a": "a has an unknown ending. Write a file that ends with .csv or .npz.",
    "x --at x=1 --out nowhere/a.csv": "There is no folder nowhere for a.csv. Make it first.",
    "x --at x=1 --out folder.csv": "folder.csv is a folder. Give the name of a file.",
    "x --at x=1 --plot a.jpg": "a.jpg has an unknown ending. Write a file that ends with .png or .pdf or .svg.",
    "x --at x=1 --method magic": "Invalid value for '--method': 'magic' is not one of 'auto', 'taylor', 'tape', 'difference'.",
    "x --at x=1 --dtype float16": "Invalid value for '--dtype': 'float16' is not one of 'float32', 'float64'.",
}  # fmt: skip


@pytest.mark.parametrize("typed", REFUSED)
def test_refused(typed, module, capfd):
    Path("words.csv").write_text("x\n1\ntwo\n")
    Path("columns.csv").write_text("s,t\n1,2\n")
    Path("nameless.csv").write_text("1,2\n3,4\n")
    Path("empty.csv").write_text("\n")
    Path("header.csv").write_text("x\n")
    Path("text.npy").write_text("0.5, 1")
    np.save("square.npy", np.eye(2))
    np.save("complex.npy", np.array([1j]))
    np.save("many.npy", np.arange(1001.0))
    Path("folder.csv").mkdir()
    assert main(["eval", *typed.split(" ")]) == 2
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"nthgrad: {REFUSED[typed]}\n")


@pytest.mark.parametrize("text", ["1if x else 2", "(1)(x)", "x is 1", "0x1for x in x", "'\\d'"])
@pytest.mark.filterwarnings("error")
def test_python_says_nothing_of_a_formula(text, capfd, recwarn):
    assert main(["eval", "--at", "x=1", "--", text]) == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert not recwarn


@pytest.mark.parametrize(
    "text",
    [
        "1" * 5000 + "*x",
        "1" * 4000 + "*x",
        "x*" + "9" * 4000 + "j",
        "x @ " + "y" * 5000,
        "y" * 5000,
        "y" * 5000 + "(x)",
        "x " * 3000,
        "x[" + "+1" * 100 + "]",
        "'" + "a" * 5000 + "'",
        "x + (" + "1 " * 3000,
        "a:" + "b" * 5000,
        "a:" * 3000,
    ],
    ids=lambda text: f"{text[:6]}... of {len(text)}",
)
def test_no_more_of_a_formula_is_repeated_than_a_line(text, capfd):
    assert main(["eval", "--at", "x=1", "--", text]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert len(err) < 700
    assert max(map(len, err.split())) <= 203
    assert err.endswith((".\n", ". "))  # what to do is there


@pytest.mark.parametrize(
    "typed",
    [
        ["eval", "x", "--at", "x=" + "1," * 3000],
        ["eval", "x", "--at", "x" * 5000],
        ["eval", "x", "--at", "x=1", "--order", "9" * 5000],
        ["eval", "x", "--at", "x=1", "--by", "y" * 5000],
        ["lift", "a.pb", "--out", "out", "--feed", "k" * 5000],
    ],
    ids=["points", "a name", "an order", "by", "feed"],
)
def test_no_more_of_an_option_is_repeated_than_a_line(typed, here, capfd):
    assert main(typed) == 2
    err = capfd.readouterr().err
    assert (len(err) < 700, err.count("\n")) == (True, 1)


@pytest.mark.parametrize(
    "text", ["(" * 500 + "x" + ")" * 500, "+".join(["x"] * 5000), "-" * 5000 + "x", "sin(" * 180 + "x" + ")" * 180]
)
def test_nested_too_deep(text, capfd):
    assert main(["eval", "--at", "x=1", "--", text]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "nested" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "No such command 'nothing'."),
        (["run"], "Missing argument 'FILE'."),
        (["run", "none.py"], "Invalid value for 'FILE': File 'none.py' does not exist."),
        (["demo", "x"], "Got unexpected extra argument (x)"),
        (["eval"], "Missing argument 'EXPRESSION|MODULE:FUNCTION'."),
    ],
)
def test_refused_commands(arguments, message, capfd):
    assert main(arguments) == 2
    assert capfd.readouterr() == ("", f"nthgrad: {message}\n")


@pytest.mark.parametrize(
    ("typed", "beginning"),
    [
        (
            "functions_of_mine:mixes --at x=1",
            "f returned a tensor of shape () for points of shape (1,). Return one tensor",
        ),
        ("functions_of_mine:mixes --at x=1,2", "f m"),
        ("sign(x) --at x=1", "f(x) does not depend on x through any differentiable path: "),
        ("tanh(tanh(x)) --at x=1 --order 40 --method tape", "The derivative of order 40 "),
    ],
)
def test_errors_of_the_library(typed, beginning, module, capfd):
    assert main(["eval", *typed.split(" ")]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"nthgrad: {beginning}")
    assert err.count("\n") == 1


# ---------- tables and files

TABLE = """\

   x  y              f         df_dy       d2f_dy2
 ─────────────────────────────────────────────────
 0.5  3   0.9974949866   0.035368601  -0.249373747
 1.0  3   0.1411200081  -0.989992497  -0.141120008
 2.0  3  -0.2794154982   1.920340573   1.117661993

"""


@pytest.mark.quick
def test_table(capsys):
    assert main(["eval", "sin(x*y)", "--at", "x=0.5,1,2", "--at", "y=3", "--by", "y", "--order", "2"]) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == TABLE.splitlines()


def test_wide_tables_are_split(capsys):
    assert main(["eval", "exp(x)", "--at", "x=0.5", "--order", "8"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    for heading in ["f", "df_dx", *(f"d{n}f_dx{n}" for n in range(2, 9))]:
        assert heading in out.split()
    assert out.split().count("1.648721271") == 9


def test_rows_wider_than_the_screen_are_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    outcome = [ways.Result(way, [ways.exact(n) for n in range(5)], 0.0, None) for way in ways.WAYS]
    table.show(ways.table(outcome))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:-3] == DEMO.splitlines()


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [
        ([1, 2, -3], 10, ["1", "2", "-3"]),
        ([0.5, 1, -2], 10, ["0.5", "1.0", "-2.0"]),
        ([1 / 3], 7, ["0.3333333"]),
        ([100 / 3, 1 / 3], 7, ["33.33333", "0.33333"]),
        ([1e-8], 7, ["1.000000e-08"]),
        ([2.5e7, 1.0], 3, ["2.50e+07", "1.00e+00"]),
        ([math.nan, math.inf, 1.5], 10, ["nan", "inf", "1.5"]),
        ([0.0], 10, ["0"]),
        ([-0.0], 10, ["0"]),
        ([-0.0, 1 / 3], 7, ["0.0000000", "0.3333333"]),
        ([-0.0, -1e-8], 3, ["0.00e+00", "-1.00e-08"]),
        ([1e5 + 0.5, -2e-4], 7, ["100000.5", "0.0"]),
        ([-math.inf, -0.0], 7, ["-inf", "0"]),
        ([], 10, []),
    ],
)
def test_aligned(values, digits, expected):
    assert table.aligned(values, digits) == expected


def test_a_zero_has_no_sign_in_a_table_and_keeps_it_in_a_file(capsys):
    typed = ["eval", "-x**3", "--at", "x=0,0.3", "--order", "2"]
    assert main([*typed, "--out", "a.csv"]) == main(typed) == 0
    assert "-0.0,-0.0" in Path("a.csv").read_text()
    zeros = capsys.readouterr().out.splitlines()[3]
    assert [float(cell) for cell in zeros.split()] == [0, 0, 0, 0]
    assert "-" not in zeros
    results = [ways.Result(ways.WAYS[0], [-1e-9, -0.0, -0.1, 0.1, 0.0], 0.0, None)]
    table.show(ways.table(results))
    shown = [line.split()[2] for line in capsys.readouterr().out.splitlines() if line[:7].strip().isdigit()]
    assert shown == ["0.0000000", "0.0000000", "-0.1000000", "0.1000000", "0.0000000"]


class Acts:
    """What makes a folder where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def archive(path):
    with open(path, "wb") as file:
        np.savez(file, x=np.array([Acts()], object))


def header(text):
    said = text.ljust(117).encode() + b"\n"
    return lambda path: path.write_bytes(b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said + bytes(8))


NOT_NUMBERS = {
    "an array of objects": lambda path: np.save(path, np.array([Acts()], object), allow_pickle=True),
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Acts())),
    "an archive of objects": archive,
    "a damaged archive": lambda path: path.write_bytes(b"PK\x03\x04 and more"),
    "nothing": lambda path: path.write_bytes(b""),
    "an open parenthesis": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1"),
    "an open string": header("{'descr': '<f8', 'fortran_order': False, 'shape"),
    "no dict": header("{'descr': '<f8' 'fortran_order'} = ="),
    "more than there is": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1073741824,)}"),
    "more than memory holds": header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**60},)}}"),
}


@pytest.mark.quick
@pytest.mark.parametrize("make", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_points_are_never_unpickled(make, capfd):
    make(Path("x.npy"))
    assert main(["eval", "x**2", "--at", "x=x.npy"]) == 2
    assert capfd.readouterr() == ("", "nthgrad: x.npy is not a NumPy file of numbers. Write it with numpy.save.\n")
    assert not Path("unpickled").exists()


def test_the_pickles_would_act():
    """Else the test above proves nothing."""
    for name in ("an array of objects", "an archive of objects"):
        NOT_NUMBERS[name](Path("x.npy"))
        with open("x.npy", "rb") as file:
            loaded = np.load(file, allow_pickle=True)
            if name == "an archive of objects":
                loaded["x"]
        Path("unpickled").rmdir()


def test_csv(capsys):
    assert main(["eval", "log(x)", "--at", "x=0.1,3", "--order", "2", "--out", "a.csv"]) == 0
    assert capsys.readouterr().out == ""
    lines = Path("a.csv").read_bytes().decode().split("\n")
    assert (lines[0], lines[3:]) == ("x,f,df_dx,d2f_dx2", [""])
    x = np.array([0.1, 3])
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1:3]]
    np.testing.assert_allclose(np.transpose(rows), [x, np.log(x), 1 / x, -1 / x**2], rtol=1e-15)


def test_float32_csv_reads_back_equal():
    assert main(["eval", "x", "--order", "0", "--at", "x=0.1", "--dtype", "float32", "--out", "a.csv"]) == 0
    assert Path("a.csv").read_text() == "x,f\n0.1,0.1\n"


@pytest.mark.parametrize("name", ["file", "args", "allow_pickle"])
def test_npz_of_a_variable_with_any_name(name):
    assert computed(f"{name}**2", "--at", f"{name}=3")[f"df_d{name}"] == [6]


@pytest.mark.parametrize("name", ["a.csv", "a.npz", "a.png"])
def test_a_write_that_fails_leaves_the_old_file(name, here, monkeypatch, capfd):
    Path(name).write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    option = "--plot" if name == "a.png" else "--out"
    assert main(["eval", "x**2", "--at", "x=1", option, name]) == 2
    assert capfd.readouterr() == (
        "",
        f"nthgrad: {name} cannot be written: No space left on device. Give a file that can.\n",
    )
    assert [p.name for p in here.iterdir()] == [name]
    assert Path(name).read_text() == "old"


def test_a_written_file_has_the_usual_rights(here):
    Path("usual").write_text("")
    assert main(["eval", "x**2", "--at", "x=1", "--out", "a.csv"]) == 0
    assert Path("a.csv").stat().st_mode == Path("usual").stat().st_mode


# ---------- plots


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved, with what matplotlib makes of them."""
    from matplotlib.figure import Figure

    saved, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (saved.append(self), save(self, *a, **k)))
    return saved


def test_plot_around_a_point(figures, capsys):
    assert main(["eval", "log(x + 2)", "--at", "x=1", "--order", "2", "--plot", "a.png"]) == 0
    assert "1.098612289" in capsys.readouterr().out  # the table as well
    assert Path("a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    (figure,) = figures
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("x", "f and its derivatives", "log(x + 2)")
    assert axes.get_yscale() == "linear"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["f", *(rf"$\mathrm{{d}}{p} f\,/\,\mathrm{{d}}\mathit{{x}}{p}$" for p in ("", "^{2}"))]
    curves = [line for line in axes.lines if len(line.get_xdata()) > 100]
    for line, exact in zip(
        curves, [lambda x: np.log(x + 2), lambda x: 1 / (x + 2), lambda x: -1 / (x + 2) ** 2], strict=True
    ):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (0.5, 1.5)
        np.testing.assert_allclose(y, exact(x), rtol=1e-14)
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([line.get_ydata()[0] for line in dots], LOG[:3], rtol=1e-14)


def test_plot_of_curves_of_many_sizes(figures):
    assert main(["eval", "exp(10*x)", "--at", "x=1,0", "--order", "3", "--plot", "a.svg", "--out", "a.csv"]) == 0
    assert b"<svg" in Path("a.svg").read_bytes()
    (axes,) = figures[0].axes
    assert axes.get_yscale() == "asinh"
    assert axes.lines[0].get_xdata()[[0, -1]].tolist() == [0, 1]


def test_plot_where_another_variable_varies(figures):
    assert main(["eval", "x*y", "--at", "x=3,1,2", "--at", "y=1,2,3", "--plot", "a.pdf"]) == 0
    line = figures[0].axes[0].lines[0]
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([1, 2, 3], [2, 6, 3])


def test_plot_of_many_points(figures):
    np.save("x.npy", np.linspace(0, 1, 900))
    assert main(["eval", "x**2", "--at", "x=x.npy", "--plot", "a.png"]) == 0
    assert [len(line.get_xdata()) for line in figures[0].axes[0].lines[:2]] == [900, 900]
    assert not [line for line in figures[0].axes[0].lines if line.get_marker() == "o"]


@pytest.mark.parametrize(
    ("ends", "interval"), [((1, 3), (1, 3)), ((4, 4), (2, 6)), ((-4, -4), (-6, -2)), ((0, 0), (-1, 1))]
)
def test_interval(ends, interval):
    assert plot._interval(*map(float, ends)) == interval


def test_plot_without_matplotlib(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["eval", "x**2", "--at", "x=1", "--plot", "a.png"]) == 2
    message = "--plot needs matplotlib, which is not installed. Run pip install 'nthgrad[plot]'."
    assert capfd.readouterr() == ("", f"nthgrad: {message}\n")


# ---------- demo


def test_demo_against_mpmath():
    with mpmath.workdps(30):
        exact = [mpmath.diff(lambda x: mpmath.log(x + 2), 1, n) for n in range(5)]
    np.testing.assert_allclose([ways.exact(n) for n in range(5)], np.array(exact, float), rtol=1e-15)
    outcome = ways.results()
    assert [result.way.dtype for result in outcome] == ["float32", "float32", "float64", "float32", "float32"]
    for result in outcome:
        assert result.failure is None
        assert result.right
        np.testing.assert_allclose(result.values, np.array(exact, float), rtol=result.way.tolerance)


def test_demo_that_is_off(monkeypatch, capfd):
    right = [ways.exact(n) for n in range(5)]
    made = {
        "right": lambda: np.array(right, np.float64),
        "off": lambda: np.array([*right[:4], right[4] * (1 + 3e-6)], np.float64),
        "nan": lambda: np.array([*right[:4], math.nan], np.float64),
        "short": lambda: np.array(right[:4], np.float64),
        "rounded": lambda: np.array(right, np.float32),
        "raises": lambda: 1 / 0,
    }
    outcome = ways.results([ways.Way(name, "float64", 1e-6, compute) for name, compute in made.items()])
    assert [result.right for result in outcome] == [True, False, False, False, False, False]
    monkeypatch.setattr(ways, "results", lambda: [outcome[0], outcome[1], outcome[5]])
    assert main(["demo"]) == 1
    out, err = capfd.readouterr()
    assert err == "nthgrad: raises failed: ZeroDivisionError: division by zero\n"
    assert [line.split() for line in out.splitlines() if line.startswith(" error")] == [
        ["error", "0.0e+00", "3.0e-06", "-"]
    ]
    monkeypatch.setattr(ways, "results", lambda: [outcome[0]])
    assert main(["demo"]) == 0


DEMO = """\
f(x) = log(x + 2) and its derivatives at x = 1

                         power      nested      finite        TF 1     Keras 2
                        series       tapes  difference     session       model
 order       exact     float32     float32     float64     float32     float32
 ─────────────────────────────────────────────────────────────────────────────
     0   1.0986123   1.0986123   1.0986123   1.0986123   1.0986123   1.0986123
     1   0.3333333   0.3333333   0.3333333   0.3333333   0.3333333   0.3333333
     2  -0.1111111  -0.1111111  -0.1111111  -0.1111111  -0.1111111  -0.1111111
     3   0.0740741   0.0740741   0.0740741   0.0740741   0.0740741   0.0740741
     4  -0.0740741  -0.0740741  -0.0740741  -0.0740741  -0.0740741  -0.0740741

 limit                 1.0e-06     1.0e-06     1.0e-07     1.0e-06     1.0e-06
"""


def test_demo_on_the_screen():
    done = process("-m", "nthgrad", "demo", encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:-3] == DEMO.splitlines()
    assert lines[-3].split()[0] == "error"
    assert lines[-1] == "error: the largest relative error of the column; limit: what it may be"


# ---------- run


def test_run(here, capfd):
    (here / "old.py").write_text(
        textwrap.dedent("""\
            import sys
            import tensorflow as tf
            x = tf.constant(1.0)
            with tf.Session() as session:
                print(session.run(tf.gradients(tf.log(x + 2.0), x)))
            print(sys.argv[1:])
            sys.exit(7)
        """)
    )
    arguments = ["--help", "-x", "--", "--at", "y=3", "a b"]
    assert main(["run", "old.py", *arguments]) == 7
    assert capfd.readouterr() == (f"[0.33333334]\n{arguments}\n", "")


# ---------- the process


@pytest.mark.quick
def test_help_and_version(capsys):
    assert main([]) == 0
    top = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == top
    for command in ("demo", "eval", "run"):
        assert f"\n  {command} " in top
        assert main([command, "--help"]) == 0
        own = capsys.readouterr().out
        assert "Example" in own
        assert f"\n    nthgrad {command}" in own
    assert main(["--version"]) == 0
    name, version = capsys.readouterr().out.split()
    assert name == "nthgrad"
    assert version[0].isdigit()


def test_help_does_not_wait_for_tensorflow():
    code = "import sys\nfrom nthgrad.__main__ import main\nstatus = main(['eval', '--help'])\n"
    done = process("-c", code + "sys.exit(9 if 'tensorflow' in sys.modules or 'rich' in sys.modules else status)")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_mistyped_is_refused_before_tensorflow_is_there():
    code = "import sys\nfrom nthgrad.__main__ import main\nmain(['eval', 'lug(x)', '--at', 'x=1'])\n"
    done = process("-c", code + "sys.exit('tensorflow' in sys.modules)")
    assert done.returncode == 0
    assert done.stderr.startswith("nthgrad: There is no function 'lug'")


@pytest.mark.parametrize(
    ("arguments", "status", "out", "err"),
    [
        (["eval", "x**2", "--at", "x=3"], 0, ["x", "f", "df_dx", "3", "9", "6"], ""),
        (
            ["eval", "x*", "--at", "x=3"],
            2,
            [],
            f"nthgrad: 'x*' is not an expression: invalid syntax. {AS_PYTHON}\n",
        ),
    ],
)
def test_as_a_process(arguments, status, out, err):
    done = process("-m", "nthgrad", *arguments, encoding="utf-8")
    assert (done.returncode, done.stderr) == (status, err)
    assert [word for word in done.stdout.split() if "─" not in word] == out


def test_full_disk(monkeypatch, capfd):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table, "show", full)
    assert main(["eval", "x**2", "--at", "x=1"]) == 1
    message = "nthgrad: The output cannot be written: No space left on device. Check where it goes.\n"
    assert capfd.readouterr() == ("", message)


def test_held_back(capfd):
    with quiet.held_back():
        os.write(2, b"chatter\n")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ZeroDivisionError), quiet.held_back():  # noqa: PT012
        os.write(2, b"the reason\n")
        raise ZeroDivisionError
    assert capfd.readouterr() == ("", "the reason\n")
    for expected in (KeyboardInterrupt, NthgradError):
        with pytest.raises(expected), quiet.held_back():  # noqa: PT012
            os.write(2, b"chatter\n")
            raise expected
        assert capfd.readouterr() == ("", "")
    os.write(2, b"later\n")
    assert capfd.readouterr() == ("", "later\n")
