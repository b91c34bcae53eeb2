"""Which mutants a file has."""

import pytest
from mutations.mutants import mutants

CASES = {
    "x = a < b": ["x = a <= b"],
    "x = a is not None": ["x = a is None"],
    "x = (a + 1) * b": ["x = (a + 1) / b", "x = (a - 1) * b", "x = (a + 2) * b"],
    "x = a and not b": ["x = (a) or (not b)", "x = a and (b)"],
    "if a:\n    b()": ["if False:\n    b()", "if True:\n    b()", "if a:\n    pass"],
    "def f(x: int = 0) -> int:\n    '''Adds.'''\n    return x": [
        "def f(x: int = 1) -> int:\n    '''Adds.'''\n    return x",
        "def f(x: int = 0) -> int:\n    '''Adds.'''\n    return None",
    ],
    "x = f(a, b=c, strict=True)": ["x = f(a,  strict=True)"],
    "x = {a: b, c: d}": ["x = { c: d}", "x = {a: b, }"],
    "x[a] = f'{b + 1}'": ["pass"],
    "x = 'a'": ["x = 'XXa'"],
    "x = True": ["x = False"],
    "return_ = 0.0": ["return_ = 1.0"],
}


@pytest.mark.quick
@pytest.mark.parametrize("source", CASES)
def test_mutants(source):
    found = [mutant.applied(source.encode()).decode() for mutant in mutants("file.py", source.encode())]
    assert sorted(found) == sorted(CASES[source])


def test_a_mutant_is_described_in_a_line():
    source = b"y = 1\nx = (a +\n     2)\n"
    lines = [mutant.described(source) for mutant in mutants("file.py", source)]
    assert lines == ["file.py:1: 1  ->  2", "file.py:2: +  ->  -", "file.py:3: 2  ->  3"]
