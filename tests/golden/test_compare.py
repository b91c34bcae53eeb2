"""`compare` against pairs of prints whose likeness is known, and the programs against their records."""

import re
from pathlib import Path

import pytest

from nthgrad.legacy._comparison.prints import compare, tolerances

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
RECORDED = {path.stem: path for path in sorted((HERE / "recorded").glob("*.txt")) if path.stem != "VERSIONS"}

ALIKE = {
    "nothing": ("", ""),
    "itself": ("[array([1.0986123], dtype=float32), 2.5]\n", "[array([1.0986123], dtype=float32), 2.5]\n"),
    "padding inside brackets": ("[ 1.   2.5]", "[1.  2.5]"),
    "an array wrapped elsewhere": ("[[1. 2.\n  3.]\n [4. 5.\n 6.]]", "[[1. 2. 3.]\n\n [4. 5. 6.]]"),
    "indentation and ends of lines": ("a  b \nc", "a b\n   c\n"),
    "a float32 eight units away": ("0.33333334", "0.3333331"),
    "a small float32": ("0.00012345679", "0.0001234568"),
    "a float32 with an exponent": ("1.2345678e-05", "1.2345680e-05"),
    "an array cut at eight places": ("[0.00141273 1.        ]", "[0.00141274 1.        ]"),
    "a small sum of large terms": ("[-0.00752211 -0.8372479]", "[-0.007522   -0.8372479]"),
    "a small sum in another row": (
        "[[8.5e+00 -3.5e-02]\n [-1.11097703e-04 3.9e-05]]",
        "[[8.5 -0.035] [-0.00011109747 3.9e-5]]",
    ),
    "a float32 with Python's digits": ("[[0.5], [-0.013462424278259277]]", "[[0.5], [-0.013462440110743046]]"),
    "zeros that NumPy does not print": ("[2. 0.5]", "[1.99999999 0.5       ]"),
    "the last digit of a float64": ("0.46956439926573423", "0.4695643992657345"),
    "other notation": ("1e-05 0.00001 123000000.0", "0.00001 1.e-5 1.23e+08"),
    "nan and inf": ("[nan inf -inf]", "[ nan  inf -inf]"),
    "minus nothing": ("[-0. 0.0]", "[0. -0.0]"),
}

# How the pair differs: (recorded, printed, the differences word for word)
UNLIKE = {
    "a digit of a float32": (
        "0.33333334",
        "0.33333434",
        ["line 1: '0.33333334' before, '0.33333434' now"],
    ),
    "a digit of a float64": (
        "1.4174242246593913",
        "1.4174242246793913",
        ["line 1: '1.4174242246593913' before, '1.4174242246793913' now"],
    ),
    "float32 where float64 was": (
        "1.4174242246593913",
        "1.4174242",
        ["line 1: '1.4174242246593913' before, '1.4174242' now"],
    ),
    "a small number, relatively": ("1.2e-10", "1.3e-10", ["line 1: '1.2e-10' before, '1.3e-10' now"]),
    "a small number that is not cut": (
        "1.2345e-05",
        "1.2346e-05",
        ["line 1: '1.2345e-05' before, '1.2346e-05' now"],
    ),
    "eight units of the largest": (
        "[1. 0.0011111]",
        "[1. 0.0011121]",
        ["line 1: '0.0011111' before, '0.0011121' now"],
    ),
    "a small number beside another array": (
        "[array([9.]), array([0.0011111])]",
        "[array([9.]), array([0.0011112])]",
        ["line 1: '0.0011111' before, '0.0011112' now"],
    ),
    "a small number beside a tuple": (
        "[0.0011111, (9.5, 1)]",
        "[0.0011112, (9.5, 1)]",
        ["line 1: '0.0011111' before, '0.0011112' now"],
    ),
    "a float64 among short numbers": (
        "[1. 0.013462424278]",
        "[1. 0.013462424290]",
        ["line 1: '0.013462424278' before, '0.013462424290' now"],
    ),
    "float64 where float32 was": (
        "[0.30000001192092896]",
        "[0.30000001193092896]",
        ["line 1: '0.30000001192092896' before, '0.30000001193092896' now"],
    ),
    "nothing where little was": ("1e-12", "0.0", ["line 1: '1e-12' before, '0.0' now"]),
    "a short number": ("[2. 3.]", "[2. 4.]", ["line 1: '3.' before, '4.' now"]),
    "a sign": ("[0.5]", "[-0.5]", ["line 1: '0.5' before, '-0.5' now"]),
    "all the numbers": (
        "[1. 2.\n3.]",
        "[9. 2.\n8.]",
        ["line 1: '1.' before, '9.' now", "line 2: '3.' before, '8.' now"],
    ),
    "a large integer": ("1000000000", "1000000001", ["line 1: '1000000000' before, '1000000001' now"]),
    "an integer that is a float": ("(3,)", "(3.0,)", ["line 1: '3' before, '3.0' now"]),
    "nan": ("[nan]", "[0.]", ["line 1: 'nan' before, '0.' now"]),
    "a number where nan was not": ("[1.]", "[nan]", ["line 1: '1.' before, 'nan' now"]),
    "the sign of infinity": ("inf", "-inf", ["line 1: 'inf' before, '-inf' now"]),
    "infinity": ("1e30", "inf", ["line 1: '1e30' before, 'inf' now"]),
    "None": ("[None]", "[0.]", ["line 1: 'None' before, '0.' now"]),
    "a dtype": ("dtype=float32", "dtype=float64", ["line 1: 'float32' before, 'float64' now"]),
    "a dtype left out": (
        "[1.], dtype=float32",
        "[1.]",
        ["line 1: ', dtype = float32' before only"],
    ),
    "a word": ("refused: nought", "refused: naught", ["line 1: 'nought' before, 'naught' now"]),
    "capitals": ("True", "true", ["line 1: 'True' before, 'true' now"]),
    "a list where a scalar was": ("0.5", "[0.5]", ["line 1: '0.5' before, '[' now"]),
    "a scalar where a list was": ("[0.5]", "0.5", ["line 1: '[' before, '0.5' now"]),
    "a tuple where a list was": ("[1, 2]", "(1, 2)", ["line 1: '[' before, '(' now"]),
    "an axis": ("[[1. 2.]]", "[[1.] [2.]]", ["line 1: '2.' before, ']' now"]),
    "NumPy 2's own print": ("1.0", "np.float32(1.0)", ["line 1: '1.0' before, 'np' now"]),
    "a line that is missing": ("a\nb 1\nc", "a\nc", ["line 2: 'b' before, 'c' now"]),
    "the last line missing": ("a\n[1]", "a", ["line 1: '\\n [ 1 ]' before only"]),
    "a line too many": ("a", "a\n\nb", ["line 1: '\\n \\n b' now only"]),
    "two lines in one": ("1\n2", "1 2", ["line 1: '\\n' before, '2' now"]),
    "everything": ("a b", "", ["line 1: 'a b' before only"]),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", ALIKE)
def test_equal_prints_have_no_differences(name):
    assert compare(*ALIKE[name]) == []


@pytest.mark.quick
@pytest.mark.parametrize("name", UNLIKE)
def test_a_difference_is_told(name):
    recorded, printed, differences = UNLIKE[name]
    assert compare(recorded, printed) == differences


@pytest.mark.parametrize(
    ("recorded", "printed", "given", "equal"),
    [
        ("1.0", "1.009", {"rtol": 1e-2}, True),
        ("1.0", "1.011", {"rtol": 1e-2}, False),
        ("100.0", "100.9", {"rtol": 1e-2}, True),
        ("0.0", "0.0009", {"atol": 1e-3}, True),
        ("0.0", "0.0011", {"atol": 1e-3}, False),
        ("0.0", "0.0009", {"rtol": 1.0}, False),
        ("1.5", "1.5000001", {"rtol": 0.0}, False),
        ("0.12345678", "0.12345679", {"rtol": 0.0, "atol": 0.0}, False),
        ("[8.0 1.0]", "[8.0 1.00006]", {"units": 64}, True),
        ("[8.0 1.0]", "[8.0 1.00007]", {"units": 64}, False),
        ("[8.0 1.0]", "[8.0 1.00006]", {"units": 64, "rtol": 1e-5}, False),
        ("[8.0 1.0]", "[8.0 1.00016]", {"units": 64, "atol": 1e-4}, True),
        ("1", "2", {"rtol": 10.0, "atol": 10.0}, False),
        ("nan", "1.0", {"rtol": 10.0, "atol": 10.0}, False),
    ],
)
def test_tolerances_given_are_kept_to(recorded, printed, given, equal):
    assert (compare(recorded, printed, **given) == []) is equal


@pytest.mark.parametrize(
    ("source", "stated"),
    [
        ("x = 1  # no word of it\n", {}),
        ('"""Doc."""\n# tolerance: 1e-5 (a minimiser)\nx = 1\n', {"rtol": 1e-5}),
        ("# tolerance: atol=2e-8 (differences)", {"atol": 2e-8}),
        ("# tolerance: units=64 (layers of nearly equal numbers)", {"units": 64.0}),
        ("# tolerance: rtol=0 atol=0.5 (a unit (0.5) of the last place)", {"rtol": 0.0, "atol": 0.5}),
    ],
)
def test_a_program_states_its_tolerances(source, stated):
    assert tolerances(source) == stated


@pytest.mark.parametrize(
    "line",
    [
        "# tolerance: 1e-5",
        "# tolerance: (why)",
        "# Tolerance: 1e-5 (why)",
        "# tolerance: ulp=4 (why)",
        "# tolerances: 1e-5 (why)",
        "    # tolerance: 1e-5 (why)",
    ],
)
def test_a_misspelt_tolerance_is_refused(line):
    message = f"{[line]} is not one line '# tolerance: rtol=1e-5 atol=1e-6 (reason)'. Write it so."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        tolerances(f"x = 1\n{line}\n")


def test_two_tolerances_are_refused():
    with pytest.raises(ValueError, match="is not one line"):
        tolerances("# tolerance: 1e-5 (one)\n# tolerance: 1e-6 (two)\n")


@pytest.mark.quick
def test_every_program_has_its_record_and_every_record_its_program():
    assert [path.stem for path in PROGRAMS] == list(RECORDED)


def test_the_records_are_of_the_old_libraries():
    versions = dict(line.split() for line in (HERE / "recorded" / "VERSIONS.txt").read_text().splitlines())
    assert (versions["tensorflow"], versions["keras"]) == ("1.15.5", "2.2.4")
    assert versions["python"].startswith("3.7.")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_record_is_held_to_its_own_tolerances(program):
    record = RECORDED[program.stem].read_text(encoding="utf-8")
    stated = tolerances(program.read_text(encoding="utf-8"))
    assert record.strip()
    assert compare(record, record, **stated) == []
    # Its last number, made larger by far more than is allowed, must be noticed.
    number = list(re.finditer(r"\b\d+\.?\d*\b", record))[-1]
    changed = record[: number.start()] + "7" + number.group() + record[number.end() :]
    assert compare(record, changed, **stated) != []
