"""The command line as a process: `nthgrad demo` and `run`, help, exit status, and what reaches the screen."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from support.command_line import AS_PYTHON, DEMO

from nthgrad import legacy
from nthgrad.__main__ import main
from nthgrad._display import quiet, table
from nthgrad.cli import ways
from nthgrad.errors import NthgradError


def process(*arguments: str, **options) -> subprocess.CompletedProcess:
    """A run in a process of its own, as a user's shell starts it, where there is no home that can be written."""
    own = (quiet.LEVEL, "COLUMNS", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    environment = {k: v for k, v in os.environ.items() if k not in own} | {"HOME": str(Path(__file__) / "home")}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        **options,
    )


def test_demo_against_mpmath():
    with mpmath.workdps(30):
        exact = [mpmath.diff(lambda x: mpmath.log(x + 2), 1, n) for n in range(5)]
    np.testing.assert_allclose([ways.exact(n) for n in range(5)], np.array(exact, float), rtol=1e-15)
    outcome = ways.results()
    assert [result.way.dtype for result in outcome] == ["float32", "float32", "float64", "float32", "float32"]
    for result in outcome:
        assert result.failure is None
        assert result.right
        np.testing.assert_allclose(result.values, np.array(exact, float), rtol=result.way.tolerance)


def test_demo_that_is_off(monkeypatch, capfd):
    right = [ways.exact(n) for n in range(5)]
    made = {
        "right": lambda: np.array(right, np.float64),
        "off": lambda: np.array([*right[:4], right[4] * (1 + 3e-6)], np.float64),
        "nan": lambda: np.array([*right[:4], math.nan], np.float64),
        "short": lambda: np.array(right[:4], np.float64),
        "rounded": lambda: np.array(right, np.float32),
        "raises": lambda: 1 / 0,
    }
    outcome = ways.results([ways.Way(name, "float64", 1e-6, compute) for name, compute in made.items()])
    assert [result.right for result in outcome] == [True, False, False, False, False, False]
    monkeypatch.setattr(ways, "results", lambda: [outcome[0], outcome[1], outcome[5]])
    assert main(["demo"]) == 1
    out, err = capfd.readouterr()
    assert err == "nthgrad: raises failed: ZeroDivisionError: division by zero\n"
    assert [line.split() for line in out.splitlines() if line.startswith(" error")] == [
        ["error", "0.0e+00", "3.0e-06", "-"]
    ]
    monkeypatch.setattr(ways, "results", lambda: [outcome[0]])
    assert main(["demo"]) == 0


def test_demo_on_the_screen():
    done = process("-m", "nthgrad", "demo", encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:-3] == DEMO.splitlines()
    assert lines[-3].split()[0] == "error"
    assert lines[-1] == "error: the largest relative error of the column; limit: the largest one allowed"


ARGUMENTS = ["--help", "-x", "--", "--at", "y=3", "a b"]
# Says who it is; catches the first Ctrl-C and a SIGTERM; the second Ctrl-C ends it.
OLD = """
import os, signal, sys, time
print(sys.argv[1:], signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
print(os.getpid(), os.getpgrp(), input(), flush=True)
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    signal.signal(signal.SIGTERM, lambda *_: print("terminated", flush=True))
    print("caught", flush=True)
time.sleep(60)
"""
SIGNALS = {"ready": signal.SIGINT, "caught": signal.SIGTERM, "terminated": signal.SIGINT}


@pytest.mark.skipif(os.name != "posix", reason="processes are replaced on POSIX only")
def test_process_input_signals_and_status_are_the_programs(here):
    """One process for signals that are caught and that are not; legacy/test_script.py has other exit statuses."""
    (here / "old.py").write_text(OLD)
    line = [sys.executable, "-m", "nthgrad", "run", "old.py", *ARGUMENTS]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(line, text=True, start_new_session=True, **pipes) as program:
        program.stdin.write("typed\n")
        program.stdin.flush()
        assert program.stdout.readline() == f"{ARGUMENTS} True\n"
        assert program.stdout.readline().split() == [str(program.pid), str(program.pid), "typed"]
        for said, sent in SIGNALS.items():
            assert program.stdout.readline() == f"{said}\n"
            program.send_signal(sent)
        _, said = program.communicate(timeout=60)
    assert program.returncode == -signal.SIGINT
    first, *places, last = said.splitlines()
    assert (first, last) == ("Traceback (most recent call last):", "KeyboardInterrupt")
    assert {line.split('"')[1] for line in places if line.startswith("  File ")} == {"old.py"}


@pytest.mark.parametrize("options", [[], ["--control-flow", "v2", "--accelerate"]])
def test_run_from_a_process_with_more_to_do(options, here, monkeypatch):
    """Then the program is a child's, which legacy/test_script.py tests."""
    (here / "old.py").touch()
    ran = []
    monkeypatch.setattr(legacy, "run", lambda *given, **named: ran.append((given, named)) or 7)
    assert main(["run", *options, "old.py", *ARGUMENTS]) == 7
    assert ran == [(("old.py", ARGUMENTS, "v2" if options else "v1"), {"accelerate": bool(options)})]


@pytest.mark.quick
def test_help_and_version(capsys):
    assert main([]) == 0
    top = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == top
    for command in ("demo", "differentiate", "run"):
        assert f"\n  {command} " in top
        assert main([command, "--help"]) == 0
        own = capsys.readouterr().out
        assert "Example" in own
        assert f"\n    nthgrad {command}" in own
    assert main(["--version"]) == 0
    name, version = capsys.readouterr().out.split()
    assert name == "nthgrad"
    assert version[0].isdigit()


def test_help_does_not_wait_for_tensorflow():
    code = "import sys\nfrom nthgrad.__main__ import main\nstatus = main(['differentiate', '--help'])\n"
    done = process("-c", code + "sys.exit(9 if 'tensorflow' in sys.modules or 'rich' in sys.modules else status)")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_mistyped_is_refused_before_tensorflow_is_there():
    code = "import sys\nfrom nthgrad.__main__ import main\nmain(['differentiate', 'lug(x)', '--at', 'x=1'])\n"
    done = process("-c", code + "sys.exit('tensorflow' in sys.modules)")
    assert done.returncode == 0
    assert done.stderr.startswith("nthgrad: There is no function 'lug'")


def test_what_is_mistyped_ends_a_process_with_a_status():
    done = process("-m", "nthgrad", "differentiate", "x*", "--at", "x=3", encoding="utf-8")
    message = f"nthgrad: 'x*' is not an expression: invalid syntax. {AS_PYTHON}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_full_disk(monkeypatch, capfd):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table, "show", full)
    assert main(["differentiate", "x**2", "--at", "x=1"]) == 1
    message = "nthgrad: The output cannot be written: No space left on device. Check where it goes.\n"
    assert capfd.readouterr() == ("", message)


def test_held_back(capfd):
    with quiet.held_back():
        os.write(2, b"chatter\n")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ZeroDivisionError), quiet.held_back():  # noqa: PT012
        os.write(2, b"the reason\n")
        raise ZeroDivisionError
    assert capfd.readouterr() == ("", "the reason\n")
    for expected in (KeyboardInterrupt, NthgradError):
        with pytest.raises(expected), quiet.held_back():  # noqa: PT012
            os.write(2, b"chatter\n")
            raise expected
        assert capfd.readouterr() == ("", "")
    os.write(2, b"later\n")
    assert capfd.readouterr() == ("", "later\n")
