"""The layout: the packages that are installed, what an import costs, and where TensorFlow's private names may stand."""

import ast
import graphlib
import re
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


def code(*places):
    """The Python files below folders of the project."""
    return [path for place in places for path in sorted((ROOT / place).rglob("*.py"))]


@pytest.mark.quick
def test_every_folder_is_a_package_that_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent for path in code("src", "legacy")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
    folders |= {path.parent for kind in ("md", "svg", "ipynb") for path in (ROOT / "src").rglob(f"*.{kind}")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    names = {n.removeprefix("src.") if n.startswith("src.") else f"nthgrad.{n}" for n in names}
    assert set(project["tool"]["setuptools"]["packages"]) == names


@pytest.mark.quick
def test_the_metadata_say_what_it_is_and_where_it_runs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    first, end = map(int, re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups())
    named = {
        c.rpartition(" :: ")[2] for c in project["classifiers"] if c.startswith("Programming Language :: Python :: 3.")
    }
    assert named == {f"3.{minor}" for minor in range(first, end)}
    fields = {c.partition(" :: ")[0] for c in project["classifiers"]}
    assert {"Development Status", "Intended Audience", "Operating System", "Topic", "Typing"} <= fields
    assert "License" not in fields  # an error together with the SPDX name
    assert project["license"] == "Apache-2.0"
    assert {"automatic differentiation", "TensorFlow", "Keras"} <= set(project["keywords"])


@pytest.mark.quick
def test_the_top_level_is_what_the_design_names():
    built = {"build", "dist"}  # .gitignore has them
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__"))} - built
    assert names == {"src", "legacy", "tests", "pyproject.toml", "README.md", "MIGRATION.md", "LICENSE"}


TABLES = {"legacy/_scan/idioms.py"}  # one entry after another


@pytest.mark.quick
def test_a_file_is_one_idea():
    long = {
        str(path.relative_to(ROOT))
        for path in code("src", "legacy")
        if len(path.read_text(encoding="utf-8").splitlines()) > 450
    }
    assert long == TABLES


# Files of tests for what has no folder of its own among the tests.
ROOMS = [
    *(
        f"test_{name}.py"
        for name in ("core", "fields", "operators", "checking", "errors", "migration", "docs", "house")
    ),
    *(f"legacy/test_{name}.py" for name in ("isolation", "script", "lift", "scan", "tensorflow")),
]


@pytest.mark.quick
def test_every_room_has_a_quick_test():
    tests = ROOT / "tests"
    rooms = {path.parent: [] for path in tests.rglob("test_*.py")} | {tests / name: [] for name in ROOMS}
    for path in tests.rglob("test_*.py"):
        if "@pytest.mark.quick" in path.read_text(encoding="utf-8"):
            for room in (path, path.parent):
                rooms.setdefault(room, []).append(path)
    assert [str(room.relative_to(tests)) for room, quick in rooms.items() if not quick] == []


@pytest.mark.quick
def test_the_tests_have_the_rooms_of_the_library():
    src = ROOT / "src" / "nthgrad"
    rooms = {str(path.parent.relative_to(src)) for path in code("src")}
    rooms -= {".", "_display", "examples", "engines/taylor/rules"}  # tested by cli, test_examples.py, engines/taylor
    missing = [room for room in rooms if not any((ROOT / "tests" / room.lstrip("_")).glob("test_*.py"))]
    assert missing == []


@pytest.mark.quick
def test_benchmarks_are_no_tests():
    assert not list((ROOT / "tests" / "benchmarks").rglob("test_*.py"))


def test_legacy_is_imported_once_and_by_its_full_name():
    assert legacy.__name__ == "nthgrad.legacy"
    assert "legacy" not in sys.modules


@pytest.mark.quick
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


def private(name):
    """Whether TensorFlow or tf_keras does not publish a module, given by its full name."""
    return name.startswith(("tensorflow.python", "tensorflow.core", "tf_keras.src", "tf_keras.api"))


def mentioned(text):
    """Whether a text has a private name in it, also behind other words."""
    return re.search(r"\b(tensorflow\.(python|core)|tf_keras\.(src|api))\b", text)


def strings(tree):
    """The string constants that are not docstrings; of an f-string, its constant parts."""
    statements = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in found if node not in statements]


def imports(tree):
    """The imports at the top and in functions, but those for types only: pairs of a module and a name in it, or None."""
    pending, found = [tree], []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.ImportFrom):
            assert not node.level
            found += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        pending += ast.iter_child_nodes(node)
    return found


def trees(folder):
    return {
        path.relative_to(ROOT / folder): ast.parse(path.read_text(encoding="utf-8"))
        for path in (ROOT / folder).rglob("*.py")
    }


@pytest.mark.quick
def test_private_imports_stand_in_one_place():
    for folder, place in (("src", "_private.py"), ("legacy", "_internals")):
        for path, tree in trees(folder).items():
            found = [each for each in imports(tree) if private(each[0])]
            assert not found or place in path.parts, path


# Files and folders for what TensorFlow and tf_keras do not publish.
NAMED = {"src": ("_private.py",), "legacy": ("_internals", "_names", "_patches")}


@pytest.mark.quick
@pytest.mark.parametrize("folder", NAMED)
def test_private_names_in_strings_stand_in_tables(folder):
    for path, tree in trees(folder).items():
        if not set(NAMED[folder]) & set(path.parts):
            assert not [text for text in strings(tree) if mentioned(text)], path


def imported(tree, modules):
    """Those of the modules that a tree imports, also by a string: "module", "module:name", "package" of an f-string."""
    found = set()
    for module, name in imports(tree):
        found |= {f"{module}.{name}", module} & modules if f"{module}.{name}" not in modules else {f"{module}.{name}"}
    for text in strings(tree):
        module = text.partition(":")[0].rstrip(".")
        if module in modules:  # of a package, whatever is in it: the rest of the name may be computed
            found |= {each for each in modules if f"{each}.".startswith(f"{module}.")}
    return found


@pytest.mark.quick
def test_no_circle_of_imports_in_legacy():
    """Late imports and names in strings count; what is imported for types only does not."""
    named = {
        ".".join(("nthgrad", "legacy", *path.with_suffix("").parts)).removesuffix(".__init__"): tree
        for path, tree in trees("legacy").items()
    }
    graph = {name: imported(tree, set(named)) - {name} for name, tree in named.items()}
    assert graph["nthgrad.legacy.keras"] >= {"nthgrad.legacy._names.stand_ins"}
    assert "nthgrad.legacy._keras_224.training.arrays" in graph["nthgrad.legacy._patches.keras_models"]
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" < ".join(error.args[1]))
