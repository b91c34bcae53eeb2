"""The part of `tf.contrib` that programs with derivatives use."""
