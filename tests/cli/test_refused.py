"""The command line: what it refuses, and what it says then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.command_line import AS_PYTHON

from nthgrad.__main__ import main
from nthgrad.cli import expression

NAMES = ", ".join(sorted(expression.FUNCTIONS))


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
        "The numbers of values differ: 2 of x, 3 of y. Give each variable one value, or all the same number.",
    "x --at x=none.npy": "none.npy cannot be read: No such file or directory. Give a readable file.",
    "x --at x=none.csv": "none.csv cannot be read: No such file or directory. Give a readable file.",
    "x --at x=words.csv": "words.csv, line 3: 'two' is not a number. Correct it or remove the line.",
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
    assert main(["differentiate", *typed.split(" ")]) == 2
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"nthgrad: {REFUSED[typed]}\n")


@pytest.mark.parametrize("text", ["1if x else 2", "(1)(x)", "x is 1", "0x1for x in x", "'\\d'"])
@pytest.mark.filterwarnings("error")
def test_python_says_nothing_of_a_formula(text, capfd, recwarn):
    assert main(["differentiate", "--at", "x=1", "--", text]) == 2
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
    assert main(["differentiate", "--at", "x=1", "--", text]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert len(err) < 700
    assert max(map(len, err.split())) <= 203
    assert err.endswith((".\n", ". "))  # what to do is there


@pytest.mark.parametrize(
    "typed",
    [
        ["differentiate", "x", "--at", "x=" + "1," * 3000],
        ["differentiate", "x", "--at", "x" * 5000],
        ["differentiate", "x", "--at", "x=1", "--order", "9" * 5000],
        ["differentiate", "x", "--at", "x=1", "--by", "y" * 5000],
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
    assert main(["differentiate", "--at", "x=1", "--", text]) == 2
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
        (["differentiate"], "Missing argument 'EXPRESSION|MODULE:FUNCTION'."),
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
    assert main(["differentiate", *typed.split(" ")]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"nthgrad: {beginning}")
    assert err.count("\n") == 1
