"""The command `nthgrad compare`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nthgrad.cli.complaints import complain

if TYPE_CHECKING:
    from nthgrad.legacy._comparison import Comparison

_COLORS = {"same": "green", "within tolerance": "green", "numbers differ": "yellow", "differs": "red"}


@click.command(
    short_help="Compare what an old program and its port print and save.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--rtol", type=click.FloatRange(0), help="Tolerance relative to the old number.")
@click.option("--atol", type=click.FloatRange(0), help="Absolute tolerance.")
@click.option("--with", "given", multiple=True, type=click.Path(exists=True), help="A file or folder that both read.")
@click.option("--twice", is_flag=True, help="Run OLD a second time, to see how far its own runs differ.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=3600.0, show_default=True)
@click.argument("old", type=click.Path(exists=True, dir_okay=False))
@click.argument("new", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    *,
    rtol: float | None,
    atol: float | None,
    given: Sequence[str],
    twice: bool,
    seconds: float,
    old: str,
    new: str,
    arguments: Sequence[str],
) -> int:
    """Compare what an old program and its port print and save.

    OLD runs as with "nthgrad run", NEW in today's TensorFlow, both with the ARGUMENTS, each in an empty folder of its
    own. Numbers are compared by tolerance, everything else word for word; a tensor is compared as its value. The
    default tolerance is eight roundings of the largest number of an array, or what a line "# tolerance: rtol=1e-5
    (reason)" in OLD says. Files are compared by their text or their arrays.

    The exit status is 0 if they agree, else 1.

    \b
    Examples:
      nthgrad compare old.py new.py
      nthgrad compare --rtol 1e-4 --with data/ old.py new.py --epochs 3
    """  # noqa: D301
    from nthgrad.legacy import _comparison
    from nthgrad.legacy._comparison.prints import distance, tolerances
    from nthgrad.legacy._scan import source

    try:
        stated = tolerances(source.decoded(old)[0])
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    stated |= {name: value for name, value in (("rtol", rtol), ("atol", atol)) if value is not None}
    racing = _comparison.races(old)
    before = _comparison.run_old(old, arguments, seconds, given)
    now = _comparison.run_new(new, arguments, seconds, given)
    found = _comparison.compared(old, before, now, stated, ("in OLD", "in NEW"))
    _show(found, stated)
    if twice:
        far = distance(before.text, _comparison.run_old(old, arguments, seconds, given).text)
        click.echo(f"Two runs of OLD differ by {'more than numbers' if far is None else f'{far:.1e}'}.")
    if racing:
        click.echo(
            "OLD assigns reference variables. TensorFlow 1 ran the assignments in parallel with ops that read them, "
            "so its own runs may differ in some digits."
        )
    for outcome, side in ((before, "OLD"), (now, "NEW")):
        if outcome.status and outcome.error:
            complain(f"{side} ended with status {outcome.status}: {_comparison.last_line(outcome.error)}")
    return int(not found.agrees)


def _show(found: Comparison, stated: dict[str, float]) -> None:
    """Prints the lines side by side, and the verdict."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from nthgrad.legacy._comparison.lines import side_by_side

    table = Table("old", "", "new", expand=False)
    for pair in side_by_side(found.old.text, found.new.text, stated):
        table.add_row(escape(pair.old), f"[{_COLORS[pair.verdict]}]{pair.verdict}", escape(pair.new))
    console = Console(highlight=False)
    console.print(table)
    far = "" if found.distance is None else f", largest difference {found.distance:.1e}"
    detail = f": {found.detail}" if found.detail else far
    click.echo(f"{found.verdict}{detail}")
