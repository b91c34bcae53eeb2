"""Completion in shells: what click answers to each shell, and bash and zsh themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nthgrad.__main__ import cli, main

NAMES = list(cli.list_commands(None))
# What is typed, and the completions.
TYPED = {
    "": NAMES,
    "ex": ["export"],
    "d": ["demo", "differentiate"],
    "ev": [""],  # the former name of differentiate; the answer is an empty line
    "differentiate --d": ["--dtype"],
    "eval --me": ["--method"],
    "differentiate --method t": ["taylor", "tape"],
    "run --control-flow v": ["v1", "v2"],
    "scan --": ["--json", "--help"],
}


def answered(typed, shell, monkeypatch, capsys):
    """The values that the command line answers to a shell."""
    words = ["nthgrad", *typed.split(" ")]
    monkeypatch.setenv("_NTHGRAD_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    if shell == "zsh":  # three lines each: the kind, the value, the help
        assert set(lines[::3]) == {"plain"} or lines == [""]
        return lines[1::3] or lines
    return [line.partition(",")[2].partition("\t")[0] for line in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("typed", TYPED)
def test_what_a_shell_is_answered(typed, shell, monkeypatch, capsys):
    assert answered(typed, shell, monkeypatch, capsys) == TYPED[typed]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_lines_of_a_shell_name_the_command(shell, monkeypatch, capsys):
    monkeypatch.setenv("_NTHGRAD_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit):
        main([])
    source = capsys.readouterr().out
    assert f"_NTHGRAD_COMPLETE={shell}_complete" in source
    assert {"zsh": "compdef _nthgrad_completion nthgrad", "fish": "complete --no-files --command nthgrad"}[
        shell
    ] in source


def test_help_says_how(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for shell in ("bash", "zsh"):
        assert f'  {shell:5} eval "$(_NTHGRAD_COMPLETE={shell}_source nthgrad)"\n' in shown
    assert "\n  eval " not in shown  # the former name


# After the line that help shows, each shell completes "nthgrad diff", and says what completes nthgrad.
SCRIPTS = {
    "bash": (
        ["bash", "--norc", "-c"],
        """
        eval "$(_NTHGRAD_COMPLETE=bash_source nthgrad)"
        COMP_WORDS=(nthgrad diff); COMP_CWORD=1; _nthgrad_completion nthgrad; echo "${COMPREPLY[@]}"
        complete -p nthgrad
        """,
        "differentiate\ncomplete -o nosort -F _nthgrad_completion nthgrad\n",
    ),
    "zsh": (
        ["zsh", "-f", "-c"],
        """
        autoload -Uz compinit && compinit -u -D
        eval "$(_NTHGRAD_COMPLETE=zsh_source nthgrad)"
        _describe() { print -r -- ${(P)3%%:*} } # of a menu, the words; zsh has no menu outside its editor
        words=(nthgrad diff); CURRENT=2; _nthgrad_completion
        print -r -- ${_comps[nthgrad]}
        """,
        "differentiate\n_nthgrad_completion\n",
    ),
}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_shell_completes_after_the_line_that_help_shows(shell, here):
    line, script, wanted = SCRIPTS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} is installed")
    (here / "old_program.py").touch()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "HOME": str(here), "ZDOTDIR": str(here)}
    done = subprocess.run([*line, script], capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == wanted


def test_the_former_name_of_differentiate_runs(capfd):
    assert main(["eval", "x**2", "--at", "x=3"]) == 0
    shown = capfd.readouterr()
    assert main(["differentiate", "x**2", "--at", "x=3"]) == 0
    assert capfd.readouterr() == shown == (shown.out, "")
