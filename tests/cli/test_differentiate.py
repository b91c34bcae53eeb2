"""`nthgrad differentiate`: what it computes, against closed forms; files of points, and functions of the user."""

from __future__ import annotations

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from support.command_line import LOG, MODULE, computed

from nthgrad.__main__ import main
from nthgrad.cli import expression


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
    assert main(["differentiate", "broken_of_mine:f", "--at", "x=1"]) == 1
    assert capsys.readouterr().err == (
        "nthgrad: Importing broken_of_mine raised ValueError: too early (broken_of_mine.py, line 2). "
        "Correct the module.\n"
    )


@pytest.mark.parametrize("method", ["auto", "difference"])
def test_function_that_raises(module, method, capsys):
    line = 1 + MODULE[: MODULE.index("raise RuntimeError")].count("\n")
    assert main(["differentiate", f"{module}:raises", "--at", "x=1", "--method", method]) == 1
    assert capsys.readouterr().err == (
        "nthgrad: The function raised RuntimeError: no such thing. Not at all "
        f"({module}.py, line {line}). Correct it, or give it other points.\n"
    )


def test_ctrl_c(module, capsys):
    assert main(["differentiate", f"{module}:interrupted", "--at", "x=1"]) == 130
    assert capsys.readouterr().err.strip() == ""
