"""nth-order derivatives in TensorFlow 2, and the TensorFlow 1 / Keras 2 programs that used to compute them.

Derivatives of a function f at each point:
    derivative          the nth derivative
    derivatives         f and all its derivatives up to order n
    partials            partial derivatives of a field u(t, x, ...), by the names of its coordinates
    taylor              Taylor coefficients of f(x + s v) in s
    finite_difference   the nth derivative by finite differences, with an error estimate
    check               compares all engines at your points

Code with tensors, nested tapes or tf.gradients:
    gradients               tf.gradients, whose gradients of gradients are cheap
    GradientTape            the same as a tape: the name is the whole port
    accelerated             makes TensorFlow's own names mean these, for code that is not changed

Operators on a function of points with several coordinates:
    gradient, jacobian, hessian     all first or second derivatives
    hvp                             the Hessian times a vector
    laplacian, biharmonic           sums of second or fourth derivatives
    divergence                      the divergence of a vector field

Keras, training, data and files:
    keras.grad              the derivative of one tensor of a Keras 3 model by another
    evaluate                runs any g on more points than memory holds
    optimize.minimize       trains by SciPy's L-BFGS and Newton methods
    export.saved_model      writes derivatives as a SavedModel
    export.stablehlo        writes derivatives as StableHLO, for XLA without TensorFlow

Old programs:
    legacy.session          runs TensorFlow 1 / Keras 2 code inside a TensorFlow 2 program
    legacy.lift             converts an old graph, checkpoint or model to a function

Extension and errors:
    extend.register         adds a rule for an op that the Taylor engine does not know
    NthgradError            the base class of all errors; `nthgrad.errors` has the others

At the command line: nthgrad --help
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nthgrad.errors import NthgradError

if TYPE_CHECKING:
    from nthgrad import export, extend, keras, legacy, optimize
    from nthgrad.acceleration import accelerated
    from nthgrad.checking import check
    from nthgrad.core import derivative, derivatives, taylor
    from nthgrad.differences import finite_difference
    from nthgrad.evaluation import evaluate
    from nthgrad.fields import partials
    from nthgrad.operators import biharmonic, divergence, gradient, hessian, hvp, jacobian, laplacian
    from nthgrad.tensors import GradientTape, gradients

__all__ = [
    "GradientTape",
    "NthgradError",
    "accelerated",
    "biharmonic",
    "check",
    "derivative",
    "derivatives",
    "divergence",
    "evaluate",
    "export",
    "extend",
    "finite_difference",
    "gradient",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "keras",
    "laplacian",
    "legacy",
    "optimize",
    "partials",
    "taylor",
]

# Imported on first use: TensorFlow takes seconds to import and writes to the screen. The command line must start first.
_HOME = {
    "biharmonic": "nthgrad.operators",
    "check": "nthgrad.checking",
    "derivative": "nthgrad.core",
    "derivatives": "nthgrad.core",
    "divergence": "nthgrad.operators",
    "evaluate": "nthgrad.evaluation",
    "finite_difference": "nthgrad.differences",
    "gradient": "nthgrad.operators",
    "accelerated": "nthgrad.acceleration",
    "gradients": "nthgrad.tensors",
    "GradientTape": "nthgrad.tensors",
    "hessian": "nthgrad.operators",
    "hvp": "nthgrad.operators",
    "jacobian": "nthgrad.operators",
    "laplacian": "nthgrad.operators",
    "partials": "nthgrad.fields",
    "taylor": "nthgrad.core",
}


def __getattr__(name: str) -> Any:
    if name in ("export", "extend", "keras", "legacy", "optimize"):
        return import_module(f"nthgrad.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
