"""The exceptions: one base class, a subclass for each cause; and the warnings.

Every message says what was found, where, and, in its last sentence, what to do.
"""


class NthgradError(Exception):
    """Base of everything that nthgrad raises on purpose."""


class ArgumentError(NthgradError, ValueError):
    """An argument of nthgrad's own (order, argnum, method, step, ...) is not one that it can work with."""


class InputError(NthgradError, TypeError):
    """The point x is not something that f can be differentiated at: integers, strings, an empty tensor, ..."""


class OutputError(NthgradError, ValueError):
    """What f returned has no derivative of the kind asked for: nothing, integers, mixed elements, ..."""


class MixingError(OutputError):
    """f takes the rows of a batch together, so that no row has a derivative of its own."""


class DependenceError(NthgradError, ValueError):
    """f does not depend on x through any differentiable path."""


class UnsupportedOpError(NthgradError, NotImplementedError):
    """TensorFlow has no derivative, or a wrong one, for an op between x and f(x) at the order asked for."""


class CostError(NthgradError, ValueError):
    """The graph of the derivative would grow past sense."""


class DisagreementError(NthgradError, ArithmeticError):
    """Two engines give different numbers for the same derivative, or none that can be compared."""


class LegacyError(NthgradError, RuntimeError):
    """A TensorFlow 1 or Keras 2 program asks for what cannot be had, or is used outside its session."""


class RetracingWarning(UserWarning):
    """Functions of the same code, such as a lambda in a loop, are traced one by one."""
