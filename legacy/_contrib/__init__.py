"""`tf.contrib.opt`, `layers`, `framework`, `metrics.accuracy`, `rnn`, `learn.datasets` with local files.

Of `graph_editor`, `legacy_seq2seq` and `learn.preprocessing`, what programs use most.

Programs with derivatives use these parts of `tf.contrib`; the others are refused by name.
"""
