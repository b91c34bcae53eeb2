"""Finds Keras 2.2.4 names that tf_keras lacks, with the tables of this folder."""

from functools import partial

from nthgrad.legacy._names import arithmetic
from nthgrad.legacy._names.exported import EXPORTED
from nthgrad.legacy._names.leaks import EVERYWHERE
from nthgrad.legacy._names.own import OWN
from nthgrad.legacy._names.paths import Finders, by_path, find


def own(root: str) -> Finders:
    """Returns, by module, the names looked up before tf_keras's, each with a function that returns the value.

    Args:
        root: the full name of the tree's root.
    """
    modules = OWN.keys() | arithmetic.NAMES.keys()
    return by_path(root, {each: {**arithmetic.NAMES.get(each, {}), **OWN.get(each, {})} for each in modules})


def leaked(root: str) -> Finders:
    """Returns, by module, the names that it had imported, in the same form as `own`."""
    return {
        module: {name: partial(find, root, EVERYWHERE[name]) for name in exported.split() if name in EVERYWHERE}
        for module, exported in EXPORTED.items()
    }
