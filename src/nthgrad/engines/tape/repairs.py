"""Replaces ops whose registered gradient is wrong at second order and beyond.

`REPAIRS` maps an op type to a function of the op and its inputs; it computes the same outputs, with derivatives that
are right to every order. `REFUSED` maps op types without a repair to the reason. Checked in TensorFlow 2.16 to 2.21.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.engines.graph.custom_gradients import exact_gradient
from nthgrad.engines.graph.rebuild import rebuild_op
from nthgrad.engines.graph.trace import recenters
from nthgrad.engines.tape.complex_repairs import COMPLEX_GRADIENTS, COMPLEX_REPAIRS


def unbroadcast(tensor: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Sums a cotangent over the axes on which `like` was broadcast."""
    if tensor.shape == like.shape and tensor.shape.is_fully_defined():
        return tensor
    axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=tf.shape(like), s1=tf.shape(tensor))
    return tf.reshape(tf.reduce_sum(tensor, axes), tf.shape(like))


def linear(
    forward: Callable[[tf.Tensor], tf.Tensor], transpose: Callable[[tf.Tensor], tf.Tensor]
) -> Callable[..., Any]:
    """Returns a linear map whose gradient is its transpose, at every order."""

    @exact_gradient
    def apply(x: tf.Tensor) -> Any:
        return forward(x), linear(transpose, forward)

    return apply


def power(x: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """Computes x**p with right derivatives at x = 0, where the registered ones are 0 * 0**-1 = NaN.

    A whole constant exponent becomes a product. A fractional one never reaches zero when it is lowered. For one that is
    not constant, the derivative by x is set to zero where the exponent is zero.
    """
    exponent = tf.get_static_value(p)
    if exponent is None:
        return _power(x, p)
    if (exponent != np.round(exponent)).all():
        return tf.raw_ops.Pow(x=x, y=p)
    if exponent.ndim or abs(exponent) > 1024:
        return _power(x, p)
    y = product_power(x, abs(int(exponent)))
    return y if exponent >= 0 else tf.math.reciprocal(y)


def product_power(x: Any, k: int) -> Any:
    """Computes x**k by repeated squaring (Knuth, The Art of Computer Programming 2, section 4.6.3)."""
    if k == 0:
        return tf.ones_like(x)
    half = product_power(x, k // 2) if k > 1 else None
    if half is None:
        return x
    return half * half * x if k % 2 else half * half


@exact_gradient
def _power(x: tf.Tensor, p: tf.Tensor) -> Any:
    y = tf.raw_ops.Pow(x=x, y=p)

    def grad(dy: tf.Tensor) -> Any:
        zero = tf.equal(p, 0) & tf.fill(tf.shape(y), True)
        # At every order, neither the power nor its cotangent reaches the elements whose derivative is zero.
        dx = tf.where(zero, tf.zeros_like(y), dy * p * _power(tf.where(zero, tf.ones_like(y), x), p - 1))
        positive = tf.greater(x, 0) & tf.fill(tf.shape(y), True)
        base = tf.where(positive, x, tf.ones_like(y))
        dp = tf.where(positive, dy * _power(base, p) * tf.math.log(base), tf.zeros_like(y))
        return unbroadcast(dx, x), unbroadcast(dp, p)

    return y, grad


def _pow(op: tf.Operation, x: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    if not op.outputs[0].dtype.is_floating:
        return rebuild_op(op, [x, p])[0]
    return power(x, p)


def _prefix_products(x: tf.Tensor, n: int) -> tf.Tensor:
    """Computes the products of x[:1], x[:2], ... in log2(n) steps (Hillis and Steele, 1986), without a division.

    The registered gradients of Prod and Cumprod divide by the factors, which is wrong if one is zero.
    """
    shift = 1
    while shift < n:
        x = tf.concat([x[:shift], x[shift:] * x[:-shift]], axis=0)
        shift *= 2
    return x


def _length(op: tf.Operation, size: int | None) -> int:
    if size is None:
        raise LookupError(f"{op.type}Grad (along an axis of unknown length)")
    return size


def _prod(op: tf.Operation, x: tf.Tensor, axes: tf.Tensor) -> tf.Tensor:
    known = tf.get_static_value(axes)
    if known is None or x.shape.rank is None:
        raise LookupError("ProdGrad (along axes unknown when traced)")
    reduced = sorted({int(a) % x.shape.rank for a in known.reshape(-1)}) if x.shape.rank else []
    y = x
    for axis in reduced:
        n = _length(op, x.shape[axis])
        factors = tf.unstack(y, n, axis=axis)
        while len(factors) > 1:  # a balanced tree keeps the depth, and with it the higher orders, small
            pairs = [a * b for a, b in zip(factors[::2], factors[1::2], strict=False)]
            factors = pairs + factors[len(pairs) * 2 :]
        y = tf.expand_dims(factors[0], axis) if n else tf.ones_like(tf.reduce_sum(y, axis, keepdims=True))
    return y if op.get_attr("keep_dims") else tf.squeeze(y, reduced)


def _cumprod(op: tf.Operation, x: tf.Tensor, axis: tf.Tensor) -> tf.Tensor:
    known = tf.get_static_value(axis)
    if known is None or x.shape.rank is None:
        raise LookupError("CumprodGrad (along an axis unknown when traced)")
    a = int(known) % x.shape.rank
    order = [a, *(i for i in range(x.shape.rank) if i != a)]
    n = _length(op, x.shape[a])
    y = tf.transpose(x, order)
    y = tf.reverse(y, [0]) if op.get_attr("reverse") else y
    if op.get_attr("exclusive") and n:
        y = tf.concat([tf.ones_like(y[:1]), y[:-1]], axis=0)
    y = _prefix_products(y, n)
    y = tf.reverse(y, [0]) if op.get_attr("reverse") else y
    return tf.transpose(y, [order.index(i) for i in range(x.shape.rank)])


def _log_where(x: tf.Tensor, y: tf.Tensor, least: float = 0.0) -> tf.Tensor:
    """Returns y, or 1 where x is zero and log(y), the other factor, is not finite."""
    return tf.where(tf.equal(x, 0) & tf.logical_not(y > least), tf.ones_like(y), y)


def _xlogy(op: tf.Operation, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return x * tf.math.log(_log_where(x, y))


def _xlog1py(op: tf.Operation, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return x * tf.math.log1p(_log_where(x, y, -1.0))


def _xdivy(op: tf.Operation, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return x / tf.where(tf.equal(x, 0) & tf.equal(y, 0), tf.ones_like(y), y)


def _softmax_cross_entropy(op: tf.Operation, logits: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
    # The registered gradient is right for constant labels that sum to 1 only.
    loss = -tf.reduce_sum(labels * tf.nn.log_softmax(logits), -1)
    return [loss, tf.nn.softmax(logits) - labels]


def _cumulative_logsumexp(op: tf.Operation, x: tf.Tensor, axis: tf.Tensor) -> tf.Tensor:
    # The registered gradient takes logarithms of the cotangent, which at higher orders may be negative or zero.
    known = tf.get_static_value(axis)
    if known is None or x.shape.rank is None:
        raise LookupError("CumulativeLogsumexpGrad (along an axis unknown when traced)")
    a = int(known) % x.shape.rank
    order = [*(i for i in range(x.shape.rank) if i != a), a]
    index = tf.range(tf.shape(x)[a])
    first, last = (index[:, None], index) if not op.get_attr("reverse") else (index, index[:, None])
    seen = last < first if op.get_attr("exclusive") else last <= first
    terms = tf.where(seen, tf.expand_dims(tf.transpose(x, order), -2), tf.constant(-np.inf, x.dtype))
    return tf.transpose(tf.reduce_logsumexp(terms, -1), [order.index(i) for i in range(x.shape.rank)])


def _relu(op: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return tf.where(x > 0, x, tf.zeros_like(x))  # unlike ReluGrad, drops infinite cotangents, as for sqrt(relu(x))


def _relu6(op: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return tf.where(x < 6, _relu(op, x), 6 * tf.ones_like(x))


def _recentering(op: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return tf.identity(x) if recenters(op) else tf.stop_gradient(x)


def _softsign(op: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return x / (1 + tf.abs(x))


def _resize(op: tf.Operation, images: tf.Tensor, size: tf.Tensor, transpose: Callable[..., tf.Tensor]) -> tf.Tensor:
    options = {name: op.get_attr(name) for name in ("align_corners", "half_pixel_centers")}
    return linear(lambda x: rebuild_op(op, [x, size])[0], lambda dy: transpose(dy, images, **options))(images)


def _bilinear_transpose(dy: tf.Tensor, images: tf.Tensor, **options: bool) -> tf.Tensor:
    return tf.raw_ops.ResizeBilinearGrad(grads=dy, original_image=tf.stop_gradient(images), **options)


def _bicubic_transpose(dy: tf.Tensor, images: tf.Tensor, **options: bool) -> tf.Tensor:
    return tf.raw_ops.ResizeBicubicGrad(grads=dy, original_image=tf.stop_gradient(images), **options)


def _nearest_transpose(dy: tf.Tensor, images: tf.Tensor, **options: bool) -> tf.Tensor:
    return tf.raw_ops.ResizeNearestNeighborGrad(grads=dy, size=tf.shape(images)[1:3], **options)


REPAIRS: dict[str, Callable[..., Any]] = {
    "Cumprod": _cumprod,
    "CumulativeLogsumexp": _cumulative_logsumexp,
    "Pow": _pow,
    "Prod": _prod,
    "Relu": _relu,
    "Relu6": _relu6,
    "ResizeBicubic": functools.partial(_resize, transpose=_bicubic_transpose),
    "ResizeBilinear": functools.partial(_resize, transpose=_bilinear_transpose),
    "ResizeNearestNeighbor": functools.partial(_resize, transpose=_nearest_transpose),
    "SoftmaxCrossEntropyWithLogits": _softmax_cross_entropy,
    "Softsign": _softsign,
    "StopGradient": _recentering,
    "Xdivy": _xdivy,
    "Xlog1py": _xlog1py,
    "Xlogy": _xlogy,
}


def repair(op: tf.Operation) -> Callable[..., Any] | None:
    """Returns the repair of an op, a function of the op and its new inputs; None if it needs none."""
    if op.type in COMPLEX_REPAIRS and op.inputs[0].dtype.is_complex:
        return lambda op, x: COMPLEX_REPAIRS[op.type](x)
    if op.type in COMPLEX_GRADIENTS and op.inputs[0].dtype.is_complex:
        return lambda op, y, dy: COMPLEX_GRADIENTS[op.type](y, dy)
    return REPAIRS.get(op.type)


def leaves_the_graph(op: tf.Operation, inputs: Sequence[tf.Tensor]) -> bool:
    """Whether the repair is a tf.custom_gradient, which TensorFlow cannot differentiate twice in a loop or a branch."""
    return op.type.startswith("Resize") or (op.type == "Pow" and tf.get_static_value(inputs[1]) is None)


_HIDDEN = "TensorFlow registers no gradient for it although its output varies with its input"
_ONCE = "its second derivative is silently lost"

# Op types for which nested tapes would silently lose a part of the derivative.
REFUSED: dict[str, str] = {
    "CTCBeamSearchDecoder": _HIDDEN,
    "CTCGreedyDecoder": _HIDDEN,
    "DrawBoundingBoxes": _HIDDEN,
    "EditDistance": _HIDDEN,
    "ExtractGlimpse": _HIDDEN,
    "FakeQuantWithMinMaxArgs": _ONCE,
    "FakeQuantWithMinMaxArgsGradient": _HIDDEN,
    "FakeQuantWithMinMaxVars": _ONCE,
    "FakeQuantWithMinMaxVarsGradient": _HIDDEN,
    "FakeQuantWithMinMaxVarsPerChannel": _ONCE,
    "FakeQuantWithMinMaxVarsPerChannelGradient": _HIDDEN,
    "GenerateBoundingBoxProposals": _HIDDEN,
    "HSVToRGB": _HIDDEN,
    "IsotonicRegression": _ONCE,
    "LinSpace": _HIDDEN,
    "LoadAndRemapMatrix": _HIDDEN,
    "LookupTableFindV2": _HIDDEN,
    "OneHot": _HIDDEN,
    "ParameterizedTruncatedNormal": _HIDDEN,
    "RaggedRange": _HIDDEN,
    "RandomShuffle": _HIDDEN,
    "Range": _HIDDEN,
    "ReduceDataset": _HIDDEN,
    "ResizeBilinearGrad": _HIDDEN,
    "SampleDistortedBoundingBox": _HIDDEN,
    "SampleDistortedBoundingBoxV2": _HIDDEN,
    "SegmentProd": _ONCE,
    "SparseAdd": _ONCE,
    "SparseAddGrad": _HIDDEN,
    "SparseConcat": _HIDDEN,
    "StatelessRandomBinomial": _HIDDEN,
    "StatelessRandomPoisson": _HIDDEN,
    "TensorListConcatLists": _HIDDEN,
    "TensorListPushBackBatch": _HIDDEN,
    "UnsortedSegmentProd": _ONCE,
}

# Op types, with the indices of inputs for which TensorFlow returns no gradient although the output varies with them.
REFUSED_INPUTS: dict[str, frozenset[int]] = {
    "Betainc": frozenset({0, 1}),
    "FusedBatchNorm": frozenset({3, 4}),
    "FusedBatchNormV2": frozenset({3, 4}),
    "FusedBatchNormV3": frozenset({3, 4}),
    "ImageProjectiveTransformV2": frozenset({1}),
    "ImageProjectiveTransformV3": frozenset({1, 3}),
    "PadV2": frozenset({2}),
    "Polygamma": frozenset({0}),
    "Zeta": frozenset({0}),
}

# Op types whose registered gradient is right for real tensors only.
REAL_ONLY = frozenset({
    "EuclideanNorm", "LogMatrixDeterminant", "MatrixDeterminant", "MatrixSquareRoot", "Sign", "SquaredDifference",
    "Svd", "Xdivy", "Xlog1py", "Xlogy",
})  # fmt: skip


def refusal(op: tf.Operation) -> str | None:
    """Returns why an op between x and f(x) has no right derivative; None if it has one."""
    if op.type in REAL_ONLY and any(t.dtype.is_complex for t in op.inputs):
        return "its gradient is wrong for complex tensors"
    if op.type.startswith("FusedBatchNorm") and op.get_attr("is_training"):
        return "in training mode its third derivative is wrong, and those of its means and variances are lost"
    if op.type in ("MaxPool", "MaxPoolV2", "MaxPool3D") and op.inputs[0].shape[1:] == op.outputs[0].shape[1:]:
        return "if its output has the shape of its input, TensorFlow's kernel for its second derivative returns zeros"
    return REFUSED.get(op.type)
