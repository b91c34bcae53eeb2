"""Points, functions and interrupted runs for the tests of evaluate."""

import numpy as np
import tensorflow as tf

import nthgrad as ng

X = np.random.default_rng(0).uniform(-1, 1, (10, 1))
T = X[::-1] + 2


def quietly(g, data, **options):
    return ng.evaluate(g, data, progress=False, **options)


def same_powers(got, want):
    """The same but for the last place: TensorFlow's pow and NumPy's round otherwise, each by processor."""
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(np.float64).eps)


def field(t, x):
    return t**2 * tf.sin(x)


def dataset(*leaves):
    return tf.data.Dataset.from_tensor_slices(leaves if len(leaves) > 1 else leaves[0])


G = ng.partials(field, ["xx"])
