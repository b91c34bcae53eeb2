"""Finite differences of any order, from exact rational stencils, with an error estimate.

This engine only ever calls f: it shares no code with the others, so it is their independent check.
"""

import math
import numbers
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call import transform
from nthgrad._call.arguments import checked_argnum, checked_order
from nthgrad._call.inputs import as_points
from nthgrad.engines import complex_parts, grappler, outputs
from nthgrad.engines.differences.extrapolation import closer, column, differences, extrapolate, finite_or_inf, row_count
from nthgrad.engines.differences.resolution import Ladder, resolved
from nthgrad.engines.differences.stencils import stencil
from nthgrad.errors import ArgumentError, InputError

FACTOR = 10  # |value - exact| <= FACTOR * error, tested over functions, orders and dtypes
# The least error that an estimate claims: smaller values underflow to zero.
_LEAST = {tf.float16: 2.0**-24, tf.bfloat16: 2.0**-126, tf.float32: 2.0**-126, tf.float64: 2.0**-1022}
_LEAST_STEP = 2.0**-500  # of a ladder, which halves it some forty times: subnormal numbers have no exponent to read
_WINDOW = 2.0**8  # floats that the finer ladder begins with at least
_INFINITE, _NAN = np.array([np.inf, np.nan])  # tf.where takes Python floats for float32


def finite_difference(
    f: Callable[..., Any],
    order: int = 1,
    *,
    argnum: int | str = 0,
    accuracy: int = 2,
    step: float | None = None,
    direction: Any = None,
    return_error: bool = False,
) -> Callable[..., Any]:
    """Returns g, the derivative of f of any order by central finite differences.

    As in `derivative`, every element of f's output depends on its own element (or row) of x only, and a scalar x may
    have an output of any shape: x of shape [n] or [n, 1] goes with outputs [n], [n, 1], [n, m], ... All the elements
    are moved at once, each by its own step. With `direction`, f may mix the elements of x as it likes.

    Without `step`, differences are taken on a ladder of steps h, h/2, h/4, ... from h = max(|x|, 1) (rounded down to a
    power of two) to below the step that balances truncation and rounding, h eps^(1/(order + accuracy)). A second ladder
    starts at h = min(|x|, 1), but not below 256 floats of x. Both are extrapolated to h = 0 (Richardson, 1911; Ridders,
    "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng. Software 4, 1982). For each element the entry of the
    tables with the least error estimate is returned.

    An entry is believed only where f is resolved: there a polynomial through f at x, x +- 2h and x +- 4h predicts
    f(x +- h), and the same holds for all smaller h down to the spacing of floats. Where f varies within that spacing,
    or has a corner at x, the derivative is unknown.

    With `step`, only that step is used and nothing is extrapolated. For example, the second difference of log(x + 2) at
    1 with step=1e-7 is -0.1110223 instead of -0.1111111 in float64, with an error of 0.3: its digits are rounding.

    f is called at some 80 to 130 points (in a graph it is traced once); with `step`, at the points of one stencil, of
    two with `return_error`. It is evaluated in x's dtype; the differences of its values are summed in float64 and
    returned in f's dtype.
    g works eagerly and inside `tf.function`.

    Args:
        f: any callable of tensors; it returns a float or complex tensor or a `tf.nest` structure of them.
        order: the order of the derivative, >= 0.
        argnum: the position, or the name, of x among f's arguments.
        accuracy: the order of the truncation error of a single difference in its step: even, >= 2.
        step: the step for all elements, > 0. By default each element has its own.
        direction: A tensor d of x's shape and dtype: g is then the derivative of s -> f(x + s d) at s = 0, with one
            step for all elements, and the output may have any shape. The steps are those for the largest |x|, so that
            an f that varies within the size of a smaller element is unknown. Elements of different sizes need
            a d in proportion to them.
        return_error: whether g returns `(value, error)`.

    Returns:
        g, called as f is. `g(x)` has the structure, shapes and dtypes of `f(x)`; with `return_error` it is a pair of
        such structures, with real errors of complex values. `error` estimates |value - exact|: the difference of
        neighbors in the table, plus the rounding of f as the smallest steps of the ladder measure it (at least one unit
        in its last place). It is an estimate, no bound; |value - exact| <= 10 error holds for all of the project's test
        functions, in float32 and float64, from 1e-12 to 1e12 and at orders 1 to 4. Where no step gives finite values,
        or f is not resolved, the derivative is unknown: value is NaN and error infinite. sin(x) is unknown from about
        |x| = 2e5 in float32, and from 1e14 in float64. The estimate may be wrong where f hides what it does: where it
        adds something fast that is lost in the rounding of something large, or repeats itself from float to float or
        from step to step.

    Raises:
        ArgumentError: order, argnum, accuracy or step is not what it must be.
        InputError: x or direction is not a float tensor, or x is empty.
        OutputError: f returns something else than float or complex tensors, or shapes that do not go with x's.

    Example:
        >>> g = finite_difference(tf.sin, 2, return_error=True)
        >>> x = tf.constant([1.0, 2.0], tf.float64)
        >>> value, error = g(x)
        >>> bool(tf.reduce_all(tf.abs(value + tf.sin(x)) < 1e-9))
        True
    """
    order = checked_order(order)
    offsets, weights = stencil(order, accuracy)
    argnum = checked_argnum(argnum)
    _check_step(step)

    @tf.autograph.experimental.do_not_convert
    @grappler.guarded
    def g(*args: Any, **kwargs: Any) -> Any:
        key = transform.locate(f, argnum, args, kwargs)
        x, call = _separated(f, key, argnum, args, kwargs)
        along = None if direction is None else transform.as_direction(direction, x, "direction")
        units, size = _units(x, along, step)
        if order == 0:
            units = units[:1]
        if order == 0 or (step is not None and not return_error):
            rows = 1
        elif step is not None:
            rows = 2
        else:
            rows = row_count(order + accuracy, _eps(x.dtype))
        ladder = [[Fraction(offset, 2**row) for offset in offsets] for row in range(rows)]
        center = {Fraction(0)} if len(units) > 1 else set()
        points = sorted(center.union(*ladder))  # rows share points: o h / 2 is in the row above
        halved = [p for p in reversed(points) if p > 0 and _is_power_of_two(p)]
        rows_of = [[points.index(point) for point in row] for row in ladder]

        # One addition for all points: of (x + h) + 2 the graph optimizer would make x + (h + 2), another rounding.
        steps = column(map(float, points), x[None])
        shifts = tf.cast(tf.concat([unit * steps for unit in units], 0), x.dtype)
        shifts = shifts if along is None else shifts * along
        moved = x + shifts
        lost = _lost(x, moved, shifts, along)
        # With a direction, f is a function of one number.
        like = x if along is None else tf.zeros([], x.dtype)
        results, structure, unknown = [], None, []
        for at in tf.unstack(moved, len(units) * len(points)):
            structure, unknown = outputs.checked(call(at), like)
            results.append(tf.nest.flatten(structure))
        if not tf.executing_eagerly():
            with tf.control_dependencies(outputs.assert_lengths_match(unknown)):
                results = [[tf.identity(leaf) for leaf in leaves] for leaves in results]

        values, errors = [], []
        for leaves in zip(*results, strict=True):
            leaf = leaves[0]
            eps, least = _eps(leaf.dtype), _LEAST[leaf.dtype]
            parts = tf.split(tf.cast(tf.stack(leaves), tf.float64), len(units))
            spacing = outputs.spread(_eps(x.dtype) * size, leaf)
            found, window = [], None
            for unit, part, miss in zip(units, parts, tf.split(lost, len(units)), strict=True):  # from fine to coarse
                h = outputs.spread(unit, leaf)
                miss = tf.unstack(tf.reduce_max(tf.gather(miss, rows_of), 1))
                miss = tf.stack([outputs.spread(t, leaf) for t in miss])
                miss = tf.maximum(miss, spacing) / h * column([2.0**row for row in range(rows)], miss)
                table = tf.gather(part, rows_of)
                plain, noise = differences(table, offsets, weights, order, eps, least, miss)
                if rows == 1:
                    value, error = plain[0], noise[0]
                elif step is not None:
                    truncation = tf.abs(plain[0] - plain[1]) / (1 - 2.0**-accuracy)
                    value, error = plain[0], truncation + noise[0]
                else:
                    pairs = [(part[points.index(-p)], part[points.index(p)]) for p in halved]
                    at = [h * float(p) for p in halved]
                    window = resolved(Ladder(part[points.index(Fraction(0))], pairs, at, spacing, eps), window)
                    reach = column([2.0**-row * max(offsets) for row in range(rows)], part)
                    value, error = extrapolate(plain, noise, h * reach <= window.radius, order, accuracy)
                for _ in range(order):  # not h**order, which overflows before the quotient does
                    value, error = value / h, error / h
                found.append((value, finite_or_inf(error + eps * tf.abs(value))))
            value, error = closer(*found) if len(found) == 2 else found[0]
            error = tf.maximum(error, least)
            if rows > 1:  # of a single difference the value stands as it is
                held = tf.maximum(tf.abs(value), error) <= float(leaf.dtype.max)
                error = tf.where(held, error, _INFINITE)
                value = tf.where(tf.math.is_finite(error), value, _NAN)
            values.append(tf.cast(value, leaf.dtype))
            errors.append(tf.cast(error, leaf.dtype))
        value, error = (complex_parts.join(tf.nest.pack_sequence_as(structure, found)) for found in (values, errors))
        sized = tf.nest.map_structure(lambda e: tf.abs(e) if e.dtype.is_complex else e, error)
        return (value, sized) if return_error else value

    return g


def _separated(
    f: Callable[..., Any], key: int | str, argnum: int | str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
    """Returns x, and f as a function of x alone."""
    name = next((n for n in (key, argnum) if isinstance(n, str)), "x")
    if isinstance(key, str):
        given, others = kwargs[key], (args, {k: v for k, v in kwargs.items() if k != key})
    else:
        given, others = args[key], (args[:key] + args[key + 1 :], kwargs)
    (x,) = as_points({name: given}, others)
    if x.shape.rank is None:
        raise InputError("x has a shape of unknown rank. Give it a shape first, with tf.ensure_shape(x, ...).")

    # Traced calls have their control flow converted, and f is traced once, not 50 times.
    called = f if tf.executing_eagerly() else tf.function(f)

    def call(t: tf.Tensor) -> Any:
        if isinstance(key, str):
            return called(*args, **{**kwargs, key: t})
        return called(*args[:key], t, *args[key + 1 :], **kwargs)

    return x, call


def _units(x: tf.Tensor, along: Any, step: float | None) -> tuple[list[Any], Any]:
    """Largest steps of the ladders, the finer ladder first, and the size of x.

    All are in float64 and of x's shape (scalars where there is a direction).
    """
    size = tf.abs(tf.cast(x, tf.float64))
    size = tf.where(tf.math.is_finite(size), size, tf.ones_like(size))  # f has no value there anyway
    least = tf.constant(1.0, tf.float64)
    if along is not None:
        reach = _reach(along)
        size, least = tf.reduce_max(size) / reach, least / reach
    if step is not None:
        taken = float(np.asarray(step, x.dtype.as_numpy_dtype))  # as x's dtype rounds it: the one to divide by
        if not 0 < taken < math.inf:
            raise ArgumentError(
                f"step is {step!r}, which is {taken} in {x.dtype.name}. "
                f"Give a step that {x.dtype.name} holds, or x in float64."
            )
        return [tf.fill(tf.shape(size), tf.constant(taken, tf.float64))], size
    eps = _eps(x.dtype)
    near = tf.where(size > 0, tf.minimum(size, least), eps**0.75 * least)  # at 0, finer steps change most f no more
    fine = tf.maximum(near, _WINDOW * eps * size)
    coarse = tf.maximum(size, least)
    return [_power_of_two(tf.clip_by_value(fine, _LEAST_STEP, coarse)), _power_of_two(coarse)], size


def _reach(along: tf.Tensor) -> tf.Tensor:
    """Largest length of a direction; 1 for that of length 0."""
    reach = tf.reduce_max(tf.abs(tf.cast(along, tf.float64)))
    return tf.where(reach > 0, reach, tf.ones_like(reach))


def _lost(x: Any, moved: Any, shifts: Any, along: Any) -> Any:
    """Distances of the points from where they should be: the rounding of x + h, exact in float64."""
    x, moved, shifts = (tf.cast(t, tf.float64) for t in (x, moved, shifts))
    # Subtracting the larger one first is exact (Dekker, Numer. Math. 18, 1971).
    lost = tf.abs(tf.where(tf.abs(x) > tf.abs(shifts), (moved - x) - shifts, (moved - shifts) - x))
    return lost if along is None else tf.reduce_max(lost, list(range(1, lost.shape.rank))) / _reach(along)


def _is_power_of_two(p: Any) -> bool:
    return all(n & (n - 1) == 0 for n in (p.numerator, p.denominator))


def _power_of_two(t: Any) -> Any:
    """The largest power of two that is not above t."""
    exponent = tf.bitwise.bitwise_and(tf.bitcast(t, tf.int64), 0x7FF0000000000000)  # t without its mantissa
    return tf.bitcast(exponent, tf.float64)


def _eps(dtype: tf.DType) -> float:
    """The distance from one to the next float; np.finfo does not know bfloat16."""
    one, two = np.array([1, 2], dtype.as_numpy_dtype)
    return float(np.nextafter(one, two) - one)


def _check_step(step: Any) -> None:
    if step is None:
        return
    if not isinstance(step, numbers.Real) or isinstance(step, bool) or not 0 < float(step) < math.inf:
        raise ArgumentError(f"step is {step!r}, and no difference can take that step. Give a finite number above 0.")
