"""What reaches any screen: narrow and wide ones, pipes, without colors, in a C locale; and that a command says it waits."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command_line import DEMO

from nthgrad import legacy
from nthgrad.__main__ import cli, main
from nthgrad._display import quiet
from nthgrad.cli import ways
from nthgrad.legacy import _comparison
from nthgrad.legacy._comparison.outcome import Outcome

ARTEFACTS = Path(__file__).parents[1] / "golden" / "artefacts"
OLD = 'import tensorflow as tf\nx = tf.log(2.0)  # größer\nprint(x, "é")\n'
PRINTED = Outcome(0, "é 1.0\n" + "a long line " * 12 + "\n", "")


def stored(monkeypatch):
    """Makes commands quick whose work other tests do."""
    outcome = [ways.Result(way, [ways.exact(n) for n in range(5)], 0.0, None) for way in ways.WAYS]
    monkeypatch.setattr(ways, "results", lambda: outcome)
    monkeypatch.setattr(_comparison, "run_old", lambda *_: PRINTED)
    monkeypatch.setattr(_comparison, "run_new", lambda *_: PRINTED._replace(text=PRINTED.text.replace("1.0", "2.0")))
    monkeypatch.setattr(legacy, "run", lambda *_, **__: 0)


# A command line, its exit status, and a part of what it writes to a screen that shows all characters.
COMMANDS = {
    "demo": (["demo"], 0, DEMO.splitlines()[0]),
    "differentiate": (["differentiate", "exp(x)", "--at", "x=0.5,1", "--order", "6"], 0, "1.648721271"),
    "compare": (["compare", "old.py", "new.py"], 1, "é 1.0"),
    "export": (["export", "none.keras", "--order", "1", "--out", "a"], 2, ""),
    "lift": (["lift", str(ARTEFACTS / "plain32.pb"), "--order", "1", "--out", "a"], 0, "a"),
    "port": (["port", "old.py"], 0, "größer"),
    "run": (["run", "old.py"], 0, ""),
    "scan": (["scan", "."], 1, "tf.math.log"),
    "scan --json": (["scan", ".", "--json"], 1, '"findings"'),
    "a name that is no formula": (["differentiate", "é(x)", "--at", "x=1"], 2, ""),
    "help": (["--help"], 0, "differentiate"),
    **{f"help of {name}": ([name, "--help"], 0, "Example") for name in cli.list_commands(None)},
}


class Screen(io.TextIOWrapper):
    """A stream of an encoding, which may say that it is a terminal."""

    def __init__(self, encoding: str, *, terminal: bool):
        self.bytes = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.bytes, encoding=encoding, errors="strict", write_through=True)

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        return self.bytes.getvalue().decode("utf-8" if self.encoding == "ascii" else self.encoding)


SCREENS = {
    "a terminal of 80 columns": ("utf-8", True, {"COLUMNS": "80", "TERM": "xterm-256color"}),
    "a terminal of 120 columns": ("utf-8", True, {"COLUMNS": "120", "TERM": "xterm-256color"}),
    "a terminal without colors": ("utf-8", True, {"COLUMNS": "80", "TERM": "xterm-256color", "NO_COLOR": "1"}),
    "a dumb terminal": ("utf-8", True, {"COLUMNS": "80", "TERM": "dumb"}),
    "a pipe": ("utf-8", False, {"COLUMNS": "80"}),
    "a C locale": ("ascii", False, {"COLUMNS": "80"}),
    "latin-1": ("latin-1", True, {"COLUMNS": "80", "TERM": "xterm"}),
}
COLOR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d)(?:;\d+)*m")
WIDE = {
    "compare": 0,
    "scan": 10**6,
    "scan --json": 10**6,
    "port": 10**6,
}  # lines of files and of findings are not broken


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_on_every_screen(name, screen, here, monkeypatch):
    arguments, status, part = COMMANDS[name]
    encoding, terminal, variables = SCREENS[screen]
    stored(monkeypatch)
    (here / "old.py").write_text(OLD, encoding="utf-8")
    (here / "new.py").write_text("import tensorflow as tf\n", encoding="utf-8")
    for variable in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    out, err = Screen(encoding, terminal=terminal), Screen(encoding, terminal=terminal)
    err.reconfigure(errors="backslashreplace")  # as Python's own
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    found = main(arguments)
    monkeypatch.undo()
    shown = out.text()
    assert found == status, err.text()
    assert part in shown
    assert (out.encoding, out.errors) == (encoding, "strict")
    assert (err.text() == "") == (status != 2)
    if not terminal or "NO_COLOR" in variables or variables["TERM"] == "dumb":
        assert not COLOR.search(shown)
    if not terminal or variables["TERM"] == "dumb":
        assert "\x1b" not in shown
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert max(map(len, plain.splitlines()), default=0) <= WIDE.get(name, 0) + int(variables["COLUMNS"])


def test_wider_screens_show_more(here, monkeypatch, capsys):
    lengths = []
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["differentiate", "exp(x)", "--at", "x=0.5", "--order", "12"]) == 0
        lengths.append(len(capsys.readouterr().out.splitlines()))
    assert lengths[0] > lengths[1]


def test_a_process_in_a_c_locale(here):
    """Python itself chooses ASCII there, unless it is told otherwise, and refuses what ASCII lacks."""
    (here / "old.py").write_text(OLD, encoding="utf-8")
    for variables in (
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii:strict"},
    ):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
        line = [sys.executable, "-m", "nthgrad", "port", "old.py"]
        done = subprocess.run(line, capture_output=True, env=environment | variables, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert "größer" in done.stdout.decode()


# ---------- what is said while TensorFlow loads

SLOW = "import time\ntime.sleep(0.3)\nconstant = get_logger = lambda *_: __import__('logging').getLogger('slow')\n"


@pytest.fixture
def slow(here, monkeypatch):
    """A TensorFlow that takes 0.3 seconds to load, and a patience of 0.1."""
    (here / "tensorflow.py").write_text(SLOW)
    monkeypatch.delitem(sys.modules, "tensorflow")
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.setattr(quiet, "_PATIENCE", 0.1)


def said_to(descriptor, monkeypatch):
    """Loads TensorFlow with a file descriptor in the place of standard error."""
    before = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        quiet.tensorflow()
    finally:
        os.dup2(before, 2)
        os.close(before)


def written(master):
    """What was written to a pseudo-terminal, all of whose other ends are closed."""
    found = b""
    with contextlib.suppress(OSError):  # the end, on Linux
        while part := os.read(master, 1000):
            found += part
    os.close(master)
    return found.decode()


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is POSIX's")
def test_a_terminal_is_told_that_tensorflow_loads_and_then_cleared(slow, monkeypatch, capfd):
    master, screen = os.openpty()
    said_to(screen, monkeypatch)
    os.close(screen)
    assert written(master) == f"{quiet.LOADING}\r{' ' * len(quiet.LOADING)}\r"
    assert capfd.readouterr() == ("", "")


def test_a_pipe_is_told_nothing(slow, monkeypatch):
    reading, writing = os.pipe()
    said_to(writing, monkeypatch)
    os.close(writing)
    assert os.read(reading, 1000) == b""
    os.close(reading)


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is POSIX's")
def test_nothing_is_said_where_it_takes_no_time_or_fails(monkeypatch):
    master, screen = os.openpty()
    before = os.dup(2)
    os.dup2(screen, 2)
    try:
        with quiet.status("quick"):
            pass
        monkeypatch.setattr(quiet, "_PATIENCE", 0.0)
        with pytest.raises(ZeroDivisionError), quiet.status("waits"):  # noqa: PT012
            time.sleep(0.1)
            raise ZeroDivisionError
    finally:
        os.dup2(before, 2)
        os.close(before)
    os.close(screen)
    assert written(master) == "waits\r     \r"
