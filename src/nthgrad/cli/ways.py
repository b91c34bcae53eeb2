"""The table of `nthgrad demo`: one function differentiated in every available way, with the exact values.

f(x) = log(x + d) at x = 1, d = 2. By induction f^(n)(x) = (-1)^(n-1) (n-1)! / (x + d)^n.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from nthgrad._display.quiet import held_back, tensorflow

X, D, ORDER = 1.0, 2.0, 4
FLOAT32_TOLERANCE = 1e-6  # relative: eight units in the last place
DIFFERENCE_TOLERANCE = 1e-7  # relative, in float64: about eps^(1/2), the accuracy of extrapolation at these orders


class Way(NamedTuple):
    """One way of computing derivatives."""

    title: str
    dtype: str
    tolerance: float
    compute: Callable[[], Sequence[Any]]  # orders 0 to ORDER


class Result(NamedTuple):
    """The result of a way: the values, or the exception, and the largest relative error."""

    way: Way
    values: list[float]
    error: float
    failure: BaseException | None

    @property
    def right(self) -> bool:
        """Whether every value is within the way's tolerance."""
        return self.error <= self.way.tolerance  # False for NaN


def exact(order: int) -> float:
    """Returns the derivative of f of an order, in closed form."""
    if order == 0:
        return math.log(X + D)
    return (-1) ** (order - 1) * math.factorial(order - 1) / (X + D) ** order


def _engine(method: Literal["tape", "taylor"], *, jit_compile: bool | None = None) -> Sequence[Any]:
    import nthgrad

    tf = tensorflow()
    tower = nthgrad.derivatives(lambda x: tf.math.log(x + D), ORDER, method=method, jit_compile=jit_compile)
    return tower(tf.constant(X, tf.float32))


def _differences() -> Sequence[Any]:
    from nthgrad.differences import finite_difference

    tf = tensorflow()
    x = tf.constant(X, tf.float64)
    return [finite_difference(lambda x: tf.math.log(x + D), order)(x) for order in range(ORDER + 1)]


def _session() -> Sequence[Any]:
    """Runs `tf.gradients` of `tf.gradients` in a TensorFlow 1 session."""
    import nthgrad.legacy.tensorflow as tf
    from nthgrad import legacy

    with legacy.session() as session:
        point = tf.constant(X)
        tower = [tf.log(point + tf.constant(D))]
        for _ in range(ORDER):
            tower += tf.gradients(tower[-1], point)
        return session.run(tower)


def _keras_2() -> Sequence[Any]:
    """Runs a Keras 2 model of constants whose layers differentiate one another."""
    import nthgrad.legacy.tensorflow as tf
    from nthgrad import legacy
    from nthgrad.legacy.keras import backend, layers, models

    with legacy.session():
        point, shift = (layers.Input(tensor=tf.constant([value])) for value in (X, D))
        slope = layers.Lambda(lambda pair: backend.gradients(*pair), output_shape=[1])
        tower = [layers.Lambda(backend.log)(layers.add([point, shift]))]
        for _ in range(ORDER):
            tower.append(slope([tower[-1], point]))
        return models.Model([point, shift], tower).predict(x=None, steps=1)


WAYS = (
    Way("power\nseries", "float32", FLOAT32_TOLERANCE, lambda: _engine("taylor", jit_compile=True)),
    Way("nested\ntapes", "float32", FLOAT32_TOLERANCE, lambda: _engine("tape")),
    Way("finite\ndifference", "float64", DIFFERENCE_TOLERANCE, _differences),
    Way("TF 1\nsession", "float32", FLOAT32_TOLERANCE, _session),
    Way("Keras 2\nmodel", "float32", FLOAT32_TOLERANCE, _keras_2),
)


def results(ways: Sequence[Way] = WAYS) -> list[Result]:
    """Computes every way and compares it with the closed form; a way that raises does not stop the others."""
    tensorflow()
    return [_result(way) for way in ways]


def _result(way: Way) -> Result:
    try:
        with held_back():
            values = [_number(value, way.dtype) for value in way.compute()]
        if len(values) != ORDER + 1:
            raise ValueError(f"{len(values)} values for {ORDER + 1} orders")
    except Exception as failure:
        return Result(way, [], math.inf, failure)
    errors = [abs(value - exact(n)) / abs(exact(n)) for n, value in enumerate(values)]
    return Result(way, values, math.nan if any(map(math.isnan, errors)) else max(errors), None)


def _number(value: Any, dtype: str) -> float:
    import numpy as np

    array = np.asarray(value)
    if array.dtype != dtype or array.size != 1:
        raise ValueError(f"{array.size} numbers of {array.dtype} for one of {dtype}")
    return float(array.reshape(()))


def table(outcome: Sequence[Result]) -> Any:
    """Returns a rich table with a row for each order, a column for each way, and the largest error of each column."""
    from nthgrad._display.table import number, plain

    columns = [[number(value, ".7f") for value in result.values] or ["failed"] * (ORDER + 1) for result in outcome]
    rows = [[str(n), f"{exact(n):.7f}", *(column[n] for column in columns)] for n in range(ORDER + 1)]
    made = plain(
        ["\n\norder", "\n\nexact", *(f"{result.way.title}\n{result.way.dtype}" for result in outcome)],
        rows,
        title=f"f(x) = log(x + {D:g}) and its derivatives at x = {X:g}",
        caption="error: the largest relative error of the column; limit: the largest one allowed",
    )
    made.add_section()
    made.add_row("limit", "", *(f"{result.way.tolerance:.1e}" for result in outcome))
    made.add_row("error", "", *(f"{result.error:.1e}" if result.values else "-" for result in outcome))
    return made
