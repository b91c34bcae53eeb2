"""What Keras 2.2.4 did otherwise: averages, losses, weights of samples, attributes of layers and models."""

from nthgrad.legacy.patches import Patch

PATCHES: list[Patch] = []
