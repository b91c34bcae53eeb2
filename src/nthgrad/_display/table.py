"""Prints tables: aligned numbers, never cut off, on a terminal or to a pipe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

MAX_ROWS = 1000


def aligned(values: Iterable[Any], digits: int) -> list[str]:
    """Formats numbers with the same number of decimals.

    Args:
        values: real numbers, also NaN and infinities.
        digits: the number of significant digits of the largest one; fewer if all values need fewer.

    Returns:
        a text for each: fixed-point, or with exponents for very large or small numbers.

    Example:
        >>> aligned([0.5, 1.0, -2.0], 10)
        ['0.5', '1.0', '-2.0']
    """
    numbers = [float(v) for v in values]
    sizes = [abs(v) for v in numbers if math.isfinite(v) and v]
    if sizes and (max(sizes) >= 1e6 or min(sizes) < 1e-4):
        return [number(v, f".{digits - 1}e") for v in numbers]
    before = math.floor(math.log10(max(sizes))) + 1 if sizes else 1
    decimals = max(digits - before, 1)
    needed = (d for d in range(decimals) if all(not math.isfinite(v) or float(f"{v:.{d}f}") == v for v in numbers))
    decimals = next(needed, decimals)
    return [number(v, f".{decimals}f") for v in numbers]


def number(value: float, form: str) -> str:
    """Formats a number; one that is shown as zero has no sign."""
    text = format(value, form)
    return text.removeprefix("-") if float(text) == 0 else text


def of_points(names: Sequence[str], columns: Sequence[np.ndarray], variables: int) -> list[Any]:
    """Returns a table with one line for each point, or several tables if the screen is too narrow.

    Args:
        names: the names of the columns.
        columns: arrays of shape [n]; float32 is shown with 7 digits, float64 with 10.
        variables: how many of the first columns are coordinates of the points; every table begins with them.
    """
    from rich.console import Console

    texts = [aligned(column, 7 if column.dtype == np.float32 else 10) for column in columns]
    widths = [max(map(len, [name, *cells])) for name, cells in zip(names, texts, strict=True)]
    head, room = list(range(variables)), Console().width - sum(widths[:variables]) - variables
    tables: list[list[int]] = []
    shown: list[int] = []
    used = 0
    for index in range(variables, len(names)):
        if shown and used + widths[index] + 2 > room:
            tables.append(head + shown)
            shown, used = [], 0
        shown.append(index)
        used += widths[index] + 2
    tables.append(head + shown)
    return [plain([names[i] for i in group], list(zip(*(texts[i] for i in group), strict=True))) for group in tables]


def plain(names: Sequence[str], rows: Iterable[Sequence[str]], **options: Any) -> Any:
    """Returns a rich table of texts, right-aligned and as narrow as possible."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, padding=(0, 1), **options)
    table.title_justify = table.caption_justify = "left"
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def show(*tables: Any) -> None:
    """Prints tables. Lines wider than the screen are not cut off."""
    for table in tables:
        _console(table).print(table)


def text(table: Any) -> str:
    """Returns a table in plain characters, as `show` prints it without styles."""
    console = _console(table, color_system=None, force_terminal=False, force_jupyter=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip())


def _console(table: Any, **options: Any) -> Any:
    """Returns a console as wide as a table."""
    from rich.console import Console
    from rich.measure import Measurement

    wide = Console().options.update(width=10_000)
    return Console(width=Measurement.get(Console(), wide, table).maximum, highlight=False, **options)
