"""Finite differences of any order, from exact rational stencils, with an error estimate.

This engine only ever calls f: it shares no code with the others, so it is their independent check.
"""

import math
import numbers
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import ArgumentError, InputError, OutputError

FACTOR = 10  # |value - exact| <= FACTOR * error, tested over functions, orders and dtypes
_ZERO, _INFINITE, _NAN = np.array([0, np.inf, np.nan])  # tf.where takes Python floats for float32
_MIXED = "not every element of x has outputs of its own. Use a scalar x, or name a direction."
_COLUMNS = 6  # of the extrapolation table; more gain nothing in 53 bits
_FINE_ROWS, _NOISE_ROWS = 12, 8  # below the balanced step, where rounding is all that is left; the last measure it


def stencil(order: int, accuracy: int = 2) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
    """Central finite-difference stencil with exact weights.

    The weights are n! times the coefficients of t^n in the Lagrange polynomials of the nodes -m, ..., m, which is the
    exact solution of their Vandermonde system (Fornberg, "Generation of finite difference formulas on arbitrarily
    spaced grids", Math. Comp. 51, 1988).

    Args:
        order: The order n >= 0 of the derivative.
        accuracy: The order of the truncation error in the step: even, >= 2.

    Returns:
        `(offsets, weights)`, without the nodes of weight zero:
        f^(n)(x) = sum(w * f(x + o * h)) / h^n + O(h^accuracy).

    Raises:
        ArgumentError: order or accuracy is not such a number.

    Example:
        >>> stencil(2)
        ((-1, 0, 1), (Fraction(1, 1), Fraction(-2, 1), Fraction(1, 1)))
    """
    _check_order(order, accuracy)
    return _stencil(int(order), int(accuracy))


@cache  # behind the checks: to a cache True is 1
def _stencil(order, accuracy):
    reach = (order + 1) // 2 - 1 + accuracy // 2
    nodes = range(-reach, reach + 1)
    product = [1]  # coefficients of the product of all (t - node), highest power first
    for node in nodes:
        product = [a - node * b for a, b in zip([*product, 0], [0, *product], strict=True)]
    weights = {}
    for node in nodes:
        quotient = [1]  # product / (t - node), by synthetic division
        for coefficient in product[1:-1]:
            quotient.append(coefficient + node * quotient[-1])
        scale = math.prod(node - other for other in nodes if other != node)
        weights[node] = Fraction(math.factorial(order) * quotient[-1 - order], scale)
    kept = {node: weight for node, weight in weights.items() if weight}
    return tuple(kept), tuple(kept.values())


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
    """Return g, the derivative of f of any order by central finite differences.

    As in `derivative`, every element of f's output depends on its own element (or row) of x only, and a scalar x may
    have an output of any shape: x of shape [n] or [n, 1] goes with outputs [n], [n, 1], [n, m], ... All the elements
    are moved at once, each by its own step. With `direction`, f may mix the elements of x as it likes.

    Without `step`, differences are taken on a ladder of steps h, h/2, h/4, ... from h = max(|x|, 1) (rounded down to a
    power of two) to below the step that balances truncation and rounding, h eps^(1/(order + accuracy)). They are
    extrapolated to h = 0 (Richardson, 1911; Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng.
    Software 4, 1982), and for each element the entry of the table with the least error estimate is returned. With
    `step`, that step is used as it is and nothing is extrapolated: the classic second difference of log(x + 2) at 1
    with step=1e-7 is -0.1110223 for -0.1111111 in float64, and an error of 0.3 beside it: the digits are rounding.

    f is called at some 40 to 60 points (in a graph it is traced once); with `step`, at the points of one stencil, of
    two with `return_error`. It is evaluated in x's dtype; the differences of its values are summed in float64 and
    returned in f's dtype.
    g works eagerly and inside `tf.function`.

    Args:
        f: Any callable of tensors; it returns a float tensor or a `tf.nest` structure of them.
        order: The order of the derivative, >= 0.
        argnum: The position of x among f's arguments.
        accuracy: The order of the truncation error of a single difference in its step: even, >= 2.
        step: The step for all elements, > 0. By default each element has its own.
        direction: A tensor d of x's shape and dtype: g is then the derivative of s -> f(x + s d) at s = 0, with one
            step for all elements, and the output may have any shape.
        return_error: Whether g returns `(value, error)`.

    Returns:
        g, called as f is. `g(x)` has the structure, shapes and dtypes of `f(x)`; with `return_error` it is a pair of
        such structures. `error` estimates |value - exact|: the difference of neighbours in the table, plus the
        rounding of f as the smallest steps of the ladder measure it (at least one unit in its last place). It is an
        estimate, no bound; |value - exact| <= 10 error holds for all of the project's test functions at orders 1 to 4.
        It may be too small for an f that loses three digits and more to its own rounding, or so near a pole that no
        step of the ladder is short enough. Where no step gives finite values, value is NaN and error infinite.

    Raises:
        ArgumentError: order, argnum, accuracy, step or direction is not what it must be.
        InputError: x is not a float tensor, or is empty.
        OutputError: f returns something else than float tensors, or shapes that do not go with x's.

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
    def g(*args: Any, **kwargs: Any) -> Any:
        if argnum >= len(args):
            raise ArgumentError(
                f"argnum is {argnum}, but f is called with {len(args)} positional argument(s). "
                "Pass x by position, or name another argnum."
            )
        x = as_tensor(args[argnum])
        along = None if direction is None else _as_direction(direction, x)
        unit, size = _unit(x, along, step)
        if order == 0 or (step is not None and not return_error):
            rows = 1
        elif step is not None:
            rows = 2
        else:
            rows = math.ceil(-math.log2(_eps(x.dtype)) / (order + accuracy)) + 1 + _FINE_ROWS
        ladder = [[Fraction(offset, 2**row) for offset in offsets] for row in range(rows)]
        points = sorted({point for row in ladder for point in row})  # rows share points: o h / 2 is in the row above

        # One addition for all points: of (x + h) + 2 the graph optimiser would make x + (h + 2), another rounding.
        shifts = tf.cast(unit * _column(map(float, points), x[None]), x.dtype)
        moved = x + (shifts if along is None else shifts * along)
        call = f if tf.executing_eagerly() else tf.function(f)  # in a graph: converted and traced once, not 50 times
        results, structure = [], None
        for at in tf.unstack(moved, len(points)):
            structure = call(*args[:argnum], at, *args[argnum + 1 :], **kwargs)
            results.append([_as_output(leaf, x, along) for leaf in tf.nest.flatten(structure)])
        if not results[0]:
            raise OutputError("f returned no tensor at all. Return float tensors from f.")

        values, errors = [], []
        for leaves in zip(*results, strict=True):
            leaf = leaves[0]
            by_point = tf.cast(tf.stack(leaves), tf.float64)
            table = tf.gather(by_point, [[points.index(point) for point in row] for row in ladder])
            h, relative = (_spread(t, leaf) for t in (unit, size / unit))
            plain, noise = _differences(table, offsets, weights, order, (_eps(leaf.dtype), _eps(x.dtype)), relative)
            if rows == 1:
                value, error = plain[0], noise[0]
            elif step is not None:
                truncation = tf.abs(plain[0] - plain[1]) / (1 - 2.0**-accuracy)
                value, error = plain[0], truncation + noise[0]
            else:
                value, error = _extrapolate(plain, noise, order, accuracy)
            for _ in range(order):  # not h**order, which overflows before the quotient does
                value, error = value / h, error / h
            error = _finite_or_inf(error + _eps(leaf.dtype) * tf.abs(value))
            values.append(tf.cast(value, leaf.dtype))
            errors.append(tf.cast(error, leaf.dtype))
        value = tf.nest.pack_sequence_as(structure, values)
        return (value, tf.nest.pack_sequence_as(structure, errors)) if return_error else value

    return g


def _differences(table, offsets, weights, order, eps, relative):
    """Plain differences of each row for h = 1 and the noise in them, both of shape [rows, ...].

    The noise is that of f, one unit in its last place, and that of the points x + o h, one unit in theirs.
    """
    rows = table.shape[0]
    scale = _column([2.0 ** (row * order) for row in range(rows)], table[:, 0])
    finer = _column([2.0**row for row in range(rows)], table[:, 0])
    denominator = math.lcm(*(weight.denominator for weight in weights))
    integers = [float(weight * denominator) for weight in weights]  # so that a constant f cancels exactly
    plain = scale / denominator * tf.add_n([weight * table[:, i] for i, weight in enumerate(integers)])
    noise = eps[0] * tf.reduce_max(tf.abs(table), 1)
    if len(offsets) > 1:
        gaps = [after - before for before, after in pairwise(offsets)]
        slopes = [tf.abs(table[:, i + 1] - table[:, i]) / gap for i, gap in enumerate(gaps)]
        noise += eps[1] * relative * finer * tf.reduce_max(tf.stack(slopes), 0)
        blind = eps[1] * relative * finer > 0.25  # the step is lost in the spacing of floats at x
        noise = tf.where(blind, _INFINITE, noise)
    return plain, noise * scale * float(sum(map(abs, weights)))


def _extrapolate(plain, noise, order, accuracy):
    """Neville's table of Richardson extrapolation: for each element the entry of least error estimate."""
    rows = plain.shape[0]
    neighbours = tf.abs(plain[1:] - plain[:-1])
    scales = _column([2.0 ** (row * order) for row in range(rows)], plain)
    measured = tf.reduce_max((neighbours / scales[1:])[-_NOISE_ROWS:], 0)
    noise = tf.maximum(noise, tf.where(tf.math.is_finite(measured), measured, _ZERO) * scales)

    # Three rows have to agree, for two may do so by accident.
    spread = tf.maximum(neighbours[1:], tf.abs(plain[2:] - plain[:-2]))
    value, error = plain[2:], _finite_or_inf(spread + noise[2:])
    for column in range(1, min(_COLUMNS, rows - 1)):
        factor = 2.0 ** (accuracy + 2 * (column - 1))  # central differences have even powers of h only
        coarse, fine = plain[:-1], plain[1:]
        plain = fine + (fine - coarse) / (factor - 1)
        noise = (factor * noise[1:] + noise[:-1]) / (factor - 1)
        spread = tf.maximum(tf.abs(plain - fine), tf.abs(plain - coarse))[1:]
        new = _finite_or_inf(tf.maximum(spread, tf.abs(plain[1:] - plain[:-1])) + noise[1:])
        head = column - 1  # rows too coarse for this column
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
    return tf.where(tf.math.is_finite(least), best, _NAN), least


def _column(numbers, t):
    """One number for each row of t, or of a tensor of t's rank."""
    return tf.reshape(tf.constant(list(numbers), tf.float64), [-1] + [1] * (t.shape.rank - 1))


def _finite_or_inf(error):
    return tf.where(tf.math.is_finite(error), error, _INFINITE)


def _unit(x, along, step):
    """The largest step and the size of x, both in float64 and of x's shape (scalars where there is a direction)."""
    size = tf.abs(tf.cast(x, tf.float64))
    least = tf.constant(1.0, tf.float64)
    if along is not None:
        reach = tf.reduce_max(tf.abs(tf.cast(along, tf.float64)))
        reach = tf.where(reach > 0, reach, least)
        size, least = tf.reduce_max(size) / reach, least / reach
    if step is not None:
        taken = float(np.asarray(step, x.dtype.as_numpy_dtype))  # as x's dtype rounds it: the one to divide by
        if not 0 < taken < math.inf:
            raise ArgumentError(
                f"step is {step!r}, which is {taken} in {x.dtype.name}. "
                f"Give a step that {x.dtype.name} holds, or x in float64."
            )
        return tf.fill(tf.shape(size), tf.constant(taken, tf.float64)), size
    bits = tf.bitcast(tf.maximum(size, least), tf.int64)
    exponent = tf.bitwise.bitwise_and(bits, 0x7FF0000000000000)  # without the mantissa: a power of two, exactly
    return tf.bitcast(exponent, tf.float64), size


def _spread(t, leaf):
    """Give t, of x's shape, the trailing ones that leaf's shape asks for."""
    head = _head(t.shape)
    shape = tf.shape(t)[:head]
    if not (t.shape[:head].is_fully_defined() and leaf.shape[:head].is_fully_defined()):
        with tf.control_dependencies([tf.debugging.assert_equal(shape, tf.shape(leaf)[:head], _MIXED)]):
            t = tf.identity(t)  # waits itself: of a reshape only the constants would, and they are folded away
    return tf.reshape(t, tf.concat([shape, tf.ones([leaf.shape.rank - head], tf.int32)], 0))


def _head(shape):
    """The number of dimensions that are left without the trailing ones."""
    dimensions = shape.as_list()
    while dimensions and dimensions[-1] == 1:
        dimensions.pop()
    return len(dimensions)


def _eps(dtype):
    """The distance from one to the next float; np.finfo does not know bfloat16."""
    one, two = np.array([1, 2], dtype.as_numpy_dtype)
    return float(np.nextafter(one, two) - one)


def as_tensor(x: Any) -> tf.Tensor:
    """Return x as a float tensor: Python floats take Keras's floatx, arrays and tensors keep their dtype.

    Args:
        x: A tensor, variable, NumPy array, Python float or nested list of floats.

    Returns:
        The tensor, of a real floating dtype.

    Raises:
        InputError: x has another dtype, is empty, of unknown rank, or no tensor at all.
    """
    leaves = tf.nest.flatten(x)
    if any(type(leaf) is float for leaf in leaves) and all(type(leaf) in (int, float) for leaf in leaves):
        import keras  # late: importing it takes a second

        dtype = keras.config.floatx()
    else:
        dtype = None
    try:
        tensor = tf.convert_to_tensor(x, dtype)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"x is a {type(x).__name__}, which is no dense tensor. Give a float, a NumPy array or a tensor."
        ) from error
    if not tensor.dtype.is_floating:
        raise InputError(
            f"x has dtype {tensor.dtype.name}, and derivatives need a real floating dtype. "
            "Cast it first, for instance with tf.cast(x, tf.float32)."
        )
    if tensor.shape.rank is None:
        raise InputError("x has a shape of unknown rank. Give it a shape first, with tf.ensure_shape(x, ...).")
    if 0 in tensor.shape:
        raise InputError(f"x is empty: its shape is {_show(tensor.shape)}. Give at least one point.")
    return tensor


def _as_direction(direction, x):
    """Return the direction as a tensor of x's shape and dtype."""
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


def _as_output(leaf, x, along):
    """Return what f returned as a float tensor whose shape goes with x's."""
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
    head = 0 if along is not None else _head(x.shape)
    if not leaf.shape[:head].is_compatible_with(x.shape[:head]):
        raise OutputError(f"f maps x of shape {_show(x.shape)} to shape {_show(leaf.shape)}: {_MIXED}")
    return leaf


def _show(shape):
    return tuple(shape.as_list())


def _is_integer(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check_order(order, accuracy):
    if not _is_integer(order) or order < 0:
        raise ArgumentError(f"order is {order!r}, and no derivative has that order. Give an integer from 0 up.")
    if not _is_integer(accuracy) or accuracy < 2 or accuracy % 2:
        raise ArgumentError(
            f"accuracy is {accuracy!r}, and no central difference has that accuracy. Give an even integer from 2 up."
        )


def _check_argnum(argnum):
    if not _is_integer(argnum) or argnum < 0:
        raise ArgumentError(f"argnum is {argnum!r}, and no argument has that position. Give an integer from 0 up.")


def _check_step(step):
    if step is None:
        return
    if not isinstance(step, numbers.Real) or isinstance(step, bool) or not 0 < float(step) < math.inf:
        raise ArgumentError(f"step is {step!r}, and no difference can take that step. Give a finite number above 0.")
