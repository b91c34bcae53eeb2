"""From differences at a ladder of steps to their limit: Richardson extrapolation with an error estimate an element."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

_FINE_ROWS = 12  # of the ladder below the balanced step, where rounding is all that is left
_NOISE_ROWS = 8  # the last of them, which measure it
_COLUMNS = 6  # of the extrapolation table; more gain nothing in 53 bits
_CONTRADICTION = 10.0  # errors apart: what the factor on an estimate grants
_ZERO, _INFINITE, _NAN = np.array([0, np.inf, np.nan])  # tf.where takes Python floats for float32


def row_count(order: int, eps: float) -> int:
    """Rows of a ladder for an error h^order: down to the step that balances it with rounding, and somewhat below."""
    return math.ceil(-math.log2(eps) / order) + 1 + _FINE_ROWS


def differences(
    table: Any, offsets: Sequence[int], weights: Sequence[Fraction], order: int, eps: float, least: float, lost: Any
) -> tuple[Any, Any]:
    """Plain differences of each row for h = 1, and the noise in them, both of shape [rows, ...].

    Args:
        table: the values of f, [rows, offsets, ...].
        offsets: those of the stencil.
        weights: those of the stencil.
        order: the order of the derivative.
        eps: the noise of f, relative: one unit in its last place.
        least: the least noise of f, absolute: smaller values underflow.
        lost: the noise of the points x + o h, in units of each row's h, [rows, ...].
    """
    rows = table.shape[0]
    scale = column([2.0 ** (row * order) for row in range(rows)], table[:, 0])
    denominator = math.lcm(*(weight.denominator for weight in weights))
    integers = [float(weight * denominator) for weight in weights]  # so that a constant f cancels exactly
    plain = scale / denominator * tf.add_n([weight * table[:, i] for i, weight in enumerate(integers)])
    noise = tf.maximum(eps * tf.reduce_max(tf.abs(table), 1), least)
    if len(offsets) > 1:
        gaps = [after - before for before, after in pairwise(offsets)]
        slopes = [tf.abs(table[:, i + 1] - table[:, i]) / gap for i, gap in enumerate(gaps)]
        noise += lost * tf.reduce_max(tf.stack(slopes), 0)
        noise = tf.where(lost > 0.25, _INFINITE, noise)  # the step is lost in the spacing of floats at x
    return plain, noise * scale * float(sum(map(abs, weights)))


def extrapolate(plain: Any, noise: Any, smooth: Any, order: int, accuracy: int) -> tuple[Any, Any]:
    """Neville's table of Richardson extrapolation: for each element the entry of least error estimate.

    Args:
        plain: the differences, [rows, ...].
        noise: the noise in them.
        smooth: whether f is resolved where the points of a row lie. Of the rows that an entry is made from, the finest
            has to be smooth. Whether f is a polynomial over the coarser ones too, their agreement shows.
        order: the order of the derivative.
        accuracy: the order of the truncation error in the step.
    """
    rows = plain.shape[0]
    neighbors = tf.abs(plain[1:] - plain[:-1])
    scales = column([2.0 ** (row * order) for row in range(rows)], plain)
    measured = tf.reduce_max((neighbors / scales[1:])[-_NOISE_ROWS:], 0)
    noise = tf.maximum(noise, tf.where(tf.math.is_finite(measured), measured, _ZERO) * scales)

    # Three rows have to agree, for two may do so by accident.
    spread = tf.maximum(neighbors[1:], tf.abs(plain[2:] - plain[:-2]))
    value, error = plain[2:], tf.where(smooth[2:], finite_or_inf(spread + noise[2:]), _INFINITE)
    for j in range(1, min(_COLUMNS, rows - 1)):
        factor = 2.0 ** (accuracy + 2 * (j - 1))  # central differences have even powers of h only
        coarse, fine = plain[:-1], plain[1:]
        plain = fine + (fine - coarse) / (factor - 1)
        noise = (factor * noise[1:] + noise[:-1]) / (factor - 1)
        spread = tf.maximum(tf.abs(plain - fine), tf.abs(plain - coarse))[1:]
        spread = tf.maximum(spread, tf.abs(plain[1:] - plain[:-1]))
        new = tf.where(smooth[j + 1 :], finite_or_inf(spread + noise[1:]), _INFINITE)
        head = j - 1  # rows too coarse for this column
        better = new < error[head:]
        value = tf.concat([value[:head], tf.where(better, plain[1:], value[head:])], 0)
        error = tf.concat([error[:head], tf.where(better, new, error[head:])], 0)

    # From fine to coarse. A coarse row has less noise, but its neighbors may agree by accident (f periodic with the
    # step, say): its error is not less than what the finer rows leave of its difference from them.
    rows = zip(tf.unstack(tf.where(tf.math.is_finite(error), value, _ZERO)), tf.unstack(error), strict=True)
    (best, least), *coarser = reversed(list(rows))
    for value, error in coarser:
        doubt = tf.where(tf.math.is_finite(least), tf.abs(value - best) - least, _ZERO)
        new = tf.maximum(error, doubt)
        best, least = tf.where(new < least, value, best), tf.minimum(new, least)
    return tf.where(tf.math.is_finite(least), best, _NAN), least


def closer(fine: tuple[Any, Any], coarse: tuple[Any, Any]) -> tuple[Any, Any]:
    """Of two values with errors, the one of the smaller error; where they contradict each other, the fine one."""
    (value, error), (best, least) = coarse, fine
    known = tf.math.is_finite(error) & tf.math.is_finite(least)
    apart = tf.where(known, tf.abs(value - best), _ZERO)
    taken = (error < least) & ~(apart > _CONTRADICTION * (error + least))
    return tf.where(taken, value, best), tf.where(taken, error, least)


def column(numbers: Iterable[float], t: Any) -> tf.Tensor:
    """One number for each row of t, or of a tensor of t's rank."""
    return tf.reshape(tf.constant(list(numbers), tf.float64), [-1] + [1] * (t.shape.rank - 1))


def finite_or_inf(error: Any) -> Any:
    """An error estimate that is no number is infinite."""
    return tf.where(tf.math.is_finite(error), error, _INFINITE)
