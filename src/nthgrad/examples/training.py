"""Trains the network of an example: by Adam on shifted points, then by L-BFGS on fixed ones."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import nthgrad as ng

DTYPE = "float64"  # in float32, the line searches of L-BFGS end when steps of the weights are lost to rounding
RATE = 5e-3  # of Adam's first step


@dataclass(frozen=True)
class Plan:
    """The length of a training.

    Attributes:
        steps: steps of Adam.
        iterations: iterations of L-BFGS.
    """

    steps: int
    iterations: int


@dataclass
class History:
    """The course of a training.

    Attributes:
        setting: the network and the number of points.
        adam: the loss in each step of Adam.
        lbfgs: the loss after each iteration of L-BFGS.
        stopped: whether Ctrl-C stopped it.
    """

    setting: str
    adam: list[float] = field(default_factory=list[float])
    lbfgs: list[float] = field(default_factory=list[float])
    stopped: bool = False

    def __str__(self) -> str:
        """Returns the numbers of steps and iterations."""
        return f"{len(self.adam)} steps of Adam and {len(self.lbfgs)} iterations of L-BFGS"


def network(*widths: int, activation: Any = "tanh") -> keras.Model:
    """Builds a network from the widths of its layers, input first."""
    *hidden, last = widths[1:]
    layers = [keras.layers.Dense(n, activation, dtype=DTYPE) for n in hidden]
    return keras.Sequential([keras.Input(widths[:1], dtype=DTYPE), *layers, keras.layers.Dense(last, dtype=DTYPE)])


def spread(n: int) -> np.ndarray:
    """Returns n points of the unit square, of shape [n, 2], which cover it more evenly than random points.

    They are those of Roberts' sequence R2: multiples of 1 / g and 1 / g**2 modulo 1, with g**3 = g + 1.
    """
    g = 1.32471795724474602596
    return np.arange(1, n + 1)[:, None] / np.array([g, g**2]) % 1


def train(model: keras.Model, residual: Callable[[tf.Tensor], tf.Tensor], points: int, plan: Plan) -> History:
    """Minimizes the mean square of a residual over the unit square. Ctrl-C stops it.

    Adam has other points in each step; L-BFGS requires the same points in all evaluations.

    Args:
        model: the model to train; it is left with the best weights that L-BFGS found.
        residual: takes points of the unit square, of shape [points, 2], and returns the residual of the equation.
        points: the number of points.
        plan: the numbers of steps and iterations.
    """
    weights = model.trainable_variables
    fixed = tf.constant(spread(points), DTYPE)
    history = History(f"network of {model.count_params()} weights in {DTYPE}, {points} points")

    def loss(shift: tf.Tensor | float = 0.0) -> tf.Tensor:
        return tf.reduce_mean(residual(tf.math.floormod(fixed + shift, 1.0)) ** 2)

    try:
        if plan.steps:
            _adam(loss, weights, plan.steps, history.adam)
        if plan.iterations:
            _lbfgs(loss, weights, plan.iterations, history.lbfgs)
    except KeyboardInterrupt:
        history.stopped = True
    return history


def _adam(loss: Callable[[tf.Tensor], tf.Tensor], weights: list[Any], steps: int, losses: list[float]) -> None:
    """Trains by Adam, with a cosine decay of the learning rate, compiled by XLA.

    Args:
        loss: takes a shift of the points, of shape [2].
        weights: the variables to train.
        steps: the number of steps.
        losses: where to add the loss of each step.
    """
    falling: Any = keras.optimizers.schedules.CosineDecay(RATE, steps)
    optimizer = keras.optimizers.Adam(falling)
    optimizer.build(weights)

    @tf.function(jit_compile=True)
    def step(number: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(tf.random.stateless_uniform([2], tf.stack([number, 0]), dtype=DTYPE))
        optimizer.apply(tape.gradient(value, weights), weights)
        return value

    with _shown("Adam", steps) as show:
        for number in range(steps):
            losses.append(float(step(tf.constant(number))))
            show(losses)


def _lbfgs(loss: Callable[[], tf.Tensor], weights: list[Any], iterations: int, losses: list[float]) -> None:
    """Trains by L-BFGS, compiled by XLA, until the iterations are done or no step lowers the loss.

    Args:
        loss: the loss, at fixed points.
        weights: the variables to train.
        iterations: the number of iterations.
        losses: where to add the loss after each iteration.
    """
    with _shown("L-BFGS", iterations) as show:

        def after(result: Any) -> None:
            losses.append(float(result.fun))
            show(losses)

        options = {"maxiter": iterations, "maxfun": 10 * iterations, "maxcor": 100, "ftol": 0.0, "gtol": 0.0}
        ng.optimize.minimize(loss, weights, options=options, callback=after, jit_compile=True, progress=False)


@contextmanager
def _shown(name: str, total: int) -> Generator[Callable[[list[float]], None]]:
    """Shows a bar and the last loss, if the standard error is a terminal.

    Args:
        name: the optimizer.
        total: the number of its steps.

    Yields:
        a function to call with the losses so far.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda losses: None
        return
    loss = TextColumn("{task.fields[loss]}")
    with Progress(
        TextColumn(f"{name:6}"), BarColumn(), MofNCompleteColumn(), loss, TimeRemainingColumn(), console=console
    ) as bar:
        task = bar.add_task(name, total=total, loss="")

        def show(losses: list[float]) -> None:
            bar.update(task, completed=len(losses), loss=f"loss {losses[-1]:.1e}")

        yield show
