"""Central finite-difference stencils of any order and accuracy, in exact rational arithmetic."""

import math
import numbers
from fractions import Fraction
from functools import cache
from typing import Any

from nthgrad.errors import ArgumentError


def stencil(order: int, accuracy: int) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
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
        ArgumentError: accuracy is not such a number.

    Example:
        >>> stencil(2, 2)
        ((-1, 0, 1), (Fraction(1, 1), Fraction(-2, 1), Fraction(1, 1)))
    """
    _check_accuracy(accuracy)
    return _stencil(order, int(accuracy))


@cache  # behind the checks: to a cache True is 1
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


def _check_accuracy(accuracy: Any) -> None:
    if not isinstance(accuracy, numbers.Integral) or accuracy < 2 or accuracy % 2:
        raise ArgumentError(
            f"accuracy is {accuracy!r}, and no central difference has that accuracy. Give an even integer from 2 up."
        )
