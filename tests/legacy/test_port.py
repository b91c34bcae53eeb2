"""`nthgrad port`: what is mechanical is rewritten as MIGRATION.md says, and the rest is marked."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from nthgrad.__main__ import main
from nthgrad.legacy import _port, _scan
from nthgrad.legacy._port import marks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "MIGRATION.md").read_text(encoding="utf-8")
CHAPTERS = dict(part.split("\n", 1) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:])
TREATED = {t: c for t, c in CHAPTERS.items() if t not in ("Names", "Without porting", "How to read the sections")}

# What the cells of the tables take for granted.
PRELUDE = """
import absl, collections, fractions, functools, importlib, inspect, io, itertools, math, pickle, time, urllib.request
import memory_saving_gradients
import cPickle, StringIO, urllib2
import collections.abc
import numpy as np
import scipy.misc, scipy.special
import tensorflow
import tensorflow as tf
import keras
from keras import backend as K, ops
from keras.layers import *
from keras.models import *
from keras.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
(absl, collections, fractions, functools, importlib, inspect, io, itertools, math, pickle, time, urllib, np, scipy)
(tensorflow, tf, keras, K, ops, memory_saving_gradients, cPickle, StringIO, urllib2)
"""


def cells() -> list[tuple[str, str, str | None]]:
    """Title, old code and new code, of the tables; None where a row has no new cell for each old one."""
    found: list[tuple[str, str, str | None]] = []
    for title, text in TREATED.items():
        if "\n### old\n" in text:
            continue
        for line in re.findall(r"^\| `.*\|$", text, re.MULTILINE):
            old, new = (re.findall(r"`([^`]+)`", cell) for cell in line.strip("| ").split(" | ")[:2])
            if len(new) == 1 and new[0].endswith(".*"):
                new = [new[0][:-1] + re.sub(r"^(\w+\.)+", "", one) for one in old]
            if " | nothing |" in line:
                new = ["nothing"] * len(old)
            if title == "Modules of Keras 2":
                new = [new[0] + one.removeprefix(module(one)) for one in old] if len(new) == 1 else new
            found += [(title, was, new[i] if len(new) == len(old) else None) for i, was in enumerate(old)]
    return found


def module(cell: str) -> str:
    return cell.removesuffix(".add")


CELLS = cells()


def ported_cells(title: str) -> list[tuple[str, str | None, str, list[str]]]:
    """Old cell, new cell, what becomes of it, and the comments above that, of a table. They are ported in one file."""
    own = [(old, new) for section, old, new in CELLS if section == title]
    fences = "".join(f"{old}\n'cell {i}'\n" for i, (old, _) in enumerate(own))
    parts = re.split(r"^'cell \d+'\n", _port.ported(f"{PRELUDE}'start'\n{fences}"), flags=re.MULTILINE)
    parts[0] = parts[0].partition("'start'\n")[2]
    found = []
    for (old, new), part in zip(own, parts, strict=False):
        lines = part.splitlines()
        above = [line for line in lines if line.startswith(marks.PREFIX)]
        found.append((old, new, "\n".join(line for line in lines if line not in above), above))
    return found


@pytest.mark.parametrize("title", sorted({title for title, _, _ in CELLS}))
def test_cells(title):
    """An old cell becomes the new one, or is marked with the section."""
    anchor = "MIGRATION.md#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    for old, new, code, above in ported_cells(title):
        if code and ast.dump(ast.parse(code)) == ast.dump(ast.parse(old)):
            assert any(line.endswith(anchor) for line in above), old
        else:
            assert code == ("" if new == "nothing" else new), old
            assert all(line.startswith("# port: other numbers: ") for line in above), old


IMPORTS = "import tensorflow as tf\nfrom keras import backend as K\n"
BEFORE_AND_AFTER = {
    "formatting": (
        "import tensorflow as tf  # graphs\n\n\ndef f( x ):\n\ty = tf.log( x+1 )  # of x\n\treturn (y,\n\t\ttf.exp(x),)\n",
        "import tensorflow as tf  # graphs\n\n\ndef f( x ):\n\ty = tf.math.log( x+1 )  # of x\n\treturn (y,\n\t\ttf.exp(x),)\n",
    ),
    "an alias": ("import tensorflow as T\nT.log(T.erf(x))\n", "import tensorflow as T\nT.math.log(T.math.erf(x))\n"),
    "compat.v1": (
        "import tensorflow.compat.v1 as tf\ntf.log(x)\n",
        "import tensorflow.compat.v1 as tf\ntf.math.log(x)\n",
    ),
    "an imported name": (
        "from tensorflow import log, exp\nlog(exp(x))\n",
        "from tensorflow import exp\nimport tensorflow as tf\ntf.math.log(exp(x))\n",
    ),
    "an own name": (
        "import tensorflow as tf\nlog = tf.log\nlog(x)\n",
        "import tensorflow as tf\nlog = tf.math.log\nlog(x)\n",
    ),
    "arguments": (
        "import tensorflow as tf\ntf.reduce_sum(x, keep_dims=True,  # kept\n              reduction_indices=1)\n",
        "import tensorflow as tf\ntf.reduce_sum(x, keepdims=True,  # kept\n              axis=1)\n",
    ),
    "an argument computed": (
        "import tensorflow as tf\ntf.nn.dropout(x, keep_prob=p + q)\ntf.nn.dropout(x, keep_prob=0.9)\n",
        "import tensorflow as tf\ntf.nn.dropout(x, rate=1 - (p + q))\ntf.nn.dropout(x, rate=0.1)\n",
    ),
    "a call in an expression": (
        IMPORTS + "y = 2 * K.bias_add(x, b) + tf.to_float(a + b, name='c')\n",
        "import tensorflow as tf\ny = 2 * (x + b) + tf.cast(a + b, tf.float32, name='c')\n",
    ),
    "a method": ("for k in d.iteritems(): d.has_key(k or 1)\n", "for k in d.items(): (k or 1) in d\n"),
    "imports": (
        "from keras.layers.core import Dense, Dropout\nfrom keras.layers import CuDNNLSTM, Input\nfrom keras.utils import np_utils\n"
        "from keras import backend as K\nimport os\n\nCuDNNLSTM(3); Dense(2); np_utils.to_categorical(K.square(x))\n",
        "from keras.layers import Dense, Dropout\nfrom keras.layers import LSTM, Input\nfrom keras import utils\n"
        "import os\nfrom keras import ops\n\nLSTM(3); Dense(2); utils.to_categorical(ops.square(x))\n",
    ),
    "an import that is still used": (
        IMPORTS + "K.square(K.epsilon())\n",
        "import tensorflow as tf\nfrom keras import backend as K\nfrom keras import ops\nops.square(K.epsilon())\n",
    ),
    "a name that is taken": (
        "from keras import backend as K\nops = 1\nK.square(x)\n",
        "import keras\nops = 1\nkeras.ops.square(x)\n",
    ),
    "after a docstring": (
        '"""Doc."""\nfrom __future__ import division\nprint(reduce(f, a))\n',
        '"""Doc."""\nfrom __future__ import division\nimport functools\nprint(functools.reduce(f, a))\n',
    ),
    "a statement that goes": (
        "import tensorflow as tf\n\n# a comment\ntf.reset_default_graph()\nif a:\n    tf.enable_eager_execution()\ntf.exp(x)\n",
        "import tensorflow as tf\n\n# a comment\nif a:\n    pass\ntf.exp(x)\n",
    ),
    "other arguments": (
        "import tensorflow as tf\ntf.layers.dense(x, 3, name='a')\n",
        "import keras\nkeras.layers.Dense(3, name='a')(x)\n",
    ),
    "Keras 1": (
        "from keras.layers import *\nfrom keras.models import Model\nConvolution2D(8, nb_row=3, nb_col=3, border_mode='same', dim_ordering='th')\n"
        "Dense(3, init='one'); Model(input=x, output=y).fit(x, y, nb_epoch=3)\n",
        "from keras.layers import *\nfrom keras.models import Model\nConvolution2D(8, kernel_size=(3, 3), padding='same', data_format='channels_first')\n"
        "Dense(3, kernel_initializer='ones'); Model(inputs=x, outputs=y).fit(x, y, epochs=3)\n",
    ),
    "decay": (
        "from keras.optimizers import SGD\nimport keras\nSGD(lr=0.1, decay=0.0), SGD(lr=r, decay=1e-6)\n",
        "from keras.optimizers import SGD\nimport keras\nSGD(learning_rate=0.1), SGD(learning_rate=keras.optimizers.schedules.InverseTimeDecay(r, 1, 1e-6))\n",
    ),
    "other numbers": (
        "import tensorflow as tf\n\nif a:\n    y = tf.div(x, 2)\n",
        "import tensorflow as tf\n\nif a:\n    # port: other numbers: tf.div: MIGRATION.md#names-that-moved\n    y = tf.math.divide(x, 2)\n",
    ),
    "by hand": (
        "import tensorflow as tf\nx = tf.placeholder(tf.float32)\nwith tf.Session() as s:  # here\n    print(s.run(y, {x: 1}))\n",
        "import tensorflow as tf\n# port: tf.placeholder: MIGRATION.md#tfplaceholder-and-feed_dict\nx = tf.placeholder(tf.float32)\n"
        "# port: tf.Session: MIGRATION.md#sessionrun\nwith tf.Session() as s:  # here\n"
        "    # port: tf.Session().run: MIGRATION.md#sessionrun\n    print(s.run(y, {x: 1}))\n",
    ),
    "arguments that cannot be told": (
        "import tensorflow as tf\ntf.to_float(*args)\n",
        "import tensorflow as tf\n# port: tf.to_float: MIGRATION.md#names-that-moved\ntf.to_float(*args)\n",
    ),
    "today": ("import tensorflow as tf\nx = tf.math.log( 1.0 )\n", "import tensorflow as tf\nx = tf.math.log( 1.0 )\n"),
    "nothing": ("", ""),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", BEFORE_AND_AFTER)
def test_before_and_after(name):
    before, after = BEFORE_AND_AFTER[name]
    assert _port.ported(before) == after
    assert _port.ported(after) == after


PROGRAMS = sorted((ROOT / "tests" / "golden" / "programs").glob("*.py"))[::12]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_second_run_changes_nothing_and_only_marks_are_left(program):
    new = _port.port(str(program)).new
    assert _port.ported(new) == new
    lines = new.splitlines()
    for match in _scan.matches(ast.parse(new)):
        if match.severity != "style":
            line = match.written.node.lineno - 1
            while not lines[line - 1].lstrip().startswith(marks.PREFIX) and line:
                line -= 1  # the statement may have begun earlier
            assert line, match.shown


# The command line -------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("old.py").write_text("import tensorflow as tf\ny = tf.log(x)\n")
    Path("hand.py").write_text("import tensorflow as tf\nx = tf.placeholder()\n")
    Path("new.py").write_text("x = 1\n")
    return tmp_path


def test_a_diff_is_printed(files, capsys):
    assert main(["port", "old.py", "new.py"]) == 0
    diff = "--- old.py\n+++ old.py\n@@ -1,2 +1,2 @@\n import tensorflow as tf\n-y = tf.log(x)\n+y = tf.math.log(x)\n"
    assert capsys.readouterr() == (diff, "")
    assert Path("old.py").read_text().endswith("tf.log(x)\n")


def test_files_are_written(files, capsys):
    Path("old.py").chmod(0o755)
    unchanged = Path("new.py").stat()
    assert main(["port", "--write", "."]) == 1
    assert capsys.readouterr() == (
        "",
        "nthgrad: ./hand.py: 1 place is to be ported by hand. Search it for '# port:'.\n",
    )
    assert Path("old.py").read_text() == "import tensorflow as tf\ny = tf.math.log(x)\n"
    assert Path("old.py").stat().st_mode & 0o777 == 0o755
    assert Path("new.py").stat() == unchanged
    assert sorted(path.name for path in files.iterdir()) == ["hand.py", "new.py", "old.py"]
    assert main(["port", "old.py"]) == 0
    assert capsys.readouterr() == ("", "")


def test_python_2_and_other_encodings(files, capsys):
    Path("two.py").write_bytes(b"# coding: latin-1\r\nimport time\r\nprint '\xe9', time.clock()\r\n")
    assert main(["port", "--write", "two.py"]) == 0
    new = b"# coding: latin-1\r\nimport time\r\nprint('\xe9', time.perf_counter())\r\n"
    assert Path("two.py").read_bytes() == new


def test_what_cannot_be_read_or_written(files, capsys):
    Path("no.py").write_text("x = = 1\n")
    assert main(["port", "no.py", "old.py", "nothing.py"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("--- old.py")
    assert len(err.splitlines()) == 2
    assert err.startswith("nthgrad: no.py:1 is neither Python 3 (")
    Path("deep.py").write_text("x = " + "(" * 150 + "1" + ")" * 150 + "\n" + "y = " + "-" * 5000 + "1\n")
    assert main(["port", "deep.py"]) == 2


def test_without_libcst(files, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["port", "old.py"]) == 2
    message = "nthgrad: nthgrad port needs LibCST, which is not installed. Run pip install 'nthgrad[port]'.\n"
    assert capsys.readouterr() == ("", message)
