"""Shows the progress of an evaluation: a bar in a terminal or a notebook, lines in a notebook without ipywidgets."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Generator

SECONDS = 5.0
"""The least time between two lines."""


@contextlib.contextmanager
def shown(total: int | None, done: int, *, wanted: bool) -> Generator[Callable[[int], None]]:
    """Shows progress on the standard error, if that is a terminal, or below the cell of a notebook.

    Args:
        total: the number of points, if it is known.
        done: the number of points computed already.
        wanted: whether to show progress.

    Yields:
        a function to call with the number of points added.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if wanted and console.is_jupyter and not _has_widgets():
        with _lines(total, done) as advance:
            yield advance
        return
    columns = (TextColumn("points"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    if not wanted or not (console.is_terminal or console.is_jupyter):  # rich 13 ends a disabled bar with an empty line
        yield lambda rows: None
        return
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("points", total=total, completed=done)
        try:
            yield lambda rows: bar.advance(task, rows)
        finally:
            bar.refresh()  # or a notebook shows an earlier state at the end


def _has_widgets() -> bool:
    """Whether ipywidgets is installed, which rich needs for a bar in a notebook."""
    try:
        importlib.import_module("ipywidgets")
    except ImportError:
        return False
    return True


@contextlib.contextmanager
def _lines(total: int | None, done: int) -> Generator[Callable[[int], None]]:
    """Prints lines with the number of points, one every few seconds and one at the end."""
    said = time.monotonic()
    last = None

    def say() -> None:
        nonlocal said, last
        if done != last:
            print(f"points {done}/{'?' if total is None else total}", file=sys.stderr, flush=True)
        said, last = time.monotonic(), done

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        if time.monotonic() - said >= SECONDS:
            say()

    try:
        yield advance
    finally:
        say()
