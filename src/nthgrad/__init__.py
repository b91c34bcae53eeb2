"""nth-order derivatives in TensorFlow 2, and the TensorFlow 1 / Keras 2 programs that used to compute them."""

from nthgrad.core import derivative, derivatives
from nthgrad.errors import NthgradError

__all__ = ["NthgradError", "derivative", "derivatives"]
