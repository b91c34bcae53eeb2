"""The tables of patches in the order of application."""

from nthgrad.legacy._patches import class_names, keras_1, keras_layers, keras_models, python, tensorflow_1
from nthgrad.legacy._patches.applying import Table

_TABLES = python, tensorflow_1, keras_models, keras_layers, keras_1, class_names
PATCHES = Table(patch for each in _TABLES for patch in each.PATCHES)
