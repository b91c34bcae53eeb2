"""Quantization, by a convention: rounding counts as the identity.

This extends TensorFlow's first derivative ("straight-through") to every order. Within the range, the output varies as
the input; beyond it, as the end of the range.
"""

from __future__ import annotations

import tensorflow as tf

from nthgrad.engines.taylor.families import each, linear_in, piecewise
from nthgrad.engines.taylor.rules.selection import Map, attributes, values
from nthgrad.engines.taylor.series import value
from nthgrad.engines.taylor.step import Apply, Rule, Step


def _where(inside: tf.Tensor) -> Map:
    """Uses a mask, not the op of the gradient: an outer tape can differentiate it."""
    return lambda c: tf.where(inside, c, tf.zeros_like(c))


def _fake_quant_args(step: Step) -> Map:
    options = attributes(step.op, "min", "max", "num_bits", "narrow_range")
    x = value(step.inputs[0])
    return _where(tf.raw_ops.FakeQuantWithMinMaxArgsGradient(gradients=tf.ones_like(x), inputs=x, **options) > 0)


def _fake_quant_vars(step: Step) -> Map:
    """Selects the input's coefficient within the range, and that of the nearer end beyond it."""
    x, low, high = values(step)
    make = getattr(tf.raw_ops, f"{step.op.type}Gradient")
    options = attributes(step.op, "num_bits", "narrow_range")
    inside = make(gradients=tf.ones_like(x), inputs=x, min=low, max=high, **options)[0] > 0
    under = x < (low + high) / 2
    return lambda c, a, b: tf.where(inside, c, tf.where(under, a, b))


def _quantize(step: Step) -> Map:
    x, low, high = values(step)
    ends = {"input_min": low, "input_max": high, "axis": step.op.get_attr("axis")}
    return _where(tf.raw_ops.QuantizeAndDequantizeV4Grad(gradients=tf.ones_like(x), input=x, **ends)[0] > 0)


RULES: dict[str, Rule | Apply] = {
    "FakeQuantWithMinMaxArgs": piecewise(_fake_quant_args, 0),
    **each("FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel", piecewise(_fake_quant_vars, 0, 1, 2)),
    **each(
        "FakeQuantWithMinMaxArgsGradient FakeQuantWithMinMaxVarsGradient FakeQuantWithMinMaxVarsPerChannelGradient",
        linear_in(0),
    ),
    **each(
        "QuantizeAndDequantizeV2 QuantizeAndDequantizeV3",
        piecewise(lambda step: lambda c: c, 0, refused=(1, 2)),
    ),
    "QuantizeAndDequantizeV4": piecewise(_quantize, 0, refused=(1, 2)),
    "QuantizeAndDequantizeV4Grad": linear_in(0),
}
