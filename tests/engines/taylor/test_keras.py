"""Every layer that Keras 3 offers and that takes floats, in inference, and those of tf_keras that go other ways.

f(t) = layer(curve(t)), to order 3, against interpolation of f's plain values: see `engines/tape/test_ops.py`.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from support.interpolation import ORDER, POINT, TOLERANCE, curve, interpolated

import nthgrad as ng

L, K = keras.layers, tf_keras.layers
SMOOTH = {"kernel_initializer": "glorot_uniform", "bias_initializer": "glorot_uniform"}

VECTOR, STEPS, LINE = (2, 3), (2, 4, 3), (1, 6, 2)  # rows, sequences of rows, and signals
IMAGE, VOLUME = (1, 4, 4, 2), (1, 3, 3, 3, 2)
FRAMES = {1: (1, 3, 4, 2), 2: (1, 3, 3, 3, 2), 3: (1, 2, 2, 2, 2, 2)}  # a few images of one to three axes each


# For layers that TensorFlow has in float32 only: the plain values have 7 digits, their third differences two or three.
SINGLE = (1e-6, 1e-5, 2e-4, 1e-2)


@dataclass(frozen=True)
class Case:
    """A layer on curves of these shapes; options are handed on when it is called."""

    make: Callable[[], Any]
    shapes: Sequence[Any] = (VECTOR,)
    call: Callable[..., Any] = lambda layer, *inputs: layer(*inputs)
    apart: bool = False  # elements that keep their order near the point
    dtype: str = "float64"


def one(make: Callable[[], Any], shape: Any = VECTOR, **options: Any) -> Case:
    return Case(make, (shape,), **options)


def listed(make: Callable[[], Any], *shapes: Any, **options: Any) -> Case:
    return Case(make, shapes, lambda layer, *inputs: layer(list(inputs)), **options)


def masked(layer: Any, x: tf.Tensor) -> Any:
    return layer(x, mask=tf.constant([[True, True, False, True], [True, False, False, False]]))


def tripled(layer: Any, x: tf.Tensor) -> Any:
    return layer(x, x, x)


def states(n: int) -> Callable[..., Any]:
    return lambda layer, x, *rest: layer(x, list(rest) if n > 1 else rest[0])[0]


def calibrated(layer: Any) -> Callable[[], Any]:
    """A normalisation with averages and variances that are not 0 and 1."""

    def make() -> Any:
        made = layer()
        made.build((None, *IMAGE[1:]))
        rng = np.random.RandomState(1)
        made.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in made.get_weights()])
        return made

    return make


class Cell(keras.layers.Layer):
    """A cell of one's own: a product of the state and the input."""

    state_size = output_size = 3

    def call(self, x: Any, states: Any) -> Any:
        h = states[0] * keras.ops.tanh(x) + x
        return h, [h]


KERAS = {
    # dense and embedding
    "Dense": one(lambda: L.Dense(4, "tanh")),
    "EinsumDense": one(lambda: L.EinsumDense("abc,cd->abd", (None, 2), bias_axes="d"), STEPS),
    "ReversibleEmbedding": one(lambda: L.ReversibleEmbedding(5, 3), call=lambda layer, x: layer(x, reverse=True)),
    "Identity": one(lambda: L.Identity()),
    "Lambda": one(lambda: L.Lambda(lambda x: x * keras.ops.exp(x))),
    "Masking": one(lambda: L.Masking(), STEPS),
    # activations
    "Activation": one(lambda: L.Activation("gelu")),
    "ELU": one(lambda: L.ELU(0.7)),
    "LeakyReLU": one(lambda: L.LeakyReLU()),
    "PReLU": one(lambda: L.PReLU("glorot_uniform")),
    "ReLU": one(lambda: L.ReLU(0.9, 0.1, 0.05)),
    "Softmax": one(lambda: L.Softmax()),
    # convolutions
    **{
        f"Conv{n}D": one(lambda n=n: getattr(L, f"Conv{n}D")(3, 2, padding="same", activation="tanh"), shape)
        for n, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))
    },
    **{
        f"Conv{n}DTranspose": one(lambda n=n: getattr(L, f"Conv{n}DTranspose")(2, 2, strides=2), shape)
        for n, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))
    },
    "DepthwiseConv1D": one(lambda: L.DepthwiseConv1D(2, activation="sigmoid"), LINE),
    "DepthwiseConv2D": one(lambda: L.DepthwiseConv2D(2, activation="sigmoid"), IMAGE),
    "SeparableConv1D": one(lambda: L.SeparableConv1D(3, 2, activation="softplus"), LINE),
    "SeparableConv2D": one(lambda: L.SeparableConv2D(3, 2, activation="softplus"), IMAGE),
    # pooling
    **{
        f"{kind}Pooling{n}D": one(
            lambda kind=kind, n=n: getattr(L, f"{kind}Pooling{n}D")(2), shape, dtype=dtype, apart="Max" in kind
        )
        for kind in ("Average", "Max", "AdaptiveAverage", "AdaptiveMax")
        for n, shape, dtype in ((1, LINE, "float64"), (2, IMAGE, "float64"), (3, VOLUME, "float32"))
        if hasattr(L, f"{kind}Pooling{n}D")  # an older Keras has none that adapt
    },
    **{
        f"Global{kind}Pooling{n}D": one(lambda kind=kind, n=n: getattr(L, f"Global{kind}Pooling{n}D")(), shape)
        for kind in ("Average", "Max")
        for n, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))
    },
    # normalisations
    "BatchNormalization": one(calibrated(L.BatchNormalization), IMAGE),
    "GroupNormalization": one(lambda: L.GroupNormalization(2), IMAGE),
    "LayerNormalization": one(lambda: L.LayerNormalization(epsilon=0.1), STEPS),
    "RMSNormalization": one(lambda: L.RMSNormalization(), STEPS),
    "SpectralNormalization": one(lambda: L.SpectralNormalization(L.Dense(4, "tanh", dtype="float64"))),
    "UnitNormalization": one(lambda: L.UnitNormalization(), STEPS),
    "Normalization": one(lambda: L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])),
    # recurrent
    "SimpleRNN": one(lambda: L.SimpleRNN(3, return_sequences=True), STEPS),
    "GRU": one(lambda: L.GRU(3), STEPS),
    "LSTM": one(lambda: L.LSTM(3, go_backwards=True, return_state=True), STEPS),
    "RNN": one(lambda: L.RNN(Cell()), STEPS),
    "StackedRNNCells": one(lambda: L.RNN(L.StackedRNNCells([L.SimpleRNNCell(3), L.LSTMCell(2)])), STEPS),
    "SimpleRNNCell": Case(lambda: L.SimpleRNNCell(3), (VECTOR, VECTOR), states(1)),
    "GRUCell": Case(lambda: L.GRUCell(3), (VECTOR, VECTOR), states(1)),
    "LSTMCell": Case(lambda: L.LSTMCell(3), (VECTOR, VECTOR, VECTOR), states(2)),
    "Bidirectional": one(lambda: L.Bidirectional(L.SimpleRNN(2, return_sequences=True)), STEPS),
    "TimeDistributed": one(lambda: L.TimeDistributed(L.Dense(2, "tanh")), STEPS),
    **{f"ConvLSTM{n}D": one(lambda n=n: getattr(L, f"ConvLSTM{n}D")(2, 2), FRAMES[n]) for n in (1, 2, 3)},
    # attention
    "Attention": listed(lambda: L.Attention(use_scale=True), STEPS, STEPS),
    "AdditiveAttention": listed(lambda: L.AdditiveAttention(), STEPS, STEPS),
    "MultiHeadAttention": one(
        lambda: L.MultiHeadAttention(2, 2), STEPS, call=lambda layer, x: layer(x, x, use_causal_mask=True)
    ),
    "GroupQueryAttention": one(lambda: L.GroupQueryAttention(2, 4, 2), STEPS, call=tripled),
    # several inputs
    **{
        name: listed(getattr(L, name), VECTOR, VECTOR, VECTOR)
        for name in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply")
    },
    "Subtract": listed(lambda: L.Subtract(), VECTOR, VECTOR),
    "Dot": listed(lambda: L.Dot(2, normalize=True), STEPS, STEPS),
    # shapes
    "Flatten": one(lambda: L.Flatten(), IMAGE),
    "Permute": one(lambda: L.Permute((2, 1)), STEPS),
    "RepeatVector": one(lambda: L.RepeatVector(2)),
    "Reshape": one(lambda: L.Reshape((4, 8)), IMAGE),
    **{
        f"{kind}{n}D": one(lambda kind=kind, n=n: getattr(L, f"{kind}{n}D")(1 if kind != "UpSampling" else 2), shape)
        for kind in ("Cropping", "UpSampling", "ZeroPadding")
        for n, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))
    },
    # regularisation: nothing happens in inference
    **{
        name: one(lambda name=name: getattr(L, name)(0.5))
        for name in ("AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise")
    },
    **{
        f"SpatialDropout{n}D": one(lambda n=n: getattr(L, f"SpatialDropout{n}D")(0.5), shape)
        for n, shape in ((1, LINE), (2, IMAGE), (3, VOLUME))
    },
    "ActivityRegularization": one(lambda: L.ActivityRegularization(0.1)),
    # images and sounds
    "AutoContrast": one(lambda: L.AutoContrast(value_range=(0, 1)), IMAGE, apart=True),
    "CenterCrop": one(lambda: L.CenterCrop(2, 2), IMAGE),
    "MelSpectrogram": one(
        lambda: L.MelSpectrogram(8, 4, sampling_rate=100, num_mel_bins=4, max_freq=50), (1, 16), dtype="float32"
    ),
    "Pipeline": one(lambda: L.Pipeline([L.Rescaling(2.0), L.CenterCrop(2, 2)]), IMAGE),
    "Rescaling": one(lambda: L.Rescaling(2.0, 0.5), IMAGE),
    "Resizing": one(lambda: L.Resizing(3, 5), IMAGE, dtype="float32"),
    "Solarization": one(lambda: L.Solarization(0.1), IMAGE, call=lambda layer, x: layer(x, training=False)),
    "STFTSpectrogram": one(lambda: L.STFTSpectrogram("log", 8, 4, 8, padding="same"), (1, 16, 1)),
}

WHOLE = "takes whole numbers or text"
RANDOM = "random, and does nothing in inference"
ABSTRACT = "has nothing to compute"
ELSEWHERE = "runs what another library or a file holds"
EXCLUDED = {
    **dict.fromkeys(
        ["CategoryEncoding", "Discretization", "Embedding", "HashedCrossing", "Hashing", "IntegerLookup"], WHOLE
    ),
    **dict.fromkeys(["MaxNumBoundingBoxes", "StringLookup", "TextVectorization"], WHOLE),
    **dict.fromkeys(["ContrastLimitedAdaptiveHistogramEqualization", "Equalization"], "looks up by whole numbers"),
    **dict.fromkeys(["AugMix", "CutMix", "MixUp", "RandAugment"], RANDOM),
    **{name: RANDOM for name in dir(keras.layers) if name.startswith("Random")},
    **dict.fromkeys(["InputLayer", "Layer", "Wrapper"], ABSTRACT),
    **dict.fromkeys(["FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"], ELSEWHERE),
}

# Other ways through the same layers, and those of Keras 2.
WAYS = {
    "GRU, masked": one(lambda: L.GRU(3, return_sequences=True), STEPS, call=masked),
    "SimpleRNN, unrolled": one(lambda: L.SimpleRNN(3, unroll=True), STEPS),
    "UpSampling2D, bilinear": one(lambda: L.UpSampling2D(2, interpolation="bilinear"), IMAGE, dtype="float32"),
    "keras 2 Dense": one(lambda: K.Dense(4, "tanh")),
    "keras 2 Conv2D": one(lambda: K.Conv2D(3, 2, activation="tanh"), IMAGE),
    "keras 2 BatchNormalization": one(calibrated(lambda: K.BatchNormalization(dtype="float64")), IMAGE),
    "keras 2 LayerNormalization": one(lambda: K.LayerNormalization(epsilon=0.1), STEPS),
    "keras 2 SimpleRNN": one(lambda: K.SimpleRNN(3), STEPS),
    "keras 2 GRU, masked": one(lambda: K.GRU(3, return_sequences=True), STEPS, call=masked),
    "keras 2 LSTM": one(lambda: K.LSTM(3), STEPS),
    "keras 2 Bidirectional": one(lambda: K.Bidirectional(K.SimpleRNN(2)), STEPS),
    "keras 2 ConvLSTM2D": one(lambda: K.ConvLSTM2D(2, 2), FRAMES[2]),
    "keras 2 TimeDistributed": one(lambda: K.TimeDistributed(K.Dense(2, "tanh")), STEPS),
    "keras 2 Attention": listed(lambda: K.Attention(), STEPS, STEPS),
    "keras 2 AdditiveAttention": listed(lambda: K.AdditiveAttention(), STEPS, STEPS),
    "keras 2 MultiHeadAttention": one(lambda: K.MultiHeadAttention(2, 2), STEPS, call=lambda layer, x: layer(x, x)),
    "keras 2 LocallyConnected1D": one(lambda: K.LocallyConnected1D(2, 2), LINE),
    "keras 2 ThresholdedReLU": one(lambda: K.ThresholdedReLU(0.2)),
}


def spread(at: Callable[..., Any], shape: tuple[int, ...]) -> Callable[..., Any]:
    places = np.random.RandomState(13).permutation(np.prod(shape)) / np.prod(shape)
    return lambda t: at(t) / 100 + np.reshape(places, shape)


def floatx(dtype: str) -> None:
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    tf_keras.backend.set_floatx(dtype)


@pytest.fixture(autouse=True)
def _restored():
    yield
    floatx("float32")


@pytest.mark.parametrize("name", [*KERAS, *WAYS])
def test_layer(name):
    case = KERAS.get(name) or WAYS[name]
    floatx(case.dtype)
    keras.utils.set_random_seed(7)
    curves = [curve(*shape, seed=20 + i) for i, shape in enumerate(case.shapes)]
    if case.apart:
        curves = [spread(at, shape) for at, shape in zip(curves, case.shapes, strict=True)]
    layer = case.make()
    rng = np.random.RandomState(3)

    @tf.autograph.experimental.do_not_convert
    def f(t):
        outputs = case.call(layer, *(tf.cast(at(t), case.dtype) for at in curves))
        y = tf.cast(tf.concat([tf.reshape(y, [-1]) for y in tf.nest.flatten(outputs)], 0), tf.float64)
        return tf.reduce_sum(y * tf.cos(tf.cast(tf.range(tf.size(y)), y.dtype)))  # no two elements count alike

    f(tf.constant(POINT, tf.float64))
    if not name.endswith("BatchNormalization"):
        layer.set_weights([w if w.dtype.kind != "f" else rng.uniform(-0.8, 0.8, w.shape) for w in layer.get_weights()])
    radius = 0.05 if case.dtype == "float64" else 0.2  # wider, so that roundings count for less
    # These are large; and the loops of the convolutions of one and three axes are those of two.
    large = any(kind in name for kind in ("RNN", "LSTM", "GRU", "Bidirectional"))
    order = 1 if name in ("ConvLSTM1D", "ConvLSTM3D") else 2 if large else ORDER
    want = np.ravel(interpolated(tf.function(f), order, radius))  # traced once, and not run op by op at 15 points
    got = np.array([float(y) for y in ng.derivatives(f, order, method="taylor")(tf.constant(POINT, tf.float64))])
    allowed = np.array(TOLERANCE if case.dtype == "float64" else SINGLE)[: order + 1] * np.maximum.accumulate(
        np.abs(want)
    )
    assert (np.abs(got - want) <= allowed).all(), f"{got} instead of {want}"


def test_every_layer_is_in_the_table_or_left_out_for_a_reason():
    there = {}
    for name, layer in vars(keras.layers).items():
        if inspect.isclass(layer) and issubclass(layer, keras.layers.Layer):
            there.setdefault(layer, []).append(name)
    names = {name for aliases in there.values() for name in aliases}
    known = {*KERAS, *EXCLUDED}
    assert not [aliases for aliases in there.values() if not known & set(aliases)]
    assert not set(KERAS) - names  # an older Keras lacks some of those that are left out
    assert not set(KERAS) & set(EXCLUDED)
