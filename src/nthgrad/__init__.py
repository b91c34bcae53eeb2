"""nth-order derivatives in TensorFlow 2, and the TensorFlow 1 / Keras 2 programs that used to compute them."""

from nthgrad.agreement import check
from nthgrad.core import derivative, derivatives
from nthgrad.engines.differences import finite_difference
from nthgrad.errors import NthgradError

__all__ = ["NthgradError", "check", "derivative", "derivatives", "finite_difference"]
