"""Finds losses, metrics and optimizers by name or configuration, as Keras 2.2.4 did."""

from collections.abc import Callable, Mapping
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.functions import has_arg


def deserialize(identifier: Any, known: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, what: str) -> Any:
    """Returns the function of a name, or the object of a configuration.

    Args:
        identifier: a name, or a dict of `class_name` and `config`.
        known: maps the names of Keras to functions and classes.
        custom_objects: maps names to those of the program, which come first.
        what: the kind of object, for errors.

    Raises:
        ValueError: if the name is unknown, or the dict is incomplete.
    """
    own = {**tf_keras.keras_custom_objects(), **(custom_objects or {})}
    if isinstance(identifier, str):
        found = own.get(identifier, known.get(identifier))
        if found is None:
            raise ValueError(f"Unknown {what}:{identifier}")
        return found
    if not isinstance(identifier, Mapping):
        raise ValueError(f"Could not interpret serialized {what}: {identifier}")
    if "class_name" not in identifier or "config" not in identifier:
        raise ValueError(f"Improper config format: {identifier}")
    name, config = identifier["class_name"], identifier["config"]
    found = own.get(name, known.get(name))
    if found is None:
        raise ValueError(f"Unknown {what}: {name}")
    from_config: Callable | None = getattr(found, "from_config", None)
    if from_config is not None and has_arg(from_config, "custom_objects"):
        return from_config(config, custom_objects=own)
    with tf_keras.interface("utils").custom_object_scope(custom_objects or {}):
        return found(**config) if from_config is None else from_config(config)
