"""The command line as a process: `nthgrad demo` and `run`, help, exit status, and what reaches the screen."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap

import mpmath
import numpy as np
import pytest
from support.command_line import AS_PYTHON, DEMO

from nthgrad.__main__ import main
from nthgrad._display import quiet, table
from nthgrad.cli import ways
from nthgrad.errors import NthgradError


def process(*arguments: str, **options) -> subprocess.CompletedProcess:
    """A run in a process of its own, as a user's shell starts it."""
    environment = {k: v for k, v in os.environ.items() if k not in (quiet.LEVEL, "COLUMNS")}
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


def test_run(here, capfd):
    (here / "old.py").write_text(
        textwrap.dedent("""\
            import sys
            import tensorflow as tf
            x = tf.constant(1.0)
            with tf.Session() as session:
                print(session.run(tf.gradients(tf.log(x + 2.0), x)))
            print(sys.argv[1:])
            sys.exit(7)
        """)
    )
    arguments = ["--help", "-x", "--", "--at", "y=3", "a b"]
    assert main(["run", "old.py", *arguments]) == 7
    assert capfd.readouterr() == (f"[0.33333334]\n{arguments}\n", "")


# What a program does until a signal, the signal, and the exit status.
SIGNALS = {
    "ended": ("", signal.SIGTERM, -signal.SIGTERM),
    "interrupted": ("", signal.SIGINT, -signal.SIGINT),
    "interrupted and caught": ("caught = KeyboardInterrupt", signal.SIGINT, 5),
    "ended by its own handler": ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(6))", signal.SIGTERM, 6),
}


@pytest.mark.skipif(os.name != "posix", reason="processes are replaced on POSIX only")
@pytest.mark.parametrize("case", SIGNALS)
def test_signals_are_the_programs(case, here):
    before, sent, status = SIGNALS[case]
    (here / "old.py").write_text(
        textwrap.dedent(f"""\
            import os, signal, sys, time
            caught = ()
            {before}
            try:
                print(os.getpid(), os.getpgrp(), input(), flush=True)
                time.sleep(60)
            except caught:
                sys.exit(5)
        """)
    )
    line = [sys.executable, "-m", "nthgrad", "run", "old.py"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(line, text=True, start_new_session=True, **pipes) as program:
        program.stdin.write("typed\n")
        program.stdin.flush()
        assert program.stdout.readline().split() == [str(program.pid), str(program.pid), "typed"]
        program.send_signal(sent)
        _, said = program.communicate(timeout=60)
    assert program.returncode == status
    assert said.splitlines()[-1:] == (["KeyboardInterrupt"] if status == -signal.SIGINT else [])


@pytest.mark.quick
def test_help_and_version(capsys):
    assert main([]) == 0
    top = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == top
    for command in ("demo", "eval", "run"):
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
    code = "import sys\nfrom nthgrad.__main__ import main\nstatus = main(['eval', '--help'])\n"
    done = process("-c", code + "sys.exit(9 if 'tensorflow' in sys.modules or 'rich' in sys.modules else status)")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_mistyped_is_refused_before_tensorflow_is_there():
    code = "import sys\nfrom nthgrad.__main__ import main\nmain(['eval', 'lug(x)', '--at', 'x=1'])\n"
    done = process("-c", code + "sys.exit('tensorflow' in sys.modules)")
    assert done.returncode == 0
    assert done.stderr.startswith("nthgrad: There is no function 'lug'")


@pytest.mark.parametrize(
    ("arguments", "status", "out", "err"),
    [
        (["eval", "x**2", "--at", "x=3"], 0, ["x", "f", "df_dx", "3", "9", "6"], ""),
        (
            ["eval", "x*", "--at", "x=3"],
            2,
            [],
            f"nthgrad: 'x*' is not an expression: invalid syntax. {AS_PYTHON}\n",
        ),
    ],
)
def test_as_a_process(arguments, status, out, err):
    done = process("-m", "nthgrad", *arguments, encoding="utf-8")
    assert (done.returncode, done.stderr) == (status, err)
    assert [word for word in done.stdout.split() if "─" not in word] == out


def test_full_disk(monkeypatch, capfd):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table, "show", full)
    assert main(["eval", "x**2", "--at", "x=1"]) == 1
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
