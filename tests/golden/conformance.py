"""Runs a folder of old programs under TensorFlow 1.15.5 with Keras 2.2.4 and under nthgrad, and compares what they do.

    python tests/golden/conformance.py --old old/bin/python            # the programs beside this file
    python tests/golden/conformance.py my_scripts --old old/bin/python # your own
    python tests/golden/conformance.py --recorded                      # without a Python 3.7: what was recorded

Each program runs in an empty folder of its own. What it prints and saves is compared as `nthgrad compare` does, numbers by
tolerance and the rest to the letter, and so is its exit status. `record.py` says how to make the old Python.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from nthgrad.legacy._comparison import Comparison, compared
from nthgrad.legacy._comparison.outcome import Outcome, run
from nthgrad.legacy._comparison.prints import tolerances

HERE = Path(__file__).resolve().parent
PROGRAMS, RECORDED = HERE / "programs", HERE / "recorded"
COLOURS = {"same": "green", "within tolerance": "green", "numbers differ": "yellow", "differs": "red", "fails": "red"}


def digest(text: str, length: int = 60) -> str:
    """The first line that has a number with a point, or else any, short enough for a cell of a table."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    having = [line for pattern in (r"\d\.", r"\d", "") for line in lines if re.search(pattern, line)]
    line = having[0] if having else ""
    return line if len(line) <= length else f"{line[: length - 1]}…"


def markdown(comparisons: Iterable[Comparison]) -> str:
    """The page: one line a program."""

    def cell(text: str) -> str:
        return text.replace("|", "\\|")

    rows = [
        f"| `{one.name}` | {_code(digest(one.old.text))} | {_code(digest(one.new.text))} "
        f"| {_number(one.distance)} | {cell(one.verdict + (': ' + one.detail if one.detail else ''))} |"
        for one in comparisons
    ]
    return "\n".join(
        [
            "# Old programs, then and now",
            "",
            "The first numbers that each program printed under TensorFlow 1.15.5 with Keras 2.2.4, the same from",
            "`nthgrad run`, and the largest relative difference between any two numbers that it prints or saves, relative",
            "to the largest number of the same list or array. `python tests/golden/conformance.py --markdown FILE` writes",
            "this page.",
            "",
            "| program | TensorFlow 1.15.5 + Keras 2.2.4 | nthgrad | largest difference | verdict |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|').replace('`', chr(39))}`" if text else ""


def _number(far: float | None) -> str:
    return "" if far is None else f"{far:.1e}" if far else "0"


def recorded(program: Path) -> Outcome:
    """What was recorded for a program; the status 1 where nothing was."""
    path = RECORDED / f"{program.stem}.txt"
    if not path.exists():
        return Outcome(1, "", f"Nothing is recorded for {program.stem}. Give --old instead of --recorded.")
    return Outcome(0, path.read_text(encoding="utf-8"), "")


def both(
    programs: list[Path], old: Callable[[Path], Outcome], new: Callable[[Path], Outcome], jobs: int
) -> Iterator[Comparison]:
    """Yields the comparison of each program as it is ready, in the order of their names."""
    pool = ThreadPoolExecutor(jobs)
    try:
        pairs = [(program, pool.submit(old, program), pool.submit(new, program)) for program in programs]
        for program, then, now in pairs:
            stated = tolerances(program.read_text(encoding="utf-8"))
            yield compared(program.stem, then.result(), now.result(), stated)
    finally:
        pool.shutdown(cancel_futures=True)  # those not begun, if the run is broken off


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=PROGRAMS)
@click.option("--old", type=click.Path(exists=True, dir_okay=False), help="A Python 3.7 with TensorFlow 1.15.5.")
@click.option("--recorded", "from_record", is_flag=True, help="Compare with what was recorded in the place of --old.")
@click.option("--only", multiple=True, metavar="NAME", help="Run this program alone; may be given several times.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="How many to run at a time.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=300.0, help="How long one may take.")
@click.option("--markdown", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here.")
def main(
    folder: Path,
    old: str | None,
    from_record: bool,
    only: tuple[str, ...],
    jobs: int,
    seconds: float,
    page: Path | None,
) -> None:
    """Compares the programs in FOLDER under TensorFlow 1.15.5 and under nthgrad; the status is 1 if any differs."""
    if bool(old) == from_record:
        raise click.UsageError("Give either --old, the old Python, or --recorded.")
    programs = sorted(folder.glob("*.py"))
    missing = set(only) - {program.stem for program in programs}
    if missing or not programs:
        raise click.UsageError(f"There is no program {' '.join(sorted(missing)) or '*'}.py in {folder}.")
    programs = [program for program in programs if not only or program.stem in only]
    python = os.path.abspath(old) if old else ""  # not resolved: an environment is told by the link's own folder

    def now(program: Path) -> Outcome:
        return run([sys.executable, "-m", "nthgrad", "run", str(program.resolve())], seconds)

    def then(program: Path) -> Outcome:
        return recorded(program) if from_record else run([python, str(program.resolve())], seconds)

    console, done = Console(), []
    with Progress(console=console, transient=True) as progress:
        for one in progress.track(both(programs, then, now, jobs), total=len(programs), description="programs"):
            done.append(one)
            if page:  # each time, so that a run which is broken off leaves what it has
                page.write_text(markdown(done), encoding="utf-8")
    table = Table(Column("program", no_wrap=True), "verdict", "largest difference", "detail")
    for one in done:
        table.add_row(one.name, f"[{COLOURS[one.verdict]}]{one.verdict}", _number(one.distance), escape(one.detail))
    console.print(table)
    counts = Counter(one.verdict for one in done)
    console.print(", ".join(f"{counts[verdict]} {verdict}" for verdict in COLOURS if counts[verdict]))
    sys.exit(not all(one.agrees for one in done))


if __name__ == "__main__":
    main()
