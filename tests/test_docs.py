"""The examples of the README, of the guide and of the docstrings, run as they stand."""

import contextlib
import doctest
import importlib
import inspect
import io
import linecache
import pkgutil
import re
from pathlib import Path

import pytest
import tensorflow as tf

import nthgrad

# TensorFlow's tensors under NumPy 2, when Keras saves them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STABLEHLO = tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 19)
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "src" / "nthgrad" / "guide").glob("*.md")}
MODULES = [m.name for m in pkgutil.walk_packages(nthgrad.__path__, "nthgrad.") if not m.name.endswith("__main__")]


def run(test):
    runner, said = doctest.DocTestRunner(), io.StringIO()
    for i, example in enumerate(test.examples):  # where AutoGraph looks for a function's lines
        name, lines = f"<doctest {test.name}[{i}]>", example.source.splitlines(keepends=True)
        linecache.cache[name] = (len(example.source), None, lines, name)
    assert runner.run(test, out=said.write).attempted
    assert not runner.failures, said.getvalue()


def sessions(text):
    """The sessions of a page. A block that does not begin with an import continues the one before."""
    found = []
    for block in re.findall(r"^```pycon\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if block.startswith((">>> import ", ">>> from ")):
            found.append(block)
        else:
            found[-1] += block
    return found


SESSIONS = [
    pytest.param(f"{name}-{i}", session, id=f"{name}-{i}")
    for name, text in {"README.md": README, **PAGES}.items()
    for i, session in enumerate(sessions(text))
]


@pytest.mark.parametrize(("name", "session"), SESSIONS)
def test_the_sessions_in_the_readme_and_the_guide(name, session):
    if "export.stablehlo" in session and not STABLEHLO:
        pytest.skip("StableHLO begins with TensorFlow 2.19")
    run(doctest.DocTestParser().get_doctest(session, {}, name, name, 0))


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_the_program_in_the_readme(block):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(block, "README", "exec"), {})
    # By printed digits: -1/9 in a list, as a session gives it, and log 3.
    assert re.findall(r"-?\d+\.\d{6}", said.getvalue()) == ["-0.111111", "1.098612"]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 160


def documented():
    for name in MODULES:
        for item in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
            if item.examples:
                yield item


@pytest.mark.parametrize("item", list(documented()), ids=lambda item: item.name)
def test_the_examples_of_the_docstrings(item):
    if item.name == "nthgrad.export.stablehlo" and not STABLEHLO:
        pytest.skip("StableHLO begins with TensorFlow 2.19")
    run(item)


@pytest.mark.quick
def test_every_public_function_has_an_example():
    for name in nthgrad.__all__:
        thing = getattr(nthgrad, name)
        assert not inspect.isfunction(thing) or "Example:" in thing.__doc__, name
