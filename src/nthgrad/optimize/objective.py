"""A loss as a function of one float64 vector: its value, its gradient, its Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call import tracebacks
from nthgrad.errors import OutputError
from nthgrad.optimize.derivatives import Over, gradients, products

Vector = np.ndarray[Any, np.dtype[np.float64]]


class Objective:
    """Evaluates a loss at a vector of all elements of its variables, and remembers the best vector.

    Each evaluation is one call of a `tf.function`: it assigns the vector to the variables, rounded to their dtypes, and
    computes.

    Attributes:
        best: the vector with the smallest loss, as the variables hold it; None before the first evaluation.
        value: the loss at `best`.
        slope: the gradient at `best`.
        evaluations: the number of evaluations of the loss and its gradient.
    """

    def __init__(self, over: Over, variables: Sequence[tf.Variable], *, jit_compile: bool | None):
        """Stores the loss.

        Args:
            over: calls a function with the loss, or averages what it returns over the blocks of the loss.
            variables: the variables of the loss.
            jit_compile: passed to `tf.function`.
        """
        self._over, self._variables = over, list(variables)
        self._at: Vector | None = None  # the vector that the variables hold
        self.best: Vector | None = None
        self.value, self.slope, self.evaluations = np.inf, np.zeros(0), 0
        like = [tf.TensorSpec(v.shape, v.dtype) for v in variables]
        self._evaluate = self._compiled(gradients, [tf.TensorSpec([], tf.float64), *like], jit_compile=jit_compile)
        self._multiply = self._compiled(products, like, vectors=2, jit_compile=jit_compile)

    def current(self) -> Vector:
        """Returns the values of the variables."""
        return np.concatenate([np.ravel(v.numpy()).astype(np.float64) for v in self._variables])

    def trace(self) -> None:
        """Traces the loss, which raises what is wrong with it."""
        try:
            self._evaluate.get_concrete_function()
        except Exception as error:
            raise tracebacks.shorter(error) from error.__cause__

    def __call__(self, x: Vector) -> tuple[float, Vector]:
        """Returns the loss and its gradient at a vector.

        Raises:
            OutputError: x, the loss or its gradient is NaN or infinite.
        """
        if not np.isfinite(x).all():
            raise OutputError(
                f"SciPy's method asks for the loss at values that are NaN or infinite, after {self.evaluations} "
                f"evaluations. {self._kept()}Use larger tolerances in options, or another method."
            )
        self._at = None  # an exception may come when some variables are assigned
        value, slope = (np.asarray(t) for t in self._evaluate(tf.constant(x, tf.float64)))
        self._at = x.copy()
        self.evaluations += 1
        if not np.isfinite(value) or not np.isfinite(slope).all():
            raise self._not_finite(float(value), slope)
        if self.best is None or value < self.value:
            self.best, self.value, self.slope = x.copy(), float(value), slope
        return float(value), slope

    def product(self, x: Vector, v: Vector) -> Vector:
        """Returns the Hessian at a vector, times v.

        Raises:
            OutputError: the product is NaN or infinite.
        """
        self._at = None
        (product,) = self._multiply(tf.constant(x, tf.float64), tf.constant(v, tf.float64))
        found = np.asarray(product)
        self._at = x.copy()
        if not np.isfinite(found).all():
            raise OutputError(
                f"A second derivative of loss is NaN or infinite in evaluation {self.evaluations}, where loss is "
                f'finite. {self._kept()}Use method="L-BFGS-B", which needs first derivatives only, or avoid operations '
                "such as sqrt at 0."
            )
        return found

    def assign(self, x: Vector) -> None:
        """Assigns a vector to the variables, unless they hold it."""
        if self._at is None or not np.array_equal(x, self._at):
            self._at = None
            self._put(tf.constant(x, tf.float64))
            self._at = x.copy()

    def restore(self) -> None:
        """Assigns the best vector to the variables, and replaces it by what they hold."""
        if self.best is not None:
            self._put(tf.constant(self.best, tf.float64))  # always: the callback may have changed them
            self.best = self._at = self.current()

    def _shaped(self, x: tf.Tensor) -> list[tf.Tensor]:
        """Splits a vector into tensors of the variables' shapes and dtypes."""
        parts = tf.split(x, [v.shape.num_elements() for v in self._variables])
        return [tf.reshape(tf.cast(p, v.dtype), v.shape) for v, p in zip(self._variables, parts, strict=True)]

    def _put(self, x: tf.Tensor) -> None:
        for variable, value in zip(self._variables, self._shaped(x), strict=True):
            variable.assign(value)

    def _compiled(
        self,
        compute: Callable[..., list[tf.Tensor]],
        like: Sequence[tf.TensorSpec],
        vectors: int = 1,
        *,
        jit_compile: bool | None,
    ) -> Any:
        """Returns a `tf.function` of vectors: the variables' values, and directions.

        Args:
            compute: takes the loss, the variables, and directions; returns scalars, and a tensor like each variable.
            like: the shapes and dtypes of what `compute` returns.
            vectors: the number of vectors.
            jit_compile: passed to `tf.function`.
        """

        # Gradients are traced without XLA: some ops have no second gradient inside of a compiled function.
        def inner(*parts: Any) -> list[tf.Tensor]:
            return self._over(lambda loss: compute(loss, self._variables, *parts), like)

        plain = tf.function(inner, autograph=False)

        def step(x: tf.Tensor, *directions: tf.Tensor) -> list[tf.Tensor]:
            self._put(x)
            found = plain(*map(self._shaped, directions))
            scalars, slopes = found[: -len(self._variables)], found[-len(self._variables) :]
            flat = tf.concat([tf.cast(tf.reshape(s, [-1]), tf.float64) for s in slopes], 0)
            return [*scalars, flat]

        length = sum(v.shape.num_elements() for v in self._variables)
        signature = [tf.TensorSpec([length], tf.float64)] * vectors
        return tf.function(step, signature, autograph=False, jit_compile=jit_compile)

    def _not_finite(self, value: float, slope: Vector) -> OutputError:
        if np.isfinite(value):
            bad = int(np.count_nonzero(~np.isfinite(slope)))
            what = f"The gradient of loss has {bad} of {slope.size} elements that are NaN or infinite"
        else:
            what = f"loss is {value}"
        if self.best is None:
            return OutputError(
                f"{what} at the initial values of the variables. Start from values where loss and its gradient are "
                "finite."
            )
        return OutputError(
            f"{what} in evaluation {self.evaluations}. {self._kept()}Minimize again from there, in float64 or by "
            "another method, or keep loss finite where it overflows."
        )

    def _kept(self) -> str:
        return (
            "" if self.best is None else f"The variables hold the best values so far, with a loss of {self.value:.6g}. "
        )
