"""What `load_model` compiles a model with."""

from collections.abc import Mapping
from typing import Any

from nthgrad.legacy._keras_224.arithmetic import optimizers


def compile_arguments(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The arguments of `compile` that a file's training configuration tells, its names replaced by own objects."""
    own = custom_objects or {}

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(each) for each in value]
        if isinstance(value, Mapping):
            if set(value) == {"class_name", "config"}:  # as today's files write a loss or metric
                return named(value["config"].get("fn", value["config"].get("name", value["class_name"])))
            return {key: named(each) for key, each in value.items()}
        return own.get(value, value) if isinstance(value, str) else value

    return {
        "optimizer": optimizers.deserialize(config["optimizer_config"], own),
        **{key: named(config.get(key)) for key in ("loss", "metrics")},  # weighted metrics were not saved
        "loss_weights": config.get("loss_weights"),
        "sample_weight_mode": config.get("sample_weight_mode"),
    }
