"""`nthgrad compare`: an old program and its port, side by side."""

import doctest
import sys
from pathlib import Path

import pytest

from nthgrad.__main__ import main
from nthgrad.errors import LegacyError
from nthgrad.legacy import _comparison
from nthgrad.legacy._comparison import lines, outcome, plain, prints, races, run_new
from nthgrad.legacy._comparison.outcome import Outcome

PRINTED = {
    "tf.Tensor(0.5, shape=(), dtype=float32)": "0.5",
    "tf.Tensor(\n[[1. 2.]\n [3. 4.]], shape=(2, 2), dtype=float32) a": "\n[[1. 2.]\n [3. 4.]] a",
    "tf.Tensor(b'a (b)', shape=(), dtype=string)": "b'a (b)'",
    "(<tf.Tensor: shape=(), dtype=float32, numpy=0.5>, 2)": "(0.5, 2)",
    "[<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>]": "[array([1., 2.], dtype=float32)]",
    "<tf.Variable 'w:0' shape=(1,) dtype=float32, numpy=array([1.], dtype=float32)>": "array([1.], dtype=float32)",
    "<tf.Tensor: shape=(2, 1), dtype=float32, numpy=\narray([[1.],\n       [2.]], dtype=float32)>": "array([[1.],\n       [2.]], dtype=float32)",
    "x < 1 > 0 tf.Tensor": "x < 1 > 0 tf.Tensor",
}


@pytest.mark.parametrize("text", PRINTED)
def test_tensors_are_compared_as_values(text):
    assert plain(text) == PRINTED[text]


def test_what_tensorflow_prints_today():
    import numpy as np
    import tensorflow as tf

    with np.printoptions(legacy="1.25" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else False):
        for value in (0.5, [1.0, 2.0], [[1.0], [2.0]], [[]]):
            tensor, array = tf.constant(value), np.array(value, "float32")
            assert prints.compare(str(array), plain(str(tensor))) == []
            assert prints.compare(repr([array]) if array.ndim else "[0.5]", plain(repr([tensor]))) == []
            if array.ndim == 1:
                assert prints.compare(repr(array), plain(repr(tf.Variable(value)))) == []


@pytest.mark.parametrize(
    ("old", "new", "verdicts"),
    [
        ("a 1.0\nb", "a 1.0\nb", ["same", "same"]),
        ("a 0.33333334", "a 0.3333333", ["within tolerance"]),
        ("a 1.0", "a 2.0", ["numbers differ"]),
        ("a 1", "b 1", ["differs"]),
        ("a 1.0\nb 2.0\nc", "b 2.5\nc", ["differs", "numbers differ", "same"]),
        ("[ 1.  2.5]", "[1. 2.5]", ["same"]),
        ("", "", []),
    ],
)
def test_side_by_side(old, new, verdicts):
    assert [pair.verdict for pair in lines.side_by_side(old, new, {})] == verdicts


def test_side_by_side_with_tolerances():
    assert [pair.verdict for pair in lines.side_by_side("1.0", "1.1", {"rtol": 0.2})] == ["within tolerance"]


RACES = {
    "import tensorflow as tf\ntf.train.AdamOptimizer().minimize(loss)": True,
    "import tensorflow as tf\ntf.assign_add(w, 1.0)": True,
    "from keras.models import Model\nModel(x, y).fit(x, y)": True,
    "import tensorflow as tf\ns = tf.Session()\nprint(s.run(tf.gradients(y, x)))": False,
}


@pytest.mark.parametrize("program", RACES)
def test_programs_that_race(program, tmp_path):
    path = tmp_path / "old.py"
    path.write_text(program)
    assert races(str(path)) is RACES[program]


def test_a_new_program_runs_as_a_script(tmp_path):
    (tmp_path / "beside.py").write_text("x = 3")
    (tmp_path / "data.txt").write_text("4")
    program = tmp_path / "new.py"
    program.write_text(
        "import os, sys, numpy as np\nfrom beside import x\nprint(__name__, sys.argv[1:], x, [np.float32(0.5)])\n"
        "print(open('data.txt').read(), os.path.basename(__file__))\nopen('made.txt', 'w').write('0.5')\n"
    )
    done = run_new(str(program), ["--a", "1"], 60.0, [str(tmp_path / "data.txt")])
    assert done == Outcome(0, "__main__ ['--a', '1'] 3 [0.5]\n4 new.py\n--- made.txt\n0.5\n", "")
    with pytest.raises(LegacyError, match=r"There is no program at 'no\.py'"):
        run_new("no.py", [], 60.0, [])


OLD = "[0.33333334 1.] a\nb\n"
SHOWN = {
    "equal": (Outcome(0, OLD, ""), Outcome(0, OLD, ""), "same, largest difference 0.0e+00", 0),
    "near": (
        Outcome(0, OLD, ""),
        Outcome(0, "[0.3333333 1.] a\nb\n", ""),
        "within tolerance, largest difference 4.0e-08",
        0,
    ),
    "a number": (
        Outcome(0, OLD, ""),
        Outcome(0, "[0.4 1.] a\nb\n", ""),
        "numbers differ: by at most 6.7e-02; line 1: '0.33333334' before, '0.4' now",
        1,
    ),
    "a word": (
        Outcome(0, OLD, ""),
        Outcome(0, "[0.33333334 1.] a\nc\n", ""),
        "differs: line 2: 'b' before, 'c' now",
        1,
    ),
    "a failure": (
        Outcome(0, OLD, ""),
        Outcome(1, "", "Traceback\nValueError: no\n"),
        "fails: in NEW, with status 1: ValueError: no",
        1,
    ),
}


@pytest.mark.parametrize("case", SHOWN)
def test_the_report(case, tmp_path, monkeypatch, capsys):
    old, new, said, status = SHOWN[case]
    monkeypatch.setattr(_comparison, "run_old", lambda *_: old)
    monkeypatch.setattr(_comparison, "run_new", lambda *_: new)
    for name in ("old.py", "new.py"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "old.py", "new.py"]) == status
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == said
    assert "[0.33333334 1.] a" in out
    assert err == ("nthgrad: NEW ended with status 1: ValueError: no\n" if case == "a failure" else "")


def test_options(tmp_path, monkeypatch, capsys):
    asked = []

    def run_old(*arguments):
        asked.append(arguments)
        return Outcome(0, f"{1.0 + 0.25 * len(asked)}\n", "")

    monkeypatch.setattr(_comparison, "run_old", run_old)
    monkeypatch.setattr(_comparison, "run_new", lambda *_: Outcome(0, "2.0\n", ""))
    monkeypatch.chdir(tmp_path)
    Path("old.py").write_text("# tolerance: atol=0.5 (a coin)\nimport tensorflow as tf\ntf.assign(w, 1.0)\n")
    Path("new.py").write_text("")
    assert main(["compare", "--seconds", "5", "--with", "new.py", "old.py", "new.py", "--rate", "3"]) == 1
    assert asked == [("old.py", ("--rate", "3"), 5.0, ("new.py",))]
    assert capsys.readouterr().out.splitlines()[-1] == (
        "OLD assigns reference variables. TensorFlow 1 ran the assignments in parallel with ops that read them, "
        "so its own runs may differ in some digits."
    )
    assert main(["compare", "--twice", "--rtol", "1", "old.py", "new.py"]) == 0
    assert "Two runs of OLD differ by 1.7e-01.\n" in capsys.readouterr().out
    Path("old.py").write_text("# tolerance: much\n")
    assert main(["compare", "old.py", "new.py"]) == 2
    assert "is not one line '# tolerance: rtol=1e-5 atol=1e-6 (reason)'. Write it so." in capsys.readouterr().err
    assert main(["compare", "old.py", "no.py"]) == 2


@pytest.mark.parametrize("module", [_comparison, lines, outcome, prints])
def test_the_examples_of_the_docstrings(module):
    done = doctest.testmod(sys.modules[module.__name__])
    assert done.attempted
    assert not done.failed
