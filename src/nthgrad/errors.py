"""The exceptions: one base class, a subclass for each cause; and the warnings.

Every message says what was found, where, and, in its last sentence, what to do.
"""


class NthgradError(Exception):
    """The base class of all errors that nthgrad raises."""


class ArgumentError(NthgradError, ValueError):
    """An argument of nthgrad's own (order, argnum, method, step, ...) is invalid."""


class InputError(NthgradError, TypeError):
    """f cannot be differentiated at x: integers, strings, an empty tensor, ..."""


class OutputError(NthgradError, ValueError):
    """The output of f has no derivative of the requested kind: None, integers, mixed elements, ..."""


class MixingError(OutputError):
    """f mixes the rows of a batch, so that no row has a derivative of its own."""


class DependenceError(NthgradError, ValueError):
    """f does not depend on x through any differentiable path."""


class UnsupportedOpError(NthgradError, NotImplementedError):
    """TensorFlow has no derivative, or a wrong one, for an op between x and f(x) at the requested order."""


class CostError(NthgradError, ValueError):
    """The graph of the derivative would be too large."""


class DisagreementError(NthgradError, ArithmeticError):
    """Two engines compute different numbers for the same derivative, or no numbers that can be compared."""


class LegacyError(NthgradError, RuntimeError):
    """A TensorFlow 1 or Keras 2 program needs something unsupported, or is used outside its session."""


class RetracingWarning(UserWarning):
    """Functions with the same code, such as a lambda in a loop, are traced one by one."""
