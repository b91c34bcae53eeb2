"""Every program in MIGRATION.md runs, prints what it printed once, and its two versions give the same numbers.

So do the expressions in its tables, as far as they are values.  That `nthgrad scan` finds what the page treats is
tested in legacy/test_scan.py.
"""

from __future__ import annotations

import ast
import contextlib
import fractions
import functools
import importlib
import io
import math
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import legacy
from nthgrad.errors import InputError, LegacyError, OutputError
from nthgrad.legacy._comparison.prints import compare, tolerances

TEXT = (Path(__file__).parents[1] / "MIGRATION.md").read_text(encoding="utf-8")
WITHOUT, HOW, NAMES = "Without porting", "How to read the sections", "Names"


class Section(NamedTuple):
    """An old program and a new one."""

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


TREATED = {title: text for title, text in CHAPTERS.items() if title not in (NAMES, WITHOUT, HOW)}
SECTIONS = [section(*chapter) for chapter in TREATED.items() if "\n### old\n" in chapter[1]]
TABLES = {title: text for title, text in TREATED.items() if "\n### old\n" not in text}
each_section = pytest.mark.parametrize("s", SECTIONS, ids=[s.title for s in SECTIONS])


def with_stand_ins(program: str) -> str:
    """An old program with the import lines that the table of them says."""
    for old, new in IMPORTS:
        program = re.sub(rf"^{old}\b", new, program, flags=re.MULTILINE)
    assert not re.search(r"^(import|from) (tensorflow|keras)\b", program, re.MULTILINE)
    return program


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a program, once, and returns the variables that it leaves and what it prints.

    The programs of a section run in one folder: a new one reads the files that the old one left.
    """
    folder = tmp_path_factory.mktemp("programs")

    @functools.cache
    def once(program: str, title: str = "") -> tuple[dict[str, Any], str]:
        path = folder / f"program{once.cache_info().misses}.py"
        path.write_text(program, encoding="utf-8")  # AutoGraph reads the file that a function stands in
        left: dict[str, Any] = {"__name__": "__main__"}
        printed = io.StringIO()
        here = folder / anchor(title)
        here.mkdir(exist_ok=True)
        before = os.getcwd()
        os.chdir(here)
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(program, str(path), "exec", dont_inherit=True), left)
        finally:
            os.chdir(before)
        return left, printed.getvalue()

    return once


@pytest.fixture(scope="module")
def run_old(run):
    """Runs an old program in a session."""

    def in_a_session(s: Section) -> tuple[dict[str, Any], str]:
        with legacy.session():
            return run(with_stand_ins(s.old), s.title)

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
        if isinstance(was, str):
            found += [] if was == now else [f"{was} is not {now}"]
            continue
        a, b = np.ravel(was), np.ravel(now)
        usual = {"rtol": 1e-12, "atol": 0.0} if b.dtype == np.float64 else {"rtol": 1e-6, "atol": 1e-7}
        if a.size != b.size or not np.allclose(b, a, **(stated or usual), equal_nan=False):
            found.append(f"{a} became {b}")
    return found


@pytest.mark.quick
def test_the_page_is_all_there():
    assert len(SECTIONS) == 29
    assert len(TABLES) == 14
    assert len(blocks(TEXT, "python")) == 2 * len(SECTIONS) + 1  # every program is one that a test runs
    assert TEXT.count("```") == 2 * (len(blocks(TEXT, r"\w+")))


def test_old_in_a_process(tmp_path, monkeypatch, capfd):
    """One process for all of them: a process costs seconds."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:msort is deprecated:DeprecationWarning")  # NumPy 1.26 still has it
    script = tmp_path / "all.py"
    between = (
        "import keras, tensorflow as tf\nkeras.backend.clear_session()\ntf.reset_default_graph()\nprint('-' * 72)\n"
    )
    numpy = [(old, new) for _, old, new, _ in table_cells(NUMPY)]
    arrays = "import fractions\nimport numpy as np\nx, a = 0.5, np.array([1.0, 0.0, 2.0])\n"
    arrays += "".join(f"print(np.asarray({old}, 'float64').tolist())\n" for old, _ in numpy)
    script.write_text("".join(s.old + between for s in SECTIONS) + arrays, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status = legacy.run(script)
    printed, said = capfd.readouterr()
    told = "Variable += will be deprecated"  # TensorFlow 1.15 said so, too
    assert (status, [line for line in said.splitlines() if told not in line]) == (0, [])
    parts = printed.split("-" * 72 + "\n")
    assert len(parts) == len(SECTIONS) + 1
    for s, part in zip(SECTIONS, parts, strict=False):
        assert compare(s.printed, part, **tolerances(s.old)) == [], s.title
    known = {"x": 0.5, "a": np.array([1.0, 0.0, 2.0]), "np": np, "math": math}
    if not hasattr(np, "trapezoid"):  # before NumPy 2
        monkeypatch.setattr(np, "trapezoid", np.trapz, raising=False)
    today = [np.asarray(eval(new, dict(known)), "float64").tolist() for _, new in numpy]
    assert parts[-1].splitlines() == [str(value) for value in today]


@each_section
def test_old_prints_what_it_printed_and_new_gives_what_old_gave(s, run, run_old):
    """One test, since tests of two processes would run an old program twice."""
    (old, printed), (new, _) = run_old(s), run(s.new, s.title)
    assert compare(s.printed, printed, **tolerances(s.old)) == []
    assert s.rows
    for name, was, now in s.rows:
        assert (name, structure(old[name]), structure(new[name])) == (name, was, now)
        assert differences(old[name], new[name], tolerances(s.new) or tolerances(s.old)) == [], name


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


def pieces_in(name: str, text: str) -> bool:
    """Whether a name stands in a text; `...` in it is anything."""
    return all(piece in text for piece in name.split("..."))


@pytest.mark.quick
@pytest.mark.parametrize("row", rows(CHAPTERS[NAMES]), ids=lambda row: row[0])
def test_names(row):
    """A name stands in the program, or the column of the table, that the row leads to."""
    old, new, link = row
    (target,) = re.findall(r"^\[[^]]+\]\((#.+)\)$", link)
    (title,) = [title for title in TREATED if anchor(title) == target]
    if title in TABLES:
        columns = list(zip(*rows(TABLES[title]), strict=True))
        programs = " ".join(columns[0]), " ".join(columns[1])
    else:
        (s,) = [s for s in SECTIONS if s.title == title]
        programs = s.old, s.new
    for cell, program in zip((old, new), programs, strict=True):
        for name in code(cell):
            assert pieces_in(name, program), (name, title)


@pytest.mark.quick
def test_every_section_has_names():
    linked = set(re.findall(r"\]\((#[^)]+)\)", CHAPTERS[NAMES]))
    assert linked == {anchor(title) for title in TREATED}


@pytest.mark.quick
@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((#[^)]+)\)", TEXT))))
def test_links(link):
    assert link in {anchor(title) for title in CHAPTERS}


# What a table's cells mean.  What is not listed is a name, or has no value to compare.
VALUES = {
    "x": [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]],
    "y": [[1.0, 2.0, 3.0], [0.5, 4.0, 0.125]],
    "w": [[2.0, 0.5, 0.25], [0.5, 3.0, -0.5], [0.25, -0.5, 4.0]],
    "b": [1.0, -2.0, 3.0],
    "p": [[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]],
    "i": [1, 0],
    "j": [[0], [2], [1]],
    "image": (np.arange(32) % 7 / 4.0).reshape(1, 4, 4, 2).tolist(),
    "kernel": (np.arange(24) % 5 / 4.0).reshape(2, 2, 2, 3).tolist(),
    "series": (np.arange(12) / 8.0).reshape(2, 3, 2).tolist(),
}
# The tables whose cells are values, and the words of their third column that tell of other numbers.
EVALUATED = ["Names that moved", "Arguments that were renamed", "`K`", "`tf.layers`", "`tf.contrib`"]
NUMPY = "NumPy and Python"
OTHER = "other|gates|object|Python"
NO_VALUE = re.compile(
    r"^tf\.(Print|distributions|assert_|Dimension|dimension|.*_initializer|Variable\()|^tf\.nn\.(rnn_cell|dynamic|static)"
    r"|^tf\.contrib\.(framework|learn|opt|rnn|layers\..*_(initializer|regularizer)|metrics)"
    r"|^K\.(variable|constant|placeholder|eval|get_|batch_[gs]et|set_|update|moving|manual|in_t|count|print|is_|to_dense)"
    r"|^K\.(image_dim|cast_to|name_scope|reset_uids|random|truncated|dropout|rnn|batch_norm|normalize_batch|separable)"
    r"|^K\.(depthwise|conv2d_transpose|resize_images|local|ctc|tf$|shape)|^(time|collections|inspect|scipy)"
    r"|^np\.(object|str|complex|unicode_|string_|float_|complex_)$"
)


def table_cells(*titles: str) -> list[tuple[str, str, str, bool]]:
    """Title, old expression, new expression, and whether their numbers are the same."""
    cells = []
    for title in titles:
        for old, new, remark in rows(TABLES[title]):
            olds, news = code(old), code(new)
            if len(news) == 1 and news[0].endswith(".*"):
                news = [news[0][:-1] + one.partition(".")[2] for one in olds]
            if len(olds) != len(news) or not re.search(r"[(\[]|^np", olds[0]):
                continue
            cells += [
                (title, was, now, not re.search(OTHER, remark))
                for was, now in zip(olds, news, strict=True)
                if not NO_VALUE.search(was)
            ]
    return cells


def names(tensor: Any, tensorflow: Any, keras_: Any) -> dict[str, Any]:
    """What the cells' names mean, by the library that makes tensors of the values."""
    values = {name: tensor(value) for name, value in VALUES.items()}
    a = np.array([1.0, 0.0, 2.0])
    return {**values, "a": a, "tf": tensorflow, "keras": keras_, "np": np, "math": math, "fractions": fractions}


def is_array(value: Any) -> bool:
    """Whether there is nothing to run."""
    return isinstance(value, (int, float, np.generic, np.ndarray))


@functools.cache
def old_values() -> dict[str, Any]:
    """The values of all old cells, in one session."""
    old_tf, old_keras = (importlib.import_module(f"nthgrad.legacy.{name}") for name in ("tensorflow", "keras"))
    found: dict[str, Any] = {}
    with legacy.session() as sess:
        known = {**names(lambda v: old_tf.constant(v), old_tf, old_keras), "K": old_keras.backend}
        for _, old, _, _ in table_cells(*EVALUATED):
            try:
                found[old] = eval(old, dict(known))
            except Exception as error:
                found[old] = error
        sess.run(old_tf.global_variables_initializer())
        for old, value in found.items():
            if not isinstance(value, Exception):
                try:
                    found[old] = tf.nest.map_structure(lambda one: one if is_array(one) else sess.run(one), value)
                except Exception as error:
                    found[old] = error
    return found


@pytest.mark.parametrize(("title", "old", "new", "equal"), table_cells(*EVALUATED), ids=lambda one: str(one)[:60])
def test_cells(title, old, new, equal):
    before = old_values()[old]
    if isinstance(before, Exception):
        raise before
    known = {**names(tf.constant, tf, keras), "ops": keras.ops}
    after = eval(new, dict(known))
    for was, now in zip(tf.nest.flatten(before), tf.nest.flatten(after), strict=True):
        assert np.shape(was) == np.shape(now)
        if equal and title != "`tf.layers`" and title != "`tf.contrib`":
            np.testing.assert_allclose(np.asarray(was, float), np.asarray(now, float), rtol=2e-6, atol=1e-7)


REFUSED = [name for old, _, _ in rows(TABLES["What is not available"]) for name in code(old)]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_had_is_refused_by_name(name):
    old_tf = importlib.import_module("nthgrad.legacy.tensorflow")
    module = ".".join(name.split(".")[1:3] if "contrib" in name else name.split(".")[1:2])
    with legacy.session(), pytest.raises((LegacyError, AttributeError), match=module):
        functools.reduce(getattr, name.split("(")[0].split(".")[1:], old_tf)()


MOVED = [
    (old, new[:-1] + old.partition(".")[2] if new.endswith(".*") else new)
    for olds, news, _ in rows(TABLES["Names that moved"].split("The rest has other arguments")[0])
    for old, new in zip(code(olds), code(news) * (len(code(olds)) // len(code(news))), strict=True)
]


def test_moved_names():
    for old, new in MOVED:
        was = getattr(tf.compat.v1, old.removeprefix("tf."))
        now = functools.reduce(getattr, new.split(".")[1:], tf)
        assert was is now, (old, new)
    assert len(MOVED) > 80


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
