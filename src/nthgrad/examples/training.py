"""Functions that the examples share: a network, its training with a progress bar, its error, a picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from nthgrad._display import plot as picture
from nthgrad._files import refuse_file, whole_file
from nthgrad.errors import ArgumentError


@dataclass(frozen=True)
class Solution:
    """A field on a grid, computed by the network, and its reference.

    Attributes:
        t: times, of shape [m].
        x: positions, of shape [n].
        found: the network's field, of shape [m, n].
        exact: the reference, of shape [m, n].
    """

    t: np.ndarray
    x: np.ndarray
    found: np.ndarray
    exact: np.ndarray

    @property
    def error(self) -> float:
        """The relative L2 error on the grid."""
        return float(np.linalg.norm(self.found - self.exact) / np.linalg.norm(self.exact))


def network(*widths: int, activation: Any = "tanh") -> keras.Model:
    """Builds a network from the widths of its layers, input first."""
    *hidden, last = widths[1:]
    layers = [keras.layers.Dense(n, activation) for n in hidden]
    return keras.Sequential([keras.Input(widths[:1]), *layers, keras.layers.Dense(last)])


def columns(t: np.ndarray, x: np.ndarray) -> list[tf.Tensor]:
    """Returns the points of a grid, as columns of shape [m n, 1] in Keras's floatx."""
    return [tf.constant(c.reshape(-1, 1), keras.config.floatx()) for c in np.meshgrid(t, x, indexing="ij")]


def on_grid(u: Callable[..., tf.Tensor], t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Evaluates a field u(t, x) of columns on a grid."""
    return np.reshape(tf.function(u)(*columns(t, x)), (len(t), len(x)))


def train(model: keras.Model, loss: Callable[[tf.Tensor], tf.Tensor], steps: int, rate: float = 5e-3) -> None:
    """Trains a model by Adam, with a cosine decay of the learning rate, compiled by XLA.

    Args:
        model: the model to train.
        loss: takes a seed for its random points, a pair of integers that differs in every step.
        steps: the number of steps.
        rate: the first learning rate.
    """
    weights = model.trainable_variables
    falling: Any = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = keras.optimizers.Adam(falling)
    optimizer.build(weights)

    @tf.function(jit_compile=True)
    def step(number: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(tf.stack([number, 0]))
        optimizer.apply(tape.gradient(value, weights), weights)
        return value

    bar = Progress(
        *Progress.get_default_columns()[:1], BarColumn(), TextColumn("{task.fields[loss]}"), TimeRemainingColumn()
    )
    with bar:
        task = bar.add_task("training", total=steps, loss="")
        for number in range(steps):
            value = step(tf.constant(number))
            if number % 20 == 0 or number == steps - 1:
                bar.update(task, completed=number + 1, loss=f"loss {float(value):.1e}")


def command(doc: str | None, solve: Callable[[int], Solution], steps: int) -> click.Command:
    """Builds the command line of an example.

    Args:
        doc: the help text.
        solve: takes the number of training steps.
        steps: the default number of steps.
    """

    @click.command(help=doc)
    @click.option("--steps", type=click.IntRange(min=1), default=steps, show_default=True, help="Training steps.")
    @click.option("--plot", metavar="FILE", callback=_checked, help="Draw the solution: a .png, .pdf or .svg file.")
    @click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The seed of the weights.")
    def main(steps: int, plot: str | None, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        start = time.perf_counter()
        solution = solve(steps)
        click.echo(f"relative L2 error {solution.error:.1e} after {steps} steps, {time.perf_counter() - start:.0f} s")
        if plot is not None:
            draw(solution, plot)

    return main


def _checked(_: Any, __: Any, path: str | None) -> str | None:
    """Refuses a picture that cannot be drawn, before minutes of training."""
    try:
        if path is not None:
            refuse_file(path, picture.KINDS)
            picture.check()
    except ArgumentError as error:
        raise click.BadParameter(str(error)) from error
    return path


def draw(solution: Solution, path: str) -> None:
    """Draws the field over t and x, its error, and some of its times with the reference."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.6), layout="constrained")
    whole, off, some = figure.subplots(1, 3)
    for axes, field, title in (
        (whole, solution.found, f"network, error {solution.error:.1e}"),
        (off, solution.found - solution.exact, "network - reference"),
    ):
        figure.colorbar(axes.pcolormesh(solution.t, solution.x, field.T, shading="gouraud"), ax=axes)
        axes.set(xlabel="t", ylabel="x", title=title)
    for row, color in zip(np.linspace(0, len(solution.t) - 1, 4).astype(int), ("C0", "C1", "C2", "C3"), strict=True):
        some.plot(solution.x, solution.exact[row], color=color, label=f"t = {solution.t[row]:.2f}")
        some.plot(solution.x[::4], solution.found[row, ::4], "o", color=color, markersize=3)
    some.set(xlabel="x", title="reference (lines), network (dots)")
    some.legend(fontsize="small")
    with whole_file(path) as file:
        figure.savefig(file, format=path.rsplit(".", 1)[-1].lower(), dpi=150)
