"""The runner of other packages' tests, on a tiny file of tests and on outcomes that are made up."""

import json
import shutil
import sys

import pytest
from golden.suites import REASONS, WORKER, File, files_of_tests, markdown, outcomes, read, unexplained

TESTS = """
import pytest
from helper import VALUE

@pytest.mark.parametrize("x", [0, 1])
def test_sum(x):
    assert x + VALUE == 1, "another sum"

@pytest.mark.skip(reason="no GPU")
def test_gpu():
    pass

class TestUndone:
    @pytest.fixture(autouse=True)
    def undo(self):
        yield
        raise OSError("undone")

    def test_it(self):
        pass
"""
OLD = {"test_a": "passed", "test_b": "passed", "test_c": "failed", "test_d": "skipped"}
NEW = {"test_a": "passed", "test_b": "failed", "test_c": "passed", "test_d": "skipped"}
FILES = [File("suite", "some/test_file.py", OLD, NEW)]


def test_outcomes_of_a_file(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "helper.py").write_text("VALUE = 1\n")
    (tmp_path / "inner" / "small_test.py").write_text(TESTS)
    (tmp_path / "inner" / "test_nothing.py").write_text("import missing\ndef test_it(): pass\n")
    shutil.copy(WORKER, tmp_path)
    assert files_of_tests(tmp_path) == ["inner/small_test.py", "inner/test_nothing.py"]
    assert outcomes([sys.executable], tmp_path, "inner/small_test.py", 60.0) == {
        "test_sum[0]": "passed",
        "test_sum[1]": "failed",
        "test_gpu": "skipped",
        "TestUndone::test_it": "failed",
    }
    assert outcomes([sys.executable], tmp_path, "inner/test_nothing.py", 60.0) == {"inner/test_nothing.py": "failed"}


def test_the_last_outcome_counts():
    assert read("passed\ta.py::test_x\t\nfailed\ta.py::test_x\tOSError: late\n") == {"test_x": "failed"}


NAMES = ["some/test_file.py::test_a", "some/test_file.py::test_b"]


@pytest.mark.parametrize(
    ("reasons", "lines"),
    [
        ({}, [f"{NAMES[1]} passes there and not here, and has no reason"]),
        ({NAMES[1]: "it names private state"}, []),
        (dict.fromkeys(NAMES, "why"), [f"{NAMES[0]} passes here and has a reason"]),
        ({NAMES[1]: "why", "other/test_file.py::test_a": "a file that was not run"}, []),
    ],
)
def test_what_has_no_reason(reasons, lines):
    assert unexplained(FILES, reasons) == lines


def test_page():
    page = markdown(FILES, {NAMES[1]: "it names private state"})
    assert "| suite | `some/test_file.py` | 4 | 2 | 2 |\n| all | | 4 | 2 | 2 |\n" in page
    assert "* `some/test_file.py`, `test_b`: it names private state." in page


def test_every_reason_is_a_sentence_without_its_point():
    for name, reason in json.loads(REASONS.read_text(encoding="utf-8")).items():
        path, _, test = name.partition("::")
        assert path.endswith(".py")
        assert test
        assert reason
        assert not reason.endswith(".")
