"""Finite differences of any order, from exact rational stencils, with an error estimate.

This engine only calls f. It shares no code with the other engines, so it checks them independently.
"""

import math
import numbers
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._call.inputs import as_point
from nthgrad.engines import grappler
from nthgrad.engines.differences.extrapolation import (
    FINE_ROWS,
    closer,
    column,
    differences,
    extrapolate,
    finite_or_inf,
    quantum,
)
from nthgrad.engines.differences.stencils import is_integer, stencil
from nthgrad.errors import ArgumentError, InputError, OutputError

FACTOR = 10  # |value - exact| <= FACTOR * error, tested over functions, orders and dtypes
# The least error that an estimate claims: smaller values underflow to zero.
_LEAST = {tf.float16: 2.0**-24, tf.bfloat16: 2.0**-126, tf.float32: 2.0**-126, tf.float64: 2.0**-1022}
_MIXED = "not every element of x has outputs of its own. Use a scalar x, or name a direction."


def finite_difference(
    f: Callable[..., Any],
    order: int = 1,
    *,
    argnum: int = 0,
    accuracy: int = 2,
    step: float | None = None,
    direction: Any = None,
    return_error: bool = False,
) -> Callable[..., Any]:
    """Returns g, the derivative of f of any order by central finite differences.

    As in `derivative`, every element of f's output depends on its own element (or row) of x only, and a scalar x may
    have an output of any shape. For x of shape [n] or [n, 1], outputs are [n], [n, 1], [n, m], ... All elements are
    moved at once, each by its own step. With `direction`, f may mix the elements of x.

    Without `step`, differences are computed on a ladder of steps h, h/2, h/4, ... from h = max(|x|, 1) (rounded down to
    a power of two) to below h eps^(1/(order + accuracy)), which balances truncation and rounding. A second ladder
    starts at h = min(|x|, 1), not below eps^(3/4). If the two contradict each other, the second is used. Both are
    extrapolated to h = 0 (Richardson, 1911; Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng.
    Software 4, 1982). For each element, g returns the entry of the table with the least error estimate.

    With `step`, only that step is used and nothing is extrapolated. For example, the second difference of log(x + 2) at
    1 with step=1e-7 is -0.1110223 instead of -0.1111111 in float64, with an error of 0.3: its digits are rounding.

    f is called at 80 to 120 points (in a graph it is traced once); with `step`, at the points of one stencil, or of two
    with `return_error`. f is evaluated in x's dtype. The differences are summed in float64 and returned in f's dtype.
    g works eagerly and inside `tf.function`.

    Args:
        f: any callable of tensors; it returns a float tensor or a `tf.nest` structure of them.
        order: the order of the derivative, >= 0.
        argnum: the position of x among f's arguments.
        accuracy: the order of the truncation error of a single difference in its step: even, >= 2.
        step: the step for all elements, > 0. By default each element has its own.
        direction: a tensor d of x's shape and dtype. g is then the derivative of s -> f(x + s d) at s = 0, with one
            step for all elements, and the output may have any shape.
        return_error: whether g returns `(value, error)`.

    Returns:
        g with f's arguments. `g(x)` has the structure, shapes and dtypes of `f(x)`; with `return_error` it is a pair of
        such structures. `error` estimates |value - exact|: the difference of neighbors in the table, plus the rounding
        of f, measured at the smallest steps of the ladder (at least one unit in its last place). It is an estimate, no
        bound; |value - exact| <= 10 error holds for all of the project's test functions at orders 1 to 4. It may be too
        small if f loses three or more digits to its own rounding, or so near a pole that every step is too long. It may
        also be too small in float32 if f varies far faster than |x|, such as sin(x) beyond |x| = 1e4: use float64.
        The derivative is unknown if no step has finite values, or if f still varies within the shortest step that the
        spacing of floats at x allows. Then value is NaN and error infinite.

    Raises:
        ArgumentError: order, argnum, accuracy, step or direction is invalid.
        InputError: x is not a float tensor, or is empty.
        OutputError: f returns anything but float tensors, or shapes that do not match x's.

    Example:
        >>> g = finite_difference(tf.sin, 2, return_error=True)
        >>> x = tf.constant([1.0, 2.0], tf.float64)
        >>> value, error = g(x)
        >>> bool(tf.reduce_all(tf.abs(value + tf.sin(x)) < 1e-9))
        True
    """
    offsets, weights = stencil(order, accuracy)
    _check_argnum(argnum)
    _check_step(step)

    @tf.autograph.experimental.do_not_convert
    @grappler.guarded
    def g(*args: Any, **kwargs: Any) -> Any:
        if argnum >= len(args):
            raise ArgumentError(
                f"argnum is {argnum}, but f is called with {len(args)} positional argument(s). "
                "Pass x by position, or name another argnum."
            )
        x = as_point(args[argnum])
        if x.shape.rank is None:
            raise InputError("x has a shape of unknown rank. Give it a shape first, with tf.ensure_shape(x, ...).")
        d = None if direction is None else _as_direction(direction, x)
        units, size = _units(x, d, step)
        if order == 0:
            units = units[:1]
        if order == 0 or (step is not None and not return_error):
            rows = 1
        elif step is not None:
            rows = 2
        else:
            rows = math.ceil(-math.log2(_eps(x.dtype)) / (order + accuracy)) + 1 + FINE_ROWS
        ladder = [[Fraction(offset, 2**row) for offset in offsets] for row in range(rows)]
        points = sorted({point for row in ladder for point in row})  # rows share points: o h / 2 is in the row above

        # One addition for all points: the graph optimizer changes (x + h) + 2 to x + (h + 2), which rounds differently.
        steps = column(map(float, points), x[None])
        shifts = tf.cast(tf.concat([unit * steps for unit in units], 0), x.dtype)
        moved = x + (shifts if d is None else shifts * d)
        call = f if tf.executing_eagerly() else tf.function(f)  # in a graph: converted and traced once, not 50 times
        results, structure = [], None
        for at in tf.unstack(moved, len(units) * len(points)):
            structure = call(*args[:argnum], at, *args[argnum + 1 :], **kwargs)
            results.append([_as_output(leaf, x, d) for leaf in tf.nest.flatten(structure)])
        if not results[0]:
            raise OutputError("f returned no tensor at all. Return float tensors from f.")

        values, errors = [], []
        for leaves in zip(*results, strict=True):
            leaf = leaves[0]
            by_point = tf.cast(tf.stack(leaves), tf.float64)
            rows_of = [[points.index(point) for point in row] for row in ladder]
            tables = [tf.gather(part, rows_of) for part in tf.split(by_point, len(units))]
            eps = (_eps(leaf.dtype), _eps(x.dtype))
            grain = quantum(tables, eps[0]) if step is None else tf.zeros([], tf.float64)
            found = []
            for unit, table in zip(units, tables, strict=True):
                h, relative = (_spread(t, leaf) for t in (unit, size / unit))
                plain, noise, resolved = differences(table, offsets, weights, order, eps, relative, grain)
                if rows == 1:
                    value, error = plain[0], noise[0]
                elif step is not None:
                    truncation = tf.abs(plain[0] - plain[1]) / (1 - 2.0**-accuracy)
                    value, error = plain[0], truncation + noise[0]
                else:
                    value, error = extrapolate(plain, noise, resolved, order, accuracy)
                for _ in range(order):  # not h**order, which overflows before the quotient does
                    value, error = value / h, error / h
                found.append((value, finite_or_inf(error + eps[0] * tf.abs(value))))
            value, error = closer(*found) if len(found) == 2 else found[0]
            values.append(tf.cast(value, leaf.dtype))
            errors.append(tf.cast(tf.maximum(error, _LEAST[leaf.dtype]), leaf.dtype))
        value = tf.nest.pack_sequence_as(structure, values)
        return (value, tf.nest.pack_sequence_as(structure, errors)) if return_error else value

    return g


def _units(x, d, step):
    """Returns the largest steps of the ladders, the finer ladder last, and the size of x.

    All are in float64 and of x's shape (scalars if there is a direction).
    """
    size = tf.abs(tf.cast(x, tf.float64))
    least = tf.constant(1.0, tf.float64)
    if d is not None:
        reach = tf.reduce_max(tf.abs(tf.cast(d, tf.float64)))
        reach = tf.where(reach > 0, reach, least)
        size, least = tf.reduce_max(size) / reach, least / reach
    if step is not None:
        taken = float(np.asarray(step, x.dtype.as_numpy_dtype))  # rounded to x's dtype, to divide by it
        if not 0 < taken < math.inf:
            raise ArgumentError(
                f"step is {step!r}, which is {taken} in {x.dtype.name}. "
                f"Give a step that {x.dtype.name} holds, or x in float64."
            )
        return [tf.fill(tf.shape(size), tf.constant(taken, tf.float64))], size
    finest = _eps(x.dtype) ** 0.75 * least  # below it most f no longer change
    return [_power_of_two(tf.maximum(size, least)), _power_of_two(tf.clip_by_value(size, finest, least))], size


def _power_of_two(t):
    """Returns the largest power of two that is not above t."""
    exponent = tf.bitwise.bitwise_and(tf.bitcast(t, tf.int64), 0x7FF0000000000000)  # t without its mantissa
    return tf.bitcast(exponent, tf.float64)


def _spread(t, leaf):
    """Adds trailing axes of length 1 to t, of x's shape, until it broadcasts with leaf."""
    head = _head(t.shape)
    shape = tf.shape(t)[:head]
    if not (t.shape[:head].is_fully_defined() and leaf.shape[:head].is_fully_defined()):
        with tf.control_dependencies([tf.debugging.assert_equal(shape, tf.shape(leaf)[:head], _MIXED)]):
            t = tf.identity(t)  # carries the dependency: a reshape would lose it when its constants are folded
    return tf.reshape(t, tf.concat([shape, tf.ones([leaf.shape.rank - head], tf.int32)], 0))


def _head(shape):
    """Returns the number of dimensions, without trailing ones of length 1."""
    dimensions = shape.as_list()
    while dimensions and dimensions[-1] == 1:
        dimensions.pop()
    return len(dimensions)


def _eps(dtype):
    """Returns the distance from one to the next float; np.finfo does not know bfloat16."""
    one, two = np.array([1, 2], dtype.as_numpy_dtype)
    return float(np.nextafter(one, two) - one)


def _as_direction(direction, x):
    """Converts the direction to a tensor of x's shape and dtype."""
    if not hasattr(direction, "dtype"):
        direction = tf.convert_to_tensor(direction, x.dtype)
    elif tf.as_dtype(direction.dtype) != x.dtype:
        raise ArgumentError(
            f"direction has dtype {tf.as_dtype(direction.dtype).name}, but x has {x.dtype.name}. "
            f"Cast it with tf.cast(direction, tf.{x.dtype.name})."
        )
    direction = tf.convert_to_tensor(direction)
    if not direction.shape.is_compatible_with(x.shape):
        raise ArgumentError(
            f"direction has shape {_show(direction.shape)}, but x has {_show(x.shape)}. "
            "Give one number for each element of x."
        )
    return direction


def _as_output(leaf, x, d):
    """Converts an output of f to a float tensor whose shape matches x's."""
    try:
        leaf = tf.convert_to_tensor(leaf)
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"f returned a {type(leaf).__name__}, which is no dense tensor. Return float tensors from f."
        ) from error
    if not leaf.dtype.is_floating:
        raise OutputError(
            f"f returned a tensor of dtype {leaf.dtype.name}, which has no derivative. Return float tensors from f."
        )
    if leaf.shape.rank is None:
        raise OutputError(
            "f returned a tensor of unknown rank. Give it a shape inside f, with tf.ensure_shape(y, ...)."
        )
    head = 0 if d is not None else _head(x.shape)
    if not leaf.shape[:head].is_compatible_with(x.shape[:head]):
        raise OutputError(f"f maps x of shape {_show(x.shape)} to shape {_show(leaf.shape)}: {_MIXED}")
    return leaf


def _show(shape):
    return tuple(shape.as_list())


def _check_argnum(argnum):
    if not is_integer(argnum) or argnum < 0:
        raise ArgumentError(f"argnum is {argnum!r}, and no argument has that position. Give an integer from 0 up.")


def _check_step(step):
    if step is None:
        return
    if not isinstance(step, numbers.Real) or isinstance(step, bool) or not 0 < float(step) < math.inf:
        raise ArgumentError(f"step is {step!r}, and no difference can take that step. Give a finite number above 0.")
