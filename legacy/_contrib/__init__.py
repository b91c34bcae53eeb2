"""`tf.contrib.opt`, `layers`, `framework`, `metrics.accuracy`, `rnn`, and `learn.datasets` with local files.

Programs with derivatives use these parts of `tf.contrib`; the others are refused by name.
"""
