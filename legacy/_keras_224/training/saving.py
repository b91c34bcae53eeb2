"""Reads models: the arguments with which `load_model` compiles, weights of another shape, YAML."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any

import numpy as np

from nthgrad._display import extras
from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.arithmetic import losses, optimizers
from nthgrad.legacy._runtime import dialect

_reshapes: ContextVar[bool] = ContextVar("_reshapes", default=False)
_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")


def compile_arguments(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the arguments of `compile` from a file's training configuration; custom objects replace their names."""
    own = custom_objects or {}

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(each) for each in value]
        if isinstance(value, Mapping):
            if set(value) == {"class_name", "config"}:  # a loss or metric in tf_keras's files
                if value["class_name"] in own:
                    return losses.deserialize(value, own)
                return named(value["config"].get("fn", value["config"].get("name", value["class_name"])))
            return {key: named(each) for key, each in value.items()}
        return own.get(value, value) if isinstance(value, str) else value

    return {
        "optimizer": optimizers.deserialize(config["optimizer_config"], own),
        **{key: named(config.get(key)) for key in ("loss", "metrics")},  # weighted metrics were not saved
        "loss_weights": config.get("loss_weights"),
        "sample_weight_mode": config.get("sample_weight_mode"),
    }


def load_weights(today: Any) -> Any:
    """Wraps `Model.load_weights`: with `reshape=True`, a kernel of a convolution may have another shape in the file."""

    @wraps(today)
    def load_weights(
        self: Any,
        filepath: Any,
        by_name: bool = False,
        skip_mismatch: bool = False,
        reshape: bool = False,
    ) -> Any:
        with _reshaping(reshape=reshape and dialect.keras_224(self)):
            return today(self, filepath, by_name=by_name, skip_mismatch=skip_mismatch)

    return load_weights


@contextlib.contextmanager
def _reshaping(*, reshape: bool) -> Iterator[None]:
    token = _reshapes.set(reshape)
    try:
        yield
    finally:
        _reshapes.reset(token)


def preprocess_weights(today: Any) -> Any:
    """Wraps the function that converts a layer's saved weights: reshapes the kernel of a convolution on request."""

    @wraps(today)
    def preprocess_weights_for_loading(
        layer: Any,
        weights: list[Any],
        original_keras_version: str | None = None,
        original_backend: str | None = None,
        reshape: bool = False,
    ) -> list[Any]:
        if (reshape or _reshapes.get()) and type(layer).__name__ in _CONVOLUTIONS and weights:
            weights = [_reshaped(layer, np.asarray(weights[0])), *weights[1:]]
        return today(layer, weights, original_keras_version, original_backend)

    return preprocess_weights_for_loading


def _reshaped(layer: Any, kernel: np.ndarray) -> np.ndarray:
    shape = tuple(layer.weights[0].shape.as_list())
    if kernel.size != np.prod(shape):
        raise ValueError(
            f"The kernel of layer {layer.name} has shape {shape} and size {np.prod(shape)}, that of the file shape "
            f"{kernel.shape} and size {kernel.size}. Only a kernel of the same size can be reshaped."
        )
    return kernel.reshape(shape)


def to_yaml(self: Any, **kwargs: Any) -> str:
    """`Model.to_yaml`: the text of `to_json` as YAML; `kwargs` go to `yaml.dump`.

    Raises:
        LegacyError: if PyYAML is not installed.
    """
    return _yaml("Model.to_yaml needs", "use Model.to_json").dump(json.loads(self.to_json()), **kwargs)


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """`keras.models.model_from_yaml`: the model of a configuration, with new weights.

    Only plain data is read: numbers, text, lists and dicts. Objects of Python are refused, which could run code.

    Args:
        yaml_string: the text, or an open file.
        custom_objects: maps names in the text to classes and functions of the program.

    Raises:
        LegacyError: if PyYAML is not installed.
    """
    yaml = _yaml("keras.models.model_from_yaml needs", "use Model.to_json and model_from_json")
    config = yaml.load(yaml_string, Loader=_loader(yaml))
    return tf_keras.source("layers").deserialize(config, custom_objects=custom_objects, use_legacy_format=True)


def _yaml(who_needs: str, instead: str) -> Any:
    try:
        import yaml
    except ImportError:
        install = extras.install("legacy")
        raise LegacyError(f"{who_needs} PyYAML, which is not installed. Run {install}, or {instead}.") from None
    return yaml


@cache
def _loader(yaml: Any) -> type:
    """Returns a loader of plain data; also of the tuples and the texts that Python 2 wrote."""

    class Plain(yaml.SafeLoader):
        pass

    tag = "tag:yaml.org,2002:python/"
    Plain.add_constructor(f"{tag}tuple", lambda loader, node: tuple(loader.construct_sequence(node, deep=True)))
    for name in ("unicode", "str"):
        Plain.add_constructor(f"{tag}{name}", Plain.construct_scalar)
    Plain.add_constructor(f"{tag}long", Plain.construct_yaml_int)
    return Plain
