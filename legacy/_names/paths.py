"""Paths of objects, "module:name" or "module" alone; one that starts with a dot belongs to an old tree itself."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nthgrad.legacy._internals import tf_keras

Finders = Mapping[str, Mapping[str, Callable[[], Any]]]

_ABSENT = {"requests", "yaml"}  # Keras bound None if they were not installed


def of(module: str, names: str) -> dict[str, str]:
    """Returns the paths of names of a module."""
    return {name: f"{module}:{name}" for name in names.split()}


def find(root: str, path: str) -> Any:
    """Returns the object at a path.

    Args:
        root: the full name of the tree's root.
        path: the path.
    """
    module, _, name = path.partition(":")
    if module.startswith("."):
        module = root + module
    if module in _ABSENT and importlib.util.find_spec(module) is None:
        return None
    found = tf_keras.keras_module(module) if module.startswith("tf_keras.") else importlib.import_module(module)
    return getattr(found, name) if name else found


def by_path(root: str, paths: Mapping[str, Mapping[str, str]]) -> Finders:
    """Returns, by module, names with functions that return the objects at their paths.

    Args:
        root: the full name of the tree's root.
        paths: the paths of names, by module.
    """
    return {
        module: {name: partial(find, root, path) for name, path in names.items()} for module, names in paths.items()
    }
