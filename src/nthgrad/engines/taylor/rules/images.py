"""Images: resizing, cropping, warping, colors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nthgrad.engines.taylor.families import bilinear, each, expanded, linear, linear_in, piecewise
from nthgrad.engines.taylor.rules.selection import Map, attributes
from nthgrad.engines.taylor.series import value
from nthgrad.engines.taylor.step import Apply, Input, Rule, Step


def _crop_and_resize(op: Any, image: tf.Tensor, boxes: tf.Tensor, which: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Written as a formula, so that the boxes may vary; near the values each point stays between the same pixels."""
    image = tf.cast(image, tf.float32)
    height, width = tf.shape(image)[1], tf.shape(image)[2]
    y, rows = _positions(boxes[:, 0], boxes[:, 2], height, size[0])
    x, columns = _positions(boxes[:, 1], boxes[:, 3], width, size[1])
    pixels = tf.reshape(image, [-1, tf.shape(image)[3]])

    def at(i: tf.Tensor, j: tf.Tensor) -> tf.Tensor:
        i, j = (tf.cast(t, tf.int32) for t in (i, j))
        i, j = tf.clip_by_value(i, 0, height - 1), tf.clip_by_value(j, 0, width - 1)
        return tf.gather(pixels, (which[:, None, None] * height + i[:, :, None]) * width + j[:, None, :])

    if op.get_attr("method") == b"nearest":
        resized = at(tf.floor(y + 0.5), tf.floor(x + 0.5))
    else:
        top, left = tf.stop_gradient(tf.floor(y)), tf.stop_gradient(tf.floor(x))
        bottom, right = tf.stop_gradient(tf.math.ceil(y)), tf.stop_gradient(tf.math.ceil(x))
        down, across = (y - top)[:, :, None, None], (x - left)[:, None, :, None]
        upper = at(top, left) + (at(top, right) - at(top, left)) * across
        lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across
        resized = upper + (lower - upper) * down
    inside = tf.expand_dims(rows[:, :, None] & columns[:, None, :], -1)
    return tf.where(inside, resized, op.get_attr("extrapolation_value"))


def _positions(low: tf.Tensor, high: tf.Tensor, length: tf.Tensor, n: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the positions of the points of boxes, in pixels, and whether they are within the image."""
    last = tf.cast(length - 1, tf.float32)
    share = tf.cast(tf.range(n), tf.float32) / tf.cast(tf.maximum(n - 1, 1), tf.float32)
    share = tf.where(n > 1, share, 0.5)
    at = (low[:, None] + (high - low)[:, None] * share) * last
    return at, (at >= 0) & (at <= last)


def _glimpse(step: Step) -> Sequence[Input]:
    """A glimpse of pixel indices finds the pixels; outside the image there is noise, which does not vary."""
    size, offsets = (value(x) for x in step.inputs[1:])

    def made(op: Any, image: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        n, height, width, channels = tf.unstack(tf.shape(image))
        numbers = tf.reshape(tf.cast(tf.range(height * width) + 1, image.dtype), [1, height, width, 1])
        options = attributes(op, "centered", "normalized") | {"uniform_noise": False, "noise": "zero"}
        seen = getattr(tf.raw_ops, op.type)(input=tf.tile(numbers, [n, 1, 1, 1]), size=size, offsets=offsets, **options)
        place = tf.cast(tf.squeeze(seen, -1), tf.int32)
        pixels = tf.pad(tf.reshape(image, [n, height * width, channels]), [[0, 0], [1, 0], [0, 0]])
        return tf.where(tf.expand_dims(place > 0, -1), tf.gather(pixels, place, batch_dims=1), step.values[0])

    return expanded(made, afresh=True)(step)


def _boxes_drawn(op: Any, image: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
    kept, drawn = (
        tf.raw_ops.DrawBoundingBoxes(images=tf.fill(tf.shape(image), tf.cast(level, image.dtype)), boxes=boxes)
        for level in (1, 0)
    )
    return image * (kept - drawn) + drawn


def _boxes_drawn_in_colors(step: Step) -> Map:
    image, boxes, colors = (value(x) for x in step.inputs)

    def drawn(c: tf.Tensor, d: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.DrawBoundingBoxesV2(images=c, boxes=boxes, colors=d)

    return lambda c, d: drawn(c, d) - drawn(tf.zeros_like(image), tf.zeros_like(colors))


def _clipped(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x < 0, tf.zeros_like(x), tf.where(x > 1, tf.ones_like(x), x))


def _to_hsv(rgb: tf.Tensor) -> tf.Tensor:
    r, g, b = tf.unstack(rgb, axis=-1)
    # the greatest and the least by selection, not by Max: any of equal elements is right here
    v = tf.where((r >= g) & (r >= b), r, tf.where(g >= b, g, b))
    least = tf.where((r <= g) & (r <= b), r, tf.where(g <= b, g, b))
    span = v - least
    safe = tf.where(span > 0, span, tf.ones_like(span)) * 6
    h = tf.where(r == v, (g - b) / safe, tf.where(g == v, (b - r) / safe + 2 / 6, (r - g) / safe + 4 / 6))
    h = tf.where(span > 0, tf.where(h < 0, h + 1, h), tf.zeros_like(h))
    s = tf.where(v > 0, span / tf.where(v > 0, v, tf.ones_like(v)), tf.zeros_like(v))
    return tf.stack([h, s, v], -1)


def _to_rgb(hsv: tf.Tensor) -> tf.Tensor:
    h, s, v = tf.unstack(hsv, axis=-1)
    parts = [_clipped(tf.abs(6 * h - 3) - 1), _clipped(2 - tf.abs(6 * h - 2)), _clipped(2 - tf.abs(6 * h - 4))]
    return tf.stack([(1 - s + s * part) * v for part in parts], -1)


def _adjusted_hue(op: Any, rgb: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    h, s, v = tf.unstack(_to_hsv(rgb), axis=-1)
    h = h + tf.cast(delta, h.dtype)
    return _to_rgb(tf.stack([h - tf.stop_gradient(tf.floor(h)), s, v], -1))


def _adjusted_saturation(op: Any, rgb: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    h, s, v = tf.unstack(_to_hsv(rgb), axis=-1)
    return _to_rgb(tf.stack([h, _clipped(s * tf.cast(scale, s.dtype)), v], -1))


def _adjusted_contrast(op: Any, images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    mean = tf.reduce_mean(images, [-3, -2], keepdims=True)
    return mean + (images - mean) * tf.cast(factor, images.dtype)


RULES: dict[str, Rule | Apply] = {
    **each(
        "ResizeArea ResizeBicubic ResizeBicubicGrad ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor "
        "ResizeNearestNeighborGrad",
        linear,
    ),
    **each("ScaleAndTranslate ScaleAndTranslateGrad", linear_in(0, refused=(2, 3))),
    "ImageProjectiveTransformV2": linear_in(0, refused=(1,)),
    "ImageProjectiveTransformV3": linear_in(0, 3, refused=(1,)),
    "CropAndResize": expanded(_crop_and_resize),
    "CropAndResizeGradImage": linear_in(0, refused=(1,)),
    "CropAndResizeGradBoxes": bilinear(0, 1),
    **each("ExtractGlimpse ExtractGlimpseV2", _glimpse),
    "DrawBoundingBoxes": expanded(_boxes_drawn, afresh=True),
    "DrawBoundingBoxesV2": piecewise(_boxes_drawn_in_colors, 0, 2),
    "RGBToHSV": expanded(lambda op, x: _to_hsv(x)),
    "HSVToRGB": expanded(lambda op, x: _to_rgb(x), afresh=True),
    "AdjustContrastv2": expanded(_adjusted_contrast),
    "AdjustHue": expanded(_adjusted_hue),
    "AdjustSaturation": expanded(_adjusted_saturation),
}
