"""Compiles, feeds and trains models as Keras 2.2.4 did."""
