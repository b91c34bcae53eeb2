"""Splits complex outputs of f into real and imaginary parts, which every engine differentiates; joins the results.

Derivatives by a real x are linear: that of u + i v is u' + i v'.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf


class Parts(NamedTuple):
    """A structure of tensors some of which are complex.

    Attributes:
        real: the structure, with the real part of each complex tensor.
        imag: the imaginary parts, by the place of the tensor in the flat structure.
    """

    real: Any
    imag: dict[int, tf.Tensor]


def split(structure: Any) -> Any:
    """Returns the `Parts` of a structure of tensors, or the structure itself if all are real."""
    leaves = tf.nest.flatten(structure)
    imag = {i: tf.math.imag(t) for i, t in enumerate(leaves) if t.dtype.is_complex}
    if not imag:
        return structure
    real = [tf.math.real(t) if i in imag else t for i, t in enumerate(leaves)]
    return Parts(tf.nest.pack_sequence_as(structure, real), imag)


def join(found: Any) -> Any:
    """Returns a result with complex tensors for its `Parts`; it is one structure, or a list or tuple of them."""
    if isinstance(found, Parts):
        leaves = tf.nest.flatten(found.real)
        for i, imag in found.imag.items():
            leaves[i] = tf.complex(leaves[i], imag)
        return tf.nest.pack_sequence_as(found.real, leaves)
    return type(found)(map(join, found)) if type(found) in (list, tuple) else found
