"""Products, inverses, factorisations."""

from __future__ import annotations

from nthgrad.engines.taylor.families import Rule, bilinear

RULES: dict[str, Rule] = {
    **dict.fromkeys("BatchMatMul BatchMatMulV2 BatchMatMulV3 Cross MatMul".split(), bilinear(0, 1)),
}
