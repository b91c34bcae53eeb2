"""check: compares all engines with finite differences, at the user's own function and points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nthgrad._call.arguments import ENGINES, checked_order
from nthgrad._call.inputs import as_point
from nthgrad.core import derivatives
from nthgrad.differences import FACTOR, finite_difference
from nthgrad.engines.outputs import spread
from nthgrad.errors import DisagreementError, OutputError

_ROUNDING = 1e3
"""Rounding errors allowed for an engine, in units of the largest derivative up to the compared order.

An engine rounds as f does; a badly conditioned f rounds a hundred times as much. Finite differences round more, but
estimate that: with FACTOR, no function of the test suite needs this allowance. In float32 it is 1e-4.
"""


_LEGEND = """
tape, taylor: the largest difference from finite differences, as a fraction of the limit.
precision: the limit, as a fraction of the largest derivative. compared: elements of f(x)."""
_LEFT_OUT = "\nThe other elements are unknown: f is not finite around them, or varies within the steps."


class Agreement(dict[str, list[float]]):
    """The result of `check`: a dict from each engine to its largest disagreement at each order. It prints as a table.

    Attributes:
        allowed: for each order, the largest difference allowed, as a fraction of the largest derivative.
        compared: for each order, how many elements of f(x) could be compared.
        elements: how many elements f(x) has.
    """

    def __init__(
        self, parts: Mapping[str, list[float]], allowed: Sequence[float], compared: Sequence[int], elements: int
    ):
        """Stores the disagreements and their limits."""
        super().__init__(parts)
        self.allowed, self.compared, self.elements = list(allowed), list(compared), elements

    def __repr__(self) -> str:
        """Returns the table, order by order, engine by engine."""
        from nthgrad._display import table  # late: it imports rich

        orders = zip(self.allowed, self.compared, *self.values(), strict=True)
        rows = [
            [str(n), *(f"{part:.4f}" for part in parts), "1", f"{allowed:.0e}", f"{count} of {self.elements}"]
            for n, (allowed, count, *parts) in enumerate(orders, start=1)
        ]
        text = table.text(table.plain(["order", *self, "limit", "precision", "compared"], rows))
        return f"{text}{_LEGEND}{_LEFT_OUT if min(self.compared, default=self.elements) < self.elements else ''}"

    __str__ = __repr__


def check(f: Callable[..., Any], x: Any, order: int = 2) -> Agreement:
    """Compares every engine with finite differences of f at orders 1 to `order`; raises if they disagree.

    The differences move each element by its own random length. So check also finds an f whose output at one element
    depends on other elements of x, which no engine can see from shapes alone. The lengths grow with |x| beyond 1. If x
    also has elements far below 1, an f that varies within their size is unknown there.

    An element is not compared if f is not finite around it, such as sqrt(x) at 0 or below. Neither is it if f has a
    corner there, or varies within the shortest step, such as sin(x) at 1e16. The result says how many elements were
    compared; none at some order is an error. The precision is the smallest error that the check can find. If it is near
    1, the dtype of x has too few digits at that order: use float64 points.

    Args:
        f: a function of one argument, as in `derivative`, that returns real tensors.
        x: the points, as in `derivative`.
        order: the highest order, at least 1.

    Returns:
        a dict that prints as a table. For each engine it has the largest disagreement at each order, as a fraction of
        the limit (10 times the error estimate of the differences plus 1000 roundings): all are at most 1.

    Raises:
        DisagreementError: an engine and the differences disagree by more than the limit, or no element can be compared
            at some order. The text says which, where and by how much.
        NthgradError: as `derivative` and `finite_difference`.

    Example:
        >>> import numpy as np, tensorflow as tf, nthgrad as ng
        >>> report = ng.check(tf.sqrt, np.array([0.5, 1.5, -1.0]), 2)
        >>> print(report)  # doctest: +ELLIPSIS
         order    tape  taylor  limit  precision  compared
        ...
             1  0.0...  0.0...      1      ...e-1...    2 of 3
             2  0.0...  0.0...      1      ...e-1...    2 of 3
        tape, taylor: the largest difference from finite differences, as a fraction of the limit.
        precision: the limit, as a fraction of the largest derivative. compared: elements of f(x).
        The other elements are unknown: f is not finite around them, or varies within the steps.
        >>> max(report["taylor"]) < 1
        True
    """
    n = checked_order(order)
    point = as_point(x)
    lengths = np.random.default_rng(0).uniform(0.5, 1.0, np.shape(point))
    # There is one step for all elements. A large element moves further, by as much of its size as the others.
    reach = np.nan_to_num(np.abs(np.asarray(point).astype(np.float64)), nan=1.0, posinf=1.0)
    direction = tf.constant(lengths * np.maximum(reach, 1.0), point.dtype)
    differences = [
        finite_difference(f, k, direction=direction, accuracy=4, return_error=True)(point) for k in range(1, n + 1)
    ]
    found: dict[str, list[_Compared]] = {}
    sizes: list[Any] = []
    for engine in ENGINES:
        tower = derivatives(f, n, method=engine)(point)
        sizes = [_size(leaf) for leaf in _leaves(tower[0])]
        roundings = [_ROUNDING * _eps(leaf) for leaf in tf.nest.flatten(tower[0])]
        found[engine] = []
        for k, (value, error) in enumerate(differences, start=1):
            outputs = []
            for i, (got, expected, estimate) in enumerate(zip(*map(_leaves, (tower[k], value, error)), strict=True)):
                rate = np.asarray(spread(direction, tf.convert_to_tensor(got))).astype(np.float64) ** k
                sizes[i] = np.maximum(sizes[i], _size(got))
                place = _Place(engine, k, i, np.asarray(point), np.broadcast_to(rate, got.shape))
                if not (np.isfinite(expected) & np.isfinite(estimate)).any():
                    raise DisagreementError(_unknown(place, f, point))
                size = sizes[i] * rate
                outputs.append(_compare(place, got, expected, FACTOR * estimate + roundings[i] * size, size))
            parts, allowed, counts = zip(*outputs, strict=True)
            found[engine].append(_Compared(max(parts), max(allowed), sum(counts)))
    parts = {engine: [result.part for result in results] for engine, results in found.items()}
    worst = [max(results, key=lambda result: result.allowed) for results in zip(*found.values(), strict=True)]
    return Agreement(parts, [w.allowed for w in worst], [w.elements for w in worst], sum(s.size for s in sizes))


class _Place(NamedTuple):
    """A comparison to make: engine, order, output of f, points, and factors from the direction to each element."""

    engine: str
    order: int
    output: int
    points: np.ndarray
    rates: np.ndarray

    def point(self, at: tuple[Any, ...]) -> str:
        """Names the point of an element of the output."""
        x = self.points
        if not x.ndim:
            return f"x = {_shown(float(x))}"
        position = at[: x.ndim]
        value = float(x[tuple(np.minimum(position, np.array(x.shape) - 1))])
        return f"x[{', '.join(map(str, position))}] = {_shown(value)}"


class _Compared(NamedTuple):
    """The result of a comparison.

    Attributes:
        part: the largest difference, as a fraction of the limit.
        allowed: the limit, as a fraction of the largest derivative.
        count: how many elements were compared.
    """

    part: float
    allowed: float
    elements: int


def _compare(place: _Place, got: np.ndarray, expected: np.ndarray, allowed: np.ndarray, sizes: np.ndarray) -> _Compared:
    """Compares an engine's values with differences in the direction; raises a DisagreementError."""
    _, order, output, _, rates = place
    known = np.isfinite(expected) & np.isfinite(allowed)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(got * rates == expected, 0.0, np.abs(got * rates - expected) / allowed)
    part = np.where(known, np.where(np.isnan(part), np.inf, part), 0.0)
    if part.max() <= 1:
        return _Compared(float(part.max()), allowed[known].max() / (sizes[known].max() or 1.0), int(known.sum()))
    at = np.unravel_index(int(np.argmax(part)), part.shape)
    raise DisagreementError(
        f"Order {order} at {place.point(at)} (output {output}): {place.engine} gives {_shown(got[at])}, finite "
        f"differences give {_shown(expected[at] / rates[at])}: the difference is {part[at]:.3g} times the limit. "
        f"{int((part > 1).sum())} of {part.size} elements disagree. Check that each element of f(x) depends on its own "
        "element (or row) of x only; if it does, use the other method and report f."
    )


def _unknown(place: _Place, f: Callable[..., Any], point: tf.Tensor) -> str:
    """Says why differences have no value at any element of an output."""
    near = 8 * _eps(point) * tf.maximum(tf.abs(point), _eps(point))
    values = [_leaves(f(at))[place.output] for at in (point - near, point, point + near)]
    finite = np.isfinite(values).all(0)
    at = np.unravel_index(int(np.argmax(finite)), finite.shape)
    said = (
        f"Order {place.order} (output {place.output}): finite differences have no value at any of its {finite.size} "
        f"elements, for example at {place.point(at)}, so nothing was compared. "
    )
    if not finite.any():
        return said + "Give points around which f is finite."
    wider = "" if point.dtype == tf.float64 else ", or points in float64"
    return (
        f"{said}f is finite there, but has a corner or varies within the shortest steps that {point.dtype.name} "
        f"allows. Give points away from corners and nearer 0{wider}."
    )


def _leaves(structure: Any) -> list[np.ndarray]:
    """Returns the tensors of a structure, in float64; raises an OutputError if one is complex."""
    for i, leaf in enumerate(tf.nest.flatten(structure)):
        if np.iscomplexobj(leaf):
            raise OutputError(
                f"Output {i} of f is {leaf.dtype.name}, and check compares real numbers. Return tf.math.real(y) and "
                "tf.math.imag(y)."
            )
    return [np.asarray(leaf).astype(np.float64) for leaf in tf.nest.flatten(structure)]


def _shown(value: float) -> str:
    return f"{value + 0.0:.8g}"  # no minus sign before zero


def _size(values: np.ndarray) -> np.ndarray:
    return np.abs(np.nan_to_num(values, posinf=0, neginf=0))


def _eps(tensor: tf.Tensor) -> float:
    """Returns the distance from one to the next number of a tensor's dtype; np.finfo does not know bfloat16."""
    return float(np.spacing(np.ones((), tensor.dtype.as_numpy_dtype)))
