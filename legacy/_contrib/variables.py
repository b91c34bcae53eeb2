"""Names and collections of the variables in `tf.contrib.layers`."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from nthgrad.legacy._contrib.framework import model_variable

v1 = tf.compat.v1


def variable_getter(names: Mapping[str, str] | None = None) -> Callable:
    """Returns a variable getter that creates model variables and renames them."""

    def get(getter: Callable, name: str, *args: Any, **kwargs: Any) -> Any:
        parts = name.split("/")
        parts[-1] = (names or {}).get(parts[-1], parts[-1])
        kept = "initializer regularizer dtype shape trainable collections caching_device partitioner use_resource"
        known = {key: kwargs[key] for key in kept.split() if key in kwargs}
        return model_variable("/".join(parts), custom_getter=getter, **known)

    return get


def chosen(given: Any, name: str) -> Any:
    """Returns the collections for the variable of that name."""
    return given.get(name) if isinstance(given, dict) else given


def collect(variable: Any, given: Any, name: str) -> None:
    """Adds a variable to its collections, once."""
    for collection in chosen(given, name) or ():
        if not any(each is variable for each in v1.get_collection(collection)):
            v1.add_to_collection(collection, variable)


def named(collections: Any, outputs: tf.Tensor) -> tf.Tensor:
    """Adds the outputs of a layer to collections; returns the outputs."""
    if collections:
        names = [collections] if isinstance(collections, str) else collections
        for each in names:
            v1.add_to_collection(each, outputs)
    return outputs
