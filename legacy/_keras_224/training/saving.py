"""Reads the arguments with which `load_model` compiles a model."""

from collections.abc import Mapping
from typing import Any

from nthgrad.legacy._keras_224.arithmetic import optimizers


def compile_arguments(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the arguments of `compile` from a file's training configuration; custom objects replace their names."""
    own = custom_objects or {}

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(each) for each in value]
        if isinstance(value, Mapping):
            if set(value) == {"class_name", "config"}:  # a loss or metric in tf_keras's files
                return named(value["config"].get("fn", value["config"].get("name", value["class_name"])))
            return {key: named(each) for key, each in value.items()}
        return own.get(value, value) if isinstance(value, str) else value

    return {
        "optimizer": optimizers.deserialize(config["optimizer_config"], own),
        **{key: named(config.get(key)) for key in ("loss", "metrics")},  # weighted metrics were not saved
        "loss_weights": config.get("loss_weights"),
        "sample_weight_mode": config.get("sample_weight_mode"),
    }
