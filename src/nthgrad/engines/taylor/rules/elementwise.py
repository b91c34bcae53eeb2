"""Arithmetic, powers, exponentials, trigonometry, activations: one element of the output from one of each input."""

from __future__ import annotations

import tensorflow as tf

from nthgrad.engines.taylor.families import Rule, choose, composite, exactly, ops, over, slope

RULES: dict[str, Rule] = {
    # arithmetic
    "Add": composite(lambda op, x, y: ops.AddV2(x, y)),
    "AddV2": composite(lambda op, x, y: x + y),
    "Sub": composite(lambda op, x, y: x - y),
    "Mul": composite(lambda op, x, y: x * y),
    "Div": composite(lambda op, x, y: x / y),
    "RealDiv": composite(lambda op, x, y: x / y),
    "Inv": composite(lambda op, x: 1 / x),
    "Reciprocal": composite(lambda op, x: 1 / x),
    "Square": composite(lambda op, x: x * x),
    "Abs": composite(lambda op, x: x * tf.sign(x.value)),
    # exponentials and logarithms
    "Exp": slope(lambda x, y: y),
    "Expm1": slope(lambda x, y: exactly(y + 1, tf.exp(x.value))),
    "Log": over(lambda x, y: x),
    "Log1p": over(lambda x, y: 1 + x),
    "Sqrt": over(lambda x, y: 2 * y),
    "Rsqrt": composite(lambda op, x: 1 / ops.Sqrt(x)),
    # trigonometric and hyperbolic functions
    "Sin": slope(lambda x, y: ops.Cos(x)),
    "Cos": slope(lambda x, y: -ops.Sin(x)),
    "Tan": slope(lambda x, y: 1 + y * y),
    "Asin": over(lambda x, y: ops.Sqrt((1 - x) * (1 + x))),
    "Acos": over(lambda x, y: -ops.Sqrt((1 - x) * (1 + x))),
    "Atan": over(lambda x, y: 1 + x * x),
    "Sinh": slope(lambda x, y: ops.Cosh(x)),
    "Cosh": slope(lambda x, y: ops.Sinh(x)),
    "Tanh": slope(lambda x, y: 1 - y * y),
    "Asinh": over(lambda x, y: ops.Sqrt(1 + x * x)),
    "Acosh": over(lambda x, y: ops.Sqrt((x - 1) * (x + 1))),
    "Atanh": over(lambda x, y: (1 - x) * (1 + x)),
    # activations
    "Relu": composite(lambda op, x: choose(x.value > 0, x, tf.zeros_like(x.value))),
    "Sigmoid": slope(lambda x, y: y * exactly(1 - y, tf.sigmoid(-x.value))),
    "Softplus": slope(lambda x, y: ops.Sigmoid(x)),
}
