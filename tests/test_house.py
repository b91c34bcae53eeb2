"""The layout: the packages that are installed, what an import costs, and where TensorFlow's private names may stand."""

import subprocess
import sys
from pathlib import Path

import pytest

import nthgrad
from nthgrad import legacy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[1]


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_folder_with_code_is_a_package_that_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("*.py")}
    folders |= {"nthgrad" / path.parent.relative_to(ROOT) for path in (ROOT / "legacy").rglob("*.py")}
    names = {".".join(folder.parts) for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == names


def test_the_top_level_is_what_the_design_names():
    tracked = subprocess.run(["git", "ls-tree", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    names = {name for name in tracked.stdout.split() if not name.startswith(".")}
    assert names <= {"src", "legacy", "tests", "pyproject.toml", "README.md", "MIGRATION.md", "LICENSE"}


def test_legacy_is_imported_once_and_by_its_full_name():
    assert legacy.__name__ == "nthgrad.legacy"
    assert "legacy" not in sys.modules


def test_the_public_names_are_there():
    for name in nthgrad.__all__:
        assert getattr(nthgrad, name).__doc__


def test_importing_nthgrad_adds_little_to_importing_tensorflow_and_using_it_no_more_modules():
    code = """
import sys, tensorflow, time  # which brings Keras 3, and with it what Keras finds installed
before, start = set(sys.modules), time.process_time()
import nthgrad
print(time.process_time() - start)
print(*sorted(set(sys.modules) - before))
nthgrad.derivative(lambda x: x * x)(tensorflow.constant(1.0))
print(*sorted(set(sys.modules) - before))
"""
    seconds, *modules = python(code).split("\n")
    heavy = ["keras", "tf_keras", "matplotlib", "click", "rich", "simpleeval", "nthgrad.legacy", "nthgrad.cli"]
    for imported in modules:
        assert "nthgrad" in imported.split()
        assert not set(heavy) & set(imported.split())
    assert len(modules) == 2
    assert float(seconds) < 0.1  # of this process's own time


def test_importing_nthgrad_alone_waits_for_what_is_heavy():
    heavy = "{'tensorflow', 'keras', 'tf_keras', 'matplotlib', 'click', 'rich', 'simpleeval'}"
    assert python(f"import sys, nthgrad\nprint(*{heavy} & set(sys.modules))") == ""


@pytest.mark.parametrize("folder", ["src", "legacy"])
def test_private_imports_stand_in_one_place(folder):
    found = {
        path.name
        for path in (ROOT / folder).rglob("*.py")
        if any(
            line.lstrip().startswith(("from tensorflow.python", "import tensorflow.python", "from tf_keras.src"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    }
    assert found <= {"_private.py"}
