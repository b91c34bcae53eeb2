"""Private names of TensorFlow and tf_keras, with the reason for each: the one place that imports them.

Checked with TensorFlow and tf_keras 2.16.2 and 2.21.0. Where a later release has moved a name, the import that fails is
here. Tables of patches and of old names also hold private names, as strings; see `_patches` and `_names`.
"""
