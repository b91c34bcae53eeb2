"""Your own rules for ops that the Taylor engine does not know.

nthgrad's own rules use the same families: `constant`, `linear`, `linear_in`, `bilinear`, `slope`, `over`, `composite`
and `expanded`. `ops` calls TensorFlow's ops by name, on series and on tensors.
"""

from __future__ import annotations

from nthgrad.engines.graph import kinds, opaque
from nthgrad.engines.taylor.algebra import ops
from nthgrad.engines.taylor.families import bilinear, composite, constant, expanded, linear, linear_in, over, slope
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.step import Rule
from nthgrad.errors import ArgumentError

__all__ = ["bilinear", "composite", "constant", "expanded", "linear", "linear_in", "ops", "over", "register", "slope"]


def register(kind: str, rule: Rule) -> None:
    """Registers a rule of the Taylor engine for an op type that has none.

    Functions traced from now on use it.

    Args:
        kind: the type of the op, as in `tf.Operation.type`.
        rule: a rule of one of the families of this module. x and y are the op's input and output as series.
            `slope(lambda x, y: s)`: y' = s x'. `over(lambda x, y: d)`: d y' = x'. `bilinear(0, 1)`: the op is a product
            of its inputs 0 and 1. `linear`: it is linear in all its floating-point inputs together. `linear_in(0)`: it
            is linear in its first input. `constant`: its derivative is zero wherever it exists.
            `composite(lambda op, x: ...)`: the op expressed by other ops on series. `expanded(lambda op, x: ...)`: the
            op expressed by TensorFlow's ops on tensors.

    Raises:
        ArgumentError: the op type has a rule already, or rule is no rule.

    Example:
        >>> import nthgrad as ng, tensorflow as tf
        >>> from nthgrad import extend
        >>> def f(x):  # adds to one element of a tensor; TensorFlow has no gradient for the op
        ...     return tf.raw_ops.InplaceAdd(x=tf.stack([x, x**2]), i=[1], v=tf.stack([x**3]))
        >>> extend.register("InplaceAdd", extend.linear)  # linear in its floating-point inputs together
        >>> print(ng.derivative(f, 2)(2.0).numpy())
        [ 0. 14.]
    """
    if not isinstance(rule, Rule):
        raise ArgumentError(
            f"The rule for {kind!r} is {rule!r}, which is no rule. Create one with a family of nthgrad.extend."
        )
    if kind in RULES or kind in kinds.FUNCTIONAL or kind in opaque.PYTHON:
        raise ArgumentError(f"The op type {kind!r} has a rule already, which cannot be replaced. Remove this call.")
    RULES[kind] = rule
