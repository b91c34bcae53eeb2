"""The part of `tf.contrib` that programs with derivatives use; the rest is refused by name.

`tf.contrib.opt`, `layers`, `framework`, `metrics.accuracy`, `rnn` and `learn.datasets` with local files.
"""
