"""Maxima over windows, which are piecewise linear, and fractional pooling, whose windows are random.

Of equal maxima the first counts, as in TensorFlow's gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.families import each, expanded, linear_in, piecewise
from nthgrad.engines.taylor.rules.selection import Map, values
from nthgrad.engines.taylor.series import value
from nthgrad.engines.taylor.step import Apply, Rule, Step


def padded(x: tf.Tensor, sizes: Sequence[int], strides: Sequence[int], padding: Any, fill: Any) -> tf.Tensor:
    """Pads rows and columns for padding "SAME", or as given; the result is pooled with "VALID"."""
    if padding == "VALID":
        return x
    if padding == "SAME":
        padding = []
        for axis in (1, 2):
            n: Any = x.shape[axis] if x.shape[axis] is not None else tf.shape(x)[axis]
            k, s = sizes[axis], strides[axis]
            needed = (-(-n // s) - 1) * s + k - n
            needed = max(needed, 0) if isinstance(needed, int) else tf.maximum(needed, 0)
            padding += [needed // 2, needed - needed // 2]
        padding = [0, 0, *padding, 0, 0]
    if all(isinstance(n, int) and n == 0 for n in padding):
        return x
    return tf.pad(x, tf.reshape(tf.stack(padding), [4, 2]), constant_values=tf.cast(fill, x.dtype))


def _max_pool(step: Step) -> Map:
    """Uses MaxPoolGradGrad, which gathers its third input where the first is greatest.

    Padding is always "VALID": the output is then smaller than the input, so the kernel cannot reuse its memory.
    """
    inputs = values(step)
    if len(inputs) == 3:
        sizes, strides = (tf.get_static_value(t).tolist() for t in inputs[1:])
    else:
        sizes, strides = step.op.get_attr("ksize"), step.op.get_attr("strides")
    padding = step.op.get_attr("padding").decode()
    first = step.op.get_attr("data_format") == b"NCHW"
    if padding == "EXPLICIT":
        padding = step.op.get_attr("explicit_paddings")

    def prepared(t: tf.Tensor, fill: Any) -> tf.Tensor:
        return padded(tf.transpose(t, [0, 2, 3, 1]) if first else t, sizes, strides, padding, fill)

    def finished(t: tf.Tensor) -> tf.Tensor:
        return tf.transpose(t, [0, 3, 1, 2]) if first else t

    if first:
        sizes, strides, padding = (_last(v) for v in (sizes, strides, padding))
    if all(k == 1 for k in sizes):
        return lambda c: finished(prepared(c, 0)[:, :: strides[1], :: strides[2]])
    x = prepared(inputs[0], inputs[0].dtype.min)
    if sizes[3] > 1:  # over groups of channels
        return lambda c: _pool_channels(x, c, sizes[3])
    options = {"ksize": sizes, "strides": strides, "padding": "VALID"}
    y = tf.raw_ops.MaxPool(input=x, **options)
    return lambda c: finished(tf.raw_ops.MaxPoolGradGrad(orig_input=x, orig_output=y, grad=prepared(c, 0), **options))


def _last(v: Any) -> Any:
    """Moves the entries of the channels to the end."""
    return v if isinstance(v, str) else [v[0], v[2], v[3], v[1]] if len(v) == 4 else [*v[:2], *v[4:], *v[2:4]]


def _pool_channels(x: tf.Tensor, c: tf.Tensor, size: int) -> tf.Tensor:
    groups = tf.concat([tf.shape(x)[:-1], [tf.shape(x)[-1] // size, size]], 0)
    place = tf.argmax(tf.reshape(x, groups), -1)
    return tf.squeeze(tf.gather(tf.reshape(c, groups), tf.expand_dims(place, -1), batch_dims=4), -1)


def _max_pool_3d(op: Any, x: tf.Tensor) -> tf.Tensor:
    """Pools over rows and columns, then over depth."""
    sizes, strides, padding = op.get_attr("ksize"), op.get_attr("strides"), op.get_attr("padding").decode()
    first = op.get_attr("data_format") == b"NCDHW"
    if first:
        x = tf.transpose(x, [0, 2, 3, 4, 1])
        sizes, strides = ([v[0], *v[2:], v[1]] for v in (sizes, strides))
    n, d, h, w, c = tf.unstack(tf.shape(x))
    y = tf.reshape(x, [n * d, h, w, c])
    y = tf.nn.max_pool2d(y, sizes[2:4], strides[2:4], padding)
    h, w = tf.shape(y)[1], tf.shape(y)[2]
    y = tf.nn.max_pool2d(tf.reshape(y, [n, d, h * w, c]), [sizes[1], 1], [strides[1], 1], padding)
    y = tf.reshape(y, [n, tf.shape(y)[1], h, w, c])
    return tf.transpose(y, [0, 4, 1, 2, 3]) if first else y


def _max_pool_with_argmax(step: Step) -> Map:
    place = step.values[1]
    if step.op.get_attr("include_batch_in_index"):
        return lambda c: tf.gather(tf.reshape(c, [-1]), place)
    return lambda c: tf.gather(tf.reshape(c, [tf.shape(c)[0], -1]), place, batch_dims=1)


def _windows(step: Step) -> list[tf.Tensor]:
    """Returns masks of the rows, and of the columns, in each window of a fractional pooling."""
    found = []
    for edges, axis in zip(step.values[1:3], (1, 2), strict=True):
        n = tf.shape(value(step.inputs[0]), tf.int64)[axis]
        edges = tf.raw_ops.PlaceholderWithDefault(
            input=edges, shape=[None]
        )  # TensorFlow infers a length that is one too small
        start, end = edges[:-1, None], edges[1:, None] + int(step.op.get_attr("overlapping"))
        found.append((tf.range(n) >= start) & (tf.range(n) < end))
    return found


def _fractional_avg_pool(step: Step) -> Map:
    rows, columns = (tf.cast(m, step.values[0].dtype) for m in _windows(step))
    rows, columns = (m / tf.reduce_sum(m, 1, keepdims=True) for m in (rows, columns))
    return lambda c: tf.einsum("ih,jw,nhwc->nijc", rows, columns, c)


def _fractional_max_pool(step: Step) -> Map:
    x = value(step.inputs[0])
    rows, columns = _windows(step)

    def places(x: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:  # along axis 1 of [n, h, ...]: [n, i, ...]
        inside = tf.reshape(inside, tf.concat([tf.shape(inside), tf.ones([tf.rank(x) - 2], tf.int32)], 0))
        return tf.argmax(tf.where(inside, x[:, None], x.dtype.min), 2)

    def pick(t: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        t, place = (tf.transpose(v, [0, 2, 3, 1]) for v in (t, place))
        return tf.transpose(tf.gather(t, place, batch_dims=3), [0, 3, 1, 2])

    down = places(x, rows)
    z = pick(x, down)
    across = places(tf.transpose(z, [0, 2, 1, 3]), columns)

    def apply(c: tf.Tensor) -> tf.Tensor:
        return tf.transpose(pick(tf.transpose(pick(c, down), [0, 2, 1, 3]), across), [0, 2, 1, 3])

    return apply


def _dilation(op: Any, x: Any, kernel: Any) -> tf.Tensor:
    strides, rates, padding = op.get_attr("strides"), op.get_attr("rates"), op.get_attr("padding").decode()
    h, w, channels = kernel.shape
    reach = [1, (h - 1) * rates[1] + 1, (w - 1) * rates[2] + 1, 1]
    x = padded(x, reach, strides, padding, x.dtype.min / 2)
    patches = tf.image.extract_patches(x, [1, h, w, 1], strides, rates, "VALID")
    patches = tf.reshape(patches, tf.concat([tf.shape(patches)[:3], [h * w, channels]], 0))
    return tf.reduce_max(patches + tf.reshape(kernel, [h * w, channels]), 3)


RULES: dict[str, Rule | Apply] = {
    **each("MaxPool MaxPoolV2", piecewise(_max_pool, 0)),
    "MaxPool3D": expanded(_max_pool_3d),
    "MaxPoolWithArgmax": piecewise(_max_pool_with_argmax, 0),
    **each(
        "MaxPoolGrad MaxPoolGradV2 MaxPoolGradGrad MaxPoolGradGradV2 MaxPool3DGrad MaxPool3DGradGrad "
        "FractionalMaxPoolGrad",
        linear_in(2),
    ),
    **each("MaxPoolGradWithArgmax FractionalAvgPoolGrad", linear_in(1)),
    "FractionalMaxPool": piecewise(_fractional_max_pool, 0),
    "FractionalAvgPool": piecewise(_fractional_avg_pool, 0),
    "Dilation2D": expanded(_dilation),
    **each("Dilation2DBackpropInput Dilation2DBackpropFilter", linear_in(2)),
}
