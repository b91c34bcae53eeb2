"""Runs old code: a script in a separate process, or a block of a TensorFlow 2 program."""
