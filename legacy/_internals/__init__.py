"""Imports private names of TensorFlow and tf_keras, with the reason for each; no other package does.

Checked with TensorFlow and tf_keras 2.16.2 and 2.21.0. If a later release moves a name, the failing import is here.
Tables of patches and of old names also contain private names, as strings; see `_patches` and `_names`.
"""
