"""Runs the test files of other packages under TensorFlow 1.15.5 with Keras 2.2.4 and under nthgrad: who passes what.

    python tests/golden/suites.py keras keras-rl --old old/bin/python --new new/bin/python --markdown SUITES.md

Each folder is a package's public tests as they stand in its repository, conftest and helpers included; none of their text
is in this project. Where the old Python has the package itself, the folder should hold the tests alone. A folder is
copied before its files run, each in a process of its own, `python -m pytest` there and `nthgrad run` here. Both Pythons
need the same pytest 7 (8 dropped what these tests use). `suites.json` gives the reason of each test that passes there and
not here; the exit status is 1 if one has no reason, or has a reason and passes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click

from nthgrad.legacy._comparison.outcome import environment

HERE = Path(__file__).resolve().parent
WORKER, REASONS, PAGE = HERE / "suite_worker.py", HERE / "suites.json", HERE / "SUITES.md"
OPTIONS = ["-q", "--tb=no", "--assert=plain", "-c", os.devnull]
OPTIONS += [f"-pno:{plugin}" for plugin in ("cacheprovider", "warnings", "randomly", "xdist")]

Outcomes = Mapping[str, str]  # the outcome of each test: passed, failed or skipped


class File(NamedTuple):
    """The outcomes of a file of tests."""

    suite: str
    path: str
    old: Outcomes
    new: Outcomes

    def lost(self) -> list[str]:
        """The tests that pass under the old libraries alone."""
        return [name for name, told in self.old.items() if told == "passed" and self.new.get(name) != "passed"]


def files_of_tests(folder: Path) -> list[str]:
    """The paths of the files that pytest takes for tests, sorted."""
    return sorted(
        path.relative_to(folder).as_posix()
        for pattern in ("test_*.py", "*_test.py")
        for path in folder.rglob(pattern)
        if "def test" in path.read_text(encoding="utf-8")
    )


def outcomes(command: list[str], folder: Path, path: str, seconds: float) -> dict[str, str]:
    """Runs one file; a test that was begun and not ended is missing.

    Args:
        command: what runs the worker: a Python, or `nthgrad run`.
        folder: a copy of the suite, with the worker in it.
        path: the file in it.
        seconds: how long it may take.
    """
    with tempfile.TemporaryDirectory() as home:
        told = Path(home) / "outcomes"
        arguments = [WORKER.name, str(told), *OPTIONS, f"--rootdir={folder}", path]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*command, *arguments],
                cwd=folder,
                env={**environment(home), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        return read(told.read_text(encoding="utf-8") if told.exists() else "")


def read(text: str) -> dict[str, str]:
    """The outcomes in the worker's file, by the names of the tests without those of their files."""
    rows = [line.split("\t") for line in text.splitlines()]
    return {(name.partition("::")[2] or name): told for told, name, *_ in rows}


def run(suites: list[Path], old: list[str], new: list[str], only: tuple[str, ...], seconds: float) -> Iterator[File]:
    """Yields the outcomes of each file, suite by suite."""
    for suite in suites:
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / suite.name
            shutil.copytree(suite, copy)
            paths = [path for path in files_of_tests(copy) if not only or any(part in path for part in only)]
            shutil.copy(WORKER, copy)
            for path in paths:
                yield File(suite.name, path, *(outcomes(command, copy, path, seconds) for command in (old, new)))


def passed(told: Outcomes) -> int:
    """The number of tests that pass."""
    return sum(each == "passed" for each in told.values())


def unexplained(files: list[File], reasons: Mapping[str, str]) -> list[str]:
    """The lines to print: tests that fail here alone and have no reason, and tests that pass and have one."""
    lost = {f"{file.path}::{name}" for file in files for name in file.lost()}
    run_here = {f"{file.path}::{name}" for file in files for name in file.new}
    return [
        *(f"{name} passes there and not here, and has no reason" for name in sorted(lost - reasons.keys())),
        *(f"{name} passes here and has a reason" for name in sorted((run_here - lost) & reasons.keys())),
    ]


def markdown(files: list[File], reasons: Mapping[str, str]) -> str:
    """The page: one line a file, then the reasons."""
    rows, notes = [], []
    for file in files:
        if file.old or file.new:
            rows.append(f"| {file.suite} | `{file.path}` | {len(file.old)} | {passed(file.old)} | {passed(file.new)} |")
        for name in file.lost():
            reason = reasons.get(f"{file.path}::{name}", "no reason is known yet")
            notes.append(f"* `{file.path}`, `{name}`: {reason}.")
    total = [sum(passed(told) for told in side) for side in ((f.old for f in files), (f.new for f in files))]
    return "\n".join(
        [
            "# Other people's tests, then and now",
            "",
            "Public test files of packages, run from their own files: how many tests each has, how many pass under",
            "TensorFlow 1.15.5 with Keras 2.2.4, and how many under `nthgrad run`. Tests that are skipped count as tests.",
            "`python tests/golden/suites.py FOLDERS --old PYTHON --markdown FILE` writes this page.",
            "",
            "| suite | file | tests | pass there | pass here |",
            "|---|---|---|---|---|",
            *rows,
            f"| all | | {sum(len(file.old) for file in files)} | {total[0]} | {total[1]} |",
            "",
            "## Tests that pass there and not here",
            "",
            *(notes or ["None."]),
            "",
        ]
    )


@click.command()
@click.argument("suites", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--old", required=True, type=click.Path(exists=True, dir_okay=False), help="The old Python.")
@click.option("--new", type=click.Path(exists=True, dir_okay=False), default=sys.executable, help="One with nthgrad.")
@click.option("--only", multiple=True, metavar="PART", help="Run files with this in their paths; several times.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=1800.0, help="How long a file may take.")
@click.option("--markdown", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here.")
def main(
    suites: tuple[Path, ...], old: str, new: str, only: tuple[str, ...], seconds: float, page: Path | None
) -> None:
    """Compares the tests in the folders SUITES; the status is 1 if one fails here for no known reason."""
    reasons = json.loads(REASONS.read_text(encoding="utf-8"))
    commands = [os.path.abspath(old)], [os.path.abspath(new), "-m", "nthgrad", "run"]
    done: list[File] = []
    for file in run([suite.resolve() for suite in suites], *commands, only, seconds):
        done.append(file)
        click.echo(f"{file.suite}/{file.path}: {passed(file.old)} -> {passed(file.new)} of {len(file.old)}")
        if page:  # each time, so that a run which is broken off leaves what it has
            page.write_text(markdown(done, reasons), encoding="utf-8")
    wrong = unexplained(done, reasons)
    click.echo("\n".join(wrong) or "Each test that passes there passes here, or has its reason.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
