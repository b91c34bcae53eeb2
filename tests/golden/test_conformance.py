"""The runner on folders of tiny programs, with today's Python in the place of both sides."""

import doctest
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from golden import conformance
from golden.conformance import digest, main, markdown

from nthgrad.legacy._comparison import Comparison, compared, last_line
from nthgrad.legacy._comparison.outcome import Outcome, run, saved
from nthgrad.legacy._comparison.prints import compare, distance

# What two runs did, and what is said of them: (old, new, verdict, detail, largest difference)
VERDICTS = {
    "nothing else": (Outcome(0, "[1. 2.]\n", ""), Outcome(0, "[1.  2.]\n", "it warns"), "same", "", 0.0),
    "no numbers": (Outcome(0, "done\n", ""), Outcome(0, "done\n", ""), "same", "", None),
    "a last digit": (
        Outcome(0, "[0.33333334 1.]\n", ""),
        Outcome(0, "[0.3333333 1.]\n", ""),
        "within tolerance",
        "",
        4e-8,
    ),
    "another number": (
        Outcome(0, "loss 2.0\n[1. 4.]\n", ""),
        Outcome(0, "loss 2.0\n[1. 3.]\n", ""),
        "numbers differ",
        "by at most 2.5e-01; line 2: '4.' before, '3.' now",
        0.25,
    ),
    "another word": (
        Outcome(0, "refused\n1.0\n", ""),
        Outcome(0, "0.5\n1.0\n", ""),
        "differs",
        "line 1: 'refused' before, '0.5' now",
        None,
    ),
    "another integer": (
        Outcome(0, "3 1.5\n", ""),
        Outcome(0, "4 1.5\n", ""),
        "differs",
        "line 1: '3' before, '4' now",
        None,
    ),
    "an exception today": (
        Outcome(0, "1.0\n", ""),
        Outcome(1, "", "Traceback:\n  line\nAttributeError: no contrib\n\n"),
        "fails",
        "under nthgrad, with status 1: AttributeError: no contrib",
        None,
    ),
    "an exception then": (
        Outcome(3, "", "ImportError: no keras"),
        Outcome(0, "1.0\n", ""),
        "fails",
        "under the old libraries, with status 3: ImportError: no keras",
        None,
    ),
    "the same end": (Outcome(2, "usage\n", "a"), Outcome(2, "usage\n", "b"), "same", "status 2 on both sides", None),
    "another end": (
        Outcome(2, "", ""),
        Outcome(1, "", ""),
        "differs",
        "exit status 2 before, 1 now",
        None,
    ),
}

DISTANCES = [
    ("1.0 2.0", "1.0 2.0", 0.0),
    ("1.0 2.0", "1.1 2.0", 0.1),
    ("[100. 0.001]", "[100. 0.002]", 1e-5),
    ("0.001 100.0", "0.002 100.0", 1.0),
    ("[[10. 1.]\n [0. 1.]]", "[[10. 1.]\n [1. 1.]]", 0.1),
    ("0.0", "0.5", float("inf")),
    ("[nan 1.]", "[nan 1.]", 0.0),
    ("[nan 1.]", "[0. 1.]", float("inf")),
    ("inf", "-inf", float("inf")),
    ("1 2", "1 2", None),
    ("1.0 a", "1.0 b", None),
    ("1.0", "1.0 2.0", None),
]

PROGRAMS = {
    "same": "print('[1. 2.]')",
    "wavers": "import sys; print('x', 1.0 if '{side}' == 'old' else 1.5)",
    "speaks": "print('{side}')",
    "raises": "if '{side}' == 'new': raise ValueError('no such name')",
    "stops": "print('bye'); raise SystemExit(3)",
    "saves": "open('log.txt', 'w').write('0.5\\n' if '{side}' == 'old' else '0.75\\n')",
    "loose": "# tolerance: rtol=0.5 (a coin)\nprint(1.0 if '{side}' == 'old' else 1.25)",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_what_is_said_of_two_runs(name):
    old, new, verdict, detail, far = VERDICTS[name]
    result = compared("program", old, new, {})
    assert (result.verdict, result.detail) == (verdict, detail)
    assert result.distance == (far if far is None else pytest.approx(far, rel=1e-6))
    assert result.agrees is (verdict in ("same", "within tolerance"))


@pytest.mark.parametrize(("recorded", "printed", "far"), DISTANCES)
def test_the_largest_difference_is_relative_to_its_array(recorded, printed, far):
    assert distance(recorded, printed) == (far if far is None else pytest.approx(far))


@pytest.fixture
def both_sides(tmp_path, monkeypatch):
    """A folder of programs that are told which side runs them, in the place of two installations."""
    for name, source in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(source)

    def told(command, seconds):
        program = Path(command[-1])
        side = "new" if "nthgrad" in command else "old"
        here = tmp_path / side / program.name
        here.parent.mkdir(exist_ok=True)
        here.write_text(program.read_text().replace("{side}", side))
        return run([sys.executable, "-S", str(here)], seconds)

    monkeypatch.setattr(conformance, "run", told)
    return tmp_path


def test_a_folder_is_compared_and_the_page_written(both_sides):
    page = both_sides / "PAGE.md"
    done = CliRunner().invoke(main, [str(both_sides), "--old", sys.executable, "--jobs", "2", "--markdown", str(page)])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "2 same, 1 within tolerance, 2 numbers differ, 1 differs, 1 fails"
    assert page.read_text(encoding="utf-8").splitlines()[-len(PROGRAMS) :] == [
        "| `loose` | `1.0` | `1.25` | 2.5e-01 | within tolerance |",
        "| `raises` |  |  |  | fails: under nthgrad, with status 1: ValueError: no such name |",
        "| `same` | `[1. 2.]` | `[1. 2.]` | 0 | same |",
        "| `saves` | `0.5` | `0.75` | 5.0e-01 | numbers differ: by at most 5.0e-01; line 2: '0.5' before, '0.75' now |",
        "| `speaks` | `old` | `new` |  | differs: line 1: 'old' before, 'new' now |",
        "| `stops` | `bye` | `bye` |  | same: status 3 on both sides |",
        "| `wavers` | `x 1.0` | `x 1.5` | 5.0e-01 | numbers differ: by at most 5.0e-01; line 1: '1.0' before, "
        "'1.5' now |",
    ]


@pytest.mark.parametrize("chosen", [["same"], ["loose", "stops"]])
def test_the_status_is_0_where_all_agree(both_sides, chosen):
    only = [argument for name in chosen for argument in ("--only", name)]
    done = CliRunner().invoke(main, [str(both_sides), "--old", sys.executable, *only])
    assert done.exit_code == 0, done.output


def test_what_was_recorded_takes_the_place_of_the_old_python(both_sides, monkeypatch):
    monkeypatch.setattr(conformance, "RECORDED", both_sides)
    (both_sides / "wavers.txt").write_text("x 1.5\n")
    done = CliRunner().invoke(main, [str(both_sides), "--recorded", "--only", "wavers"])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, [str(both_sides), "--recorded", "--only", "speaks"], env={"COLUMNS": "200"})
    assert done.exit_code == 1
    assert "Nothing is recorded for speaks. Give --old instead of --recorded." in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Error: Give either --old, the old Python, or --recorded.\n"),
        (["--recorded", "--old", sys.executable], "Error: Give either --old, the old Python, or --recorded.\n"),
        (["--recorded", "--only", "nought"], "Error: There is no program nought.py in {folder}.\n"),
        (["{folder}/old", "--recorded"], "Error: There is no program *.py in {folder}/old.\n"),
    ],
)
def test_what_cannot_be_run_is_refused(tmp_path, arguments, message):
    (tmp_path / "old").mkdir()
    (tmp_path / "some.py").write_text("")
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    if not arguments or arguments[0].startswith("-"):
        arguments.insert(0, str(tmp_path))
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert done.output.endswith(message.format(folder=tmp_path))


def test_a_run_has_an_empty_folder_and_a_plain_environment(monkeypatch):
    monkeypatch.setenv("PYTHONSTARTUP", "x")
    code = "import os; print(os.listdir(), 'PYTHONSTARTUP' in os.environ, os.environ['CUDA_VISIBLE_DEVICES'])"
    assert run([sys.executable, "-S", "-c", code]) == Outcome(0, "[] False -1\n", "")


def test_a_run_that_takes_too_long_is_ended():
    done = run([sys.executable, "-S", "-c", "import time; time.sleep(60)"], seconds=0.2)
    assert done == Outcome(124, "", "It did not end within 0.2 seconds.")


def test_what_is_saved_is_told_as_text(tmp_path):
    import h5py
    from scipy.io import savemat

    (tmp_path / "log.txt").write_text("loss 0.5")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "model.ckpt.index").write_bytes(b"\0\1")
    (tmp_path / "deeper" / "events.out.tfevents.1606.host").write_bytes(b"\0")
    np.save(tmp_path / "a.npy", np.float32([[0.1, 1 / 3]]))
    np.savez(tmp_path / "b.npz", whole=np.arange(2), large=np.linspace(0.0, 1.0, 1001))
    savemat(tmp_path / "c.mat", {"m": np.eye(2)})
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["dense/kernel:0"] = [1.5]
    lines = saved(tmp_path, most=3).splitlines()
    assert lines == [
        "--- a.npy",
        "float32 (1, 2) [[0.1        0.33333334]]",
        "--- b.npz",
        "large float64 (1001,) [0.  0.5 1. ] rms 5.774946e-01",
        "whole int64 (2,) [0 1]",
        "--- c.mat",
        "m float64 (2, 2) [1. 0. 1.] rms 7.071068e-01",
        "--- d.h5",
        "dense/kernel:0 float64 (1,) [1.5]",
        "--- deeper/events.out.tfevents",
        "--- deeper/model.ckpt.index",
        "--- log.txt",
        "loss 0.5",
    ]


@pytest.mark.parametrize("change", [{"a": np.float32([1.0, 2.1])}, {"a": np.array([1.0, 2.0])}, {"b": np.ones(2)}, {}])
def test_a_file_that_differs_is_noticed(tmp_path, change):
    for side, arrays in {"old": {"a": np.float32([1.0, 2.0])}, "new": change}.items():
        (tmp_path / side).mkdir()
        np.savez(tmp_path / side / "results.npz", **arrays)
    assert compare(saved(tmp_path / "old"), saved(tmp_path / "new")) != []
    assert compare(saved(tmp_path / "old"), saved(tmp_path / "old")) == []


@pytest.mark.parametrize("module", ["nthgrad.legacy._comparison.prints", "nthgrad.legacy._comparison.outcome"])
def test_the_examples_of_the_docstrings(module):
    done = doctest.testmod(sys.modules[module])
    assert done.attempted
    assert not done.failed


def test_the_page_is_of_lines_that_a_table_can_hold():
    assert digest("a title\n\nx  |  1.5\n") == "x | 1.5"
    assert digest("layer_1\nloss 0.5\n") == "loss 0.5"
    assert digest("layers\nlayer_1\n") == "layer_1"
    assert digest("no number\n") == "no number"
    assert digest("") == ""
    assert len(digest("0123456789" * 9)) == 60
    assert last_line("") == "it said nothing"
    (line,) = markdown([Comparison("p", Outcome(0, "`a|1`", ""), Outcome(0, "", ""), "same", "", None)])[
        -90:
    ].splitlines()[-1:]
    assert line == "| `p` | `'a\\|1'` |  |  | same |"


def test_the_table_has_a_row_for_each_program():
    page = (conformance.HERE / "PROGRAMS.md").read_text(encoding="utf-8")
    records = [path for path in sorted(conformance.RECORDED.glob("*.txt")) if path.stem != "VERSIONS"]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [path.stem for path in records]
    for row, path in zip(rows, records, strict=True):
        first = conformance._code(digest(path.read_text(encoding="utf-8")))
        assert row.startswith(f"| `{path.stem}` | {first} |"), path.stem
        assert row.endswith(("| same |", "| within tolerance |")), path.stem
