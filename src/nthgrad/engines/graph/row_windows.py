"""Rules of the row analysis: convolutions, pooling, images and batch normalization."""

from __future__ import annotations

from typing import Any

from nthgrad.engines.graph.places import (
    Inputs,
    MixError,
    NoProofError,
    Place,
    Roles,
    Rule,
    each,
    mapped,
    rank,
    require_constant,
)


def convolution(op: Any, states: Inputs) -> list[Roles]:
    """Convolutions: the batch axis is kept; a kernel longer than 1 mixes the rows on its axis."""
    data, kernel = (2, 1) if "BackpropInput" in op.type else (0, 1)
    for i, s in enumerate(states):
        if i != data:
            require_constant(s)
    first = _last(op, rank(op.inputs[data]))
    sizes = op.inputs[kernel].shape

    def move(p: Place) -> Place:
        if not p.axis:
            return p
        if not first or p.axis == rank(op.inputs[data]) - 1:
            raise NoProofError
        return _window(p, sizes[p.axis - 1], op.get_attr("strides")[p.axis])

    return [mapped(states[data], move)]


def pooling(op: Any, states: Inputs) -> list[Roles]:
    """Pooling: windows of length 1 mix nothing."""

    def move(p: Place) -> Place:
        return _window(p, op.get_attr("ksize")[p.axis], op.get_attr("strides")[p.axis])

    return [mapped(states[0], move)]


def _window(p: Place, size: int | None, stride: int) -> Place:
    if size is None or (size == 1 and stride != 1):
        raise NoProofError
    if size > 1:
        raise MixError
    return p


def _last(op: Any, n: int) -> bool:
    """Whether the channels are on the last axis."""
    return op.get_attr("data_format") in (b"NHWC", b"NDHWC", "NHWC", "NDHWC")


def batch_axis(op: Any, states: Inputs) -> list[Roles]:
    """Ops on images: the batch axis is kept; nothing is known about other axes."""
    for s in states[1:]:
        require_constant(s)

    def move(p: Place) -> Place:
        if p.axis:
            raise NoProofError
        return p

    return [mapped(states[0], move)]


def bias(op: Any, states: Inputs) -> list[Roles]:
    """BiasAdd: the bias is on the last axis."""
    found = mapped(states[0], lambda p: p)
    if states[1] is not None:
        if not _last(op, 0):
            raise NoProofError
        last = rank(op.inputs[0]) - 1
        found |= mapped(states[1], lambda p: p.at(last))
    return [found]


def batch_normalization(op: Any, states: Inputs) -> list[Roles]:
    """FusedBatchNorm: in training mode it combines all axes other than the channels."""
    for s in states[1:]:
        require_constant(s)
    n = rank(op.inputs[0])
    channel = n - 1 if _last(op, n) else 1

    def move(p: Place) -> Place:
        if op.get_attr("is_training"):
            if p.axis == channel:
                raise NoProofError
            raise MixError
        return p

    return [mapped(states[0], move), *[frozenset()] * (len(op.outputs) - 1)]


RULES: dict[str, Rule] = {
    "BiasAdd": bias,
    **each("Conv2D Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 DepthwiseConv2dNative", convolution),
    **each("AvgPool AvgPool3D MaxPool MaxPool3D", pooling),
    **each("DepthToSpace ResizeBicubic ResizeBilinear ResizeNearestNeighbor SpaceToDepth", batch_axis),
    **each("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3", batch_normalization),
}
