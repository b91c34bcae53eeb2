"""Networks of `keras.applications` with the layers, names and constants that Keras-Applications 1.0.8 gave them.

Programs look layers up by name (`get_layer("activation_49")`), and files of weights name them.
"""

import importlib
import warnings
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224 import models

_RESNET_WEIGHTS = "https://github.com/fchollet/deep-learning-models/releases/download/v0.2/"
_RESNET_FILES = {  # with the layers at the top or without: the file and its MD5 sum
    True: ("resnet50_weights_tf_dim_ordering_tf_kernels.h5", "a7b3fe01876f51b976af0dea6bc144eb"),
    False: ("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "a268eb855778b3df3c7506639542a6af"),
}
_BLOCKS = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}  # of each stage


def ResNet50(  # noqa: N802  as programs name it
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
) -> Any:
    """Returns the network of He et al. (2016, table 1), as Keras had it up to version 2.2."""
    layers, backend, utils = (tf_keras.interface(name) for name in ("layers", "backend", "utils"))
    if weights == "imagenet" and include_top and classes != 1000:
        raise ValueError('The weights "imagenet" with include_top=True are for classes=1000.')
    shape = tf_keras.source("applications.imagenet_utils").obtain_input_shape(
        input_shape, 224, 32, backend.image_data_format(), require_flatten=include_top, weights=weights
    )
    x = start = _input(layers, backend, input_tensor, shape)
    convolution = partial(layers.Conv2D, kernel_initializer="he_normal")
    normalization = partial(layers.BatchNormalization, axis=3 if backend.image_data_format() == "channels_last" else 1)

    x = layers.ZeroPadding2D((3, 3), name="conv1_pad")(x)
    x = convolution(64, (7, 7), strides=(2, 2), name="conv1")(x)
    x = layers.Activation("relu")(normalization(name="bn_conv1")(x))
    x = layers.MaxPooling2D((3, 3), strides=(2, 2))(layers.ZeroPadding2D((1, 1), name="pool1_pad")(x))
    for stage, letters in _BLOCKS.items():
        n = 16 * 2**stage
        for letter in letters:
            first = letter == "a"
            strides = {"strides": (2, 2)} if first and stage > 2 else {}
            before, name = x, f"{stage}{letter}_branch"
            x = normalization(name=f"bn{name}2a")(convolution(n, (1, 1), **strides, name=f"res{name}2a")(x))
            x = convolution(n, (3, 3), padding="same", name=f"res{name}2b")(layers.Activation("relu")(x))
            x = layers.Activation("relu")(normalization(name=f"bn{name}2b")(x))
            x = normalization(name=f"bn{name}2c")(convolution(4 * n, (1, 1), name=f"res{name}2c")(x))
            if first:
                before = convolution(4 * n, (1, 1), **strides, name=f"res{name}1")(before)
                before = normalization(name=f"bn{name}1")(before)
            x = layers.Activation("relu")(layers.add([x, before]))
    if include_top:
        x = layers.Dense(classes, activation="softmax", name="fc1000")(
            layers.GlobalAveragePooling2D(name="avg_pool")(x)
        )
    elif pooling in ("avg", "max"):
        x = (layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D)()(x)
    else:
        warnings.warn(
            "The output shape of `ResNet50(include_top=False)` has been changed since Keras 2.2.0.", stacklevel=2
        )
    inputs = start if input_tensor is None else utils.get_source_inputs(input_tensor)
    model = models.model_class()(inputs, x, name="resnet50")
    if weights == "imagenet":
        file, md5 = _RESNET_FILES[include_top]
        weights = utils.get_file(file, _RESNET_WEIGHTS + file, cache_subdir="models", md5_hash=md5)
    if weights is not None:
        model.load_weights(weights)
    return model


def _input(layers: Any, backend: Any, tensor: Any, shape: Any) -> Any:
    if tensor is None:
        return layers.Input(shape=shape)
    return tensor if backend.is_keras_tensor(tensor) else layers.Input(tensor=tensor, shape=shape)


class _Layers:
    """tf_keras's layers, of which a network's own function changes some.

    Args:
        changes: by the name of a class: takes tf_keras's layers, and a layer's arguments; returns the layer.
    """

    def __init__(self, **changes: Callable[..., Any]) -> None:
        self._of_tf_keras = tf_keras.source("layers").VersionAwareLayers()
        self._changes = changes

    def __getattr__(self, name: str) -> Any:
        if name in self._changes:
            return partial(self._changes[name], self._of_tf_keras)
        return getattr(self._of_tf_keras, name)


def _named(kind: str, **names: str) -> Callable[..., Any]:
    """Returns a change that gives layers of a class their old names."""

    def layer(layers: Any, *args: Any, name: str | None = None, **kwargs: Any) -> Any:
        return getattr(layers, kind)(*args, name=names.get(name or "", name), **kwargs)

    return layer


def _padded(first: str, padding: Callable[[Any], Any]) -> Callable[..., Any]:
    """Returns a change of Conv2D: another layer pads the inputs of the layer `first`."""

    def convolution(layers: Any, *args: Any, name: str, **kwargs: Any) -> Any:
        if name != first:
            return layers.Conv2D(*args, name=name, **kwargs)
        convolve = layers.Conv2D(*args, name=name, **{**kwargs, "padding": "valid"})
        return lambda x: convolve(layers.ZeroPadding2D(padding(x), name=f"{first}_pad")(x))

    return convolution


def _pooled(layers: Any, keepdims: bool = False) -> Any:
    """Returns the layer that averages; it kept no axes, and a layer restored them."""
    pool = layers.GlobalAveragePooling2D()
    if not keepdims:
        return pool

    def call(x: Any) -> Any:
        y = pool(x)
        last = tf_keras.source("backend").image_data_format() == "channels_last"
        return layers.Reshape((1, 1, y.shape[-1]) if last else (y.shape[-1], 1, 1), name="reshape_1")(y)

    return call


def _correct(x: Any) -> Any:
    return tf_keras.source("applications.imagenet_utils").correct_pad(x, 3)


_CHANGES: dict[str, dict[str, Callable[..., Any]]] = {
    "MobileNet": {
        "Conv2D": _padded("conv1", lambda x: ((0, 1), (0, 1))),
        "GlobalAveragePooling2D": _pooled,
        "Activation": _named("Activation", predictions="act_softmax"),
    },
    "MobileNetV2": {"Conv2D": _padded("Conv1", _correct), "Dense": _named("Dense", predictions="Logits")},
    "DenseNet": {"Dense": _named("Dense", predictions="fc1000")},
    "ResNet": {"Dense": _named("Dense", predictions="probs")},
}


def with_old_layers(network: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns what wraps a function that makes a network, so that it makes the layers of the time."""

    def wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def make(*args: Any, **kwargs: Any) -> Any:
            layers = _Layers(**_CHANGES[network])
            if network != "DenseNet":
                return function(*args, layers=layers, **kwargs)
            module: Any = importlib.import_module(function.__module__)  # it takes no layers
            today, module.layers = module.layers, layers
            try:
                return function(*args, **kwargs)
            finally:
                module.layers = today

        return make

    return wrapping


def scaled_sum(scale: float) -> Callable[..., Any]:
    """Returns the layer of InceptionResNetV2 that adds; it was a Lambda with the name of its block."""

    def call(tensors: Any) -> Any:
        name = tensors[1]._keras_history.layer.name.removesuffix("_conv")
        layer = tf_keras.source("layers").VersionAwareLayers().Lambda
        return layer(_sum, output_shape=tensors[0].shape[1:], arguments={"scale": scale}, name=name)(tensors)

    return call


def _sum(inputs: Any, scale: float) -> Any:
    return inputs[0] + inputs[1] * scale
