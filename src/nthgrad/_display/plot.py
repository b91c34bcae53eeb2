"""Draws a function and its derivatives."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nthgrad._display import extras
from nthgrad._display.echo import brief
from nthgrad._files import whole_file
from nthgrad.errors import ArgumentError

KINDS = (".png", ".pdf", ".svg")

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
"""Colors that color-blind readers tell apart, by Okabe and Ito, without those too pale for a line on white."""

DASHES = ("-", "--", "-.", ":")
"""Dashes tell lines apart in print; as there are fewer than colors, twenty lines differ."""

MARKERS = ("o", "s", "^", "D", "v")
"""Markers of points, one for each color."""

_SMOOTH = 400  # points of a drawn curve; as many given points are joined by lines


def check() -> None:
    """Checks that matplotlib, of the extra `plot`, is installed.

    Raises:
        ArgumentError: it is not.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ArgumentError(f"--plot needs matplotlib, which is not installed. Run {extras.install('plot')}.")


def draw(
    path: str,
    title: str,
    variable: str,
    x: np.ndarray,
    towers: Sequence[np.ndarray],
    curve: Callable[[np.ndarray], Sequence[np.ndarray]] | None,
) -> None:
    """Draws f and its derivatives over the points.

    Args:
        path: a file that ends with one of `KINDS`.
        title: the text of f.
        variable: the name of x.
        x: the points, of shape [n].
        towers: f, f', ... at the points.
        curve: computes f, f', ... at any array of points, to draw curves through the given ones; around a single point
            they cover an interval. If None, the points are joined by lines.

    Raises:
        ArgumentError: the file cannot be written.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it prints messages about its font cache
    from matplotlib.figure import Figure

    order = np.argsort(x, kind="stable")
    at, through = x[order], [y[order] for y in towers]
    dotted = len(at) <= 50
    if curve is not None and len(at) < _SMOOTH:
        low, high = _interval(float(at[0]), float(at[-1]))
        grid = np.linspace(low, high, _SMOOTH).astype(x.dtype)
        lines = curve(grid)
    else:
        grid, lines = at, through

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    for k, (line, points) in enumerate(zip(lines, through, strict=True)):
        color, dash, marker = COLORS[k % len(COLORS)], DASHES[k % len(DASHES)], MARKERS[k % len(MARKERS)]
        axes.plot(grid, line, color=color, linestyle=dash, linewidth=1.8, label=_label(variable, k))
        if dotted:
            axes.plot(at, points, marker, color=color, markersize=5)
    _scale(axes, lines)
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set(xlabel=_plain(variable), ylabel="f and its derivatives", title=_plain(brief(title)))
    axes.margins(x=0.02)
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    with whole_file(path) as file:
        figure.savefig(file, format=Path(path).suffix[1:].lower(), dpi=150)


def _interval(low: float, high: float) -> tuple[float, float]:
    """Returns the interval from the first to the last point; around a single x, |x| / 2 to both sides."""
    if low < high:
        return low, high
    reach = abs(low) / 2 or 1.0
    return low - reach, low + reach


def _scale(axes: Any, lines: Sequence[np.ndarray]) -> None:
    """Sets a scale linear near zero and logarithmic elsewhere, if one curve would make the others look flat."""
    sizes = [np.abs(line[np.isfinite(line) & (line != 0)]) for line in lines]
    sizes = [size for size in sizes if size.size]
    largest = max((float(size.max()) for size in sizes), default=0.0)
    typical = min((float(np.median(size)) for size in sizes), default=0.0)
    if largest > 50 * typical:
        axes.set_yscale("asinh", linear_width=max(typical, 1e-8 * largest))


def _label(variable: str, k: int) -> str:
    if k == 0:
        return "f"
    power = f"^{{{k}}}" if k > 1 else ""
    name = variable.replace("_", r"\_")
    return rf"$\mathrm{{d}}{power} f\,/\,\mathrm{{d}}\mathit{{{name}}}{power}$"


def _plain(text: str) -> str:
    return text.replace("$", r"\$")
