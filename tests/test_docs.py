"""The examples of the README, of the guide, of the notebooks and of the docstrings, run as they stand."""

import contextlib
import doctest
import importlib
import inspect
import io
import linecache
import pkgutil
import pydoc
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import tensorflow as tf
from support import drawings, notebooks, pages

import nthgrad
import nthgrad.errors
from nthgrad.__main__ import cli

# TensorFlow's tensors under NumPy 2, when Keras saves them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STABLEHLO = tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 19)
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "src" / "nthgrad" / "guide").glob("*.md")}
NOTEBOOKS = sorted((ROOT / "src" / "nthgrad" / "guide" / "notebooks").glob("*.ipynb"))
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


@pytest.mark.quick
def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize(("f", "x", "order", "tapes", "ours"), re.findall(
    r"^\| `(.*?)` \| (\S+) \| (\d) \| (\S+) \| (\S+) \|$", README, re.MULTILINE
))  # fmt: skip
def test_the_table_of_what_is_right_where_tapes_are_not(f, x, order, tapes, ours):
    def function(x):
        return eval(f, {"tf": tf, "x": x})

    def nested(x, n):
        if n == 0:
            return function(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = nested(x, n - 1)
        return tape.gradient(y, x)

    point = tf.constant(float(x))
    found = tf.function(lambda x: nested(x, int(order)), autograph=False)(point)
    np.testing.assert_array_equal(abs(found), float(tapes))
    np.testing.assert_allclose(nthgrad.derivative(function, int(order))(point), float(ours), rtol=1e-2)


def test_the_table_has_its_rows():
    assert len(re.findall(r"^\| `.*\| nan \||^\| `.*\| 0.0 \|", README, re.MULTILINE)) == 4


@pytest.mark.quick
def test_code_in_the_guide_is_of_a_kind_that_the_tests_run():
    for name, text in PAGES.items():
        kinds = re.findall(r"^```(.*)$", text, re.MULTILINE)[::2]
        assert set(kinds) <= {"pycon", "sh", "text"}, name


COMMANDS = sorted({
    line.strip()
    for text in [README, *PAGES.values()]
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.startswith(("nthgrad ", "python "))
})  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_in_the_guide_are_there(line):
    words = shlex.split(line, comments=True)
    if words[0] == "python" and words[1] != "-m":
        assert (ROOT / words[1]).is_file()
        return
    if words[0] == "python":
        command, words = importlib.import_module(words[2]).main, words[3:]
    else:
        command, words = cli.get_command(click.Context(cli), words[1]), words[2:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    of_programs = {"--epochs"}
    assert {word for word in words if word.startswith("--")} <= known | of_programs


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebooks_print_what_they_say(path):
    for cell in notebooks.run(path):
        assert cell.printed == cell.recorded, cell.number


@pytest.mark.quick
def test_the_notebooks_name_no_machine():
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|root|tmp|Users)/|execution_count\": \d", text)


@pytest.mark.quick
def test_the_links_between_the_pages_lead_somewhere():
    assert pages.broken() == []


@pytest.mark.quick
def test_the_links_of_the_site_are_checked(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text("# A b\n[1](b.md) [2](#a-b) [3](#c) [`x[0]`](a.md#a-b)\n```text\n[4](d.md)\n```\n")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "PAGES", {"a.md": "a.md"})
    assert pages.broken() == ["a.md: b.md#", "a.md: a.md#c"]


@pytest.mark.quick
def test_the_site_has_every_page_and_every_public_name():
    config = (ROOT / pages.GUIDE / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- .*: (\S+\.md)$", config, re.MULTILINE)
    assert sorted(listed) == sorted([*pages.PAGES.values(), *(f"reference/{name}.md" for name in pages.REFERENCE)])
    shown = {name for _, names in pages.REFERENCE.values() for name in names}
    modules = {"export", "keras", "legacy", "optimize"}
    wanted = {name for name in nthgrad.__all__ if name not in modules} - {"NthgradError"}  # in `errors`
    wanted |= {f"legacy.{name}" for name in nthgrad.legacy.__all__}
    assert wanted <= shown
    assert all(eval(f"nthgrad.{name}", {"nthgrad": nthgrad}).__doc__ for name in shown - {"errors"})


@pytest.mark.quick
@pytest.mark.parametrize("name", ["walk", "collapse"])
def test_the_drawings_are_those_of_their_command(name):
    assert (drawings.FOLDER / f"{name}.svg").read_text(encoding="utf-8") == getattr(drawings, name)()


@pytest.mark.quick
def test_help_begins_with_what_the_package_is_and_its_public_names():
    shown = pydoc.plaintext.document(nthgrad)
    told = shown[: shown.index("PACKAGE CONTENTS")]
    assert told.startswith("NAME\n    nthgrad - nth-order derivatives in TensorFlow 2")
    for name in nthgrad.__all__:
        assert re.search(rf"\b{name}\b", told), name


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
