"""Finite differences: stencils, and extrapolation to a step of 0."""
