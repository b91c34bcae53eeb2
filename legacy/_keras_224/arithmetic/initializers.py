"""The initializers of Keras 2.2.4.

An initializer without a seed draws one from `np.random`, so `np.random.seed` fixes the weights of a whole model.
Orthogonal uses NumPy only. tf_keras's initializers take their seeds from the graph.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras


def seed_or_drawn(seed: int | None) -> int:
    """Returns the seed of a random op; drawn from `np.random` if the program gives none."""
    return np.random.randint(10_000_000) if seed is None else seed


_Base: Any = tf_keras.keras_initializer_class()


class RandomNormal(_Base):
    """Normally distributed weights."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> tf.Tensor:
        seed = seed_or_drawn(self.seed)
        return tf.random.normal(_sizes(shape), self.mean, self.stddev, _dtype(dtype), seed)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Normally distributed weights; values beyond two standard deviations are redrawn."""

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> tf.Tensor:
        seed = seed_or_drawn(self.seed)
        return tf.random.truncated_normal(_sizes(shape), self.mean, self.stddev, _dtype(dtype), seed)


class RandomUniform(_Base):
    """Uniformly distributed weights."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> tf.Tensor:
        seed = seed_or_drawn(self.seed)
        return tf.random.uniform(_sizes(shape), self.minval, self.maxval, _dtype(dtype), seed)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class VarianceScaling(_Base):
    """Weights whose variance is `scale` divided by the number of inputs, outputs, or their mean."""

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "normal", seed: int | None = None
    ) -> None:
        if scale <= 0.0:
            raise ValueError("`scale` must be a positive float. Got:", scale)
        mode, distribution = mode.lower(), distribution.lower()
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f'Invalid `mode` argument: expected on of {{"fan_in", "fan_out", "fan_avg"}} but got {mode}'
            )
        if distribution not in ("normal", "uniform"):
            raise ValueError(
                f'Invalid `distribution` argument: expected one of {{"normal", "uniform"}} but got {distribution}'
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> tf.Tensor:
        seed = seed_or_drawn(self.seed)
        sizes = _sizes(shape)
        fan_in, fan_out = fans(sizes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            bound = math.sqrt(3.0 * variance)
            return tf.random.uniform(sizes, -bound, bound, _dtype(dtype), seed)
        # Divides by the standard deviation of a standard normal distribution truncated at two.
        deviation = math.sqrt(variance) / 0.87962566103423978
        return tf.random.truncated_normal(sizes, 0.0, deviation, _dtype(dtype), seed)

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, "seed": self.seed}


class Orthogonal(_Base):
    """A random matrix with orthogonal rows or columns, drawn by NumPy."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        sizes = _sizes(shape)
        flat = (math.prod(sizes[:-1]), sizes[-1])
        if self.seed is not None:
            np.random.seed(self.seed)
        left, _, right = np.linalg.svd(np.random.normal(0.0, 1.0, flat), full_matrices=False)
        matrix = left if left.shape == flat else right
        return (self.gain * matrix.reshape(sizes)).astype(tf.as_dtype(_dtype(dtype)).as_numpy_dtype)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}


class Identity(_Base):
    """The identity matrix, repeated along the longer side."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        sizes = _sizes(shape)
        if len(sizes) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        short, long = min(sizes), max(sizes)
        if long % short:
            raise ValueError("Long side should be multiple of short side.")
        tiled = np.concatenate([np.identity(short)] * (long // short), axis=0 if sizes[0] == long else 1)
        return (self.gain * tiled).astype(tf.as_dtype(_dtype(dtype)).as_numpy_dtype)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


def fans(sizes: Sequence[int]) -> tuple[float, float]:
    """Returns the numbers of inputs and outputs of a weight; convolutions have their channels last."""
    if len(sizes) == 2:
        return sizes[0], sizes[1]
    if len(sizes) in (3, 4, 5):
        field = math.prod(sizes[:-2])
        return sizes[-2] * field, sizes[-1] * field
    size = math.sqrt(math.prod(sizes))
    return size, size


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    return VarianceScaling(1.0, "fan_in", "normal", seed)


def glorot_normal(seed: int | None = None) -> VarianceScaling:
    return VarianceScaling(1.0, "fan_avg", "normal", seed)


def glorot_uniform(seed: int | None = None) -> VarianceScaling:
    return VarianceScaling(1.0, "fan_avg", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    return VarianceScaling(2.0, "fan_in", "normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def _sizes(shape: Sequence[int]) -> list[int]:
    return [int(each) for each in shape]


def _dtype(dtype: Any) -> Any:
    return tf.as_dtype(tf_keras.keras_backend().floatx() if dtype is None else dtype)


CLASSES = (RandomNormal, TruncatedNormal, RandomUniform, VarianceScaling, Orthogonal, Identity)
FUNCTIONS = (lecun_uniform, lecun_normal, glorot_normal, glorot_uniform, he_normal, he_uniform)
NAMES: Mapping[str, Any] = {
    **{each.__name__: each for each in (*CLASSES, *FUNCTIONS)},
    "normal": RandomNormal,
    "random_normal": RandomNormal,
    "uniform": RandomUniform,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "orthogonal": Orthogonal,
    "identity": Identity,
}


def of(identifier: Any) -> Any:
    """Returns the initializer for a name or configuration; None if it is not one of this module's."""
    config = {"class_name": identifier, "config": {}} if isinstance(identifier, str) else identifier
    if not isinstance(config, Mapping) or "module" in config or not isinstance(config.get("class_name"), str):
        return None
    name = config["class_name"]
    if name in tf_keras.keras_custom_objects() or name not in NAMES:
        return None
    settings = dict(config.get("config", {}))
    settings.pop("dtype", None)  # in tf_keras's files only
    settings["distribution"] = {"truncated_normal": "normal", "untruncated_normal": "normal"}.get(
        settings.get("distribution", ""), settings.get("distribution")
    )
    return NAMES[name](**{key: value for key, value in settings.items() if value is not None})


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """`keras.initializers.deserialize`: the initializer of a name or configuration."""
    name = config.get("class_name") if isinstance(config, Mapping) else config
    found = None if name in (custom_objects or {}) else of(config)
    return tf_keras.source("initializers").deserialize(config, custom_objects) if found is None else found
