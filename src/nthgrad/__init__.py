"""nth-order derivatives in TensorFlow 2, and the TensorFlow 1 / Keras 2 programs that used to compute them.

Derivatives of a function f at each point:
    derivative          the nth derivative
    derivatives         f and all its derivatives up to order n
    partials            partial derivatives of a field u(t, x, ...), by the names of its coordinates
    taylor              Taylor coefficients of f(x + s v) in s
    finite_difference   the nth derivative by finite differences, with an error estimate
    check               compares all engines at your points

Code with tensors, nested tapes or tf.gradients:
    gradients               as tf.gradients; gradients of gradients by power series
    GradientTape            as tf.GradientTape; replace the name only
    accelerated             switches both on for code that is not changed

Training on losses of rows:
    loss_and_gradients      the mean loss and its gradients, block by block, in the memory of a block

Operators on a function of points with several coordinates, or of a structure of tensors such as weights:
    gradient, jacobian, hessian     all first or second derivatives
    hvp                             the Hessian times a vector
    jvp, vjp                        the Jacobian times a vector, a vector times the Jacobian
    gauss_newton_vp                 the generalized Gauss-Newton matrix of a loss times a vector
    per_example                     the gradient of a loss for each row of its data
    laplacian, biharmonic           sums of second or fourth derivatives
    divergence, curl                of a vector field; the divergence also of matrices
    symmetric_gradient              the symmetric part of the Jacobian
    directional                     derivatives in a direction for each point

Keras, training, data and files:
    keras.grad              the derivative of one tensor of a Keras 3 model by another
    evaluate                runs any g on more points than memory holds
    optimize.minimize       trains by SciPy's L-BFGS and Newton methods
    export.saved_model      writes derivatives as a SavedModel
    export.stablehlo        writes derivatives as StableHLO, for XLA without TensorFlow

Old programs:
    legacy.run              runs an old program unchanged, in a new process
    legacy.session          runs TensorFlow 1 / Keras 2 code inside a TensorFlow 2 program
    legacy.lift             converts an old graph, checkpoint or model to a function
    legacy.scan             lists the lines of old code that break or change

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
    from nthgrad.losses import loss_and_gradients
    from nthgrad.operators import biharmonic, divergence, gradient, hessian, hvp, jacobian, laplacian
    from nthgrad.products import gauss_newton_vp, jvp, per_example, vjp
    from nthgrad.tensors import GradientTape, gradients
    from nthgrad.vector_calculus import curl, directional, symmetric_gradient

__all__ = [
    "GradientTape",
    "NthgradError",
    "accelerated",
    "biharmonic",
    "check",
    "curl",
    "derivative",
    "derivatives",
    "directional",
    "divergence",
    "evaluate",
    "export",
    "extend",
    "finite_difference",
    "gauss_newton_vp",
    "gradient",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "keras",
    "laplacian",
    "legacy",
    "loss_and_gradients",
    "optimize",
    "partials",
    "per_example",
    "symmetric_gradient",
    "taylor",
    "vjp",
]

# Imported on first use: TensorFlow takes seconds to import and writes to the screen. The command line must start first.
_HOME = {
    "biharmonic": "nthgrad.operators",
    "check": "nthgrad.checking",
    "curl": "nthgrad.vector_calculus",
    "derivative": "nthgrad.core",
    "derivatives": "nthgrad.core",
    "directional": "nthgrad.vector_calculus",
    "divergence": "nthgrad.operators",
    "evaluate": "nthgrad.evaluation",
    "finite_difference": "nthgrad.differences",
    "gauss_newton_vp": "nthgrad.products",
    "gradient": "nthgrad.operators",
    "accelerated": "nthgrad.acceleration",
    "gradients": "nthgrad.tensors",
    "GradientTape": "nthgrad.tensors",
    "hessian": "nthgrad.operators",
    "hvp": "nthgrad.operators",
    "jacobian": "nthgrad.operators",
    "jvp": "nthgrad.products",
    "laplacian": "nthgrad.operators",
    "loss_and_gradients": "nthgrad.losses",
    "partials": "nthgrad.fields",
    "symmetric_gradient": "nthgrad.vector_calculus",
    "per_example": "nthgrad.products",
    "taylor": "nthgrad.core",
    "vjp": "nthgrad.products",
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
