"""Draws the solution of an example: the field, its error, some times, the losses, the error over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from nthgrad._display.plot import COLORS, DASHES, MARKERS
from nthgrad._files import whole_file
from nthgrad.examples.solution import Solution
from nthgrad.examples.training import History

_LAYOUT = [["field"] * 2 + ["error"] * 2 + ["profiles"] * 2, ["losses"] * 3 + ["errors"] * 3]


def draw(solution: Solution, seed: int, path: str) -> None:
    """Draws a solution in five panels, under its equation and the parameters of the training.

    Colors are the colorblind-safe ones of Okabe and Ito. Lines differ by their dashes too, for print without colors.

    Args:
        solution: the solution.
        seed: the seed of the training.
        path: a .png, .pdf or .svg file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.4), layout="constrained")
    axes = figure.subplot_mosaic(_LAYOUT)
    figure.suptitle(
        f"{solution.equation}\n{solution.history.setting}, {solution.history}, seed {seed}: "
        f"relative $L^2$ error {scientific(solution.error)}",
        fontsize="large",
    )
    _field(axes["field"], solution, solution.found, "network", "u")
    _field(axes["error"], solution, solution.found - solution.exact, "network - reference", "error of u")
    _profiles(axes["profiles"], solution)
    _losses(axes["losses"], solution.history)
    _errors(axes["errors"], solution)
    for letter, panel in zip("abcde", axes.values(), strict=True):
        panel.set_title(f"({letter})", loc="left", fontweight="bold")
    with whole_file(path) as file:
        figure.savefig(file, format=path.rsplit(".", 1)[-1].lower(), dpi=150)


def scientific(value: float) -> str:
    """Writes a number with two digits and a power of ten, in the notation of matplotlib."""
    digits, power = f"{value:.1e}".split("e")
    return rf"${digits} \times 10^{{{int(power)}}}$"


def _field(axes: Any, solution: Solution, field: np.ndarray, title: str, name: str) -> None:
    """Draws a signed field over t and x: white is zero, and both signs have the same range."""
    most = float(np.abs(field).max()) or 1.0
    mesh = axes.pcolormesh(
        solution.t, solution.x, field.T, cmap="RdBu_r", vmin=-most, vmax=most, shading="gouraud", rasterized=True
    )
    bar = axes.figure.colorbar(mesh, ax=axes, label=f"{name} (dimensionless)")
    bar.formatter.set_powerlimits((-2, 3))
    axes.set(xlabel="time t (dimensionless)", ylabel="position x (dimensionless)", title=title)


def _profiles(axes: Any, solution: Solution) -> None:
    """Draws the field over x at four times: lines for the reference, markers for the network."""
    rows = np.linspace(0, len(solution.t) - 1, 4).astype(int)
    every = max(1, len(solution.x) // 30)
    for k, row in enumerate(rows):
        label = f"t = {solution.t[row]:.2f}"
        axes.plot(solution.x, solution.exact[row], color=COLORS[k], linestyle=DASHES[k], linewidth=1.5)
        axes.plot(
            *(solution.x[::every], solution.found[row, ::every]),
            color=COLORS[k], marker=MARKERS[k], markersize=4, linestyle="none", markerfacecolor="none",
        )  # fmt: skip
        axes.plot([], [], color=COLORS[k], linestyle=DASHES[k], marker=MARKERS[k], markerfacecolor="none", label=label)
    axes.set(
        xlabel="position x (dimensionless)", ylabel="u (dimensionless)", title="reference (lines), network (markers)"
    )
    _plain(axes)
    axes.legend(fontsize="small")


def _losses(axes: Any, history: History) -> None:
    """Draws the losses of both phases on a logarithmic axis."""
    first = len(history.adam)
    for k, (name, start, losses) in enumerate((("Adam", 0, history.adam), ("L-BFGS", first, history.lbfgs))):
        if losses:
            numbers = start + np.arange(1, len(losses) + 1)
            axes.semilogy(numbers, losses, color=COLORS[k], linestyle=("-", "-")[k], linewidth=(0.8, 2)[k], label=name)
    if history.adam and history.lbfgs:
        axes.axvline(first, color="0.4", linestyle=":", linewidth=1)
    axes.set(xlabel="step of Adam, then iteration of L-BFGS", ylabel="mean square of the residual", title="loss")
    _plain(axes)
    if history.adam or history.lbfgs:
        axes.legend(fontsize="small")


def _errors(axes: Any, solution: Solution) -> None:
    """Draws the error over time on a logarithmic axis; where it is zero by construction there is no point."""
    inside = solution.errors > 0
    axes.semilogy(solution.t[inside], solution.errors[inside], color=COLORS[0], label="at each time")
    axes.axhline(solution.error, color=COLORS[1], linestyle="--", label="at all times")
    axes.set(xlabel="time t (dimensionless)", ylabel="relative $L^2$ error", title="error against the reference")
    _plain(axes)
    axes.legend(fontsize="small")


def _plain(axes: Any) -> None:
    axes.grid(color="0.9", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
