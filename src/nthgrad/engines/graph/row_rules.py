"""Rules of the row analysis: compute the roles of an op's outputs from the states of its inputs.

A rule raises MixError where an element surely depends on several rows, and NoProofError where nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nthgrad.engines.graph import row_moves, row_windows
from nthgrad.engines.graph.places import (
    FIXED,
    LIST,
    Inputs,
    MixError,
    NoProofError,
    Place,
    Role,
    Roles,
    Rule,
    axes,
    chosen,
    each,
    keeps,
    mapped,
    number,
    rank,
    require_constant,
    roles,
    static,
)

SHORTENS = frozenset({"GatherV2", "Slice", "Split", "SplitV", "StridedSlice", "TopKV2"})
"""Ops that may select one row of several."""


def broadcast(op: Any, states: Inputs) -> list[Roles]:
    """Elementwise ops; the inputs broadcast against each other."""
    to = rank(op.outputs[0])
    shifts = [to - (0 if s is None else rank(t)) for s, t in zip(states, op.inputs, strict=True)]
    found = [mapped(s, lambda p, by=by: p.at(p.axis + by)) for s, by in zip(states, shifts, strict=True)]
    return [frozenset().union(*found)] * len(op.outputs)


def identity_n(op: Any, states: Inputs) -> list[Roles]:
    """IdentityN: output i is input i."""
    return [roles(s) for s in states]


def first(op: Any, states: Inputs) -> list[Roles]:
    """Ops that return their first input; the other inputs are settings."""
    for s in states[1:]:
        require_constant(s)
    return [roles(states[0])]


def band(op: Any, states: Inputs) -> list[Roles]:
    """MatrixBandPart: on the last two axes, it may keep only the products of rows with themselves."""
    n = rank(op.inputs[0])

    def move(p: Place) -> Place:
        if p.axis >= n - 2:
            raise NoProofError
        return p

    return [mapped(states[0], move)]


def either(op: Any, states: Inputs) -> list[Roles]:
    """Ops that select elements of several inputs."""
    (found,) = broadcast(op, states)
    if len(found) > 1 and len({mapped(s, lambda p: p) for s in states if s is not None}) > 1:
        raise NoProofError
    return [found]


def combining_last(combined: Callable[[Any], Iterable[int]]) -> Rule:
    """Returns a rule for ops that combine elements along some axes, counted from the last."""

    def rule(op: Any, states: Inputs) -> list[Roles]:
        last = set(combined(op))
        ranks = [0 if s is None else rank(t) for s, t in zip(states, op.inputs, strict=True)]
        to = max(ranks)

        def move(p: Place, n: int) -> Place:
            return keeps(p, {n + axis for axis in last}).at(p.axis + to - n)

        found = [mapped(s, lambda p, n=n: move(p, n)) for s, n in zip(states, ranks, strict=True)]
        return [frozenset().union(*found)] * len(op.outputs)

    return rule


def solve(op: Any, states: Inputs) -> list[Roles]:
    """Solvers of linear equations: each column of the right-hand side has its own solution."""
    (by_matrix,) = combining_last(_last(2))(op, [states[0], None])
    (by_side,) = combining_last(lambda op: [-2])(op, [None, states[1]])
    lower = [rank(op.outputs[0]) - rank(t) for t in op.inputs]
    if any(lower):
        raise NoProofError
    return [by_matrix | by_side]


def combining_axes(op: Any, states: Inputs) -> list[Roles]:
    """Elements are combined along the axes that an input holds."""
    combined = axes(op.inputs[1], rank(op.inputs[0]))
    return [mapped(states[0], lambda p: keeps(p, combined))]


def reverse(op: Any, states: Inputs) -> list[Roles]:
    """Rows are reversed, which a second op may undo."""
    if op.type == "Reverse":
        turned = [axis for axis, yes in enumerate(static(op.inputs[1])) if yes]
    else:
        turned = axes(op.inputs[1], rank(op.inputs[0]))
    return [mapped(states[0], lambda p: p.permuted() if p.axis in turned else p)]


def roll(op: Any, states: Inputs) -> list[Roles]:
    """Rows are rolled, which a second op may undo."""
    shifts = static(op.inputs[1]).ravel()
    by = dict(zip(axes(op.inputs[2], rank(op.inputs[0])), map(int, shifts), strict=True))

    def move(p: Place) -> Place:
        count = op.inputs[0].shape[p.axis] if p.axis in by else None
        shift = by.get(p.axis, 0) % count if count else by.get(p.axis, 0)
        return p.permuted(by=shift, count=count) if shift else p

    return [mapped(states[0], move)]


def reduction(op: Any, states: Inputs) -> list[Roles]:
    """Reductions: they combine elements along axes, and may drop these."""
    n = rank(op.inputs[0])
    gone = list(range(n)) if op.type == "L2Loss" else axes(op.inputs[1], n)
    kept = op.type != "L2Loss" and op.get_attr("keep_dims")

    def move(p: Place) -> Place:
        keeps(p, gone)
        return p if kept else p.at(p.axis - sum(axis < p.axis for axis in gone))

    return [mapped(states[0], move)]


def product(op: Any, states: Inputs) -> list[Roles]:
    """Matrix products and Einsum: sums of products over labeled axes."""
    *inputs, output = _labels(op)
    found: set[Role] = set()
    for labels, state in zip(inputs, states, strict=True):

        def move(p: Place, labels: str = labels) -> Place:
            at = output.find(labels[p.axis or 0])
            if at < 0:
                raise MixError
            return p.at(at)

        found |= mapped(state, move)
    return [frozenset(found)]


def _labels(op: Any) -> list[str]:
    ranks = [rank(t) for t in op.inputs]
    if op.type == "Einsum":
        equation = op.get_attr("equation")
        equation = (equation.decode() if isinstance(equation, bytes) else equation).replace(" ", "")
        left, output = equation.split("->")
        inputs = left.split(",")
        counts = [n - len(s.replace("...", "")) for s, n in zip(inputs, ranks, strict=True)]
        dots = [chr(0x100 + i) for i in range(max(counts))]
        spelled = [s.replace("...", "".join(dots[len(dots) - n :])) for s, n in zip(inputs, counts, strict=True)]
        return [*spelled, output.replace("...", "".join(dots))]
    batch = "".join(chr(0x100 + i) for i in range(max(ranks) - 2))
    left, right = (batch[len(batch) - (n - 2) :] if n > 2 else "" for n in ranks)
    turn = ("transpose_a", "transpose_b") if op.type == "MatMul" else ("adj_x", "adj_y")
    a, b = (op.get_attr(name) for name in turn)
    return [left + ("ki" if a else "ik"), right + ("jk" if b else "kj"), batch + "ij"]


def list_from(op: Any, states: Inputs) -> list[Roles]:
    """TensorListFromTensor: the first axis becomes the index of an element."""
    return [mapped(states[0], lambda p: p.at(p.axis - 1 if p.axis else LIST))]


def list_stack(op: Any, states: Inputs) -> list[Roles]:
    """TensorListStack."""
    return [mapped(states[0], lambda p: p.at(0 if p.axis == LIST else p.axis + 1))]


def list_get(op: Any, states: Inputs) -> list[Roles]:
    """TensorListGetItem."""
    at = number(op.inputs[1])

    def move(p: Place) -> Place:
        return p if p.axis != LIST else chosen(p, at)

    return [mapped(states[0], move)]


def list_set(op: Any, states: Inputs) -> list[Roles]:
    """TensorListSetItem: the row with the item's index is at its place in the list."""
    at = number(op.inputs[1])
    item = frozenset(
        tuple(Place(LIST) if p.axis == FIXED and p.first == at else p for p in role) for role in roles(states[2])
    )
    before = roles(states[0])
    if before and item and not (before <= item or item <= before):
        raise NoProofError
    if len(item) == 1 and any(p.axis == FIXED for role in item for p in role):
        raise NoProofError
    return [before | item]


def _last(n: int) -> Callable[[Any], range]:
    return lambda op: range(-n, 0)


ELEMENTWISE = """
    Abs Acos Acosh Angle Asin Asinh Atan Atanh BesselI0e BesselI1e Cast CheckNumerics ComplexAbs Conj Cos Cosh Digamma
    Elu Erf Erfc Erfinv Exp Expm1 Identity Imag Inv LeakyRelu Lgamma Log Log1p Ndtri Neg OnesLike PreventGradient Real
    Reciprocal Relu Relu6 Rsqrt Selu Sigmoid Sign Sin Sinh Softplus Softsign Snapshot Sqrt Square StopGradient Tan Tanh

    Add AddV2 Atan2 Complex Div DivNoNan FloorMod Igamma Igammac Maximum Minimum Mul MulNoNan Polygamma Pow RealDiv
    SquaredDifference Sub TruncateMod Xdivy Xlog1py Xlogy Zeta

    EluGrad InvGrad LeakyReluGrad ReciprocalGrad Relu6Grad ReluGrad RsqrtGrad SeluGrad SigmoidGrad SoftplusGrad
    SoftsignGrad SqrtGrad TanhGrad

    AddN Betainc ClipByValue
    """

RULES: dict[str, Rule] = {
    **each(ELEMENTWISE, broadcast),
    **each("Select SelectV2", either),
    "IdentityN": identity_n,
    "EnsureShape": first,
    "MatrixBandPart": band,
    # combined along axes
    **each("Cross LogSoftmax LRN Softmax TopKV2", combining_last(_last(1))),
    **each("FFT IFFT RFFT IRFFT", combining_last(_last(1))),
    **each("FFT2D IFFT2D RFFT2D IRFFT2D", combining_last(_last(2))),
    **each("FFT3D IFFT3D RFFT3D IRFFT3D", combining_last(_last(3))),
    **each("Cholesky MatrixDeterminant MatrixInverse MatrixSquareRoot", combining_last(_last(2))),
    **each("LogMatrixDeterminant Qr SelfAdjointEigV2 Svd", combining_last(_last(2))),
    **each("MatrixSolve MatrixTriangularSolve", solve),
    **each("Cumprod Cumsum CumulativeLogsumexp", combining_axes),
    **each("Reverse ReverseV2", reverse),
    "Roll": roll,
    **each("EuclideanNorm L2Loss Max Mean Min Prod Sum", reduction),
    **each("BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum MatMul", product),
    # lists
    "TensorListFromTensor": list_from,
    "TensorListGetItem": list_get,
    "TensorListSetItem": list_set,
    "TensorListStack": list_stack,
    **row_moves.RULES,
    **row_windows.RULES,
}
"""The rule of each op type. Ops without a rule are unknown."""
