"""Draws the solution of an example: the field, its error, some times, the losses, the error over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from nthgrad._display.plot import COLORS, DASHES, MARKERS
from nthgrad._files import whole_file
from nthgrad.examples.solution import Solution
from nthgrad.examples.training import History


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
    figure.suptitle(
        f"{solution.equation}\n{solution.history.setting}, {solution.history}, seed {seed}: "
        f"relative $L^2$ error {scientific(solution.error)}",
        fontsize="large",
    )
    parts: Any = figure.subfigures(2, 1)
    upper, lower = parts
    field, error, profiles = upper.subplots(1, 3)
    losses, errors = lower.subplots(1, 2)
    _field(field, solution, solution.found, "u")
    _field(error, solution, solution.found - solution.exact, "error of u")
    _profiles(profiles, solution)
    _losses(losses, solution.history)
    _errors(errors, solution)
    titles = {
        "network": field,
        "network - reference": error,
        "reference (lines), network (markers)": profiles,
        "loss": losses,
        "error against the reference": errors,
    }
    for letter, (title, axes) in zip("abcde", titles.items(), strict=True):
        axes.set_title(f"({letter}) {title}", loc="left", fontsize="medium")
    with whole_file(path) as file:
        figure.savefig(file, format=path.rsplit(".", 1)[-1].lower(), dpi=150)


def scientific(value: float) -> str:
    """Writes a number with two digits and a power of ten, in the notation of matplotlib."""
    digits, power = f"{value:.1e}".split("e")
    return rf"${digits} \times 10^{{{int(power)}}}$"


def _field(axes: Any, solution: Solution, field: np.ndarray, name: str) -> None:
    """Draws a signed field over t and x: white is zero, and both signs have the same range."""
    most = float(np.abs(field).max()) or 1.0
    mesh = axes.pcolormesh(
        solution.t, solution.x, field.T, cmap="RdBu_r", vmin=-most, vmax=most, shading="gouraud", rasterized=True
    )
    bar = axes.figure.colorbar(mesh, ax=axes, label=f"{name} (dimensionless)")
    bar.formatter.set_powerlimits((-2, 3))
    axes.set(xlabel="time t (dimensionless)", ylabel="position x (dimensionless)")


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
    axes.set(xlabel="position x (dimensionless)", ylabel="u (dimensionless)")
    _plain(axes)
    axes.legend(fontsize="small")


def _losses(axes: Any, history: History) -> None:
    """Draws the losses of both phases on a logarithmic axis."""
    first = len(history.adam)
    for k, (name, start, losses) in enumerate((("Adam", 0, history.adam), ("L-BFGS", first, history.lbfgs))):
        if losses:
            numbers = start + np.arange(1, len(losses) + 1)
            axes.semilogy(numbers, losses, color=COLORS[k], linewidth=(0.8, 2.2)[k], label=name)  # thin and thick
    if history.adam and history.lbfgs:
        axes.axvline(first, color="0.4", linestyle=":", linewidth=1)
    axes.set(xlabel="step of Adam, then iteration of L-BFGS", ylabel="mean square of the residual")
    _plain(axes)
    if history.adam or history.lbfgs:
        axes.legend(fontsize="small")


def _errors(axes: Any, solution: Solution) -> None:
    """Draws the error over time on a logarithmic axis; no point where the ansatz leaves rounding only."""
    inside = solution.errors > 1e-6 * solution.errors.max()
    axes.semilogy(solution.t[inside], solution.errors[inside], color=COLORS[0], label="at each time")
    axes.axhline(solution.error, color=COLORS[1], linestyle="--", label="at all times")
    axes.set(xlabel="time t (dimensionless)", ylabel="relative $L^2$ error")
    _plain(axes)
    axes.legend(fontsize="small")


def _plain(axes: Any) -> None:
    axes.grid(color="0.9", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
