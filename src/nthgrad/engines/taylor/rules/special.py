"""Special functions: gamma, beta, zeta, Bessel, error functions, integrals."""

from __future__ import annotations

from nthgrad.engines.taylor.families import Rule, slope, ops

RULES: dict[str, Rule] = {
    "Lgamma": slope(lambda x, y: ops.Digamma(x)),
}
