"""Rules of the row analysis for ops that only values pass, and no derivative: comparisons, rounding, indices."""

from __future__ import annotations

from typing import Any

from nthgrad.engines.graph.places import Inputs, NoProofError, Roles, Rule, each, keeps, mapped, rank, roles, static
from nthgrad.engines.graph.row_moves import gather
from nthgrad.engines.graph.row_rules import RULES as OF_DERIVATIVES
from nthgrad.engines.graph.row_rules import broadcast, reduction

ELEMENTWISE = """
    BitwiseAnd BitwiseOr BitwiseXor Ceil Equal Floor FloorDiv Greater GreaterEqual Invert IsFinite IsInf IsNan Less
    LessEqual LogicalAnd LogicalNot LogicalOr Mod NotEqual Rint Round TruncateDiv
    """


def looked_up(op: Any, states: Inputs) -> list[Roles]:
    """GatherV2, ResourceGather: entries of a table that does not vary, by indices that do."""
    if states[1] is None:
        return gather(op, states) if op.type == "GatherV2" else [roles(states[0])]
    axis = int(static(op.inputs[2])) if op.type == "GatherV2" else 0
    if states[0] is not None or axis or op.get_attr("batch_dims"):
        raise NoProofError
    return [roles(states[1])]


def one_hot(op: Any, states: Inputs) -> list[Roles]:
    """OneHot: a new axis; the settings do not vary."""
    if any(s is not None for s in states[1:]):
        raise NoProofError
    to = rank(op.outputs[0])
    new = op.get_attr("axis") % to
    return [mapped(states[0], lambda p: p.at(p.axis + (p.axis >= new)))]


def extreme(op: Any, states: Inputs) -> list[Roles]:
    """ArgMax, ArgMin: the index of an element along an axis, which is dropped."""
    axis = int(static(op.inputs[1])) % rank(op.inputs[0])
    return [mapped(states[0], lambda p: keeps(p, [axis]).at(p.axis - (axis < p.axis)))]


def cross_entropy(op: Any, states: Inputs) -> list[Roles]:
    """SparseSoftmaxCrossEntropyWithLogits: a loss for each row, and the gradient of its logits."""
    found = mapped(states[0], lambda p: keeps(p, [1])) | roles(states[1])
    return [found] * len(op.outputs)


RULES: dict[str, Rule] = {
    **OF_DERIVATIVES,
    **each(ELEMENTWISE, broadcast),
    **each("All Any", reduction),
    **each("ArgMax ArgMin", extreme),
    **each("GatherV2 ResourceGather", looked_up),
    "OneHot": one_hot,
    "SparseSoftmaxCrossEntropyWithLogits": cross_entropy,
}
"""The rule of each op type where values count."""
