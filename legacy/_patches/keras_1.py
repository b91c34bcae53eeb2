"""Patches of layers and models that accept the arguments of Keras 1."""

from functools import partial

from nthgrad.legacy._keras_1 import arguments, layers, table
from nthgrad.legacy._patches.patch import Patch

_LAYERS = "tf_keras.src.layers"
_ENGINE = "tf_keras.src.engine"
_REASON = "programs use Keras 1's argument names, which Keras 2 accepted until 2.3"

_PLACES = [
    f"{_ENGINE}.input_layer:InputLayer",
    f"{_LAYERS}.core.dense:Dense",
    f"{_LAYERS}.core.embedding:Embedding",
    f"{_LAYERS}.activation.prelu:PReLU",
    f"{_LAYERS}.normalization.batch_normalization:BatchNormalizationBase",
    f"{_LAYERS}.regularization.dropout:Dropout",
    f"{_LAYERS}.regularization.gaussian_dropout:GaussianDropout",
    f"{_LAYERS}.regularization.gaussian_noise:GaussianNoise",
    *(f"{_LAYERS}.regularization.spatial_dropout{n}d:SpatialDropout{n}D" for n in (1, 2, 3)),
    *(f"{_LAYERS}.convolutional.conv{n}d:Conv{n}D" for n in (1, 2, 3)),
    f"{_LAYERS}.convolutional.conv2d_transpose:Conv2DTranspose",
    f"{_LAYERS}.convolutional.separable_conv2d:SeparableConv2D",
    *(f"{_LAYERS}.locally_connected.locally_connected{n}d:LocallyConnected{n}D" for n in (1, 2)),
    *(
        f"{_LAYERS}.pooling.{kind}_pooling{n}d:{kind.title()}Pooling{n}D"
        for kind in ("average", "max")
        for n in (1, 2, 3)
    ),
    *(f"{_LAYERS}.pooling.base_global_pooling{n}d:GlobalPooling{n}D" for n in (2, 3)),
    *(f"{_LAYERS}.reshaping.up_sampling{n}d:UpSampling{n}D" for n in (1, 2, 3)),
    *(f"{_LAYERS}.reshaping.zero_padding{n}d:ZeroPadding{n}D" for n in (2, 3)),
    *(f"{_LAYERS}.reshaping.cropping{n}d:Cropping{n}D" for n in (2, 3)),
    f"{_LAYERS}.rnn.simple_rnn:SimpleRNN",
    f"{_LAYERS}.rnn.gru:GRU",
    f"{_LAYERS}.rnn.gru_v1:GRU",
    f"{_LAYERS}.rnn.lstm:LSTM",
    f"{_LAYERS}.rnn.lstm_v1:LSTM",
    f"{_LAYERS}.rnn.conv_lstm2d:ConvLSTM2D",
]

# From the argument names of Keras 1 to those of Keras 2, by place in tf_keras, which has two versions of Model.
LAYERS = {place: table.LAYERS[place.partition(":")[2]] for place in _PLACES}
METHODS = {
    f"{_ENGINE}.functional:Functional.__init__": table.MODEL,
    **{
        f"{_ENGINE}.{module}:Model.{method}": renames
        for module in ("training", "training_v1")
        for method, renames in table.METHODS.items()
    },
}

PATCHES: list[Patch] = [
    *(
        Patch(
            f"{place}.__init__",
            partial(arguments.taking, renames, arguments.SPECIAL.get(place.partition(":")[2], arguments.nothing)),
            _REASON,
        )
        for place, renames in LAYERS.items()
    ),
    *(
        Patch(
            place,
            partial(arguments.taking, renames, arguments.samples if "generator" in place else arguments.nothing),
            _REASON,
        )
        for place, renames in METHODS.items()
    ),
    Patch(f"{_ENGINE}.training:Model.__new__", arguments.new, _REASON),
    *(
        Patch(f"{_ENGINE}.{module}:Layer.add_weight", arguments.add_weight, "Keras 1 layers pass the shape first")
        for module in ("base_layer", "base_layer_v1")
    ),
    *(
        Patch(f"{place}:deserialize", layers.deserialize, "saved models contain layers of Keras 1")
        for place in (_LAYERS, f"{_LAYERS}.serialization")
    ),
    Patch(f"{_ENGINE}.sequential:Sequential.add", layers.add, "Keras 1 models with several inputs begin with a Merge"),
]
