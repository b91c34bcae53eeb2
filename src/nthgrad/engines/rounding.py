"""Estimates rounding errors: repeats a computation with each operation rounded at random.

This is stochastic arithmetic (J. Vignes, A stochastic arithmetic for reliable scientific computation, Mathematics and
Computers in Simulation 35, 1993): where results differ between the repetitions, digits are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines import complex_parts
from nthgrad.engines.graph import trace
from nthgrad.engines.graph.walk import Walk

SAMPLES = 8
# An operation errs by eps / 4 or less, mostly, and a repetition by eps. Measured against mpmath for some twenty
# functions at orders 0 to 8: the estimates are 0.1 to 10 times the largest errors at neighboring points.
SCALE = 1 / 6

# Ops that round nothing: they move, select or negate numbers.
_EXACT = frozenset({
    "Abs", "BatchToSpaceND", "BroadcastTo", "Ceil", "CheckNumerics", "ClipByValue", "Complex", "ConcatV2", "Conj",
    "DepthToSpace", "DynamicStitch", "EnsureShape", "ExpandDims", "Fill", "Floor", "Gather", "GatherNd", "GatherV2",
    "Identity", "IdentityN", "Imag", "Max", "MaxPool", "Maximum", "Min", "Minimum", "MirrorPad", "Neg", "OnesLike",
    "Pack", "Pad", "PadV2", "Real", "Relu", "Relu6", "Reshape", "Reverse", "ReverseV2", "Rint", "Round", "Select",
    "SelectV2", "Sign", "Slice", "Split", "SplitV", "Squeeze", "StopGradient", "StridedSlice", "TensorListGetItem",
    "TensorListStack", "Tile", "TopKV2", "Transpose", "Unpack", "ZerosLike",
})  # fmt: skip

# Ops whose kernels are off by more than a rounding, and by how many. Each was measured against mpmath at 300 random
# points, in float32 and float64, with XLA where it has a kernel. The largest error of the four is at most twice the
# number here, away from zeros of the function. XLA's Lgamma alone is worse: 29 in nine of ten points in float32.
_INEXACT = {
    **dict.fromkeys(["Dawsn", "Erf"], 2),
    **dict.fromkeys(["BesselI0", "BesselI0e", "Expint", "Zeta"], 3),
    **dict.fromkeys(["BesselK0", "BesselK0e", "BesselK1", "BesselK1e", "FresnelCos", "FresnelSin"], 4),
    **dict.fromkeys(["BesselI1", "BesselI1e", "Erfc", "Polygamma"], 6),
    **dict.fromkeys(["BesselJ0", "BesselJ1", "BesselY0", "BesselY1", "Digamma", "Erfinv", "Lgamma", "Ndtri"], 8),
    "Spence": 10,
    **dict.fromkeys(["Igamma", "IgammaGradA", "Igammac"], 24),
    "Betainc": 256,  # in XLA; 35 without
}

# Of these, ops whose errors do not become small at zeros of the function: as if their inputs were off, by so many
# roundings. Near poles of Digamma this is up to 40 times too much.
_OFF_AT_ZEROS = {**dict.fromkeys(["BesselJ0", "BesselJ1", "BesselY0", "BesselY1", "Expint"], 1), "Digamma": 2}

# Ops that sum products: their terms round too.
_SUMS = frozenset({
    "BatchMatMulV2", "Conv2D", "Cumsum", "Einsum", "MatMul", "Mean", "Sum",
})  # fmt: skip


def with_errors(compute: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Returns a function that returns the result of `compute` and an estimate of the rounding error of each element.

    Args:
        compute: maps a function and tensors of the graph being traced to a tensor or `complex_parts`, or to a structure
            or a tuple of them.
    """

    def run(at: Callable[..., Any], *xs: tf.Tensor) -> tuple[Any, Any]:
        graph = xs[0].graph
        before = len(graph.get_operations())
        found = compute(at, *xs)
        made = {op.name for op in graph.get_operations()[before:]}
        leaves = tf.nest.flatten(found)
        return found, _real(tf.nest.pack_sequence_as(found, _errors(leaves, made)))

    return run


def _errors(leaves: Sequence[tf.Tensor], made: set[str]) -> list[tf.Tensor]:
    """Returns the errors of tensors of the graph being traced; `made` has the names of the ops to repeat."""

    def repeat(i: tf.Tensor, *most: tf.Tensor) -> list[tf.Tensor]:
        again = _Repeated(i, made).run(leaves)
        return [i + 1, *(tf.maximum(m, _or_infinity(y - t)) for m, y, t in zip(most, again, leaves, strict=True))]

    start = [tf.constant(0, tf.int64), *(tf.zeros_like(t) for t in leaves)]
    shapes = [tf.TensorShape([]), *(t.shape for t in leaves)]
    _, *most = tf.while_loop(
        lambda i, *_: i < SAMPLES, repeat, start, shape_invariants=shapes, maximum_iterations=SAMPLES
    )
    return [tf.stop_gradient(tf.constant(SCALE, m.dtype) * m) for m in most]


def _or_infinity(difference: tf.Tensor) -> tf.Tensor:
    size = tf.abs(difference)
    return tf.where(tf.math.is_finite(size), size, tf.constant(float("inf"), size.dtype))


def _real(found: Any) -> Any:
    """Returns errors with the larger of the two of each complex number."""
    if isinstance(found, complex_parts.Parts):
        leaves = tf.nest.flatten(found.real)
        for i, imag in found.imag.items():
            leaves[i] = tf.maximum(leaves[i], imag)
        return tf.nest.pack_sequence_as(found.real, leaves)
    return type(found)(map(_real, found)) if type(found) in (list, tuple) else found


class _Repeated(Walk[tf.Tensor]):
    """Rebuilds ops; multiplies each rounded result by 1 + eps or by 1 - eps.

    Args:
        seed: the number of the repetition.
        made: the ops to rebuild. Those that return no floating-point numbers keep their values: a comparison has the
            same result in all repetitions.
    """

    def __init__(self, seed: tf.Tensor, made: set[str], env: Mapping[str, Any] | None = None, *, foreign: bool = False):
        super().__init__(env or {}, foreign=foreign)
        self.seed, self.made, self.count = seed, made, 0
        self.constants: set[str] = set()

    def inner(self, op: Any, graph: Any, env: Mapping[str, Any], keys: Iterable[Any]) -> _Repeated:
        return _Repeated(self.seed, self.made, env, foreign=True)

    def stays(self, op: Any, inputs: Sequence[Any]) -> bool:
        if self.foreign:
            return False
        fixed = op.op_def.is_stateful and not trace.bodies(op)
        return op.name not in self.made or fixed or not any(map(trace.carries, op.outputs)) or not op.inputs

    def apply(self, op: Any, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        if self.is_constant(op):
            self.constants.update(t.name for t in op.outputs)
            return self.rebuild(op, inputs)
        if op.type in _SUMS or op.type in _OFF_AT_ZEROS:
            inputs = [self.rounded(t, _OFF_AT_ZEROS.get(op.type, 1)) for t in inputs]
        elif op.type == "Erfinv":  # its kernel computes ndtri((x + 1) / 2)
            inputs = [self.rounded(inputs[0] + 1) - 1]
        outputs = self.rebuild(op, inputs)
        exact = op.type in _EXACT or op.op_def.is_stateful
        return outputs if exact else [self.rounded(t, _INEXACT.get(op.type, 1)) for t in outputs]

    def is_constant(self, op: Any) -> bool:
        """Whether an op computes from constants, such as the order of a polygamma function, which has to be whole."""
        return op.type in ("OnesLike", "ZerosLike") or all(
            t.op.type == "Const" or t.name in self.constants for t in op.inputs
        )

    def rounded(self, t: tf.Tensor, units: int = 1) -> tf.Tensor:
        """Multiplies each element by 1 + units eps or 1 - units eps, as a hash of its bits and the seed decides."""
        if t.dtype.is_complex:
            return tf.complex(self.rounded(tf.math.real(t), units), self.rounded(tf.math.imag(t), units))
        if not t.dtype.is_floating:
            return t
        self.count += 1
        whole = {2: tf.int16, 4: tf.int32, 8: tf.int64}[t.dtype.size]
        bits = tf.cast(tf.bitcast(t, whole), tf.int64)
        mixed = (bits + self.seed * _A + _wrapped(self.count * _B)) * _C
        mixed = tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, tf.constant(29, tf.int64))) * _A
        eps = units * float(np.spacing(np.ones((), t.dtype.as_numpy_dtype)))
        up, down = (tf.constant(1 + e, t.dtype) for e in (eps, -eps))
        return t * tf.where(mixed < 0, up, down)


def _wrapped(n: int) -> int:
    """Returns an integer modulo 2**64, as the hash computes."""
    return (n + 2**63) % 2**64 - 2**63


_A, _B, _C = map(_wrapped, (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
