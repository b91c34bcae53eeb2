"""Compares structures of tensors: dtypes, shapes, and values to rounding."""

import numpy as np
import tensorflow as tf


def close(found, wanted):
    """Asserts that two structures of tensors are equal, up to some hundred roundings of the largest element."""
    tf.nest.assert_same_structure(found, wanted)
    for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(wanted), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        eps = np.finfo(b.dtype.as_numpy_dtype).eps
        np.testing.assert_allclose(a, b, rtol=0, atol=200 * eps * max(1, np.abs(b).max(initial=0)))
