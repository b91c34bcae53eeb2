"""Convolutions, pooling, normalisations, losses, images."""

from __future__ import annotations

from nthgrad.engines.taylor.families import Rule, bilinear

RULES: dict[str, Rule] = {
    **dict.fromkeys("Conv2D Conv3D DepthwiseConv2dNative".split(), bilinear(0, 1)),
}
