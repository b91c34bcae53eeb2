"""The open door: rules of your own for ops that the Taylor engine does not know, or knows less well than you.

The families are those that nthgrad's own table is made of: `constant`, `linear`, `linear_in`, `bilinear`, `slope`,
`over`, `composite` and `expanded`; `ops` calls TensorFlow's ops by name on series and tensors alike.
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
    """Gives the Taylor engine a rule for an op type that has none.

    It counts for functions traced from now on.

    Args:
        kind: the type of the op, as `tf.Operation.type` says it.
        rule: made by one of the families of this module. With x and y the op's input and output as series,
            `slope(lambda x, y: s)` says y' = s x', `over(lambda x, y: d)` says d y' = x', `bilinear(0, 1)` that the op
            is a product of its inputs 0 and 1, `linear` that it is linear in all its floating-point inputs together,
            `linear_in(0)` in its first, `constant` that its derivative is zero wherever it exists,
            `composite(lambda op, x: ...)` what it is in terms of other ops on series, `expanded(lambda op, x: ...)` in
            terms of TensorFlow's ops on tensors.

    Raises:
        ArgumentError: the op type has a rule, or the rule is none.

    Example:
        >>> import nthgrad as ng, tensorflow as tf
        >>> from nthgrad import extend
        >>> def f(x):  # adds to one place of a tensor; TensorFlow has no gradient for the op
        ...     return tf.raw_ops.InplaceAdd(x=tf.stack([x, x**2]), i=[1], v=tf.stack([x**3]))
        >>> extend.register("InplaceAdd", extend.linear)  # linear in its floating-point inputs together
        >>> print(ng.derivative(f, 2)(2.0).numpy())
        [ 0. 14.]
    """
    if not isinstance(rule, Rule):
        raise ArgumentError(
            f"The rule for {kind!r} is {rule!r}, which is no rule. Create one with a family of nthgrad.extend."
        )
    if kind in RULES or kind in kinds.ENTERED or kind in opaque.PYTHON:
        raise ArgumentError(f"The op type {kind!r} has a rule already. A second one is not taken.")
    RULES[kind] = rule
