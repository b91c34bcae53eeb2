"""Finite differences: their stencils, and the extrapolation of ladders of them to a step of 0."""
