"""Finds Keras 2.2.4 names that tf_keras lacks, with the tables of this folder."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._names import arithmetic
from nthgrad.legacy._names.exported import EXPORTED
from nthgrad.legacy._names.leaks import EVERYWHERE
from nthgrad.legacy._names.own import OWN

_ABSENT = {"requests", "yaml"}  # Keras bound None if they were not installed

Finders = Mapping[str, Mapping[str, Callable[[], Any]]]


def own(root: str) -> Finders:
    """Returns, by module, the names looked up before tf_keras's, each with a function that returns the value.

    Args:
        root: the full name of the tree's root.
    """
    return {
        module: {
            name: partial(find, root, path)
            for name, path in {**arithmetic.NAMES.get(module, {}), **OWN.get(module, {})}.items()
        }
        for module in OWN.keys() | arithmetic.NAMES.keys()
    }


def leaked(root: str) -> Finders:
    """Returns, by module, the names that it had imported, in the same form as `own`."""
    return {
        module: {name: partial(find, root, EVERYWHERE[name]) for name in exported.split() if name in EVERYWHERE}
        for module, exported in EXPORTED.items()
    }


def find(root: str, path: str) -> Any:
    """Returns the object at a path (see `leaks`)."""
    module, _, name = path.partition(":")
    if module.startswith("."):
        module = root + module
    if module in _ABSENT and importlib.util.find_spec(module) is None:
        return None
    found = tf_keras.keras_module(module) if module.startswith("tf_keras.") else importlib.import_module(module)
    return getattr(found, name) if name else found
