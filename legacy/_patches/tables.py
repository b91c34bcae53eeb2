"""The tables of patches, in the order in which they are applied."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from nthgrad.legacy._patches import applying, keras_1, keras_layers, keras_models, python, tensorflow_1


@cache
def table() -> applying.Table:
    """Returns every patch, in the order in which they are applied."""
    tables = python, tensorflow_1, keras_models, keras_layers, keras_1
    return tuple(patch for each in tables for patch in each.PATCHES)


@cache
def functions() -> Mapping[int, Any]:
    """Returns the replacement of each patched function of TensorFlow, by `id`; public names show the originals."""
    return applying.functions(table())
