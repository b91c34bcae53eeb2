"""`legacy.scan` and `nthgrad scan`: files and folders that cannot be read, those that can beside them, and the report."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad.errors import LegacyError

ROOT = Path(__file__).parents[2]

# Files ------------------------------------------------------------------------------------------------------------------


REFUSED = {
    b"x = 1\ndef f(:\n": "{}:2 is neither Python 3 (invalid syntax in line 2) nor Python 2. Correct it, or leave it out.",
    b"print 'a'\nprint 'b' c\n": "{}:2 is neither Python 3 ({} in line 1) nor Python 2. Correct it, or leave it out.",
    b"# coding: nothing\n": "{} cannot be read: unknown encoding: nothing. Save it as UTF-8, or leave it out.",
    b"x = '\xe9'\n": "{} cannot be read: invalid or missing encoding declaration. Save it as UTF-8, or leave it out.",
    b"# \n\n# \xe9\n": "{} cannot be read: it is not encoded in utf-8. Save it as UTF-8, or leave it out.",
}


@pytest.mark.parametrize("content", REFUSED)
def test_files_that_are_no_programs(content, tmp_path, capsys):
    path = tmp_path / "program.py"
    path.write_bytes(content)
    with pytest.raises(LegacyError) as caught:
        legacy.scan([path])
    said = str(caught.value)
    before, *middle, after = REFUSED[content].split("{}")
    assert said.startswith(str(path) + middle[0] if middle else f"{before}{path}{after}")
    assert said.endswith(after)
    assert main(["scan", str(path)]) == 2
    assert capsys.readouterr() == ("", f"nthgrad: {' '.join(said.split())}\n")


TOO_DEEP = {
    "attributes": "x = " + "a." * 900 + "b",
    "ifs": "".join(" " * i + "if a:\n" for i in range(150)) + " " * 150 + "x",
    "ifs of Python 2": "".join(" " * i + "if a:\n" for i in range(150)) + " " * 150 + "print 'x'",
    "signs": "x = " + "-" * 20_000 + "1",
    "parentheses": "x = " + "(" * 20_000 + "1" + ")" * 20_000,
    "parentheses of Python 2": "print " + "(" * 250 + "1" + ")" * 250,
    "calls": "x = f" + "()" * 5_000,
    "branches": "if a: pass\n" + "elif a: pass\n" * 3_000,
    "branches of Python 2": "if a: print 'x'\n" + "elif a: pass\n" * 3_000,
    "functions": "x = " + "lambda: " * 5_000 + "1",
}
if sys.version_info >= (3, 11):  # Python 3.10 parses long sums, and they are read
    TOO_DEEP["sum"] = "x = " + "1 + " * 20_000 + "1"
if (3, 11) <= sys.version_info < (3, 12):  # later ones read this sum
    TOO_DEEP["sum of Python 2"] = "print " + "1 + " * 5_000 + "1"


@pytest.mark.parametrize("kind", TOO_DEEP)
def test_a_file_that_is_too_deep(kind, tmp_path):
    path = tmp_path / "deep.py"
    path.write_text(TOO_DEEP[kind])
    with pytest.raises(LegacyError) as caught:
        legacy.scan([path])
    assert str(caught.value) == f"{path} is nested too deeply to be read. Leave it out."


UNREAD = {  # how to make the file, and what is said of it
    "rot13": (lambda path: path.write_text("# coding: rot13\n"), "rot13 is no encoding of text. Save it as UTF-8, "),
    "base64": (lambda path: path.write_text("# coding: base64\n"), "base64 is no encoding of text. Save it as UTF-8, "),
    "undefined": (
        lambda path: path.write_text("# coding: undefined\n"),
        "it is not encoded in undefined. Save it as UTF-8, ",
    ),
    "utf-16": (lambda path: path.write_text("# coding: utf-16\n"), "it is not encoded in utf-16. Save it as UTF-8, "),
    "a pipe": (os.mkfifo, "it is a pipe. Give a file, "),
    "a socket": (lambda path: bound(path), "it is a socket. Give a file, "),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is a device. Give a file, "),
    "a loop": (lambda path: path.symlink_to(path), "Too many levels of symbolic links. Give a file that can, "),
    "a broken link": (lambda path: path.symlink_to("none"), "No such file or directory. Give a file that can, "),
    "a large file": (lambda path: sparse(path), "it has more than 10,000,000 bytes. Split it, "),
}


def bound(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)  # in the current folder: the whole path may be too long for a socket


def sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)


def lines(out: str) -> list[str]:
    """The findings of a report, without the counts at its end."""
    return out.partition("\n\n")[0].splitlines()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two programs; a file that sorts between them may be unreadable."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "z.py"):
        Path(name).write_text("import time\ntime.clock()\n")
    return tmp_path


@pytest.mark.parametrize("kind", UNREAD)
def test_the_others_are_read(kind, folder, capsys):
    make, said = UNREAD[kind]
    make(folder / "m.py")
    message = f"./m.py cannot be read: {said}or leave it out."
    unread: list[LegacyError] = []
    assert [one.file for one in legacy.scan(["."], on_error=unread.append)] == ["./a.py", "./z.py"]
    assert [str(one) for one in unread] == [message]
    with pytest.raises(LegacyError) as caught:
        legacy.scan(["."])
    assert str(caught.value) == message
    for paths in (["."], ["./a.py", "./m.py", "./z.py"]):
        assert main(["scan", *paths]) == 2
        out, err = capsys.readouterr()
        assert [line.split(":")[0] for line in lines(out)] == ["./a.py", "./z.py"]
        assert err == f"nthgrad: {message}\n"
    assert main(["scan", "--json", "."]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in document["findings"]] == ["./a.py", "./z.py"]
    assert document["unread"] == [message]


@pytest.mark.parametrize("kind", TOO_DEEP)
def test_the_others_are_read_after_a_deep_one(kind, folder):
    Path("m.py").write_text(TOO_DEEP[kind])
    unread: list[LegacyError] = []
    assert [one.file for one in legacy.scan(["."], on_error=unread.append)] == ["./a.py", "./z.py"]
    assert len(unread) == 1


def test_a_folder_that_cannot_be_read(folder, monkeypatch, capsys):
    for name in ("b/c.py", "x.py/y.py"):
        Path(name).parent.mkdir()
        Path(name).write_text("import time\ntime.clock()\n")
    list_folder = os.scandir

    def refuse(path):
        if os.path.basename(path) == "b":
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(["scan", "nothing.py", "."]) == 2
    out, err = capsys.readouterr()
    assert [line.split(":")[0] for line in lines(out)] == ["./a.py", "./z.py", "./x.py/y.py"]
    assert err.splitlines() == [
        "nthgrad: There is nothing at 'nothing.py'. Give Python files, or folders that hold some.",
        "nthgrad: The folder './b' cannot be read: Permission denied. Give another.",
    ]


def test_a_name_that_is_no_text(folder):
    Path(os.fsdecode(b"m\xff.py")).write_text("import time\ntime.clock()\n")
    ran = subprocess.run([sys.executable, "-m", "nthgrad", "scan", "."], capture_output=True, cwd=folder, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert [line.split(b":")[0] for line in ran.stdout.partition(b"\n\n")[0].splitlines()] == [
        b"./a.py",
        "./m\ufffd.py".encode(),
        b"./z.py",
    ]


def test_fissix_fails(folder, monkeypatch):
    """Its fixes fail in ways of their own; the file is then no Python 2."""

    def refactor_string(*_):
        raise AttributeError

    Path("m.py").write_text("print 'a'\n")
    monkeypatch.setattr("fissix.refactor.RefactoringTool.refactor_string", refactor_string)
    unread: list[LegacyError] = []
    assert len(legacy.scan(["."], on_error=unread.append)) == 2
    assert re.fullmatch(r"./m.py:1 is neither Python 3 \(.* in line 1\) nor Python 2. Correct it, .*", str(unread[0]))


def test_a_file_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LegacyError) as caught:
        legacy.scan(["nothing.py"])
    assert str(caught.value) == "There is nothing at 'nothing.py'. Give Python files, or folders that hold some."
    assert main(["scan", "nothing.py"]) == 2
    assert main(["scan"]) == 2
    assert capsys.readouterr().out == ""


def test_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.py", "a.py", "sub/c.py", "sub/d.txt", ".hidden/e.py", "env/lib/f.py", "g"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("import time\ntime.clock()\n")
    Path("env/pyvenv.cfg").touch()
    Path("link").symlink_to("sub", target_is_directory=True)
    assert [one.file for one in legacy.scan(["."])] == ["./a.py", "./b.py", "./sub/c.py"]
    assert [one.file for one in legacy.scan(["g", Path("sub"), "sub/c.py", "."])] == [
        "g",
        "sub/c.py",
        "./a.py",
        "./b.py",
    ]
    assert legacy.scan([]) == []


# The command line -------------------------------------------------------------------------------------------------------


@pytest.mark.quick
def test_lines_and_status(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("old.py").write_text("import tensorflow as tf\ny = tf.log(x)\n")
    Path("new.py").write_text("x = 1\n")
    Path("no.py").write_text("x = = 1\n")
    assert main(["scan", "old.py", "new.py"]) == 1
    line = "old.py:2:5: breaks: tf.log -> tf.math.log: a moved name (MIGRATION.md#names-that-moved)\n"
    count = "\n          section  breaks\n ────────────────────────\n Names that moved       1\n"
    assert capsys.readouterr() == (line + count, "")
    assert main(["scan", "new.py"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["scan", "no.py", "old.py"]) == 2  # and the others are read
    out, err = capsys.readouterr()
    assert out == line + count
    assert err.startswith("nthgrad: no.py:1 is neither Python 3 (")


REPORT = (
    """\
import tensorflow as tf
import tensorflow.compat.v1 as tf1
tf.reset_default_graph()
x = tf1.log(3.0)
tf.nn.dropout(x, keep_prob=0.5)
tf.ConfigProto(); tf.reset_default_graph()
tf.summary.FileWriter('logs')
""",
    """\
old.py:4:5: style: tf.log -> tf.math.log: a moved name (MIGRATION.md#names-that-moved)
old.py:5:18: breaks: tf.nn.dropout(keep_prob=) -> rate=1 - keep_prob: a renamed argument \
(MIGRATION.md#arguments-that-were-renamed)
old.py:3:1: breaks: parts of graphs and sessions, by line: tf.reset_default_graph (3, 6), tf.ConfigProto (6), \
tf.summary.FileWriter (7) (MIGRATION.md#graphs-sessions-collections-and-summaries)

                                     section  breaks  style
 ──────────────────────────────────────────────────────────
 Graphs, sessions, collections and summaries       4
                            Names that moved              1
                 Arguments that were renamed       1
                                         all       5      1
""",
)


def test_the_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("old.py").write_text(REPORT[0])
    assert main(["scan", "old.py"]) == 1
    assert capsys.readouterr().out == REPORT[1]


def test_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("old.py").write_text("import tensorflow as tf\ny = tf.log(x)\n")
    Path("no.py").write_text("x = = 1\n")
    assert main(["scan", "--json", "old.py"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "findings": [
            {
                "file": "old.py",
                "line": 2,
                "column": 5,
                "idiom": "tf.log",
                "what": "a moved name",
                "section": "Names that moved",
                "python": 3,
                "severity": "breaks",
                "new": "tf.math.log",
                "anchor": "MIGRATION.md#names-that-moved",
            }
        ],
        "unread": [],
    }
    assert main(["scan", "--json", "no.py"]) == 2
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["findings"] == []
    assert err == f"nthgrad: {document['unread'][0]}\n"


def test_the_recorded_programs():
    """Programs of the time: the scanner reads them all, and but a few say nothing that cannot be said today."""
    programs = sorted((ROOT / "tests" / "golden" / "programs").glob("*.py"))
    clean = {path.stem for path in programs if not legacy.scan([path])}
    assert "zero_weights" in clean  # the same words mean something else
    assert len(clean) < len(programs) / 10
