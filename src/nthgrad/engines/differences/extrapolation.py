"""Richardson extrapolation of differences at a ladder of steps, with an error estimate for each element."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

FINE_ROWS = 12  # rows of the ladder below the balanced step, where rounding dominates
_NOISE_ROWS = 8  # the last rows, which measure the noise
_LOST = 2.0**12  # noise of f that is accepted, in roundings: three and a half digits
_SMOOTH = 2.0**-7  # accepted variation of differences between rows, relative to the change of f in a row
_ROUGH = 2.0**5  # times the accepted variation: even the shortest step is too long for f
_CONTRADICTION = 10.0  # two values contradict each other beyond this multiple of their errors
_COLUMNS = 6  # of the extrapolation table; more gain nothing in 53 bits
_ZERO, _INFINITE, _NAN = np.array([0, np.inf, np.nan])  # tf.where converts Python floats to float32


def quantum(tables: Sequence[Any], eps: float) -> Any:
    """Returns the smallest nonzero change of f between neighboring points where it is mere rounding; 0 elsewhere."""
    changes = tf.concat([tf.abs(table[:, 1:] - table[:, :-1]) for table in tables], 0)
    changes = tf.reshape(changes, tf.concat([[-1], tf.shape(changes)[2:]], 0))
    size = tf.reduce_max(tf.abs(tf.where(tf.math.is_finite(tables[0]), tables[0], _ZERO)), [0, 1])
    rounding = tf.math.is_finite(changes) & (changes > 0) & (changes <= _LOST * eps * size)
    least = tf.reduce_min(tf.where(rounding, changes, _INFINITE), 0)
    return tf.where(tf.math.is_finite(least), least, _ZERO)


def differences(
    table: Any,
    offsets: Sequence[int],
    weights: Sequence[Fraction],
    order: int,
    eps: tuple[float, float],
    relative: Any,
    grain: Any,
) -> tuple[Any, Any, Any]:
    """Returns the plain differences of each row for h = 1, their noise, and the change of f that counts as smooth.

    All have the shape [rows, ...]. The noise is one unit in the last place of f plus one unit in the last place of the
    points x + o h. It is at least one quantum of f (`grain`) where f does not change in some row.
    """
    rows = table.shape[0]
    scale = column([2.0 ** (row * order) for row in range(rows)], table[:, 0])
    finer = column([2.0**row for row in range(rows)], table[:, 0])
    denominator = math.lcm(*(weight.denominator for weight in weights))
    integers = [float(weight * denominator) for weight in weights]  # so that a constant f cancels exactly
    plain = scale / denominator * tf.add_n([weight * table[:, i] for i, weight in enumerate(integers)])
    noise = eps[0] * tf.reduce_max(tf.abs(table), 1)
    change = tf.reduce_max(table, 1) - tf.reduce_min(table, 1)
    flat = tf.reduce_any((change == 0) & (eps[1] * relative * finer <= 0.25), 0)
    noise = tf.maximum(noise, tf.where(flat, grain, _ZERO))
    size = tf.reduce_max(tf.where(tf.math.is_finite(table), tf.abs(table), _ZERO), [0, 1])
    smooth = _LOST * eps[0] * (size + tf.zeros_like(noise))
    if len(offsets) > 1:
        gaps = [after - before for before, after in pairwise(offsets)]
        slopes = [tf.abs(table[:, i + 1] - table[:, i]) / gap for i, gap in enumerate(gaps)]
        rounded = eps[1] * relative * finer * tf.reduce_max(tf.stack(slopes), 0)
        noise, smooth = (
            noise + rounded,
            tf.maximum(smooth, _SMOOTH * change + tf.minimum(2 * rounded, _SMOOTH * change)),
        )
        blind = eps[1] * relative * finer > 0.25  # the step is lost in the spacing of floats at x
        noise, smooth = tf.where(blind, _INFINITE, noise), tf.where(blind, _INFINITE, smooth)
    weight = scale * float(sum(map(abs, weights)))
    return plain, noise * weight, smooth * weight


def extrapolate(plain: Any, noise: Any, smooth: Any, order: int, accuracy: int) -> tuple[Any, Any]:
    """Extrapolates by Neville's table; returns for each element the entry with the least error estimate.

    Entries that differ from their neighbors by more than `smooth` are left out: f varies within their step. Where the
    finest rows differ by far more, f varies within every step, and the error is infinite.
    """
    rows = plain.shape[0]
    neighbors = tf.abs(plain[1:] - plain[:-1])
    scales = column([2.0 ** (row * order) for row in range(rows)], plain)
    measured = tf.reduce_max((neighbors / scales[1:])[-_NOISE_ROWS:], 0)
    rough = measured > _ROUGH * tf.reduce_max((smooth / scales)[-_NOISE_ROWS:], 0)
    noise = tf.maximum(noise, tf.where(tf.math.is_finite(measured), measured, _ZERO) * scales)

    # Three rows have to agree: two may agree by accident.
    spread = tf.maximum(neighbors[1:], tf.abs(plain[2:] - plain[:-2]))
    value, error = plain[2:], tf.where(spread <= smooth[2:], finite_or_inf(spread + noise[2:]), _INFINITE)
    for j in range(1, min(_COLUMNS, rows - 1)):
        factor = 2.0 ** (accuracy + 2 * (j - 1))  # central differences have even powers of h only
        coarse, fine = plain[:-1], plain[1:]
        plain = fine + (fine - coarse) / (factor - 1)
        noise = (factor * noise[1:] + noise[:-1]) / (factor - 1)
        spread = tf.maximum(tf.abs(plain - fine), tf.abs(plain - coarse))[1:]
        spread = tf.maximum(spread, tf.abs(plain[1:] - plain[:-1]))
        new = tf.where(spread <= smooth[j + 1 :], finite_or_inf(spread + noise[1:]), _INFINITE)
        head = j - 1  # rows too coarse for this column
        better = new < error[head:]
        value = tf.concat([value[:head], tf.where(better, plain[1:], value[head:])], 0)
        error = tf.concat([error[:head], tf.where(better, new, error[head:])], 0)

    # From fine to coarse. A coarse row has less noise, but its neighbors may agree by accident, as for a periodic f.
    # So its error is at least its distance from the finer value less the error of that value.
    rows = zip(tf.unstack(tf.where(tf.math.is_finite(error), value, _ZERO)), tf.unstack(error), strict=True)
    (best, least), *coarser = reversed(list(rows))
    for value, error in coarser:
        doubt = tf.where(tf.math.is_finite(least), tf.abs(value - best) - least, _ZERO)
        new = tf.maximum(error, doubt)
        best, least = tf.where(new < least, value, best), tf.minimum(new, least)
    least = tf.where(rough, _INFINITE, least)
    return tf.where(tf.math.is_finite(least), best, _NAN), least


def closer(coarse: tuple[Any, Any], fine: tuple[Any, Any]) -> tuple[Any, Any]:
    """Returns, of two values, the one with the smaller error; where they contradict each other, the fine one."""
    (value, error), (best, least) = coarse, fine
    known = tf.math.is_finite(error) & tf.math.is_finite(least)
    distance = tf.where(known, tf.abs(value - best), _ZERO)
    taken = (error < least) & ~(distance > _CONTRADICTION * (error + least))
    return tf.where(taken, value, best), tf.where(taken, error, least)


def column(numbers: Iterable[float], t: Any) -> tf.Tensor:
    """Returns one number for each row of t, as a tensor of t's rank."""
    return tf.reshape(tf.constant(list(numbers), tf.float64), [-1] + [1] * (t.shape.rank - 1))


def finite_or_inf(error: Any) -> Any:
    """Replaces error estimates that are NaN by infinity."""
    return tf.where(tf.math.is_finite(error), error, _INFINITE)
