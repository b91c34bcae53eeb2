"""Central finite-difference stencils of any order and accuracy, in exact rational arithmetic."""

import math
import numbers
from fractions import Fraction
from functools import cache
from typing import Any

from nthgrad.errors import ArgumentError


def stencil(order: int, accuracy: int) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
    """Returns a central finite-difference stencil with exact weights.

    The weights are n! times the coefficients of t^n in the Lagrange polynomials of the nodes -m, ..., m. They solve the
    nodes' Vandermonde system exactly (Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids",
    Math. Comp. 51, 1988).

    Args:
        order: the order n >= 0 of the derivative.
        accuracy: the order of the truncation error in the step: even, >= 2.

    Returns:
        `(offsets, weights)`, without the nodes of weight zero:
        f^(n)(x) = sum(w * f(x + o * h)) / h^n + O(h^accuracy).

    Raises:
        ArgumentError: order or accuracy is none of these integers.

    Example:
        >>> stencil(2, 2)
        ((-1, 0, 1), (Fraction(1, 1), Fraction(-2, 1), Fraction(1, 1)))
    """
    _check_order(order, accuracy)
    return _stencil(int(order), int(accuracy))


@cache  # after the checks: a cache takes True for 1
def _stencil(order: int, accuracy: int) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
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


def _check_order(order: Any, accuracy: Any) -> None:
    if not is_integer(order) or order < 0:
        raise ArgumentError(f"order is {order!r}, and no derivative has that order. Give an integer from 0 up.")
    if not is_integer(accuracy) or accuracy < 2 or accuracy % 2:
        raise ArgumentError(
            f"accuracy is {accuracy!r}, and no central difference has that accuracy. Give an even integer from 2 up."
        )


def is_integer(value: Any) -> bool:
    """Whether a value is an integer; True is none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
