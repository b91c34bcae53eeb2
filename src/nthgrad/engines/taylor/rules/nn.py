"""Convolutions, normalizations, losses, fused recurrent cells."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nthgrad.engines import own
from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.families import bilinear, each, expanded
from nthgrad.engines.taylor.step import Apply, Rule
from nthgrad.errors import UnsupportedOpError


def _local_response(op: Any, x: tf.Tensor) -> tf.Tensor:
    n = tf.shape(x)[3]
    radius = tf.minimum(op.get_attr("depth_radius"), n)
    near = tf.linalg.band_part(tf.ones([n, n], x.dtype), radius, radius)
    sums = tf.reshape(tf.matmul(tf.reshape(x * x, [-1, n]), near), tf.shape(x))
    return x * tf.exp(-op.get_attr("beta") * tf.math.log(op.get_attr("bias") + op.get_attr("alpha") * sums))


# batch normalization


def _layout(op: Any, x: tf.Tensor) -> tuple[list[int], list[int]]:
    """Returns the axes to average over, and the shape that broadcasts a statistic over the input."""
    channel = 1 if op.get_attr("data_format").decode().startswith("NC") else x.shape.rank - 1
    axes = [i for i in range(x.shape.rank) if i != channel]
    return axes, [1 if i in axes else -1 for i in range(x.shape.rank)]


def _statistics(x: tf.Tensor, axes: list[int]) -> tuple[tf.Tensor, tf.Tensor]:
    mean = tf.reduce_mean(x, axes, keepdims=True)
    return tf.reshape(mean, [-1]), tf.reduce_mean((x - mean) * (x - mean), axes)


def _batch_norm(op: Any, x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, *moments: tf.Tensor) -> list[Any]:
    axes, spread = _layout(op, x)
    t = tf.cast(x, scale.dtype)
    mean, variance = now = moments
    if op.get_attr("is_training"):
        mean, variance = _statistics(t, axes)
        n = tf.cast(tf.size(t) // tf.size(mean), t.dtype)
        new = mean, variance * (n / tf.maximum(n - 1, 1))
        share = op.get_attr("exponential_avg_factor") if "exponential_avg_factor" in op.node_def.attr else 1.0
        now = new if share == 1 else [(1 - share) * a + share * b for a, b in zip(moments, new, strict=True)]
    factor = scale * tf.math.rsqrt(variance + op.get_attr("epsilon"))
    y = (t - tf.reshape(mean, spread)) * tf.reshape(factor, spread) + tf.reshape(offset, spread)
    reserved = [mean, variance] if op.get_attr("is_training") else [None, None]  # reserved in training only
    return [tf.cast(y, x.dtype), *now, *reserved, None][: len(op.outputs)]


def _batch_norm_grad(op: Any, dy: tf.Tensor, x: tf.Tensor, scale: tf.Tensor, *reserved: tf.Tensor) -> list[Any]:
    """In training mode, the moments are computed from x, not read from the reserved inputs."""
    axes, spread = _layout(op, x)
    g, t = tf.cast(dy, scale.dtype), tf.cast(x, scale.dtype)
    mean, variance = _statistics(t, axes) if op.get_attr("is_training") else reserved[:2]
    root = tf.math.rsqrt(variance + op.get_attr("epsilon"))
    normal = (t - tf.reshape(mean, spread)) * tf.reshape(root, spread)
    d_scale, d_offset = tf.reduce_sum(g * normal, axes), tf.reduce_sum(g, axes)
    if op.get_attr("is_training"):
        n = tf.cast(tf.size(t) // tf.size(scale), t.dtype)
        g = g - tf.reshape(d_offset / n, spread) - normal * tf.reshape(d_scale / n, spread)
    return [tf.cast(g * tf.reshape(scale * root, spread), x.dtype), d_scale, d_offset, None, None]


# losses


def _normalized(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the logits minus their greatest, their exponentials, and the sum of these."""
    shifted = logits - tf.stop_gradient(tf.reduce_max(logits, -1, keepdims=True))
    exponentials = tf.exp(shifted)
    return shifted, exponentials, tf.reduce_sum(exponentials, -1, keepdims=True)


def _cross_entropy(op: Any, logits: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
    """Computes the loss for labels of any sum, which may vary."""
    shifted, e, total = _normalized(logits)
    return [tf.reduce_sum(labels * (tf.math.log(total) - shifted), -1), e / total - labels]


def _sparse_cross_entropy(op: Any, logits: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
    shifted, e, total = _normalized(logits)
    hot = tf.one_hot(labels, tf.shape(logits)[-1], dtype=logits.dtype)
    return [tf.squeeze(tf.math.log(total), -1) - tf.gather(shifted, labels, batch_dims=1), e / total - hot]


def _steps(op: Any, x: tf.Tensor) -> int:
    """Returns the number of time steps; the loop over them is unrolled."""
    n = x.shape[0]
    if n is None:
        raise UnsupportedOpError(
            f"{trace.describe(op)} cannot be differentiated: its number of time steps is unknown while f is traced. "
            "Give its input a length with tf.ensure_shape."
        )
    return n


def _ctc_loss(op: Any, logits: tf.Tensor, indices: tf.Tensor, labels: tf.Tensor, lengths: tf.Tensor) -> list[Any]:
    """Sums the probabilities of all paths, forward in time (A. Graves and others, 2006, section 4.1).

    A state's sum is computed as its logarithm, which counts as constant, times a ratio whose value is 1. Some states
    are so much less probable than others that their sums would underflow, also if all were scaled by one number.
    """
    steps, batch = _steps(op, logits), tf.shape(logits, tf.int64)[1]
    blank = tf.shape(logits)[2] - 1
    merge = op.get_attr("ctc_merge_repeated")
    longest = tf.reduce_max(tf.concat([indices[:, 1] + 1, [0]], 0))
    words = tf.scatter_nd(indices, labels + 1, [batch, longest]) - 1  # -1 after the last label
    if op.get_attr("preprocess_collapse_repeated"):
        words = _collapsed(words)
    count = tf.reduce_sum(tf.cast(words >= 0, tf.int32), 1)
    symbols = tf.where(words < 0, blank, words)
    symbols = tf.reshape(tf.stack([tf.fill(tf.shape(symbols), blank), symbols], 2), [batch, -1])
    symbols = tf.concat([symbols, tf.fill([batch, 1], blank)], 1)  # blanks between, before and after
    spoken = symbols != blank
    before = tf.pad(symbols, [[0, 0], [2, 0]], constant_values=-1)[:, : tf.shape(symbols)[1]]
    stays = tf.logical_not(spoken) if not merge else tf.ones_like(spoken)
    skips = spoken & (symbols != before) if merge else spoken

    def kept(where: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        return tf.where(where, t, tf.zeros_like(t))

    shifted, _, total = _normalized(logits)
    logs = tf.gather(tf.transpose(shifted - tf.math.log(total), [1, 0, 2]), symbols, axis=2, batch_dims=1)
    never = tf.constant(-1e30, logits.dtype)  # the logarithm of the chance 0
    chances = tf.stop_gradient(tf.maximum(logs, never))  # [batch, steps, symbols]
    ratios = tf.exp(kept(chances > never, logs) - kept(chances > never, chances))
    first = tf.one_hot([0], tf.shape(symbols)[1], dtype=logits.dtype) * tf.ones([batch, 1], logits.dtype)
    sizes, sums = (1 - first) * never, tf.ones_like(first)

    for t in range(steps):
        # the first step goes to the first blank or to the symbol after it
        allowed = [tf.ones_like(stays), tf.ones_like(stays)] if t == 0 else [stays, tf.ones_like(stays), skips]
        before = tf.stack([tf.where(at, _moved(sizes, i, never), never) for i, at in enumerate(allowed)])
        reached = tf.reduce_logsumexp(before, 0)
        new = tf.add_n([tf.exp(one - reached) * _moved(sums, i, 0) for i, one in enumerate(tf.unstack(before))])
        runs = tf.cast(t, lengths.dtype) < lengths[:, None]
        sums = tf.where(runs, new * ratios[:, t], sums)
        sizes = tf.where(runs, reached + chances[:, t], sizes)
    ends = tf.range(tf.shape(symbols)[1])
    ends = (ends == 2 * count[:, None]) | (ends == 2 * count[:, None] - 1)
    ended = tf.where(ends, sizes, never)
    size = tf.reduce_logsumexp(ended, 1)
    possible = size > never / 2
    found = tf.reduce_sum(tf.exp(ended - size[:, None]) * sums, 1)
    loss = -tf.math.log(tf.where(possible, found, tf.ones_like(found))) - kept(possible, size)
    slopes = op.outputs[1]
    read = slopes.consumers() or any(t is slopes for t in getattr(op.graph, "outputs", ()))  # a function's last op
    return [loss, own.gradients(loss, logits)[0] if read else None]


def _moved(t: tf.Tensor, by: int, filled: Any) -> tf.Tensor:
    """Moves the symbols of [batch, symbols] up."""
    return tf.pad(t, [[0, 0], [by, 0]], constant_values=filled)[:, : tf.shape(t)[1]]


def _collapsed(words: tf.Tensor) -> tf.Tensor:
    """Removes labels that repeat the previous one; later labels move up."""
    new = tf.concat([words[:, :1] >= 0, (words[:, 1:] != words[:, :-1]) & (words[:, 1:] >= 0)], 1)
    order = tf.argsort(tf.cast(tf.logical_not(new), tf.int32), axis=1, stable=True)
    return tf.gather(tf.where(new, words, -1), order, batch_dims=1)


# the fused LSTM


def _block_lstm(op: Any, *inputs: tf.Tensor) -> list[tf.Tensor]:
    longest, x, c, h, w, wci, wcf, wco, b = inputs
    peep, clip = op.get_attr("use_peephole"), op.get_attr("cell_clip")
    old = op.type == "BlockLSTM"
    rows = []
    for t, x_t in enumerate(tf.unstack(x, _steps(op, x))):
        gates = tf.split(tf.matmul(tf.concat([x_t, h], 1), w) + b, 4, axis=1)
        i, new, f, o = gates if old else (gates[0], gates[2], gates[1], gates[3])
        f = f + op.get_attr("forget_bias") if old else f
        i, f = tf.sigmoid(i + c * wci if peep else i), tf.sigmoid(f + c * wcf if peep else f)
        new = tf.tanh(new)
        c = new * i + c * f
        if clip > 0:
            c = tf.where(c > clip, clip * tf.ones_like(c), tf.where(c < -clip, -clip * tf.ones_like(c), c))
        o = tf.sigmoid(o + c * wco if peep else o)
        out = tf.tanh(c)
        h = o * out
        rows.append([tf.where(t < longest, v, tf.zeros_like(v)) for v in (i, c, f, o, new, out, h)])
    return [tf.stack(column) for column in zip(*rows, strict=True)]


RULES: dict[str, Rule | Apply] = {
    **each("Conv Conv2D Conv3D DepthwiseConv2dNative", bilinear(0, 1)),
    **each(
        "Conv2DBackpropInput Conv3DBackpropInputV2 DepthwiseConv2dNativeBackpropInput",
        bilinear(1, 2),
    ),
    **each(
        "Conv2DBackpropFilter Conv3DBackpropFilterV2 DepthwiseConv2dNativeBackpropFilter",
        bilinear(0, 2),
    ),
    "LRN": expanded(_local_response),
    **each("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3", expanded(_batch_norm)),
    **each("FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3", expanded(_batch_norm_grad)),
    "L2Loss": expanded(lambda op, x: tf.reduce_sum(x * x) / 2),
    "SoftmaxCrossEntropyWithLogits": expanded(_cross_entropy),
    "SparseSoftmaxCrossEntropyWithLogits": expanded(_sparse_cross_entropy),
    "CTCLoss": expanded(_ctc_loss),
    **each("BlockLSTM BlockLSTMV2", expanded(_block_lstm)),
}
