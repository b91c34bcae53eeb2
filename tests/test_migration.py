"""Every program in MIGRATION.md runs, prints what it printed once, and its two versions give the same numbers."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from golden.compare import compare, tolerances

import nthgrad as ng
from nthgrad import legacy
from nthgrad.errors import InputError, OutputError

TEXT = (Path(__file__).parents[1] / "MIGRATION.md").read_text(encoding="utf-8")
WITHOUT, HOW, NAMES = "Without porting", "How to read the sections", "Names"


class Section(NamedTuple):
    """One old idiom."""

    title: str
    old: str
    printed: str
    new: str
    rows: list[list[str]]  # name, structure of the old result, structure of the new one


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their heads."""
    lines = [line.strip("|").split("|") for line in re.findall(r"^\|.*\|$", text, re.MULTILINE)]
    rules = [i for i, line in enumerate(lines) if not set("".join(line)) - set("-")]
    return [[cell.strip() for cell in line] for i, line in enumerate(lines) if not {i, i + 1} & set(rules)]


def code(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def anchor(title: str) -> str:
    """The link to a heading, as GitHub makes it."""
    return "#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


CHAPTERS = dict(part.split("\n", 1) for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:])
IMPORTS = [(code(old)[0], code(new)[0]) for old, new in rows(CHAPTERS[WITHOUT])]


def section(title: str, text: str) -> Section:
    """Reads a chapter that compares an old program with a new one."""
    heads = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert heads == ["old", "new", "what differs"], title
    old, new, differs = re.split(r"^### .*$", text, flags=re.MULTILINE)[1:]
    (before,), (printed,), (after,) = blocks(old, "python"), blocks(old, "text"), blocks(new, "python")
    assert blocks(differs, "python") == []
    assert "import nthgrad as ng\n" in after
    return Section(title, before, printed, after, [[code(cell)[0] for cell in row] for row in rows(new)])


SECTIONS = [section(*chapter) for chapter in CHAPTERS.items() if chapter[0] not in (NAMES, WITHOUT, HOW)]
each_section = pytest.mark.parametrize("s", SECTIONS, ids=[s.title for s in SECTIONS])


def with_stand_ins(program: str) -> str:
    """An old program with the import lines that the table of them says."""
    for old, new in IMPORTS:
        program = re.sub(rf"^{old}\b", new, program, flags=re.MULTILINE)
    assert not re.search(r"^(import|from) (tensorflow|keras)\b", program, re.MULTILINE)
    return program


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a program, once, and returns the variables that it leaves and what it prints."""
    folder = tmp_path_factory.mktemp("programs")

    @functools.cache
    def once(program: str) -> tuple[dict[str, Any], str]:
        path = folder / f"program{once.cache_info().misses}.py"
        path.write_text(program, encoding="utf-8")  # AutoGraph reads the file that a function stands in
        left: dict[str, Any] = {"__name__": "__main__"}
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(program, str(path), "exec", dont_inherit=True), left)
        return left, printed.getvalue()

    return once


@pytest.fixture(scope="module")
def run_old(run):
    """Runs an old program in a session."""

    def in_a_session(program: str) -> tuple[dict[str, Any], str]:
        with legacy.session():
            return run(with_stand_ins(program))

    return in_a_session


def structure(value: Any) -> str:
    """A value's type, dtype and shape, as the tables give them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {structure(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(structure, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, np.generic):
        return value.dtype.name
    if isinstance(value, np.ndarray):
        return f"array {value.dtype.name} {value.shape}"
    if isinstance(value, tf.Tensor):
        return f"tensor {value.dtype.name} {tuple(value.shape)}"
    return "None" if value is None else type(value).__name__


def differences(old: Any, new: Any, stated: dict[str, float]) -> list[str]:
    """Where two values differ, number by number, whatever they are wrapped in."""
    found = []
    for was, now in zip(tf.nest.flatten(old), tf.nest.flatten(new), strict=True):
        if was is None or now is None:
            found += [] if was is now else [f"{was} is not {now}"]
            continue
        a, b = np.ravel(was), np.ravel(now)
        usual = {"rtol": 1e-12, "atol": 0.0} if b.dtype == np.float64 else {"rtol": 1e-6, "atol": 1e-7}
        if a.size != b.size or not np.allclose(b, a, **(stated or usual), equal_nan=False):
            found.append(f"{a} became {b}")
    return found


def test_the_page_is_all_there():
    assert len(SECTIONS) == 12
    assert len({s.title for s in SECTIONS}) == 12
    assert len(blocks(TEXT, "python")) == 2 * len(SECTIONS) + 1  # every program is one that a test runs
    assert TEXT.count("```") == 2 * (len(blocks(TEXT, r"\w+")))


@each_section
def test_old(s, run_old):
    assert compare(s.printed, run_old(s.old)[1], **tolerances(s.old)) == []


def test_old_in_a_process(tmp_path, monkeypatch, capfd):
    """One process for all of them: a process costs seconds."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    script = tmp_path / "all.py"
    between = "import keras\nkeras.backend.clear_session()\nprint('-' * 72)\n"
    script.write_text("".join(s.old + between for s in SECTIONS), encoding="utf-8")
    status = legacy.run(script)
    printed, said = capfd.readouterr()
    assert (status, said) == (0, "")
    parts = printed.split("-" * 72 + "\n")
    assert len(parts) == len(SECTIONS) + 1
    for s, part in zip(SECTIONS, parts, strict=False):
        assert compare(s.printed, part, **tolerances(s.old)) == [], s.title


@each_section
def test_new_gives_what_old_gave(s, run, run_old):
    (old, _), (new, _) = run_old(s.old), run(s.new)
    assert s.rows
    for name, was, now in s.rows:
        assert (name, structure(old[name]), structure(new[name])) == (name, was, now)
        assert differences(old[name], new[name], tolerances(s.old)) == [], name


@each_section
def test_every_result_printed_is_compared(s):
    printed = [n for n in ast.walk(ast.parse(s.old)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "print"]
    names = {n.id for call in printed for part in call.args for n in ast.walk(part) if isinstance(n, ast.Name)}
    assert names == {name for name, _, _ in s.rows}


def test_a_part_in_a_session(run):
    (program,), (printed,) = blocks(CHAPTERS[WITHOUT], "python"), blocks(CHAPTERS[WITHOUT], "text")
    left, said = run(program)
    assert compare(printed, said) == []
    assert structure(left["result"]) == "[float32]"


@pytest.mark.parametrize(("old", "new"), IMPORTS)
def test_every_import_line_is_tried(old, new):
    used = [s for s in SECTIONS if re.search(rf"^{old}\b", s.old, re.MULTILINE)]
    assert used
    assert all(new in with_stand_ins(s.old) for s in used)


@pytest.mark.parametrize("row", rows(CHAPTERS[NAMES]), ids=lambda row: row[0])
def test_names(row):
    """A name stands in the program that the row leads to; `...` in it is anything."""
    old, new, link = row
    (target,) = re.findall(r"^\[[^]]+\]\((#.+)\)$", link)
    (s,) = [s for s in SECTIONS if anchor(s.title) == target]
    for cell, program in ((old, s.old), (new, s.new)):
        for name in code(cell):
            assert all(piece in program for piece in name.split("...")), (name, s.title)


def test_every_section_has_names():
    linked = set(re.findall(r"\]\((#[^)]+)\)", CHAPTERS[NAMES]))
    assert linked == {anchor(s.title) for s in SECTIONS}


def dense(inputs: int, outputs: int) -> keras.Model:
    """A model of one layer."""
    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs)])


def test_what_the_text_says_of_the_library():
    points = tf.constant([1.0, 2.0])
    assert ng.derivative(tf.sin)(0.5).dtype == tf.float32
    np.testing.assert_array_equal(ng.derivative(lambda x: 3.0 * x, 2)(points), [0.0, 0.0])
    assert structure(ng.derivative(tf.sin)(np.ones(3))) == "tensor float64 (3,)"
    assert structure(ng.derivative(dense(1, 3))(np.ones((4, 1)))) == "tensor float32 (4, 3)"
    by_w = ng.derivative(lambda x, w: tf.sin(w * x), 3, argnum="w")(points, w=tf.Variable(1.5))
    np.testing.assert_allclose(by_w, -(points**3) * tf.cos(1.5 * points), rtol=1e-6)
    with pytest.raises(OutputError):
        ng.derivative(dense(2, 1))(tf.ones([3, 2]))
    with pytest.raises(OutputError):
        ng.derivative(tf.reduce_sum)(points)
    with pytest.raises(InputError):
        ng.derivative(tf.sin)([2])
