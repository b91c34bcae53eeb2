"""Keras 1 arguments, layers and functions, which early versions of Keras 2 still accepted."""
