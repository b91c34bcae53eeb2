"""Keras 2.2.4 where tf_keras differs: arithmetic, training, backend, layers, small functions."""
