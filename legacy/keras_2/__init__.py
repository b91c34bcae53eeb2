"""What the modules of Keras 2.2.4 showed beside what tf_keras shows today."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nthgrad.legacy import _private, arithmetic
from nthgrad.legacy.keras_2.exported import EXPORTED
from nthgrad.legacy.keras_2.leaks import EVERYWHERE
from nthgrad.legacy.keras_2.names import OWN
from nthgrad.legacy.keras_2.refused import REFUSED

__all__ = ["EXPORTED", "REFUSED", "leaked", "own"]

_ABSENT = {"requests", "yaml"}  # None in Keras, too, where they are not installed

Finders = Mapping[str, Mapping[str, Callable[[], Any]]]


def own(root: str) -> Finders:
    """For each module of the tree, the names that are found before any of tf_keras's, each with what finds the value.

    Args:
        root: The full name of the tree's root.
    """
    return {
        module: {
            name: partial(find, root, path)
            for name, path in {**arithmetic.NAMES.get(module, {}), **OWN.get(module, {})}.items()
        }
        for module in OWN.keys() | arithmetic.NAMES.keys()
    }


def leaked(root: str) -> Finders:
    """For each module of the tree, the names that it showed because it had imported them; see `own`."""
    return {
        module: {name: partial(find, root, EVERYWHERE[name]) for name in exported.split() if name in EVERYWHERE}
        for module, exported in EXPORTED.items()
    }


def find(root: str, path: str) -> Any:
    """What stands at a path, as `keras_2.leaks` says what that is."""
    module, _, name = path.partition(":")
    if module.startswith("."):
        module = root + module
    if module in _ABSENT and importlib.util.find_spec(module) is None:
        return None
    found = _private.keras_module(module) if module.startswith("tf_keras.") else importlib.import_module(module)
    return getattr(found, name) if name else found
