"""The command line of an example."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click
import keras

from nthgrad import optimize
from nthgrad._display import plot as plots
from nthgrad._files import refuse_file
from nthgrad.errors import ArgumentError
from nthgrad.examples import pictures
from nthgrad.examples.solution import Solution
from nthgrad.examples.training import Plan


def command(doc: str | None, solve: Callable[[Plan], Solution], steps: int, iterations: int) -> click.Command:
    """Builds the command line of an example.

    Args:
        doc: the help text.
        solve: trains a network for the given plan.
        steps: the default number of steps of Adam.
        iterations: the default number of iterations of L-BFGS.
    """

    @click.command(help=doc)
    @click.option("--steps", type=click.IntRange(min=0), default=steps, show_default=True, help="Steps of Adam.")
    @click.option(
        "--iterations",
        type=click.IntRange(min=0),
        default=iterations,
        show_default=True,
        callback=_possible,
        help="Iterations of L-BFGS. Ctrl-C stops the training; what was found is shown.",
    )
    @click.option("--plot", metavar="FILE", callback=_drawable, help="Draw the solution: a .png, .pdf or .svg file.")
    @click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The seed of the weights.")
    @click.pass_context
    def main(context: click.Context, steps: int, iterations: int, plot: str | None, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        start = time.perf_counter()
        solution = solve(Plan(steps, iterations))
        seconds = time.perf_counter() - start
        click.echo(f"relative L2 error {solution.error:.1e} after {solution.history}, {seconds:.0f} s")
        if plot is not None:
            pictures.draw(solution, seed, plot)
        if solution.history.stopped:
            click.echo("stopped by Ctrl-C", err=True)
            context.exit(130)

    return main


def _possible(_: Any, __: Any, iterations: int) -> int:
    """Refuses L-BFGS without SciPy, before minutes of training."""
    try:
        if iterations:
            optimize.scipy_optimize()
    except ArgumentError as error:
        raise click.BadParameter(str(error)) from error
    return iterations


def _drawable(_: Any, __: Any, path: str | None) -> str | None:
    """Refuses a picture that cannot be drawn, before minutes of training."""
    try:
        if path is not None:
            refuse_file(path, plots.KINDS)
            plots.check()
    except ArgumentError as error:
        raise click.BadParameter(str(error)) from error
    return path
