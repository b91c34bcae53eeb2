"""The layout: the packages that are installed, what an import costs, and where TensorFlow's private names may stand."""

import ast
import graphlib
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


def private(name):
    """Whether TensorFlow or tf_keras does not publish a module, given by its full name."""
    return name.startswith(("tensorflow.python", "tensorflow.core", "tf_keras.src", "tf_keras.api"))


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


def test_private_imports_stand_in_one_place():
    for folder, place in (("src", "_private.py"), ("legacy", "_internals")):
        for path, tree in trees(folder).items():
            found = [each for each in imports(tree) if private(each[0])]
            assert not found or place in path.parts, path


def test_private_names_in_strings_stand_in_the_tables_of_legacy():
    for path, tree in trees("legacy").items():
        if path.parts[0] not in ("_internals", "_names", "_patches"):
            assert not [text for text in strings(tree) if private(text)], path


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
