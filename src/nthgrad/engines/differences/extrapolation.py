"""From differences at a ladder of steps to their limit: Richardson extrapolation with an error estimate an element."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

FINE_ROWS = 12  # of the ladder below the balanced step, where rounding is all that is left
_NOISE_ROWS = 8  # the last of them, which measure it
_LOST = 2.0**12  # roundings of f that may be its own noise: three digits and a half
_SMOOTH = 2.0**-7  # of the change of f in a row: what its differences may vary from row to row
_ROUGH = 2.0**5  # times as much: no row of the ladder is short enough for f
_CONTRADICTION = 10.0  # errors apart: what the factor on an estimate grants
_COLUMNS = 6  # of the extrapolation table; more gain nothing in 53 bits
_ZERO, _INFINITE, _NAN = np.array([0, np.inf, np.nan])  # tf.where takes Python floats for float32


def quantum(tables: Sequence[Any], eps: float) -> Any:
    """Smallest nonzero change of f between neighboring points, where it is as small as rounding; 0 elsewhere."""
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
    """Plain differences of each row for h = 1, the noise in them, and the change of f that counts as smooth.

    All are of shape [rows, ...]. The noise is that of f, one unit in its last place, and that of the points x + o h,
    one unit in theirs. It is at least one quantum of f (`grain`) where f does not change
    in some row.
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
    """Neville's table of Richardson extrapolation: for each element the entry of least error estimate.

    Entries that differ from their neighbors by more than `smooth` are left out: f varies within their step. Where the
    finest rows differ by far more, f varies within every step, and the error is infinite.
    """
    rows = plain.shape[0]
    neighbours = tf.abs(plain[1:] - plain[:-1])
    scales = column([2.0 ** (row * order) for row in range(rows)], plain)
    measured = tf.reduce_max((neighbours / scales[1:])[-_NOISE_ROWS:], 0)
    rough = measured > _ROUGH * tf.reduce_max((smooth / scales)[-_NOISE_ROWS:], 0)
    noise = tf.maximum(noise, tf.where(tf.math.is_finite(measured), measured, _ZERO) * scales)

    # Three rows have to agree, for two may do so by accident.
    spread = tf.maximum(neighbours[1:], tf.abs(plain[2:] - plain[:-2]))
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

    # From fine to coarse. A coarse row has less noise, but its neighbours may agree by accident (f periodic with the
    # step, say): its error is not less than what the finer rows leave of its difference from them.
    rows = zip(tf.unstack(tf.where(tf.math.is_finite(error), value, _ZERO)), tf.unstack(error), strict=True)
    (best, least), *coarser = reversed(list(rows))
    for value, error in coarser:
        doubt = tf.where(tf.math.is_finite(least), tf.abs(value - best) - least, _ZERO)
        new = tf.maximum(error, doubt)
        best, least = tf.where(new < least, value, best), tf.minimum(new, least)
    least = tf.where(rough, _INFINITE, least)
    return tf.where(tf.math.is_finite(least), best, _NAN), least


def closer(coarse: tuple[Any, Any], fine: tuple[Any, Any]) -> tuple[Any, Any]:
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
