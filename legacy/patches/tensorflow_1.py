"""What TensorFlow 1 did otherwise: seeds, variables, names of modules that have moved."""

from nthgrad.legacy.patches import Patch

PATCHES: list[Patch] = []
