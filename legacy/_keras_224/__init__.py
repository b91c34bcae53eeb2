"""Keras 2.2.4 where tf_keras differs: its arithmetic, its training, its backend, its layers, its small functions."""
