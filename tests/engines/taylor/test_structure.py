"""Structure, selection, neural-network, image and sparse ops, each on quadratic curves through all its float inputs.

The oracle is the interpolation of the op's plain values, run eagerly, at Chebyshev nodes: it differentiates nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from support import interpolation, structure_cases
from support.interpolation import POINT, through
from support.structure_cases import CASES, ELSEWHERE, GRID, ORDER, R, combined, curve, image, on

import nthgrad as ng
from nthgrad.engines.graph import trace
from nthgrad.engines.taylor.rules import (
    draws,
    images,
    nn,
    pooling,
    quantization,
    segments,
    selection,
    sparse,
    structure,
)
from nthgrad.errors import UnsupportedOpError


def plain(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return tf.autograph.experimental.do_not_convert(lambda x: combined(f(x)))


@pytest.mark.parametrize("name", CASES)
def test_op(name):
    case, met = CASES[name], set()

    @tf.autograph.experimental.do_not_convert
    def f(x):
        y = plain(case.f)(x)
        met.update(op.type for op in trace.between([x], [y], stop=frozenset()))
        return y

    values = plain(case.f)
    if name == "AccumulateNV2":  # which has no kernel: TensorFlow replaces it in graphs
        values = tf.function(values)
    grid = {"radius": case.radius, "nodes": case.degree + 6, "degree": case.degree}
    want = interpolation.interpolated(values, ORDER, **grid, dtype=case.dtype.as_numpy_dtype)
    got = ng.derivatives(f, ORDER, method="taylor")(tf.constant(POINT, case.dtype))
    assert name.split()[0] in met, f"{met} has no {name}"
    scale = 0.1
    for k, (y, exact, tolerance) in enumerate(zip(got, want, case.tolerance, strict=True)):
        scale = max(scale, np.abs(exact).max())
        np.testing.assert_allclose(y, exact, rtol=0, atol=tolerance * scale, err_msg=f"order {k}")


FILES = (structure, segments, selection, pooling, quantization, draws, nn, images, sparse)
SPECIAL = np.array([-9.0, -0.5, 0.3, 9.0])  # below, within and above the range of a quantization


def ramp(x: Any) -> Any:
    """Through `SPECIAL` with slope 2 and curvature 6."""
    d = x - POINT
    return tf.cast(SPECIAL, x.dtype) + 2 * d + 3 * d**2


def derivatives(f: Callable[[Any], Any], dtype: Any = tf.float64) -> list[np.ndarray]:
    return [y.numpy() for y in ng.derivatives(plain(f), 2, method="taylor")(tf.constant(POINT, dtype))]


def end(x: Any, value: float, slope: float) -> Any:
    return tf.cast(value, x.dtype) + slope * (x - POINT)


INSIDE, BELOW, ABOVE = np.array([0, 1, 1, 0]), np.array([1, 0, 0, 0]), np.array([0, 0, 0, 1])
# The derivatives of order 1 and 2: those of the input where it is within the range, and those of an end beyond it.
CONVENTIONS = {
    "FakeQuantWithMinMaxArgs": (on("FakeQuantWithMinMaxArgs", ramp, min=-1, max=2), 2 * INSIDE, 6 * INSIDE),
    "FakeQuantWithMinMaxVars": (
        lambda x: R.FakeQuantWithMinMaxVars(inputs=ramp(x), min=end(x, -1, 5), max=end(x, 2, 7)),
        2 * INSIDE + 5 * BELOW + 7 * ABOVE,
        6 * INSIDE,
    ),
    "FakeQuantWithMinMaxVarsPerChannel": (
        lambda x: R.FakeQuantWithMinMaxVarsPerChannel(inputs=ramp(x), min=end(x, -1, 5) * np.ones(4), max=end(x, 2, 7) * np.ones(4)),
        2 * INSIDE + 5 * BELOW + 7 * ABOVE,
        6 * INSIDE,
    ),
    **{
        f"{kind}Gradient": (
            lambda x, kind=kind, ends=ends: getattr(R, f"{kind}Gradient")(
                gradients=ramp(x), inputs=tf.cast(SPECIAL, x.dtype), **ends
            )[: None if "Args" in kind else 1],
            2 * INSIDE,
            6 * INSIDE,
        )
        for kind, ends in (
            ("FakeQuantWithMinMaxArgs", {"min": -1.0, "max": 2.0}),
            ("FakeQuantWithMinMaxVars", {"min": -1.0, "max": 2.0}),
            ("FakeQuantWithMinMaxVarsPerChannel", {"min": [-1.0] * 4, "max": [2.0] * 4}),
        )
    },
    "QuantizeAndDequantizeV2": (on("QuantizeAndDequantizeV2", ramp, -1.0, 2.0, range_given=True), 2 + 0 * INSIDE, 6 + 0 * INSIDE),
    "QuantizeAndDequantizeV3": (on("QuantizeAndDequantizeV3", ramp, -1.0, 2.0, 8), 2 + 0 * INSIDE, 6 + 0 * INSIDE),
    "QuantizeAndDequantizeV4": (on("QuantizeAndDequantizeV4", ramp, -1.0, 2.0, range_given=True), 2 * INSIDE, 6 * INSIDE),
    "QuantizeAndDequantizeV4Grad": (
        lambda x: R.QuantizeAndDequantizeV4Grad(gradients=ramp(x), input=tf.cast(SPECIAL, x.dtype), input_min=-1.0, input_max=2.0)[0],
        2 * INSIDE,
        6 * INSIDE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVENTIONS)
def test_rounding_counts_as_the_identity(name):
    f, first, second = CONVENTIONS[name]
    _, *got = derivatives(f, tf.float32)
    np.testing.assert_array_equal(got, [first, second])


@pytest.mark.parametrize("name", ["FakeQuantWithMinMaxVars", "QuantizeAndDequantizeV4"])
def test_the_first_derivative_of_a_quantisation_is_that_of_tensorflow(name):
    f = plain(CONVENTIONS[name][0])
    x = tf.constant(POINT)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(f(x) * np.float32([1, 2, 3, 4]))
    np.testing.assert_allclose(tape.gradient(y, x), np.dot(derivatives(f, tf.float32)[1], [1, 2, 3, 4]), rtol=1e-6)


def test_random_shuffle_keeps_each_element_with_its_derivatives():
    y, dy, ddy = derivatives(lambda x: R.RandomShuffle(value=ramp(x) ** 3))
    root = np.cbrt(y)
    np.testing.assert_allclose(sorted(root), SPECIAL, rtol=1e-12)
    np.testing.assert_allclose(dy, 6 * root**2, rtol=1e-12)
    np.testing.assert_allclose(ddy, 24 * root + 18 * root**2, rtol=1e-12)


def truncated(x):
    d = x - POINT
    parameters = [0.2 + d + d * d, 1.3 - d + 2 * d * d, -0.7 + 2 * d, 1.4 + d - d * d]
    return [tf.reshape(p, [1]) for p in parameters] if isinstance(x, tf.Tensor) else parameters


def truncated_normal(x):
    means, deviations, low, high = truncated(x)
    return R.StatelessParameterizedTruncatedNormal(
        shape=[3, 1], seed=[1, 2], means=means, stddevs=deviations, minvals=low, maxvals=high
    )


def exact_truncated_normal(order):
    """What was drawn, and its derivatives where its quantile stays the same."""

    def cdf(z):
        return (1 + mp.erf(z / mp.sqrt(2))) / 2

    def moved(y):
        mean, deviation, low, high = (mp.mpf(p) for p in truncated(POINT))
        a, b = cdf((low - mean) / deviation), cdf((high - mean) / deviation)
        u = (cdf((y - mean) / deviation) - a) / (b - a)

        def at(t):
            mean, deviation, low, high = truncated(t)
            a, b = cdf((low - mean) / deviation), cdf((high - mean) / deviation)
            return mean + deviation * mp.sqrt(2) * mp.erfinv(2 * (a + u * (b - a)) - 1)

        return [float(math.factorial(k) * c) for k, c in enumerate(mp.taylor(at, POINT, order))]

    with mp.workdps(40):
        return np.transpose([moved(float(y)) for y in np.ravel(truncated_normal(tf.constant(POINT, tf.float64)))])


def test_a_truncated_normal_draw_keeps_its_quantile():
    got = ng.derivatives(truncated_normal, 3, method="taylor")(tf.constant(POINT, tf.float64))
    for k, (y, want) in enumerate(zip(got, exact_truncated_normal(3), strict=True)):
        np.testing.assert_allclose(np.ravel(y), want, rtol=1e-9, err_msg=f"order {k}")


def test_a_normal_draw_with_one_bound_moves_with_its_parameters():
    def f(x):
        mean, deviation = tf.reshape(x * x, [1]), tf.reshape(1 + x**3, [1])
        options = {"shape": [3, 1], "seed": [1, 2], "minvals": tf.constant([-np.inf], x.dtype)}
        return R.StatelessParameterizedTruncatedNormal(
            means=mean, stddevs=deviation, maxvals=mean + deviation, **options
        )

    y, dy, ddy = derivatives(f)
    z = (y - POINT**2) / (1 + POINT**3)
    np.testing.assert_allclose([dy, ddy], [2 * POINT + 3 * POINT**2 * z, 2 + 6 * POINT * z], rtol=1e-9)


def test_composite_tensors_as_variants():
    def f(x):
        variant = R.CompositeTensorVariantFromComponents(components=[ramp(x), np.array([0, 1, 4])], metadata="")
        parts = R.CompositeTensorVariantToComponents(encoded=variant, metadata="", Tcomponents=[x.dtype, tf.int64])
        return parts[0] * tf.cast(parts[1][2], x.dtype)

    np.testing.assert_allclose(derivatives(f)[1:], [[8] * 4, [24] * 4], rtol=1e-12)


def test_a_glimpse_beyond_the_image_is_noise_without_a_derivative():
    f = on("ExtractGlimpseV2", lambda x: tf.reshape(ramp(x), [1, 2, 2, 1]), [4, 4], np.float32([[0.0, 0.0]]))
    _, dy, ddy = derivatives(f, tf.float32)
    assert sorted(dy) == [0] * 12 + [2] * 4
    assert sorted(ddy) == [0] * 12 + [6] * 4


BOXES = through(np.float32([[0.1, 0.2, 0.83, 0.72]]), 0.02, 0.03)
REFUSED = {
    "ScaleAndTranslate": on("ScaleAndTranslate", image, [3, 5], curve(2, low=0.5, high=1), np.float32([0.1, -0.3])),
    "ImageProjectiveTransformV3": on("ImageProjectiveTransformV3", image, curve(1, 8), [3, 3], 0.0, interpolation="BILINEAR"),
    "CropAndResizeGradImage": on("CropAndResizeGradImage", curve(1, 3, 2, 2), BOXES, [0], [1, 4, 4, 2], T=tf.float32),
    "QuantizeAndDequantizeV4": on("QuantizeAndDequantizeV4", ramp, lambda x: end(x, -1, 5), 2.0, range_given=True),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_an_input_that_the_output_varies_with(name):
    with pytest.raises(
        UnsupportedOpError,
        match=rf"^{name} \(named '.*', made at {structure_cases.__file__}:\d+\) has no derivative by its input \d",
    ):
        derivatives(REFUSED[name], tf.float32)


def test_every_rule_has_a_case():
    rules = {kind for file in FILES for kind in file.RULES if not kind.startswith(("TensorList", "Optional"))}
    elsewhere = set(ELSEWHERE.split())
    assert {name.split()[0] for name in CASES} | elsewhere == rules
    assert not {name.split()[0] for name in CASES} & elsewhere


# Each is linear (in pieces) in w. TensorFlow has no gradient of most, so an outer tape has to see what they are made of.
BY_WEIGHT: dict[str, Callable[[Any, Any], Any]] = {
    "DrawBoundingBoxes": lambda x, w: R.DrawBoundingBoxes(
        images=tf.reshape(w * ramp(x), [1, 2, 2, 1]), boxes=np.float32([[[0.0, 0.0, 0.1, 1.0]]])
    ),
    "ExtractGlimpse": lambda x, w: (
        x * R.ExtractGlimpse(input=tf.reshape(w * ramp(x), [1, 2, 2, 1]), size=[2, 1], offsets=np.float32([[0.0, 0.0]]))
    ),
    "HSVToRGB": lambda x, w: x * R.HSVToRGB(images=tf.stack([0.1 * x, 0.5 * x, w * x])),
    "FakeQuantWithMinMaxArgs": lambda x, w: R.FakeQuantWithMinMaxArgs(inputs=w * ramp(x), min=-2, max=2),
    "LinSpace": lambda x, w: x * R.LinSpace(start=w * x, stop=w * x**2, num=3),
    "MaxPool": lambda x, w: tf.nn.max_pool1d(w * tf.reshape(ramp(x), [1, 4, 1]), 2, 1, "SAME"),
    "OneHot": lambda x, w: x * tf.one_hot([1, 0], 2, w * x, x),
    "Range": lambda x, w: x * tf.range(w * x, 4.0),
    "SparseConcat": lambda x, w: (
        x
        * R.SparseConcat(
            indices=[GRID[:1], GRID[1:2]],
            values=[w * x[None], x[None] ** 2],
            shapes=[np.array([3, 3])] * 2,
            concat_dim=1,
        )[1]
    ),
}


@pytest.mark.parametrize("name", BY_WEIGHT)
def test_a_derivative_can_be_trained_through(name):
    w, x = tf.Variable(1.5), tf.constant(POINT)
    first = ng.derivative(plain(lambda x: BY_WEIGHT[name](x, w)), 1, method="taylor")
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(first(x))
    got = tape.gradient(total, w)
    w.assign(1.625)
    want = (tf.reduce_sum(first(x)) - total) / 0.125  # exact but for rounding
    assert abs(want) > 0.1
    np.testing.assert_allclose(got, want, rtol=1e-4)
